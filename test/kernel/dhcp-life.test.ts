// The life of a DHCP server: it outlives the agent, comes back when it dies, is put right when someone alters it, and leaves nothing behind.
import { existsSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { lease, server, subnet4, subnet6 } from '#test/dhcp-wishes.ts';
import { RUN_DIRECTORY } from './agent-process.ts';
import { leftovers } from './cloud.ts';
import { clientPort, type DhcpHost, filesOf, makeDhcpHost } from './dhcp-host.ts';
import { until } from './host.ts';

const network = server(1, [subnet4(1), subnet6(3, 'dhcpv6-stateful')]);
const other = server(2, [subnet4(2)]);
const port = lease(1, clientPort(0x21), [
  [1, '10.1.0.33'],
  [3, 'fd00:3::33'],
]);
const neighbour = lease(2, clientPort(0x22), [[2, '10.2.0.34']]);

let dhcp: DhcpHost;
let netns: string;
beforeAll(async () => {
  dhcp = await makeDhcpHost();
  dhcp.set(network, other, port, neighbour);
  netns = await dhcp.boot(port);
  await dhcp.boot(neighbour);
  await dhcp.settled();
});
afterAll(() => dhcp?.close());
beforeEach(async () => {
  dhcp.set(network, other, port, neighbour);
  await dhcp.settled();
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.33' });
});

const kill = (pid: number) => dhcp.host.run(['kill', '-KILL', String(pid)]);
const alive = () => {
  try {
    return dhcp.pid(network);
  } catch {
    return undefined;
  }
};

test('an agent that is killed leaves its servers serving, and its restart finds nothing to do', async () => {
  const before = { pid: dhcp.pid(network), ...dhcp.counts(network) };
  await dhcp.agent.end('SIGKILL');
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.33' });
  expect(await dhcp.lease6(netns)).toMatchObject({ new_ip6_address: 'fd00:3::33' });
  expect(filesOf(dhcp.host, network).get('leases')).toContain('10.1.0.33');
  await dhcp.restart();
  const { loops } = await dhcp.agent.show();
  expect(loops.dhcp).toMatchObject({ steps: 0, failures: 0 });
  expect(loops.linuxbridge).toMatchObject({ steps: 0, failures: 0 });
  expect({ pid: dhcp.pid(network), ...dhcp.counts(network) }).toEqual(before);
  // What was leased while nobody listened is dropped, but for IPv6, where clients would take it for lost.
  await until('the lease given meanwhile is dropped', () => !filesOf(dhcp.host, network).get('leases')?.includes('10.1.0.33'));
  expect(filesOf(dhcp.host, network).get('leases')).toContain('fd00:3::33');
  await dhcp.agent.end('SIGTERM');
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.33' });
  await dhcp.restart();
  expect((await dhcp.agent.show()).loops.dhcp).toMatchObject({ steps: 0 });
});

test('what changed while no agent ran is put right by its start, at the cost of one signal', async () => {
  const pid = dhcp.pid(network);
  await dhcp.agent.end('SIGKILL');
  const { signals } = dhcp.counts(network);
  const heir = lease(1, clientPort(0x23), [[1, '10.1.0.33']]);
  dhcp.set(network, other, heir, neighbour);
  await dhcp.restart();
  expect(await dhcp.lease4(await dhcp.boot(heir))).toMatchObject({ ip: '10.1.0.33' });
  expect(await dhcp.lease4(netns, [], 2)).toBeUndefined();
  expect(dhcp.pid(network)).toBe(pid);
  expect(dhcp.counts(network).signals).toBe(signals + 1);
});

test('a server that dies is back in a few seconds, and its neighbour noticed nothing', async () => {
  const [pid, neighbourPid] = [dhcp.pid(network), dhcp.pid(other)];
  await kill(pid);
  const back = await until('it is back', () => (alive() !== pid ? alive() : undefined), 5_000);
  expect(back).not.toBe(pid);
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.33' });
  expect(dhcp.pid(other)).toBe(neighbourPid);
});

test('the lease bus that dies is back, and leases are dropped as before', async () => {
  const bus = () => [...dhcp.host.processes()].find(([, line]) => line.startsWith('dbus-daemon'))?.[0];
  const pid = bus() ?? 0;
  await kill(pid);
  await until('the bus is back', () => bus() !== undefined && bus() !== pid, 6_000);
  await until(
    'both are served',
    async () => (await dhcp.lease4(netns))?.ip === '10.1.0.33' && (await dhcp.lease4('vm22'))?.ip === '10.2.0.34',
  );
  await until('the lease is dropped', () => !filesOf(dhcp.host, network).get('leases')?.includes('10.1.0.33'));
});

test('a namespace, a device or the files that someone took away are made again', async () => {
  const space = `qdhcp-${network.network_id}`;
  const serves = (what: string) => until(what, async () => (await dhcp.lease4(netns, [], 1))?.ip === '10.1.0.33', 8_000);
  await dhcp.host.run(['ip', 'link', 'del', network.device]);
  await serves('served after its device was deleted');
  await dhcp.host.run(['ip', 'netns', 'del', space]);
  await kill(dhcp.pid(network)); // the process would keep the namespace
  await serves('served after its namespace was deleted');
  rmSync(dhcp.host.path(`${RUN_DIRECTORY}/dhcp/${network.network_id}`), { recursive: true });
  await dhcp.agent.end('SIGTERM');
  await dhcp.restart();
  await serves('served after its files were deleted');
  expect([...dhcp.host.processes().values()].filter((line) => line.includes(`/dhcp/${network.network_id}/`)).length).toBe(1);
});

test('a network that goes leaves no process, namespace, device or file; its neighbour serves on', async () => {
  const pid = dhcp.pid(other);
  dhcp.set(other, neighbour);
  await until(
    'nothing of the network is left',
    async () => !(await leftovers(dhcp.host)).some((what) => what.includes(network.network_id)),
  );
  expect(await dhcp.host.run(['ip', '-o', 'link', 'show'])).not.toContain(network.device);
  expect(dhcp.pid(other)).toBe(pid);
  expect(await dhcp.lease4('vm22')).toMatchObject({ ip: '10.2.0.34' });
  dhcp.set();
  await until('nothing at all is left', async () => (await leftovers(dhcp.host)).length === 0);
  expect(existsSync(dhcp.host.path(`${RUN_DIRECTORY}/dhcp`))).toBe(false);
  expect([...dhcp.host.processes().values()].filter((line) => /dnsmasq|dbus/.test(line))).toEqual([]);
});

test('a namespace of the same name that is not ours is left to its owner', async () => {
  dhcp.set();
  await until('the host is bare', async () => (await leftovers(dhcp.host)).length === 0);
  await dhcp.host.run(['ip', 'netns', 'add', 'qdhcp-99999999-aaaa-4000-8000-000000000009']);
  await dhcp.agent.end('SIGTERM');
  await dhcp.restart();
  dhcp.set(other, neighbour);
  await dhcp.settled();
  expect(await dhcp.host.run(['ip', 'netns', 'list'])).toContain('qdhcp-99999999');
  await dhcp.host.run(['ip', 'netns', 'del', 'qdhcp-99999999-aaaa-4000-8000-000000000009']);
});

test('a name without a namespace behind it, as a crash leaves, is made good where it is needed and stops no other network', async () => {
  dhcp.set();
  await until('the host is bare', async () => (await leftovers(dhcp.host)).length === 0);
  await dhcp.agent.end('SIGTERM');
  const husks = [`/run/netns/qdhcp-${network.network_id}`, '/run/netns/qdhcp-99999999-aaaa-4000-8000-000000000009'];
  await dhcp.host.run(['touch', ...husks]);
  dhcp.set(network, other, port, neighbour);
  await dhcp.restart();
  for (const [name, ip] of [
    [netns, '10.1.0.33'],
    ['vm22', '10.2.0.34'],
  ] as const)
    expect(await dhcp.lease4(name)).toMatchObject({ ip });
  await dhcp.host.run(['rm', String(husks[1])]);
});

test('killed at any moment of its work, the agent goes on from there and leaves nothing', { timeout: 60_000 }, async () => {
  for (const wait of [5, 30, 60, 90, 130]) {
    dhcp.set();
    await until('the host is bare', async () => (await leftovers(dhcp.host)).length === 0);
    dhcp.set(network, other, port, neighbour);
    await new Promise((resolve) => setTimeout(resolve, wait));
    await dhcp.agent.end('SIGKILL');
    await dhcp.restart();
    expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.33' });
    dhcp.set();
    await new Promise((resolve) => setTimeout(resolve, wait / 3));
    await dhcp.agent.end('SIGKILL');
    await dhcp.restart();
    await until('nothing is left', async () => (await leftovers(dhcp.host)).length === 0);
  }
});
