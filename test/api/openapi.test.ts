// The description that machines read says what is answered: every answer of every resource fits its schema, and every attribute is described.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, openCloud, type Reply } from './cloud.ts';

type Schema = Readonly<Record<string, unknown>>;

describe.each(engines())('the description, on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let document: Reply;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    document = await cloud.send('GET', '/openapi.json');
    await cloud.join('host');
    for (const cidr of ['10.0.0.0/24', '2001:db8::/64']) {
      const { network } = await cloud.wired(cidr, cloud.admin);
      const extra_dhcp_opts = [{ opt_name: 'mtu', opt_value: '1400' }];
      await cloud.make('port', { network_id: network.id, 'binding:host_id': 'host', extra_dhcp_opts }, cloud.admin);
    }
  });
  afterAll(() => cloud.close());

  const found = (reference: string): Schema => document.at(reference.replace(/^#\//, '').replaceAll('/', '.')) as Schema;

  /** Why a value does not fit, or nothing. As much of JSON Schema as the description uses; what it does not know is an error. */
  function misfit(value: unknown, schema: Schema, at: string): string | undefined {
    for (const [word, rule] of Object.entries(schema)) {
      const wrong = rules[word]?.(value, rule, at, schema);
      if (!(word in rules)) throw new Error(`${at}: the test does not know ${word}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  const is: Readonly<Record<string, (value: unknown) => boolean>> = {
    null: (value) => value === null,
    boolean: (value) => typeof value === 'boolean',
    integer: Number.isInteger,
    string: (value) => typeof value === 'string',
    array: Array.isArray,
    object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  };
  const formats: Readonly<Record<string, RegExp>> = {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/,
    ipv4: /^\d+(\.\d+){3}$/,
    ipv6: /^[0-9a-f:]+$/,
    uri: /^https?:\/\//,
  };
  const told = (fits: boolean, value: unknown, at: string, what: string) =>
    fits ? undefined : `${at}: ${JSON.stringify(value)} is not ${what}`;
  const object = (value: unknown) => value as Readonly<Record<string, unknown>>;
  type Rule = (value: unknown, rule: unknown, at: string, schema: Schema) => string | undefined;
  const some: Rule = (value, rule, at) => {
    const reasons = (rule as Schema[]).map((one) => misfit(value, one, at));
    return reasons.includes(undefined) ? undefined : reasons.join('; ');
  };
  const rules: Readonly<Record<string, Rule>> = {
    $ref: (value, rule, at) => misfit(value, found(String(rule)), at),
    type: (value, rule, at) =>
      told(
        [rule].flat().some((type) => is[String(type)]?.(value)),
        value,
        at,
        String(rule),
      ),
    enum: (value, rule, at) => told((rule as unknown[]).includes(value), value, at, JSON.stringify(rule)),
    const: (value, rule, at) => told(value === rule, value, at, JSON.stringify(rule)),
    pattern: (value, rule, at) => told(new RegExp(String(rule)).test(String(value)), value, at, String(rule)),
    format: (value, rule, at) => told(formats[String(rule)]?.test(String(value)) === true, value, at, String(rule)),
    maxLength: (value, rule, at) => told(String(value).length <= Number(rule), value, at, `at most ${rule} long`),
    maxItems: (value, rule, at) => told((value as unknown[]).length <= Number(rule), value, at, `at most ${rule} items`),
    minItems: (value, rule, at) => told((value as unknown[]).length >= Number(rule), value, at, `at least ${rule} items`),
    minimum: (value, rule, at) => told(Number(value) >= Number(rule), value, at, `at least ${rule}`),
    maximum: (value, rule, at) => told(Number(value) <= Number(rule), value, at, `at most ${rule}`),
    anyOf: some,
    oneOf: some,
    items: (value, rule, at) => (value as unknown[]).map((one, i) => misfit(one, rule as Schema, `${at}.${i}`)).find((wrong) => wrong),
    required: (value, rule, at) =>
      told(
        (rule as string[]).every((name) => Object.hasOwn(object(value), name)),
        value,
        at,
        `with ${rule}`,
      ),
    properties: (value, rule, at) =>
      Object.entries(rule as Record<string, Schema>)
        .filter(([name]) => Object.hasOwn(object(value), name))
        .map(([name, one]) => misfit(object(value)[name], one, `${at}.${name}`))
        .find((wrong) => wrong),
    additionalProperties: (value, rule, at, { properties }) => {
      const more = Object.keys(object(value)).filter((name) => !Object.hasOwn(properties as object, name));
      return told(rule !== false || more.length === 0, more, at, 'described');
    },
    description: () => undefined,
    default: () => undefined,
    readOnly: () => undefined,
  };

  const schemaOf = (path: string, method: string, status: number): Schema =>
    (document.at('paths') as Record<string, Record<string, { responses: Record<string, Schema> }>>)[path]?.[method]?.responses[status]
      ?.content as Schema;
  const fits = (answer: Reply, path: string, method = 'get'): void => {
    const schema = (schemaOf(path, method, answer.status)['application/json'] as { schema: Schema }).schema;
    expect(misfit(answer.body, schema, path)).toBeUndefined();
  };

  test('lists, shows and the answers to writes', async () => {
    for (const { name, collection, operations } of cloud.registry.all) {
      const path = `/v2.0/${collection}`;
      const listed = await admin('GET', `/${collection}?limit=2`);
      fits(listed, path);
      const [first] = listed.at(collection) as { id: string }[];
      const item = `${path}/${first?.id}`;
      fits(await admin('GET', item), `${path}/{id}`);
      // An answer to an administrator has every attribute that is described, and no other.
      const described = Object.keys(found(`#/components/schemas/${name[0]?.toUpperCase()}${name.slice(1)}`).properties as object);
      expect(Object.keys((await admin('GET', item)).at(name) as object).sort()).toEqual(described.sort());
      if (operations.includes('update')) fits(await admin('PUT', item, { [name]: { description: 'd' } }), `${path}/{id}`, 'put');
    }
    fits(await admin('POST', '/networks', { network: {} }), '/v2.0/networks', 'post');
    fits(await admin('POST', '/networks', { networks: [{}, {}] }), '/v2.0/networks', 'post');
  });

  test('what is no resource', async () => {
    const { projectId } = cloud.admin;
    fits(await cloud.send('GET', '/'), '/');
    fits(await admin('GET', '/v2.0/'), '/v2.0/');
    fits(await admin('GET', '/extensions'), '/v2.0/extensions');
    fits(await admin('GET', '/extensions/agent'), '/v2.0/extensions/{alias}');
    fits(await admin('PUT', `/quotas/${projectId}`, { quota: { network: 90 } }), '/v2.0/quotas/{project_id}', 'put');
    fits(await admin('GET', '/quotas'), '/v2.0/quotas');
    fits(await admin('GET', `/quotas/${projectId}`), '/v2.0/quotas/{project_id}');
    fits(await admin('GET', `/quotas/${projectId}/default`), '/v2.0/quotas/{project_id}/default');
    fits(await admin('GET', `/quotas/${projectId}/details`), '/v2.0/quotas/{project_id}/details');
    fits(await admin('GET', '/quotas/tenant'), '/v2.0/quotas/tenant');
    const agent = (await admin('GET', '/agents?agent_type=DHCP%20agent')).at('agents.0.id');
    fits(await admin('GET', `/agents/${agent}/dhcp-networks`), '/v2.0/agents/{id}/dhcp-networks');
    const { id } = await cloud.make('network', {});
    fits(await admin('POST', `/agents/${agent}/dhcp-networks`, { network_id: id }), '/v2.0/agents/{id}/dhcp-networks', 'post');
    fits(await admin('GET', `/networks/${id}/dhcp-agents`), '/v2.0/networks/{id}/dhcp-agents');
  });

  test('refusals', async () => {
    const error = found('#/components/schemas/NeutronError');
    for (const answer of [await admin('GET', '/networks/x'), await admin('POST', '/networks', {}), await admin('GET', '/nothing')]) {
      expect(misfit(answer.body, error, '')).toBeUndefined();
    }
  });
});
