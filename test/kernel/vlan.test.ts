// VLAN networks on Linux bridges. The kernel needs 802.1Q devices for them: where it has none, what can be shown is that it is said.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bridgeOf, type Cloud, type CloudPort, endpointOf, makeCloud, portId, settled } from './cloud.ts';
import { makeHost, ping, type TestHost, until } from './host.ts';

const probe = await makeHost('probe');
const { stderr } = await probe.attempt(['ip', 'link', 'add', 'link', 'lo', 'name', 'probe', 'type', 'vlan', 'id', '1']);
await probe.close();
const lacking = /unknown device type/i.test(stderr);
const WHY = 'this kernel has no 802.1Q devices (8021q module)';

const ports: CloudPort[] = [
  { n: 1, on: 0, network: 1, addresses: ['10.0.0.11'] },
  { n: 2, on: 1, network: 1, addresses: ['10.0.0.12'] },
  { n: 3, on: 1, network: 2, addresses: ['10.0.0.12'] },
  { n: 4, on: 0, network: 3, addresses: ['10.0.0.14'] },
];
let cloud: Cloud;
beforeAll(async () => {
  cloud = await makeCloud(2, { physical: { public: 'eth0' } });
  for (const n of [1, 2]) cloud.networks.set(n, { network_type: 'vlan', segmentation_id: 100 + n, physical_network: 'public' });
  cloud.networks.set(3, { network_type: 'local', segmentation_id: null });
  for (const port of ports) await cloud.boot(port);
  cloud.set(...ports);
});
afterAll(() => cloud?.close());

test('two hosts and two networks with the same addresses', async (context) => {
  context.skip(lacking, WHY);
  const [first, second] = cloud.hosts as [TestHost, TestHost];
  for (const server of cloud.servers) await settled(server);
  expect(await ping(first, 'vm1', '10.0.0.12', 3)).toBe(3);
  expect(await first.run(['ip', '-d', 'link', 'show', 'eth0.101'])).toMatch(new RegExp(`master ${bridgeOf(1)} .*vlan.* id 101`, 's'));
  expect(await second.run(['ip', 'neigh', 'show', '10.0.0.11'], 'vm3')).toBe('');
  expect(await ping(first, 'vm1', endpointOf(1))).toBe(0);
});

test('a host whose kernel cannot says so, and carries its other networks', async (context) => {
  context.skip(!lacking, 'this kernel has 802.1Q devices');
  const [server] = cloud.servers;
  const errorOf = (n: number) => server?.reports.get(`port/${portId(n)}`)?.error;
  await until('both are reported', () => errorOf(1) !== undefined && errorOf(4) !== undefined);
  expect(errorOf(1)).toBe('vlan on linuxbridge needs the 8021q kernel module');
  await until('the local network is made', () => errorOf(4) === null);
});
