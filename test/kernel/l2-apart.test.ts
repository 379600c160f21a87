// What an instance can reach through the host it runs on, though the host shall be none of its concern: nothing. The host's addresses do not
// answer it, the host carries nothing on for it, and its tunnels take nothing from it, so no forged packet gets into another network.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AgentProcess, startAgent, type TestServer } from './agent-process.ts';
import { bridgeOf, type Cloud, type CloudPort, deviceOf, endpointOf, makeCloud, type Watch, watch } from './cloud.ts';
import { ping, type TestHost, until } from './host.ts';

const FORGER = fileURLToPath(new URL('tunnel-forger.py', import.meta.url));
const evil: CloudPort = { n: 1, on: 0, network: 1, addresses: ['10.0.0.11'] };
const victim: CloudPort = { n: 2, on: 0, network: 2, addresses: ['10.0.0.12'] };
const far: CloudPort = { n: 3, on: 1, network: 2, addresses: ['10.0.0.13'] };

let cloud: Cloud;
let host: TestHost;
let bridge: string;
beforeAll(async () => {
  cloud = await makeCloud(2);
  host = cloud.hosts[0] as TestHost;
  // As lax as a host can be: it forwards, and asks for no reverse path.
  await host.run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']);
  for (const port of [evil, victim, far]) await cloud.boot(port);
  cloud.set(evil, victim, far);
  await cloud.settle();
  const [link] = JSON.parse(await host.run(['ip', '-j', 'link', 'show', 'dev', bridgeOf(1)])) as { address: string }[];
  bridge = link?.address ?? '';
  await host.run(['ip', 'route', 'add', '10.99.0.0/24', 'dev', 'eth0'], 'vm1');
});
afterAll(() => cloud?.close());

/** What is forged for network 2 and arrives there. */
async function arrives(device: string, mac: string, source: string, destination: string): Promise<string[]> {
  const seen: Watch = await watch(host, device, 'arp and host 10.0.0.250');
  await host.run(['python3', FORGER, mac, source, destination, '102'], 'vm1');
  return seen.end();
}

test('the forgery is one: from another host it arrives', async () => {
  const seen = await watch(host, deviceOf(victim.n), 'arp and host 10.0.0.250');
  const [underlay] = JSON.parse(await host.run(['ip', '-j', 'link', 'show', 'dev', 'eth0'])) as { address: string }[];
  await (cloud.hosts[1] as TestHost).run(['python3', FORGER, underlay?.address ?? '', endpointOf(1), endpointOf(0), '102']);
  expect((await seen.end()).length).toBe(3);
});

test('the host does not answer ARP for addresses of its own, and takes no packet that is sent to its bridge', async () => {
  await host.run(['ip', 'neigh', 'flush', 'all'], 'vm1');
  expect(await ping(host, 'vm1', endpointOf(0))).toBe(0);
  expect(await host.run(['ip', 'neigh', 'show', endpointOf(0)], 'vm1')).not.toContain('lladdr');
  const [before, other] = await Promise.all([watch(host, 'eth0', 'icmp'), watch(cloud.hosts[1] as TestHost, 'eth0', 'icmp')]);
  for (const address of [endpointOf(0), endpointOf(1)]) {
    await host.run(['ip', 'neigh', 'replace', address, 'lladdr', bridge, 'dev', 'eth0'], 'vm1');
    expect(await ping(host, 'vm1', address, 2)).toBe(0);
  }
  expect([...(await before.end()), ...(await other.end())]).toEqual([]);
});

test.each([
  ['nowhere, to all', '0.0.0.0', '255.255.255.255'],
  ['nowhere, to all hosts', '0.0.0.0', '224.0.0.1'],
  ['its own address', '10.0.0.11', endpointOf(0)],
  ['an address of the tunnels’ network', '10.99.0.77', endpointOf(0)],
  ['another host’s address', endpointOf(1), endpointOf(0)],
])('a tunnel of another network takes no packet from an instance that says it comes from %s', async (_, source, destination) => {
  const mac = destination === '255.255.255.255' ? 'ff:ff:ff:ff:ff:ff' : destination === '224.0.0.1' ? '01:00:5e:00:00:01' : bridge;
  expect(await arrives(deviceOf(victim.n), mac, source, destination)).toEqual([]);
});

test('nor from one whose port is gone while its device stays', async () => {
  cloud.set(victim, far);
  await cloud.settle();
  const links = JSON.parse(await host.run(['ip', '-j', 'link', 'show', 'dev', deviceOf(evil.n)])) as { address: string; flags: string[] }[];
  expect(links[0]?.flags).toContain('UP');
  expect(await arrives(deviceOf(victim.n), links[0]?.address ?? '', '10.0.0.11', endpointOf(0))).toEqual([]);
  expect(await arrives(deviceOf(victim.n), 'ff:ff:ff:ff:ff:ff', '0.0.0.0', '255.255.255.255')).toEqual([]);
});

test('the rule that sees to it is put back when someone takes it, and goes with the last network', async () => {
  const tables = () => host.run(['nft', 'list', 'tables']);
  expect(await tables()).toBe('table inet isospin_host\n');
  await host.run(['nft', 'flush', 'table', 'inet', 'isospin_host']);
  await (cloud.agents[0] as AgentProcess).end('SIGTERM');
  cloud.agents[0] = startAgent(host, cloud.servers[0] as TestServer);
  await until('it is back', async () => (await host.run(['nft', 'list', 'ruleset'])).includes('drop'));
  cloud.set();
  await until('it is gone', async () => (await tables()) === '');
});
