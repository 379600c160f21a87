// One host's devices: wired when they appear, whoever made them; local and flat networks; what is left alone, removed and repaired.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bridgeOf, type Cloud, type CloudPort, deviceOf, macOf, makeCloud, networkId, portId, settled } from './cloud.ts';
import { makeInstance, ping, type TestHost, until } from './host.ts';

const LOCAL = 3;
const FLAT = 2;
const MAPPED = 4;

interface Link {
  readonly ifname: string;
  readonly master?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly linkinfo?: { readonly info_kind?: string };
}

let cloud: Cloud;
let host: TestHost;
beforeAll(async () => {
  cloud = await makeCloud(1, { physical: { public: 'eth1', operator: 'br-ex' } });
  host = cloud.hosts[0] as TestHost;
  cloud.networks.set(LOCAL, { network_type: 'local', segmentation_id: null, mtu: 1400 });
  cloud.networks.set(FLAT, { network_type: 'flat', segmentation_id: null, mtu: 1500, physical_network: 'public' });
  cloud.networks.set(MAPPED, { network_type: 'flat', segmentation_id: null, mtu: 1500, physical_network: 'operator' });
  // A neighbour on each physical network, and things that are none of ours though their names are like ours.
  for (const [netns, device, address] of [
    ['street', 'eth1', '203.0.113.1/24'],
    ['lane', 'eth2', '198.51.100.1/24'],
  ] as const) {
    await host.run(['ip', 'netns', 'add', netns]);
    await host.batch([`link add ${device} type veth peer name eth0 netns ${netns}`]);
    await host.run(['ip', '-n', netns, 'addr', 'add', address, 'dev', 'eth0']);
    await host.run(['ip', '-n', netns, 'link', 'set', 'eth0', 'up']);
  }
  await host.batch([
    'link add br-ex type bridge',
    'link set eth2 master br-ex up',
    'link set br-ex up',
    'link add brq-of-others type bridge',
    'link add tap-of-others type veth peer name far-of-others',
    'link set tap-of-others master brq-of-others',
    'link add vxlan-others type vxlan id 900 dstport 4789 local 10.99.0.1',
    'link add docker0 type bridge',
  ]);
});
afterAll(() => cloud?.close());
beforeEach(async () => {
  cloud.set();
  await until('the host is bare', async () =>
    (await links()).every(({ ifname }) => !/^(brq[0-9a-f]{8}|vxlan-\d|tap0)/.test(ifname) || deleteDevice(ifname)),
  );
});

const links = async () => JSON.parse(await host.run(['ip', '-j', '-d', 'link', 'show'])) as Link[];
const link = async (name: string) => (await links()).find(({ ifname }) => ifname === name);
const server = () => {
  const [first] = cloud.servers;
  if (first === undefined) throw new Error('no server');
  return first;
};
const port = (n: number, network: number, more: Partial<CloudPort> = {}): CloudPort => ({
  n,
  on: 0,
  network,
  addresses: [`10.0.0.${n}`],
  ...more,
});
const errorOf = (n: number) => server().reports.get(`port/${portId(n)}`)?.error;

/** Instances are taken away between tests; answers false, because the device is still there now. */
async function deleteDevice(name: string): Promise<boolean> {
  if (name.startsWith('tap')) await host.attempt(['ip', 'link', 'del', name]);
  return false;
}

async function boot(...ports: readonly CloudPort[]): Promise<void> {
  for (const each of ports) {
    await host.attempt(['ip', 'netns', 'del', `vm${each.n}`]);
    await cloud.boot(each);
  }
}

test('a local network joins the instances of its host, with the MTU of the network', async () => {
  await boot(port(1, LOCAL), port(2, LOCAL));
  cloud.set(port(1, LOCAL), port(2, LOCAL));
  await settled(server());
  expect(await ping(host, 'vm1', '10.0.0.2', 3)).toBe(3);
  expect(bridgeOf(LOCAL)).toBe(`brq${networkId(LOCAL).slice(0, 11)}`);
  expect(await link(deviceOf(1))).toMatchObject({ ifname: `tap${portId(1).slice(0, 11)}`, master: bridgeOf(LOCAL), mtu: 1400 });
  expect(await link(bridgeOf(LOCAL))).toMatchObject({ mtu: 1400, linkinfo: { info_kind: 'bridge' } });
  expect((await links()).filter(({ linkinfo }) => linkinfo?.info_kind === 'vxlan').map(({ ifname }) => ifname)).toEqual(['vxlan-others']);
});

test('the host has no address on bridges and devices of ours, so no instance reaches it there', async () => {
  await boot(port(1, LOCAL));
  cloud.set(port(1, LOCAL));
  await settled(server());
  for (const name of [bridgeOf(LOCAL), deviceOf(1)]) expect(await host.run(['ip', '-o', 'addr', 'show', 'dev', name])).toBe('');
  const { stdout } = await host.attempt(['ping', '-n', '-c', '2', '-i', '0.1', '-w', '1', 'ff02::1%eth0'], 'vm1');
  const own = await host.run(['ip', '-o', '-6', 'addr', 'show', 'dev', 'eth0'], 'vm1');
  const answered = [...stdout.matchAll(/from (\S+?)%/g)].map(([, address]) => address ?? '');
  expect(answered.filter((address) => !own.includes(address))).toEqual([]);
});

test('a device is wired when it appears, at once, whoever makes it: a veth, a tap of a hypervisor, and again when it comes back', async () => {
  cloud.set(port(1, LOCAL), port(2, LOCAL));
  await until('both wait', () => errorOf(1) && errorOf(2));
  expect(errorOf(1)).toBe(`device ${deviceOf(1)} has not appeared on this host`);
  const wired = (n: number) => until(`${deviceOf(n)} is wired`, async () => (await link(deviceOf(n)))?.master === bridgeOf(LOCAL), 2_000);
  const started = Date.now();
  await boot(port(1, LOCAL));
  await wired(1);
  expect(Date.now() - started).toBeLessThan(2_000);
  await host.run(['ip', 'tuntap', 'add', 'dev', deviceOf(2), 'mode', 'tap']);
  await wired(2);
  expect(await link(deviceOf(2))).toMatchObject({ mtu: 1400, linkinfo: { info_kind: 'tun' } });
  await settled(server());
  await host.run(['ip', 'link', 'del', deviceOf(2)]);
  await until('its absence is reported', () => errorOf(2));
  await host.run(['ip', 'tuntap', 'add', 'dev', deviceOf(2), 'mode', 'tap']);
  await wired(2);
  await settled(server());
  await host.run(['ip', 'link', 'set', deviceOf(2), 'nomaster']);
  await wired(2);
});

test('a port that is administratively down is wired and carries nothing, until it is up', async () => {
  const down = port(2, LOCAL, { up: false });
  await boot(port(1, LOCAL), down);
  cloud.set(port(1, LOCAL), down);
  await settled(server());
  expect((await link(deviceOf(2)))?.flags).not.toContain('UP');
  expect(await ping(host, 'vm1', '10.0.0.2')).toBe(0);
  cloud.set(port(1, LOCAL), port(2, LOCAL));
  await settled(server());
  await until('it answers', () => ping(host, 'vm1', '10.0.0.2'));
  cloud.set(port(1, LOCAL), down);
  await settled(server());
  expect(await ping(host, 'vm1', '10.0.0.2')).toBe(0);
});

test('a port that is removed is unplugged; its device stays its maker’s, and the bridge goes with the last', async () => {
  await boot(port(1, LOCAL), port(2, LOCAL));
  cloud.set(port(1, LOCAL), port(2, LOCAL));
  await settled(server());
  cloud.set(port(1, LOCAL));
  await until('port 2 is unplugged', async () => (await link(deviceOf(2)))?.master === undefined);
  expect(await link(deviceOf(2))).toBeDefined();
  expect(await link(deviceOf(1))).toMatchObject({ master: bridgeOf(LOCAL) });
  cloud.set();
  await until('the bridge is gone', async () => (await link(bridgeOf(LOCAL))) === undefined);
  expect(await link(deviceOf(1))).toBeDefined();
});

test('a flat network reaches its street, and gives the interface back when it goes', async () => {
  const each = port(1, FLAT, { addresses: ['203.0.113.11'] });
  await boot(each);
  cloud.set(each);
  await settled(server());
  expect(await ping(host, 'vm1', '203.0.113.1', 3)).toBe(3);
  expect(await link('eth1')).toMatchObject({ master: bridgeOf(FLAT) });
  cloud.set();
  await until('the interface is free', async () => (await link('eth1'))?.master === undefined);
  expect(await link(bridgeOf(FLAT))).toBeUndefined();
});

test('a flat network on the operator’s own bridge joins it and leaves it as it was', async () => {
  const each = port(1, MAPPED, { addresses: ['198.51.100.11'] });
  const before = await link('br-ex');
  await boot(each);
  cloud.set(each);
  await settled(server());
  expect(await ping(host, 'vm1', '198.51.100.1', 3)).toBe(3);
  cloud.set();
  await until('the port has left', async () => (await link(deviceOf(1)))?.master === undefined);
  expect(await link('br-ex')).toMatchObject({ mtu: before?.mtu, flags: before?.flags });
  expect(await link('eth2')).toMatchObject({ master: 'br-ex' });
});

test('an interface that carries addresses is refused in words, and its neighbours work', async () => {
  await host.run(['ip', 'addr', 'add', '192.0.2.7/24', 'dev', 'eth1']);
  try {
    const flat = port(1, FLAT);
    await boot(flat, port(2, LOCAL), port(3, LOCAL));
    cloud.set(flat, port(2, LOCAL), port(3, LOCAL));
    await until('the refusal is reported', () => errorOf(1));
    expect(errorOf(1)).toMatch(/^interface eth1 carries IP addresses/);
    await until('the neighbours are wired', () => errorOf(2) === null && errorOf(3) === null);
    expect(await ping(host, 'vm2', '10.0.0.3', 3)).toBe(3);
    expect(await link('eth1')).not.toHaveProperty('master');
  } finally {
    await host.run(['ip', 'addr', 'del', '192.0.2.7/24', 'dev', 'eth1']);
  }
  await until('it is wired once the interface is free', () => errorOf(1) === null, 10_000);
});

test('what is not ours is never touched', async () => {
  await boot(port(1, LOCAL));
  cloud.set(port(1, LOCAL));
  await settled(server());
  cloud.set();
  await until('ours is gone', async () => (await link(bridgeOf(LOCAL))) === undefined);
  const names = (await links()).map(({ ifname }) => ifname);
  expect(names).toEqual(expect.arrayContaining(['brq-of-others', 'tap-of-others', 'vxlan-others', 'docker0', 'br-ex', 'eth1', 'eth2']));
  expect(await link('tap-of-others')).toMatchObject({ master: 'brq-of-others' });
});

test('a device with the MAC of another port changes nothing for that port', async () => {
  await boot(port(1, LOCAL), port(2, LOCAL));
  await makeInstance(host, 'vm9', { device: 'tap-stranger', mac: macOf(2), addresses: ['10.0.0.2/24'] });
  cloud.set(port(1, LOCAL), port(2, LOCAL));
  await settled(server());
  expect(await link('tap-stranger')).not.toHaveProperty('master');
  expect(await ping(host, 'vm1', '10.0.0.2', 3)).toBe(3);
  await host.run(['ip', 'link', 'del', 'tap-stranger']);
});
