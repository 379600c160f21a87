// The hosts' own interface, /agent/v1: a credential is good for its host alone, which reads and reports only what concerns it, and is woken only
// for that.
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpLink } from '#agents/http-link.ts';
import type { DesiredDelta } from '#desired/objects.ts';
import { addHost } from '#identity/hosts.ts';
import { engines } from '#test/postgres.ts';
import { agentsOf, type Cloud, expectError, openCloud, type Reply, type Shown, until } from './cloud.ts';

const CONFIGURATIONS = { tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.1', bridge_mappings: {} };

describe.each(engines())("hosts' interface on $name", (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  const credentials = new Map<string, string>();
  let base: string;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    for (const host of ['one', 'two', 'three']) credentials.set(host, await addHost(cloud.store, host));
    await cloud.app.listen({ host: '127.0.0.1', port: 0 });
    base = `http://127.0.0.1:${(cloud.app.server.address() as AddressInfo).port}`;
  });
  afterAll(() => cloud.close());

  const bearer = (host: string, credential = credentials.get(host) ?? '') => ({
    authorization: `Bearer ${credential}`,
    'x-isospin-host': host,
  });
  const call = (method: 'GET' | 'POST', path: string, headers: Record<string, string>, body?: unknown): Promise<Reply> =>
    cloud.send(method, `/agent/v1${path}`, { headers, ...(body !== undefined && { body }) });
  const hello = (host: string) =>
    call('POST', '/hello', bearer(host), {
      agents: agentsOf({ ...CONFIGURATIONS, tunneling_ip: `192.0.2.${host.length}` }),
      started_at: new Date().toISOString(),
    });
  const pull = async (host: string) => (await call('GET', '/desired', bearer(host))).body as DesiredDelta;
  const keysOf = async (host: string) => (await pull(host)).put.map(({ key }) => key);
  const portOn = async (host: string, network?: Shown) => {
    const on = network ?? (await cloud.make('network', {}, cloud.admin));
    return cloud.make('port', { network_id: on.id, 'binding:host_id': host }, cloud.admin);
  };
  const statusOf = async (port: Shown) => (await admin('GET', `/ports/${port.id}`)).at('port.status');

  const calls = [
    ['POST', '/hello', { agents: [], started_at: new Date().toISOString() }],
    ['POST', '/heartbeat', {}],
    ['GET', '/desired', undefined],
    ['POST', '/reports', { reports: [] }],
    ['GET', '/wakes', undefined],
  ] as const;

  test("every call needs the host's own credential", async () => {
    const { token } = cloud.admin;
    const strangers: Record<string, string>[] = [
      {},
      { 'x-isospin-host': 'one' },
      { authorization: bearer('one').authorization },
      bearer('one', 'wrong'),
      bearer('one', credentials.get('two')),
      bearer('one', ''),
      bearer('nobody', credentials.get('one')),
      { ...bearer('one', ''), 'x-auth-token': token },
      { authorization: `Basic ${credentials.get('one')}`, 'x-isospin-host': 'one' },
      bearer('ONE', credentials.get('one')),
    ];
    for (const [method, path, body] of calls) {
      for (const headers of strangers) {
        const answer = await call(method, path, headers, body);
        expectError(answer, 401, 'HostUnknown');
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
    }
    expect((await admin('GET', '/agents')).at('agents')).toEqual([]);
  });

  test("a host's credential opens nothing of the Networking API", async () => {
    for (const token of [credentials.get('one') ?? '', bearer('one').authorization]) {
      expect((await cloud.send('GET', '/networks', { token, headers: bearer('one') })).status).toBe(401);
    }
  });

  test('a new credential ends the old one', async () => {
    const old = await addHost(cloud.store, 'renewed');
    expect((await call('POST', '/heartbeat', bearer('renewed', old), {})).status).toBe(200);
    const renewed = await addHost(cloud.store, 'renewed');
    expectError(await call('POST', '/heartbeat', bearer('renewed', old), {}), 401, 'HostUnknown');
    expect((await call('POST', '/heartbeat', bearer('renewed', renewed), {})).status).toBe(200);
    const kept = await cloud.store.read.get<{ credential_hash: string }>("SELECT credential_hash FROM hosts WHERE name = 'renewed'");
    expect(kept?.credential_hash).not.toContain(renewed);
    for (const name of ['', 'a b', '../x', 'x'.repeat(256)])
      await expect(addHost(cloud.store, name)).rejects.toMatchObject({ type: 'HostNameInvalid' });
  });

  test('hello makes the agents of the host whose credential it is, whatever the body says', async () => {
    const answer = await call('POST', '/hello', bearer('one'), {
      agents: agentsOf(CONFIGURATIONS),
      started_at: new Date().toISOString(),
      host: 'two',
    });
    expect([answer.status, answer.body]).toEqual([200, { cursor: expect.any(String), protocol: expect.any(Number) }]);
    expect(((await admin('GET', '/agents')).at('agents') as Shown[]).map(({ host }) => host)).toEqual(['one', 'one']);
  });

  test('bodies that are none', async () => {
    const bad = async (path: string, body: unknown) =>
      expect([body, (await call('POST', path, bearer('one'), body)).status]).toEqual([body, 400]);
    for (const body of [
      '{',
      '[]',
      'null',
      {},
      { agents: [] },
      { agents: 'x', started_at: 'now' },
      { agents: [{}], started_at: new Date().toISOString() },
    ]) {
      await bad('/hello', body);
    }
    for (const body of [{ reports: 'x' }, { reports: [{}] }, { reports: [{ key: 'x'.repeat(5000), digest: '', error: null }] }])
      await bad('/reports', body);
    await bad('/reports', { reports: [{ key: 'port/\0', digest: 'x', error: null }] });
    await bad('/hello', { agents: [{ agent_type: '\0', binary: 'x', configurations: {} }], started_at: new Date().toISOString() });
  });

  test('another protocol is refused by name', async () => {
    const answer = await call('POST', '/heartbeat', { ...bearer('one'), 'x-isospin-protocol': '99' }, {});
    expectError(answer, 400, 'ProtocolUnknown', /agents of protocol \d+, not of 99/);
  });

  test('a host is told of its own ports and networks, and of nothing else', async () => {
    for (const host of ['one', 'two', 'three']) await hello(host);
    const shared = await cloud.make('network', {}, cloud.admin);
    const [a, b] = [await portOn('one', shared), await portOn('two', shared)];
    const alone = await portOn('one');
    expect((await keysOf('one')).sort()).toEqual(
      [
        `network/${shared.id}`,
        `port/${a.id}`,
        `peer/${b.id}`,
        `flood/${shared.id}/two`,
        `network/${alone.network_id}`,
        `port/${alone.id}`,
      ].sort(),
    );
    expect((await keysOf('two')).sort()).toEqual([`network/${shared.id}`, `port/${b.id}`, `peer/${a.id}`, `flood/${shared.id}/one`].sort());
    const { cursor } = await pull('three');
    expect(await keysOf('three')).toEqual([]);
    const changes = (await call('GET', `/desired?cursor=${encodeURIComponent('0')}`, bearer('three'))).body as DesiredDelta;
    expect(changes.put).toEqual([]);
    await portOn('one', shared);
    const after = (await call('GET', `/desired?cursor=${encodeURIComponent(cursor)}`, bearer('three'))).body as DesiredDelta;
    expect([after.put, after.drop]).toEqual([[], []]);
    for (const wrong of ['x', '-1', '%00', '9'.repeat(40), '{"a":1}']) {
      expect([wrong, (await call('GET', `/desired?cursor=${encodeURIComponent(wrong)}`, bearer('three'))).status]).toEqual([wrong, 200]);
    }
  });

  test('a report counts only from the host that the object is on', async () => {
    await hello('one');
    await hello('two');
    const port = await portOn('one');
    const object = (await pull('one')).put.find(({ key }) => key === `port/${port.id}`);
    const report = { key: `port/${port.id}`, digest: object?.digest, error: null };
    const rows = async () => cloud.store.read.all('SELECT host FROM reports WHERE object_key = ?', report.key);
    const before = (await admin('GET', `/ports/${port.id}`)).at('port');
    for (const key of [
      report.key,
      `lease/${port.id}`,
      `peer/${port.id}`,
      `network/${port.network_id}`,
      'port/',
      'nonsense',
      `port/${port.id}/more`,
    ]) {
      expect((await call('POST', '/reports', bearer('two'), { reports: [{ ...report, key }] })).status).toBe(204);
    }
    expect((await admin('GET', `/ports/${port.id}`)).at('port')).toEqual(before);
    expect(await rows()).toEqual([]);
    expect(await cloud.store.read.all("SELECT object_key FROM reports WHERE host = 'two'")).toEqual([]);
    expect((await call('POST', '/reports', bearer('one'), { reports: [report] })).status).toBe(204);
    expect(await rows()).toEqual([{ host: 'one' }]);
    expect(await statusOf(port)).toBe('ACTIVE');
    const odd = { ...report, error: 'what a program said: \0' };
    expect((await call('POST', '/reports', bearer('one'), { reports: [odd] })).status).toBe(204);
    expect(await statusOf(port)).toBe('DOWN');
    await call('POST', '/reports', bearer('one'), { reports: [report] });
    expect((await call('POST', '/reports', bearer('two'), { reports: [{ ...report, error: 'made up' }] })).status).toBe(204);
    expect(await statusOf(port)).toBe('ACTIVE');
  });

  /** Waits until wakes that are on their way have come: none for a third of a second. */
  async function quiet(woken: ReadonlyMap<string, number>): Promise<void> {
    let seen = '';
    for (let since = Date.now(); Date.now() - since < 300; await pause(10)) {
      const now = JSON.stringify([...woken]);
      if (now !== seen) since = Date.now();
      seen = now;
    }
  }

  test('wakes go to the hosts concerned, and to no other', async () => {
    const woken = new Map<string, number>();
    const stop = new AbortController();
    for (const host of ['one', 'two', 'three']) {
      await hello(host);
      const link = httpLink({ server: base, host, credential: credentials.get(host) ?? '' });
      link.listen(() => woken.set(host, (woken.get(host) ?? 0) + 1), stop.signal);
    }
    try {
      // A stream that opens wakes its host once: what happened before it may be new.
      await until('every stream is open', () => woken.size === 3);
      await quiet(woken);
      const opened = new Map(woken);
      const network = await cloud.make('network', {}, cloud.admin);
      await portOn('three', network);
      await until('three is woken', () => (woken.get('three') ?? 0) > (opened.get('three') ?? 0));
      await portOn('two', network);
      await until('two is woken', () => (woken.get('two') ?? 0) > (opened.get('two') ?? 0));
      await quiet(woken);
      expect(woken.get('one')).toBe(opened.get('one'));
      const before = woken.get('two') ?? 0;
      const mine = await portOn('one');
      await until('one is woken', () => (woken.get('one') ?? 0) > (opened.get('one') ?? 0));
      expect(woken.get('two')).toBe(before);
      // What changes on a host is nobody's news who has nothing of its network.
      await quiet(woken);
      const seen = new Map(woken);
      await admin('PUT', `/ports/${mine.id}`, { port: { admin_state_up: false } });
      await until('one is woken again', () => (woken.get('one') ?? 0) > (seen.get('one') ?? 0));
      expect([woken.get('two'), woken.get('three')]).toEqual([seen.get('two'), seen.get('three')]);
    } finally {
      stop.abort();
    }
  });
});
