// kill -9 under load: no acknowledged write is lost and nothing is half made, on SQLite and with two servers on one PostgreSQL.
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { httpLink } from '#agents/http-link.ts';
import { openSqlite } from '#store/sqlite.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';
import { breaches } from './invariants.ts';
import { type Load, makeLoad } from './load.ts';
import { type Api, adminOf, apiWith, ask, isospin, must, passwordOf, type Server, scratch, startServer, tokenOf } from './program.ts';

const CLIENTS = 16;
const HOSTS = ['host1', 'host2'];
const TUNNEL_IDS = { first: 1n, last: 100_000n };
const SETTINGS = ['--quota', 'network:-1,subnet:-1,port:-1', '--tunnel-ids', '1:100000', '--agent-down-time', '3600'];

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Lets hosts join that only say hello, and makes the networks that all clients use. */
async function furnish(server: Server, api: Api, env: Record<string, string>): Promise<{ load: Load; credentials: string[] }> {
  const credentials: string[] = [];
  for (const [i, host] of HOSTS.entries()) {
    const added = await isospin(['host', 'add', host, '--state', server.state], { env });
    expect(added).toMatchObject({ code: 0, stderr: '' });
    credentials.push(added.stdout.trim());
    const agents = [
      { agent_type: 'Linux bridge agent', binary: 'b', configurations: { tunnel_types: ['vxlan'], tunneling_ip: `192.0.2.${i + 1}` } },
      { agent_type: 'DHCP agent', binary: 'd', configurations: {} },
    ];
    const headers = { authorization: `Bearer ${credentials.at(-1)}`, 'x-isospin-host': host };
    const hello = await ask(`${server.url}/agent/v1/hello`, 'POST', { agents, started_at: new Date().toISOString() }, headers);
    expect(hello.status).toBe(200);
  }
  const shared: { id: string; subnet: string }[] = [];
  for (const cidr of ['10.1.0.0/24', '10.1.0.0/26']) {
    const { network } = await must(api)('POST', '/v2.0/networks', { network: { name: cidr } });
    const { subnet } = await must(api)('POST', '/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr } });
    shared.push({ id: network.id, subnet: subnet.id });
  }
  return { load: makeLoad(CLIENTS, shared, HOSTS), credentials };
}

test('SQLite: a server killed six times under load', { timeout: 60_000 }, async () => {
  const place = scratch();
  cleanups.push(place.remove);
  const state = place.file('state');
  let server = await startServer(state, SETTINGS);
  cleanups.push(() => server.end('SIGKILL'));
  const { load } = await furnish(server, await adminOf(server), {});
  const token = await tokenOf(server.url, passwordOf(state));
  for (let round = 0; round < 6; round++) {
    const before = load.answered;
    const running = load.run(apiWith(server.url, token));
    await pause(400 + Math.random() * 800);
    await server.end('SIGKILL');
    await running;
    expect(load.answered - before).toBeGreaterThan(10);
    server = await startServer(state, SETTINGS);
    // The token was signed by the server that is dead.
    expect(await load.compare(apiWith(server.url, token))).toEqual([]);
    const store = openSqlite(`${state}/isospin.db`);
    expect(await breaches(store.read, TUNNEL_IDS)).toEqual([]);
    await store.close();
  }
  expect(load.wrong).toEqual([]);
});

const postgres = engines().find(({ name }) => name === 'postgres');

/** Two servers on one database. */
async function pair(): Promise<{ opened: OpenEngine; env: Record<string, string>; states: string[]; servers: Server[] }> {
  if (postgres === undefined) throw new Error('no PostgreSQL');
  const opened = await postgres.open({ migrated: false });
  cleanups.push(() => opened.remove());
  const place = scratch();
  cleanups.push(place.remove);
  const states = ['a', 'b'].map(place.file);
  const env = { ISOSPIN_DATABASE: opened.location, ISOSPIN_ADMIN_PASSWORD: 'the first password' };
  // Both at once, on a database that nobody has prepared.
  const servers = await Promise.all(states.map((state) => startServer(state, SETTINGS, { env })));
  cleanups.push(async () => {
    for (const server of servers) await server.end('SIGKILL');
  });
  return { opened, env, states, servers };
}

/** Which of the two made the cloud, and so keeps the password in its state directory, is chance. */
const firstAdmin = async ({ url }: Server) => apiWith(url, await tokenOf(url, 'the first password'));

test.runIf(postgres)('PostgreSQL: of two servers one is killed and started again, the other goes on', { timeout: 60_000 }, async () => {
  const { opened, env, states, servers } = await pair();
  const [a, b] = servers as [Server, Server];
  const { load } = await furnish(a, await firstAdmin(a), env);
  const token = await tokenOf(b.url, 'the first password');
  for (let round = 0; round < 4; round++) {
    load.resume();
    const before = load.answered;
    const steady = load.run(apiWith(b.url, token), (client) => client % 2 === 1);
    const dying = load.run(apiWith((servers[0] as Server).url, token), (client) => client % 2 === 0);
    await pause(300 + Math.random() * 700);
    await servers[0]?.end('SIGKILL');
    await dying;
    const between = load.answered;
    // It comes back while the other one works.
    servers[0] = await startServer(states[0] as string, SETTINGS, { env });
    expect(load.answered - between).toBeGreaterThan(0);
    load.stop();
    await steady;
    expect(load.answered - before).toBeGreaterThan(10);
    await pause(200); // what the dead server had sent is done or undone
    expect(await load.compare(apiWith(servers[round % 2]?.url ?? '', token))).toEqual([]);
    expect(await breaches(opened.store.read, TUNNEL_IDS)).toEqual([]);
  }
  expect(load.wrong).toEqual([]);
  expect(b.child.exitCode).toBeNull();
});

test.runIf(postgres)('PostgreSQL: a host that asks one server is woken by what is done at the other', async () => {
  const { env, servers } = await pair();
  const [a, b] = servers as [Server, Server];
  const { credentials } = await furnish(a, await firstAdmin(a), env);
  const link = httpLink({ server: a.url, host: 'host1', credential: credentials[0] ?? '' });
  const stop = new AbortController();
  cleanups.push(() => stop.abort());
  let wakes = 0;
  link.listen(() => wakes++, stop.signal);
  const until = async (what: () => boolean) => {
    for (const deadline = Date.now() + 5_000; !what(); await pause(5)) if (Date.now() > deadline) throw new Error('not woken');
  };
  await until(() => wakes > 0);
  const api = must(apiWith(b.url, await tokenOf(b.url, 'the first password')));
  const { network } = await api('POST', '/v2.0/networks', { network: { name: 'n' } });
  let { cursor } = await link.pull(undefined);
  for (let turn = 0; turn < 5; turn++) {
    await pause(50);
    const before = wakes;
    const { port } = await api('POST', '/v2.0/ports', { port: { network_id: network.id, 'binding:host_id': 'host1' } });
    await until(() => wakes > before);
    const delta = await link.pull(cursor);
    expect(delta.complete).toBe(false);
    expect(delta.put.map(({ key }) => key)).toContain(`port/${port.id}`);
    ({ cursor } = delta);
  }
  // Nobody else is woken for it.
  let others = 0;
  const other = httpLink({ server: a.url, host: 'host2', credential: credentials[1] ?? '' });
  other.listen(() => others++, stop.signal);
  await until(() => others > 0);
  await pause(100);
  const quiet = others;
  await api('POST', '/v2.0/ports', { port: { network_id: network.id, 'binding:host_id': 'host1' } });
  await pause(200);
  expect(others).toBe(quiet);
});
