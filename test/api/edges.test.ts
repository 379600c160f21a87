// The server's edges, whatever is asked: how a path is written, how deep a body is, how slowly it comes, where links lead.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud } from './cloud.ts';

const PUBLIC = 'https://net.example.org/cloud';

describe.each(engines())('the edges on $name', (engine) => {
  let cloud: Cloud;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { publicUrl: `${PUBLIC}/` });
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  test('a path in other letters needs a token as well', async () => {
    for (const url of ['/%76%32.0/networks', '/v2%2e0/extensions', '/%762.0/', 'http://cloud.example.org/v2.0/networks']) {
      const ask = (token: string) => cloud.app.inject({ url, headers: { 'x-auth-token': token } });
      expect([url, (await ask('')).statusCode]).toEqual([url, 401]);
      const answer = await ask(cloud.member.token);
      expect([url, answer.statusCode, answer.headers['x-openstack-request-id']]).toEqual([url, 200, expect.stringMatching(/^req-/)]);
    }
  });

  test('a path that is no text, or an endless name, is not found, in the words of whose path it is', async () => {
    for (const rest of ['%zz', '%E0%A4%A', 'a'.repeat(5_000)]) {
      const ask = (path: string, token = cloud.member.token) => cloud.app.inject({ url: path + rest, headers: { 'x-auth-token': token } });
      const mine = await ask('/v2.0/networks/');
      expect([mine.statusCode, mine.json().NeutronError?.type, mine.headers['x-openstack-request-id']]).toEqual([
        404,
        'HTTPNotFound',
        expect.stringMatching(/^req-/),
      ]);
      expect((await ask('/v2.0/networks/', 'none')).statusCode).toBe(401);
      const identity = await ask('/identity/v3/projects/');
      expect([identity.statusCode, identity.json().error.code]).toEqual([404, 404]);
      expect((await ask('/agent/v1/')).body).toBe('404 Not Found');
    }
  });

  test('a body may be as deep as its attributes need, and no deeper', async () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    for (const levels of [100, 20_000, 400_000]) {
      for (const name of ['name', 'mtu', 'shared', 'dns_domain', 'bogus']) {
        const answer = await member('POST', '/networks', `{"network":{"${name}":${deep(levels)}}}`);
        expectError(answer, 400, 'HTTPBadRequest', 'Body contains invalid data');
      }
      const quota = await cloud.as(cloud.admin)('PUT', `/quotas/${cloud.member.projectId}`, `{"quota":{"port":${deep(levels)}}}`);
      expectError(quota, 400, 'MalformedRequestBody');
      const login = await cloud.send('POST', '/identity/v3/auth/tokens', { body: `{"auth":${deep(levels)}}` });
      expect([login.status, login.at('error.code')]).toEqual([400, 400]);
    }
    const { network } = await cloud.wired('10.0.0.0/24');
    const port = await cloud.make('port', { network_id: network.id });
    const profile = { profile: JSON.parse(deep(40)) };
    const set = await cloud.as(cloud.service)('PUT', `/ports/${port.id}`, { port: { 'binding:profile': profile } });
    expect([set.status, set.at('port.binding:profile')]).toEqual([200, profile]);
  });

  test('a bulk create has a size', async () => {
    const many = (count: number) => `{"networks":[${Array(count).fill('{}').join(',')}]}`;
    expectError(await member('POST', '/networks', many(10_001)), 400, 'HTTPBadRequest', 'At most 10000 resources can be created at once');
    expectError(await member('POST', '/networks', many(10_000)), 409, 'OverQuota');
  });

  test('HEAD answers where identity answers GET, and nowhere in the Networking API', async () => {
    const headers = { 'x-auth-token': cloud.member.token, 'x-subject-token': cloud.member.token };
    const head = async (url: string) => (await cloud.app.inject({ method: 'HEAD', url, headers })).statusCode;
    expect(await head('/identity/v3/auth/tokens')).toBe(200);
    expect(await head('/identity/v3/users')).toBe(403);
    expect(await head('/v2.0/networks')).toBe(405);
  });

  test('a request that never ends is given a time: Node ends it, when it has one', () => {
    const { requestTimeout, headersTimeout } = cloud.app.server;
    expect([requestTimeout, headersTimeout]).toEqual([120_000, 60_000]);
  });

  test('links lead to the public address', async () => {
    expect((await cloud.send('GET', '/')).at('versions.0.links.0.href')).toBe(`${PUBLIC}/v2.0/`);
    expect((await member('GET', '/v2.0/')).at('resources.0.links.0.href')).toBe(`${PUBLIC}/v2.0/networks`);
    expect((await member('GET', '/networks?limit=1')).at('networks_links.0.href')).toMatch(`${PUBLIC}/v2.0/networks?limit=1&`);
    expect((await cloud.send('GET', '/networks')).headers['www-authenticate']).toBe(`Keystone uri="${PUBLIC}/identity"`);
  });
});
