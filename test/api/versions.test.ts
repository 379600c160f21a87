// What a client may ask before it knows anything: versions, collections, extensions, the description; and what operators ask.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionPath, pathsOf } from '#api/paths.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, openCloud } from './cloud.ts';

/** Copied from the API's list: aliases with the moment of their last revision. */
const ALIASES: Readonly<Record<string, string>> = {
  agent: '2013-02-03T10:00:00-00:00',
  binding: '2014-02-03T10:00:00-00:00',
  dhcp_agent_scheduler: '2013-02-07T10:00:00-00:00',
  'external-net': '2013-01-14T10:00:00-00:00',
  extra_dhcp_opt: '2013-03-17T12:00:00-00:00',
  'net-mtu': '2015-03-25T10:00:00-00:00',
  provider: '2012-09-07T10:00:00-00:00',
  quotas: '2012-07-29T10:00:00-00:00',
  quota_details: '2017-02-10T10:00:00-00:00',
  'quota-check-limit': '2021-09-08T16:00:00-00:00',
  'quota-check-limit-default': '2024-08-21T16:00:00-00:00',
  'standard-attr-revisions': '2016-04-11T10:00:00-00:00',
  'standard-attr-timestamp': '2016-09-12T10:00:00-00:00',
  'subnet-service-types': '2016-03-15T18:00:00-00:00',
};

describe.each(engines())('discovery on $name', (engine) => {
  let cloud: Cloud;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  const link = (path: string) => [{ rel: 'self', href: `http://cloud.example.org:9696${path}` }];

  test('the version is told without a token', async () => {
    const answer = await cloud.send('GET', '/');
    expect([answer.status, answer.body]).toEqual([200, { versions: [{ id: 'v2.0', status: 'CURRENT', links: link('/v2.0/') }] }]);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const refused = await cloud.send(method, '/', { body: {} });
      expect([method, refused.status, refused.headers['content-type']]).toEqual([method, 405, expect.stringContaining('text/plain')]);
    }
  });

  test('links name the address the client used, unless a proxy nobody trusts says otherwise', async () => {
    const answer = await cloud.send('GET', '/', {
      headers: { host: 'other.example.org', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil' },
    });
    expect(answer.at('versions.0.links.0.href')).toBe('http://other.example.org/v2.0/');
  });

  test('/v2.0/ lists the core collections', async () => {
    const one = (name: string) => ({ name, collection: `${name}s`, links: link(`/v2.0/${name}s`) });
    expect((await member('GET', '/v2.0/')).body).toEqual({ resources: ['network', 'subnet', 'subnetpool', 'port'].map(one) });
    expect((await cloud.send('GET', '/v2.0/')).status).toBe(401);
  });

  test('extensions are listed for everybody and shown one by one', async () => {
    const answer = await member('GET', '/extensions');
    const listed = answer.at('extensions') as { alias: string; updated: string; name: string; description: string; links: unknown }[];
    const updated = Object.fromEntries(listed.map((one) => [one.alias, one.updated]));
    expect(updated).toMatchObject(ALIASES);
    expect(Object.keys(updated)).toHaveLength(listed.length);
    for (const one of listed) {
      expect(Object.keys(one).sort()).toEqual(['alias', 'description', 'links', 'name', 'updated']);
      expect(one.links).toEqual([]);
      expect((await member('GET', `/extensions/${one.alias}`)).body).toEqual({ extension: one });
    }
    expect((await member('GET', '/extensions/agent.json')).at('extension.alias')).toBe('agent');
    expect((await cloud.as(cloud.admin)('GET', '/extensions/')).body).toEqual(answer.body);
  });

  test('an extension that is not served is 404 in plain text, and so is every change', async () => {
    const missing = await member('GET', '/extensions/router-nobody-has');
    expect([missing.status, missing.headers['content-type']]).toEqual([404, expect.stringContaining('text/plain')]);
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      expect([method, (await member(method, '/extensions/agent', method === 'DELETE' ? undefined : {})).status]).toEqual([method, 404]);
      expect([method, (await member(method, '/extensions', method === 'DELETE' ? undefined : {})).status]).toEqual([method, 404]);
    }
  });

  test('the description names every route and refers to nothing that is not in it', async () => {
    const answer = await cloud.send('GET', '/openapi.json');
    expect([answer.status, answer.at('openapi')]).toEqual([200, '3.1.0']);
    const described = new Set(
      Object.entries(answer.at('paths') as Record<string, object>).flatMap(([path, operations]) =>
        Object.keys(operations).map((method) => `${method} ${path.replaceAll(/\{\w+\}/g, ':')}`),
      ),
    );
    const METHODS = { list: 'get', create: 'post', show: 'get', update: 'put', delete: 'delete' } as const;
    for (const resource of cloud.registry.all) {
      const path = pathsOf(resource, cloud.registry)[0]?.replaceAll(/:\w+/g, ':') ?? '';
      for (const operation of resource.operations) {
        const at = operation === 'list' || operation === 'create' ? path : `${path}/:`;
        expect(described).toContain(`${METHODS[operation]} ${at}`);
      }
      for (const action of cloud.registry.actions(resource)) {
        expect(described).toContain(`${action.method.toLowerCase()} ${actionPath(`${path}/:`, action, ':')}`);
      }
    }
    const components = answer.at('components') as Record<string, Record<string, unknown>>;
    for (const [, kind = '', name = ''] of answer.text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) {
      expect([kind, name, components[kind]?.[name]]).toEqual([kind, name, expect.anything()]);
    }
    // What is described is routed: each operation is answered, if only with a refusal that is not "no such thing".
    for (const [path, operations] of Object.entries(answer.at('paths') as Record<string, Record<string, unknown>>)) {
      for (const method of ['get', 'post', 'put', 'delete'].filter((name) => name in operations)) {
        const url = path.replaceAll(/\{\w+\}/g, 'x');
        const said = await cloud.as(cloud.admin)(
          method.toUpperCase() as 'GET',
          url,
          method === 'delete' ? undefined : method === 'get' ? undefined : {},
        );
        // A topology that was never made is no such thing, in the words of no such path.
        const absent = said.at('NeutronError.type') === 'HTTPNotFound' && path !== '/v2.0/auto_allocated_topology/{project_id}';
        expect([method, path, said.status === 405 || absent]).toEqual([method, path, false]);
      }
    }
  });

  test('operators are answered without a token', async () => {
    expect((await cloud.send('GET', '/healthz')).text).toBe('ok\n');
    expect((await cloud.send('GET', '/readyz')).text).toBe('ok\n');
    const metrics = await cloud.send('GET', '/metrics');
    expect([metrics.status, metrics.text]).toEqual([
      200,
      expect.stringMatching(/^isospin_http_requests_total\{[^}]*route="\/v2.0\/extensions"[^}]*\} \d+$/m),
    ]);
  });
});
