// Hosts that joined over HTTPS: their packets flow whatever becomes of the server and of their agents, and each sees only what is its own.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pingOn } from '#test/kernel/cloud.ts';
import { endProgram, ping, programOf, type TestHost, until } from '#test/kernel/host.ts';
import { type Program, scratch } from './program.ts';
import { certify, makeWorld, SERVER, type World } from './world.ts';

interface Port {
  readonly id: string;
  /** Index of its host. */
  readonly on: number;
  readonly address: string;
}

let world: World;
let network: string;
const ports: Port[] = [];
beforeAll(async () => {
  world = await makeWorld(2);
  network = (await world.ok('POST', '/v2.0/networks', { network: { name: 'net' } })).network.id;
  await world.ok('POST', '/v2.0/subnets', { subnet: { network_id: network, ip_version: 4, cidr: '10.20.0.0/24' } });
  ports.push(await boot(0, 'vm0'), await boot(1, 'vm1'));
});
afterAll(() => world?.close());

const host = (index: number) => world.hosts[index] as TestHost;

/** A port whose instance is a namespace with an address by DHCP. */
async function boot(on: number, netns: string): Promise<Port> {
  const { port } = await world.ok('POST', '/v2.0/ports', { port: { network_id: network, name: netns } });
  const other = 1 - on;
  const plugged = await world.command(on, ['plug', port.id, '--netns', netns, '--dhcp']);
  expect(plugged).toMatchObject({ code: 0, stderr: '' });
  // The other host knows it by its wake, or after a reconnection by its heartbeat.
  if (ports.some(({ on: where }) => where === other))
    await until('the other host knows it', async () => holds(other, `peer/${port.id}`), 10_000);
  return { id: port.id, on, address: port.fixed_ips[0].ip_address };
}

/** Whether a host has made real what it was told of an object. */
async function holds(index: number, key: string): Promise<boolean> {
  const { desired, reports } = await world.show(index);
  const wish = desired.find((object) => object.key === key);
  return wish !== undefined && reports.some((report) => report.key === key && report.digest === wish.digest && report.error === null);
}

const steps = async (index: number): Promise<Record<string, number>> =>
  Object.fromEntries(Object.entries((await world.show(index)).loops).map(([name, { steps: n }]) => [name, n]));

/** Pings in both directions, 50 a second each; answers what was lost until it is called again. */
async function pings(): Promise<() => Promise<{ lost: number; answered: number }>> {
  const all = await Promise.all([pingOn(host(0), 'vm0', ports[1]?.address ?? ''), pingOn(host(1), 'vm1', ports[0]?.address ?? '')]);
  return async () => {
    const ended = await Promise.all(all.map((one) => one.stop()));
    return { lost: ended.reduce((sum, { lost }) => sum + lost, 0), answered: Math.min(...ended.map(({ answered }) => answered)) };
  };
}

/** Renews the lease of an instance again and again; answers how often, and how often in vain. */
async function renewals(on: number, netns: string): Promise<() => Promise<{ renewed: number; failed: number }>> {
  const log = host(on).path(`/run/renewals-${netns}`);
  writeFileSync(log, '');
  const script = host(on).path('/run/renewals.sh');
  writeFileSync(script, '#!/bin/sh\necho "$1" >>"/run/renewals-$NETNS"\n');
  chmodSync(script, 0o755);
  const client = host(on).start(
    ['env', `NETNS=${netns}`, 'udhcpc', '-f', '-i', 'eth0', '-t', '20', '-T', '1', '-s', '/run/renewals.sh'],
    netns,
  );
  const count = () => readFileSync(log, 'utf8').match(/^(bound|renew)$/gm)?.length ?? 0;
  await until('the first lease', () => count() > 0);
  let [failed, renewed, over] = [0, 0, false];
  const run = (async () => {
    while (!over) {
      const before = count();
      process.kill(programOf(client), 'SIGUSR1');
      const done = await until('a renewal', () => count() > before, 2_000).catch(() => false);
      if (done) renewed++;
      else failed++;
      await pause(100);
    }
  })();
  return async () => {
    over = true;
    await run;
    await endProgram(client);
    return { renewed, failed };
  };
}

const agentOf = (index: number) => world.agents[index] as Program;
/** What the agents' operators read meanwhile: everything but the log. */
const said = (index: number) => agentOf(index).said.map((line) => line.replace('isospin: ', ''));

test('the server is killed: packets flow, what changes meanwhile waits, and the agents go on where they were', async () => {
  const end = await pings();
  const before = await Promise.all([steps(0), steps(1)]);
  await world.server.end('SIGKILL');
  await until('both agents say so', () => said(0).length > 0 && said(1).length > 0, 8_000);
  await pause(1_500);
  await world.startServer();
  await until('both agents are back', () => said(0).length > 1 && said(1).length > 1, 8_000);
  const away = `${SERVER} cannot be reached: `;
  for (const index of [0, 1]) expect(said(index)).toEqual([expect.stringContaining(away), `${SERVER} is back`]);
  expect(await Promise.all([steps(0), steps(1)])).toEqual(before);
  ports.push(await boot(0, 'vm2'));
  expect(await ping(host(1), 'vm1', ports[2]?.address ?? '', 3)).toBe(3);
  expect(await end()).toEqual({ lost: 0, answered: expect.any(Number) });
});

test('the server is stopped and started: it exits 0 at once though streams are open, and no host is wired anew', async () => {
  const end = await pings();
  const before = await Promise.all([steps(0), steps(1)]);
  const { started } = await begun();
  const since = Date.now();
  await world.server.end('SIGTERM');
  expect(Date.now() - since).toBeLessThan(4_000);
  expect(world.server.child.exitCode).toBe(0);
  await world.startServer();
  // Both pulled again, and found nothing to do.
  await until('both are alive', async () => (await world.ok('GET', '/v2.0/agents')).agents.every(alive), 10_000);
  await pause(4_500);
  expect(await Promise.all([steps(0), steps(1)])).toEqual(before);
  expect(await begun()).toEqual({ started });
  expect((await end()).lost).toBe(0);
});

const alive = (agent: { alive: boolean }) => agent.alive;
const begun = async () => ({
  started: (await world.ok('GET', '/v2.0/agents')).agents.map(({ id, started_at }: Record<string, string>) => `${id} ${started_at}`).sort(),
});

test('agents are killed while instances ping each other and renew their leases: nothing is lost, and there is nothing to do', {
  timeout: 60_000,
}, async () => {
  const end = await pings();
  const renewed = await Promise.all([renewals(0, 'vm0'), renewals(1, 'vm1')]);
  for (let turn = 0; turn < 3; turn++) {
    await Promise.all([agentOf(0).end('SIGKILL'), agentOf(1).end('SIGKILL')]);
    await pause(turn * 300);
    for (const index of [0, 1]) world.agents[index] = world.startAgent(index);
    for (const index of [0, 1]) await world.joined(index);
    for (const index of [0, 1]) {
      await until('a full round', async () => Object.values((await world.show(index)).loops).every(({ fullRounds }) => fullRounds > 0));
      for (const plan of await world.plan(index)) expect(plan).toMatchObject({ steps: [], waiting: {} });
      expect(Object.values(await steps(index))).toEqual([0, 0]);
    }
  }
  for (const ended of renewed) expect(await ended()).toEqual({ renewed: expect.any(Number), failed: 0 });
  const { lost, answered } = await end();
  expect(lost).toBe(0);
  expect(answered).toBeGreaterThan(20);
});

test('a host reads and reports only what is its own', async () => {
  const as = (name: string, index: number) => ({ authorization: `Bearer ${world.credential(index)}`, 'x-isospin-host': name });
  const status = async (headers: Record<string, string>, path = 'desired', method = 'GET', body?: object) =>
    (await world.call(method, `/agent/v1/${path}`, body, headers)).status;
  expect(await status(as('host1', 0))).toBe(200);
  expect(await status(as('host2', 0))).toBe(401);
  expect(await status({ ...as('host1', 0), 'x-isospin-host': '' })).toBe(401);
  expect(await status({ authorization: as('host1', 0).authorization })).toBe(401);
  expect(await status({ 'x-isospin-host': 'host1' })).toBe(401);
  for (const path of ['hello', 'heartbeat', 'reports']) expect(await status(as('host2', 0), path, 'POST', {})).toBe(401);
  expect(await status(as('host2', 0), 'wakes')).toBe(401);
  // A credential is no token, and opens nothing else.
  expect((await world.call('GET', '/v2.0/networks', undefined, { 'x-auth-token': world.credential(0) })).status).toBe(401);
  // A network of host3 alone, whose agent is this test.
  await world.addHost(2);
  const agents = [
    { agent_type: 'Linux bridge agent', binary: 'x', configurations: { tunnel_types: ['vxlan'], tunneling_ip: '10.99.0.99' } },
  ];
  expect(await status(as('host3', 2), 'hello', 'POST', { agents, started_at: new Date().toISOString() })).toBe(200);
  const { network: far } = await world.ok('POST', '/v2.0/networks', { network: { name: 'far' } });
  const made = { port: { network_id: far.id, 'binding:host_id': 'host3' } };
  const { port } = await world.ok('POST', '/v2.0/ports', made);
  const own = await world.call('GET', '/agent/v1/desired', undefined, as('host3', 2));
  const other = await world.call('GET', '/agent/v1/desired', undefined, as('host1', 0));
  const wish = own.body.put.find(({ key }: { key: string }) => key === `port/${port.id}`);
  expect(wish.value).toMatchObject({ kind: 'port', port_id: port.id });
  expect(JSON.stringify(other.body)).not.toContain(port.id);
  expect(JSON.stringify(other.body)).not.toContain(far.id);
  // What host1 says of host3's port is not heard; what host3 says is.
  const report = { reports: [{ key: `port/${port.id}`, digest: wish.digest, error: null }] };
  const shown = async () => (await world.ok('GET', `/v2.0/ports/${port.id}`)).port.status;
  expect(await status(as('host1', 0), 'reports', 'POST', report)).toBe(204);
  expect(await shown()).toBe('DOWN');
  expect(await status(as('host3', 2), 'reports', 'POST', report)).toBe(204);
  expect(await shown()).toBe('ACTIVE');
  await world.ok('DELETE', `/v2.0/ports/${port.id}`);
  await world.ok('DELETE', `/v2.0/networks/${far.id}`);
});

test('a second credential ends the first; the agent says so, and goes on as soon as its file holds the new one', async () => {
  const [before, first] = [await steps(0), world.credential(0)];
  const lines = said(0).length;
  const end = await pings();
  const as = (credential: string) => ({ authorization: `Bearer ${credential}`, 'x-isospin-host': 'host1' });
  const stream = world.call('GET', '/agent/v1/wakes', undefined, as(first));
  await world.addHost(0);
  const second = world.credential(0);
  writeFileSync(world.place.file('host1.credential'), first);
  expect((await world.call('POST', '/agent/v1/heartbeat', {}, as(first))).status).toBe(401);
  expect((await world.call('POST', '/agent/v1/heartbeat', {}, as(second))).status).toBe(200);
  await until('the agent says so', () => said(0).length > lines, 8_000);
  expect(said(0).at(-1)).toBe(
    `${SERVER} refuses the credential of host host1: \`isospin host add host1\` at the server makes one, and ${world.place.file('host1.credential')} is read again`,
  );
  writeFileSync(world.place.file('host1.credential'), second);
  await until('the agent is back', () => said(0).at(-1) === `${SERVER} is back`, 12_000);
  expect(said(0).length).toBe(lines + 2);
  // A wake stream that was opened with the first one ends too, at its next sign of life.
  expect((await stream).status).toBe(200);
  expect(agentOf(0).stderr).not.toContain(first);
  expect(await steps(0)).toEqual(before);
  expect((await end()).lost).toBe(0);
});

test('a server that is not trusted gets no credential; one that would get it in the clear is refused at once', async () => {
  await agentOf(1).end('SIGTERM');
  expect(agentOf(1).child.exitCode).toBe(0);
  const other = scratch();
  certify(other, 'other');
  /** Starts the agent of host2 with other options; answers the first line that it says. */
  const tried = async (...args: string[]) => {
    const agent = world.startAgent(1, args);
    const line = await until('the agent says why', () => agent.said[0], 10_000);
    // It goes on trying, and ends when it is told to; or it has ended by itself.
    await Promise.race([agent.ended(), pause(500)]);
    const alive = agent.child.exitCode === null;
    await agent.end('SIGTERM');
    expect(agent.said).toEqual([line]);
    return { line, alive, code: agent.child.exitCode };
  };
  try {
    const distrusted = await tried('--ca', other.file('other.pem'));
    expect(distrusted).toMatchObject({ alive: true, code: 0, line: expect.stringContaining(`${SERVER} is not trusted (`) });
    const plain = SERVER.replace('https', 'http');
    const refused = `isospin: ${plain} would carry the host credential in the clear: use https, or --insecure to accept that`;
    expect(await tried('--server', plain)).toMatchObject({ line: refused, code: 1 });
    // Accepted: it asks, and this server does not speak plain HTTP.
    expect((await tried('--server', plain, '--insecure')).line).toContain(`${plain} cannot be reached`);
    expect((await tried('--server', 'http://127.0.0.1:9')).line).toContain('http://127.0.0.1:9 cannot be reached: nothing listens there');
    expect(await ping(host(0), 'vm0', ports[1]?.address ?? '', 3)).toBe(3);
  } finally {
    other.remove();
    world.agents[1] = world.startAgent(1);
    await world.joined(1);
  }
});
