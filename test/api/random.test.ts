// Whatever is thrown at any route: never 500, and every refusal of the Networking API is one that is declared.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Route, routesOf } from '#api/server.ts';
import { declaredErrors, statusOf } from '#core/errors.ts';
import type { Resource } from '#core/resource.ts';
import { addHost } from '#identity/hosts.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud, type Person, type Reply } from './cloud.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** Texts that mean something to some part of the server, right or nearly so. */
const odd = fc.constantFrom(
  ...[
    '',
    ' ',
    '\0',
    '\ud800',
    '%',
    "'; DROP TABLE ports; --",
    '*',
    '..',
    '__proto__',
    'constructor',
    'null',
    'None',
    'true',
    '-1',
    '1e9',
    '9'.repeat(40),
  ],
  ...[
    '10.0.0.0/24',
    '10.0.0.5',
    '10.0.0.0/0',
    '0.0.0.0/0',
    '::/0',
    '2001:db8::/64',
    '::ffff:10.0.0.1',
    '2001:db8::1%eth0',
    '010.0.0.1',
    '256.1.1.1',
    '::/129',
    '/',
  ],
  ...[
    'fa:16:3e:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    'vlan',
    'vxlan',
    'flat',
    'slaac',
    'dhcpv6-stateful',
    'network:dhcp',
    'compute:nova',
    'host',
    'asc',
    'desc',
  ],
  ...[
    'ip_address=10.0.0.5',
    'subnet_id=x',
    '=',
    'ip_address_substr=%',
    NOWHERE,
    'x'.repeat(300),
    '\u{1F600}',
    'a\nb',
    '2030-01-01T00:00:00Z',
  ],
);
const text = fc.oneof({ weight: 4, arbitrary: odd }, fc.string({ unit: 'binary', maxLength: 20 }));
const scalar = fc.oneof(text, fc.boolean(), fc.constant(null), fc.integer(), fc.double(), fc.maxSafeInteger());
const value = fc.oneof(
  { weight: 3, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(
    fc.constantFrom('start', 'end', 'ip_address', 'subnet_id', 'destination', 'nexthop', 'opt_name', 'opt_value', 'ip_version'),
    scalar,
    { maxKeys: 3 },
  ),
  fc.array(
    fc.dictionary(
      fc.constantFrom('start', 'end', 'ip_address', 'subnet_id', 'destination', 'nexthop', 'opt_name', 'opt_value', 'ip_version'),
      scalar,
      { maxKeys: 3 },
    ),
    { maxLength: 3 },
  ),
  fc.jsonValue({ maxDepth: 3 }),
);
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

describe.each(engines())('random requests on $name', (engine) => {
  let cloud: Cloud;
  let routes: readonly Route[];
  /** Ids of rows that are there, so that requests get past the first look-up. */
  let ids: string[];
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { network: -1, subnet: -1, port: -1 } } });
    routes = (routesOf.get(cloud.app) ?? []).filter(({ url }) => url.startsWith('/v2.0'));
    await cloud.join('host');
    const { network, subnet } = await cloud.wired('10.0.0.0/24');
    const port = await cloud.make('port', { network_id: network.id, 'binding:host_id': 'host' }, cloud.admin);
    const agents = (await cloud.as(cloud.admin)('GET', '/agents?fields=id')).at('agents') as { id: string }[];
    ids = [network.id, subnet.id, port.id, ...agents.map(({ id }) => id), cloud.member.projectId, NOWHERE];
  });
  afterAll(() => cloud.close());

  /** Fails unless the answer is one that clients of the API understand. */
  function check(answer: Reply, what: string): void {
    if (answer.status >= 500 && answer.status !== 501 && answer.status !== 503) throw new Error(`${what}: ${answer.status} ${answer.text}`);
    if (answer.status < 400 || String(answer.headers['content-type']).startsWith('text/plain')) return;
    const { type, message, detail } = (answer.body as { NeutronError?: Record<string, unknown> }).NeutronError ?? {};
    const declared = declaredErrors.get(String(type));
    expect({ what, status: answer.status, type, detail }).toEqual({ what, status: declared && statusOf[declared.kind], type, detail: '' });
    expect(typeof message).toBe('string');
  }

  const names = (resource: Resource): string[] => [...resource.field.keys(), 'tenant_id', 'bogus', '__proto__'];

  test('at every route, by anybody', { timeout: 180_000 }, async () => {
    const all = cloud.registry.all;
    const keys = [...new Set(all.flatMap(names)), 'fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse'];
    const person = fc.constantFrom<Person>(cloud.admin, cloud.member, cloud.reader, cloud.service);
    const id = fc.oneof(fc.constantFrom(...ids), text);
    const one = fc.dictionary(fc.constantFrom(...keys), fc.oneof(value, fc.constantFrom<unknown>(...ids)), { maxKeys: 5 });
    const wrapper = fc.constantFrom(...all.map(({ name }) => name), ...all.map(({ collection }) => collection), 'quota', 'bogus');
    const body = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(wrapper, one).map(([name, inner]) => JSON.stringify({ [name]: inner })) },
      fc.tuple(wrapper, fc.array(one, { maxLength: 3 })).map(([name, inner]) => JSON.stringify({ [name]: inner })),
      value.map((any) => JSON.stringify(any)),
      fc.string(),
      fc.constantFrom('', DEEP, '{"a":', '\ufeff{}', '{"network":{"__proto__":{}}}', '{"constructor":{"prototype":{}}}'),
    );
    const query = fc.array(fc.tuple(fc.constantFrom(...keys), fc.oneof(text, fc.constantFrom(...ids))), { maxLength: 4 });
    const headers = fc.record(
      {
        'if-match': fc.constantFrom('revision_number=0', 'revision_number=x', '"x"', ''),
        'content-type': fc.constantFrom('application/json', 'text/plain', 'x'),
      },
      { requiredKeys: [] },
    );
    const request = fc.record({
      route: fc.constantFrom(...routes),
      method: fc.constantFrom(...METHODS),
      own: fc.boolean(),
      person,
      id,
      body,
      query,
      headers,
    });
    await fc.assert(
      fc.asyncProperty(
        request,
        async ({ route, method: any, own, person: { token }, id: part, body: sent, query: asked, headers: given }) => {
          const method = own ? (route.method as (typeof METHODS)[number]) : any;
          const path = route.url.replaceAll(/:\w+/g, () => encodeURIComponent(part.toWellFormed()) || '-');
          const search = new URLSearchParams(asked.map(([name, one]): [string, string] => [name, one.toWellFormed()]));
          const bare = method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS';
          const answer = await cloud.send(method, `${path}?${search}`, {
            token,
            headers: given as Record<string, string>,
            ...(!bare && { body: sent }),
          });
          if (method === 'HEAD') expect(answer.status).toBeGreaterThanOrEqual(400);
          else check(answer, `${method} ${path}?${search} ${sent.slice(0, 300)}`);
        },
      ),
      { numRuns: 2_500 },
    );
    await invariants();
  });

  describe('as attributes of rows that would be right without them', () => {
    let base: Readonly<Record<string, object>>;
    beforeAll(async () => {
      const { network, subnet } = await cloud.wired('192.168.0.0/16', cloud.admin);
      base = {
        network: {},
        subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' },
        port: { network_id: network.id, fixed_ips: [{ subnet_id: subnet.id }] },
        agent: {},
      };
    });

    /** Makes a row with the value, or makes one and gives it the value; then it can be shown and removed. */
    async function tryOut(kind: string, name: string, wrong: unknown, update: boolean): Promise<void> {
      const admin = cloud.as(cloud.admin);
      const collection = `${kind}s`;
      const what = `${collection} ${name}=${JSON.stringify(wrong)}`;
      const made = await admin('POST', `/${collection}`, { [kind]: { ...base[kind], ...(update ? {} : { [name]: wrong }) } });
      check(made, `POST ${what}`);
      const id = made.at(`${kind}.id`);
      if (typeof id !== 'string') return;
      if (update) check(await admin('PUT', `/${collection}/${id}`, { [kind]: { [name]: wrong } }), `PUT ${what}`);
      const shown = await admin('GET', `/${collection}/${id}`);
      expect([what, shown.status]).toEqual([what, 200]);
      const removed = await admin('DELETE', `/${collection}/${id}`);
      check(removed, `DELETE ${what}`);
      // A router's port is not for users to delete.
      if (removed.status !== 204) expect([what, removed.at('NeutronError.type')]).toEqual([what, 'ServicePortInUse']);
    }

    test('by chance', { timeout: 180_000 }, async () => {
      const kinds = fc.constantFrom(...cloud.registry.all).chain((resource) =>
        fc.record({
          kind: fc.constant(resource.name),
          name: fc.constantFrom(...names(resource)),
          wrong: fc.oneof(value, fc.constantFrom<unknown>(...ids)),
          update: fc.boolean(),
        }),
      );
      await fc.assert(
        fc.asyncProperty(kinds, ({ kind, name, wrong, update }) => tryOut(kind, name, wrong, update)),
        { numRuns: 600 },
      );
      await invariants();
    });

    test('the usual suspects, everywhere', { timeout: 180_000 }, async () => {
      const suspects = [
        null,
        true,
        0,
        -1,
        1.5,
        1e308,
        '',
        '\0',
        'x'.repeat(300),
        '10.0.0.0/24',
        [],
        [null],
        [1],
        [''],
        [[]],
        [{}],
        {},
        { a: { b: [1] } },
      ];
      for (const resource of cloud.registry.all) {
        for (const { name } of resource.fields) {
          for (const wrong of suspects) for (const update of [false, true]) await tryOut(resource.name, name, wrong, update);
        }
      }
      await invariants();
    });
  });

  test('the usual suspects, as filters, markers and orders', { timeout: 60_000 }, async () => {
    const suspects = [
      '',
      '\0',
      '-1',
      '1.5',
      '1e308',
      '9'.repeat(19),
      '9'.repeat(40),
      'null',
      'true',
      '[]',
      '{}',
      '%',
      'x'.repeat(300),
      '\u{1F600}',
      'a=b',
      'ip_address=\0',
    ];
    for (const { collection, fields } of cloud.registry.all) {
      for (const name of [
        ...fields.map((field) => field.name),
        'tenant_id',
        'fields',
        'limit',
        'marker',
        'sort_key',
        'sort_dir',
        'page_reverse',
      ]) {
        for (const wrong of suspects) {
          const search = new URLSearchParams([[name, wrong], ...(name === 'marker' ? [['limit', '1'] as [string, string]] : [])]);
          check(await cloud.as(cloud.admin)('GET', `/${collection}?${search}`), `GET ${collection}?${search}`);
        }
      }
    }
  });

  test("at the hosts' interface", { timeout: 60_000 }, async () => {
    const headers = { 'x-isospin-host': 'host', authorization: `Bearer ${await addHost(cloud.store, 'host')}` };
    const one = fc.dictionary(fc.constantFrom('key', 'digest', 'error', 'agent_type', 'binary', 'configurations', 'x'), value, {
      maxKeys: 4,
    });
    const body = fc.oneof(
      fc.record(
        { agents: fc.oneof(fc.array(one, { maxLength: 3 }), value), started_at: fc.oneof(text, fc.constant('2030-01-01T00:00:00Z')) },
        { requiredKeys: [] },
      ),
      fc.record({ reports: fc.oneof(fc.array(one, { maxLength: 3 }), value) }),
      fc.record({
        reports: fc.array(
          fc.record({
            key: fc.tuple(fc.constantFrom('port', 'lease', 'dhcp', 'x'), fc.constantFrom(...ids)).map((parts) => parts.join('/')),
            digest: text,
            error: fc.option(text),
          }),
          { maxLength: 3 },
        ),
      }),
      value,
    );
    const call = fc.record({
      path: fc.constantFrom('hello', 'heartbeat', 'reports', 'desired', 'x'),
      method: fc.constantFrom('GET' as const, 'POST' as const),
      body,
      cursor: text,
    });
    await fc.assert(
      fc.asyncProperty(call, async ({ path, method, body: sent, cursor }) => {
        const search = method === 'GET' ? `?cursor=${encodeURIComponent(cursor.toWellFormed())}` : '';
        const answer = await cloud.send(method, `/agent/v1/${path}${search}`, {
          headers,
          ...(method === 'POST' && { body: JSON.stringify(sent) ?? 'x' }),
        });
        check(answer, `${method} ${path}${search} ${JSON.stringify(sent)?.slice(0, 300)}`);
      }),
      { numRuns: 600 },
    );
  });

  /** What must hold whatever happened. */
  async function invariants(): Promise<void> {
    const { read } = cloud.store;
    const count = async (sql: string) => (await read.get<{ n: number }>(sql))?.n;
    const counted = await read.all<{ project_id: string; resource: string; used: number }>(
      'SELECT project_id, resource, used FROM quota_usage',
    );
    for (const { project_id, resource, used } of counted) {
      const table = cloud.registry.byName(resource)?.table;
      const rows = await read.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE project_id = ?`, project_id);
      expect({ resource, project_id, used }).toEqual({ resource, project_id, used: rows?.n });
    }
    const ports = await read.all<{ id: string; fixed_ips: string }>('SELECT id, fixed_ips FROM ports');
    const held = ports.flatMap(({ id, fixed_ips }) =>
      (JSON.parse(fixed_ips) as { subnet_id: string; ip_address: string }[]).map((one) => `${one.subnet_id} ${one.ip_address} ${id}`),
    );
    const allocated = await read.all<{ subnet_id: string; ip_address: string; port_id: string }>(
      'SELECT subnet_id, ip_address, port_id FROM ip_allocations',
    );
    expect(held.sort()).toEqual(allocated.map((one) => `${one.subnet_id} ${one.ip_address} ${one.port_id}`).sort());
    expect(await count('SELECT COUNT(*) AS n FROM network_segments WHERE network_id NOT IN (SELECT id FROM networks)')).toBe(0);
    expect(
      await count("SELECT COUNT(*) AS n FROM rbac_policies WHERE object_type = 'network' AND object_id NOT IN (SELECT id FROM networks)"),
    ).toBe(0);
    expect(
      await count("SELECT COUNT(*) AS n FROM free_ranges WHERE pool LIKE 'subnet/%' AND SUBSTR(pool, 8) NOT IN (SELECT id FROM subnets)"),
    ).toBe(0);
  }
});
