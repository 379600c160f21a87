// VXLAN between hosts: unicast to where the address lives, ARP answered at home, nothing sent to a host that has no part in the network.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bridgeOf, type Cloud, type CloudPort, deviceOf, endpointOf, macOf, makeCloud, networkId, watch } from './cloud.ts';
import { ping, until } from './host.ts';

const ports = {
  a: { n: 1, on: 0, network: 1, addresses: ['10.0.0.11', 'fd00::11'] },
  b: { n: 2, on: 1, network: 1, addresses: ['10.0.0.12', 'fd00::12'] },
  c: { n: 3, on: 0, network: 2, addresses: ['10.0.0.11'] },
  d: { n: 4, on: 1, network: 2, addresses: ['10.0.0.12'] },
  e: { n: 5, on: 0, network: 1, addresses: ['10.0.0.13'] },
} satisfies Record<string, CloudPort>;
const { a, b, c, d, e } = ports;

let cloud: Cloud;
beforeAll(async () => {
  cloud = await makeCloud(3);
  for (const port of Object.values(ports)) await cloud.boot(port);
  cloud.set(a, b, c, d);
  await cloud.settle();
});
afterAll(() => cloud?.close());

const on = (i: number) => {
  const host = cloud.hosts[i];
  if (host === undefined) throw new Error(`no host ${i}`);
  return host;
};
const forwarding = async (i: number, vni: number) =>
  (await on(i).run(['bridge', 'fdb', 'show', 'dev', `vxlan-${vni}`])).split('\n').filter((line) => / dst /.test(line));

test('instances of two hosts reach each other, over IPv4, IPv6 and TCP, with the largest packet', async () => {
  expect(await ping(on(0), 'vm1', '10.0.0.12', 5)).toBe(5);
  expect(await ping(on(1), 'vm2', 'fd00::11', 5)).toBe(5);
  const whole = await on(0).attempt(['ping', '-n', '-c', '2', '-i', '0.05', '-M', 'do', '-s', '1422', '10.0.0.12'], 'vm1');
  expect(whole.stdout).toContain('2 received');
  on(1).start(['sh', '-c', 'echo hello from b | busybox nc -l -p 7000'], 'vm2');
  const heard = await until('TCP', async () => (await on(0).attempt(['busybox', 'nc', '-w', '2', '10.0.0.12', '7000'], 'vm1')).stdout);
  expect(heard.trim()).toBe('hello from b');
});

test('ARP for an instance elsewhere is answered at home, and IPv6 asks nobody but the hosts of the network', async () => {
  const tunnel = await watch(on(0), 'vxlan-101', 'arp');
  await on(0).run(['ip', 'neigh', 'flush', 'all'], 'vm1');
  expect(await ping(on(0), 'vm1', '10.0.0.12')).toBe(1);
  expect(await on(0).run(['ip', 'neigh', 'show', '10.0.0.12'], 'vm1')).toContain(macOf(b.n));
  expect(await tunnel.end()).toEqual([]);
  const third = await watch(on(2), 'eth0', 'udp port 4789');
  await on(0).run(['ip', '-6', 'neigh', 'flush', 'all'], 'vm1');
  expect(await ping(on(0), 'vm1', 'fd00::12')).toBe(1);
  expect(await third.end()).toEqual([]);
});

test('a host without the network sees no packet of it, whatever is broadcast', async () => {
  const third = await watch(on(2), 'eth0', 'udp port 4789');
  const second = await watch(on(1), 'eth0', 'udp port 4789');
  await on(0).attempt(['ping', '-n', '-c', '3', '-i', '0.05', '-w', '1', '-b', '10.0.0.255'], 'vm1');
  await ping(on(0), 'vm1', '10.0.0.99'); // an address that nobody has: its ARP goes where the network is
  await on(0).run(['ip', 'neigh', 'replace', '10.0.0.98', 'lladdr', 'fa:16:3e:99:99:99', 'dev', 'eth0'], 'vm1');
  await ping(on(0), 'vm1', '10.0.0.98'); // a MAC that nobody has
  await ping(on(0), 'vm1', '10.0.0.12', 3);
  expect(await third.end()).toEqual([]);
  const seen = await second.end();
  expect(seen.filter((line) => line.includes('who-has 10.0.0.99'))).not.toEqual([]);
  expect(seen.filter((line) => line.includes('10.0.0.255'))).not.toEqual([]);
});

test('known addresses go to their host alone, though another has the network', async () => {
  const e: CloudPort = { n: 5, on: 2, network: 1, addresses: ['10.0.0.13'] };
  await cloud.boot(e);
  cloud.set(a, b, c, d, e);
  await cloud.settle();
  expect(await ping(on(2), 'vm5', '10.0.0.11', 2)).toBe(2);
  const third = await watch(on(2), 'eth0', `udp port 4789 and src host ${endpointOf(0)}`);
  expect(await ping(on(0), 'vm1', '10.0.0.12', 5)).toBe(5);
  expect((await third.end()).filter((line) => line.includes('10.0.0.12'))).toEqual([]);
  const entries = await forwarding(0, 101);
  expect(entries.filter((line) => line.startsWith(macOf(e.n))).join()).toContain(endpointOf(2));
  cloud.set(a, b, c, d);
  await cloud.settle();
  await until('the entries of host 3 are gone', async () => !(await forwarding(0, 101)).join().includes(endpointOf(2)));
  expect((await forwarding(0, 101)).join()).toContain(endpointOf(1));
  expect((await on(2).run(['ip', '-o', 'link', 'show'])).includes('vxlan-101')).toBe(false);
});

test('an instance that moves to another host is found there', async () => {
  await on(1).run(['ip', 'link', 'del', deviceOf(b.n)]);
  await on(1).run(['ip', 'netns', 'del', 'vm2']);
  const moved: CloudPort = { ...b, on: 2 };
  await cloud.boot(moved);
  cloud.set(a, moved, c, d);
  await cloud.settle();
  expect(await ping(on(0), 'vm1', '10.0.0.12', 3)).toBe(3);
  await on(2).run(['ip', 'link', 'del', deviceOf(b.n)]);
  await on(2).run(['ip', 'netns', 'del', 'vm2']);
  await cloud.boot(b);
  cloud.set(a, b, c, d);
  await cloud.settle();
  expect(await ping(on(0), 'vm1', '10.0.0.12', 3)).toBe(3);
});

test('two networks with the same addresses stay apart', async () => {
  const other = await watch(on(1), deviceOf(d.n), 'icmp or arp');
  const own = await watch(on(1), deviceOf(b.n), 'icmp');
  expect(await ping(on(0), 'vm1', '10.0.0.12', 3)).toBe(3);
  expect(await other.end()).toEqual([]);
  expect((await own.end()).length).toBe(6);
  expect(await ping(on(0), 'vm3', '10.0.0.12', 3)).toBe(3);
  expect(await on(0).run(['ip', 'neigh', 'show', '10.0.0.12'], 'vm3')).toContain(macOf(d.n));
});

test('a network that leaves takes its bridge, tunnel and entries, and the other one keeps its own', async () => {
  cloud.set(a, b);
  await cloud.settle();
  const links = async () => (await on(0).run(['ip', '-o', 'link', 'show'])).split('\n');
  await until('network 2 is gone', async () => !(await links()).some((line) => /vxlan-102|brq22222222-11[:@]/.test(line)));
  const device = (await links()).find((line) => line.includes(deviceOf(c.n)));
  expect(device).toBeDefined();
  expect(device).not.toContain('master');
  expect(await ping(on(0), 'vm3', '10.0.0.12')).toBe(0);
  expect(await ping(on(0), 'vm1', '10.0.0.12', 3)).toBe(3);
  expect(cloud.servers[0]?.objects.has(`network/${networkId(2)}`)).toBe(false);
});

test('an instance that sends with the MAC of one on another host draws nothing to itself', async () => {
  cloud.set(a, b, e);
  await cloud.settle();
  const stolen = await watch(on(0), deviceOf(e.n), `icmp and ether dst ${macOf(b.n)}`);
  await on(0).run(['ip', 'link', 'set', 'eth0', 'address', macOf(b.n)], 'vm5');
  await ping(on(0), 'vm5', '10.0.0.99');
  expect(await ping(on(0), 'vm1', '10.0.0.12', 3)).toBe(3);
  expect(await stolen.end()).toEqual([]);
  // And when the other one is gone, nothing of it stays.
  await on(0).run(['ip', 'link', 'set', 'eth0', 'address', macOf(e.n)], 'vm5');
  cloud.set(a, e);
  await cloud.settle();
  await until('it is forgotten', async () => !(await on(0).run(['bridge', 'fdb', 'show', 'br', bridgeOf(1)])).includes(macOf(b.n)));
  cloud.set(a, b);
  await cloud.settle();
});

test('what other hosts answer for an instance does not lead its own host astray', async () => {
  cloud.set(a, b, e);
  await cloud.settle();
  const monitor = on(0).start(['bridge', 'monitor', 'fdb']);
  let moves = '';
  monitor.stdout?.setEncoding('utf8').on('data', (text: string) => {
    moves += text;
  });
  // The request is flooded through the tunnel, and the other host, which knows where 10.0.0.11 lives, answers as well.
  const replies = await watch(on(0), 'vxlan-101', 'arp');
  for (let turn = 0; turn < 5; turn++) {
    await on(0).run(['ip', 'neigh', 'flush', 'all'], 'vm5');
    expect(await ping(on(0), 'vm5', '10.0.0.11')).toBe(1);
  }
  const seen = await replies.end();
  monitor.kill('SIGTERM');
  expect(seen.filter((line) => /Reply 10\.0\.0\.11 is-at/.test(line)).length).toBeGreaterThan(0);
  expect(moves).not.toContain(`${macOf(a.n)} dev vxlan-101`);
});
