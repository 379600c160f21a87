// The data plane outlives the agent: it is killed and started again while instances ping each other, and not one packet is lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAgent, type TestServer } from './agent-process.ts';
import { bridgeOf, type Cloud, type CloudPort, deviceOf, macOf, makeCloud, pingOn, settled } from './cloud.ts';
import { ping, type TestHost, until } from './host.ts';

const ports: CloudPort[] = [
  { n: 1, on: 0, network: 1, addresses: ['10.0.0.11', 'fd00::11'] },
  { n: 2, on: 1, network: 1, addresses: ['10.0.0.12', 'fd00::12'] },
  { n: 3, on: 0, network: 1, addresses: ['10.0.0.13'] },
  { n: 4, on: 0, network: 3, addresses: ['10.0.0.14'] },
];

let cloud: Cloud;
let host: TestHost;
let server: TestServer;
beforeAll(async () => {
  cloud = await makeCloud(2);
  host = cloud.hosts[0] as TestHost;
  server = cloud.servers[0] as TestServer;
  cloud.networks.set(3, { network_type: 'local', segmentation_id: null });
  for (const port of ports) await cloud.boot(port);
  cloud.set(...ports);
  await cloud.settle();
});
afterAll(() => cloud?.close());

const agent = () => {
  const [first] = cloud.agents;
  if (first === undefined) throw new Error('no agent');
  return first;
};
async function restart(): Promise<void> {
  server.reports.clear();
  cloud.agents[0] = startAgent(host, server);
  await settled(server, 10_000);
}
/** What the kernel has, without the counters and timers that change by themselves. */
async function sight(): Promise<string> {
  const shown = await Promise.all(
    [
      ['ip', '-o', 'link', 'show'],
      ['bridge', 'fdb', 'show', 'dev', 'vxlan-101'],
      ['ip', 'neigh', 'show', 'nud', 'permanent'],
    ].map((argv) => host.run(argv)),
  );
  return shown.join('\n');
}

test('killed with SIGKILL three times and started again while pings run: none is lost, and there is nothing to do', {
  timeout: 60_000,
}, async () => {
  const pings = await Promise.all([
    pingOn(host, 'vm1', '10.0.0.12'),
    pingOn(host, 'vm1', 'fd00::12'),
    pingOn(cloud.hosts[1] as TestHost, 'vm2', '10.0.0.13'),
    pingOn(host, 'vm3', '10.0.0.11'),
  ]);
  const before = await sight();
  for (let turn = 0; turn < 3; turn++) {
    await agent().end('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await restart();
    const { loops } = await agent().show();
    expect(loops.linuxbridge).toMatchObject({ steps: 0, failures: 0 });
  }
  await agent().end('SIGTERM');
  await restart();
  expect((await agent().show()).loops.linuxbridge?.steps).toBe(0);
  for (const each of pings) {
    const { answered, lost } = await each.stop();
    expect(lost).toBe(0);
    expect(answered).toBeGreaterThan(20);
  }
  expect(await sight()).toBe(before);
});

test('what changed while no agent ran is made real by its start, and what stays loses nothing', async () => {
  const pings = await pingOn(host, 'vm1', '10.0.0.12');
  await agent().end('SIGKILL');
  const late: CloudPort = { n: 5, on: 0, network: 1, addresses: ['10.0.0.15'] };
  await cloud.boot(late);
  await host.run(['ip', 'link', 'del', deviceOf(3)]);
  cloud.set(...ports.filter(({ n }) => n !== 3 && n !== 4), late);
  await restart();
  expect(await ping(cloud.hosts[1] as TestHost, 'vm2', '10.0.0.15', 3)).toBe(3);
  await until('network 3 is gone', async () => !(await host.run(['ip', '-o', 'link', 'show'])).includes(bridgeOf(3)));
  expect((await pings.stop()).lost).toBe(0);
  expect((await host.run(['bridge', 'fdb', 'show', 'dev', 'vxlan-101'])).includes(macOf(2))).toBe(true);
});

test('killed in the middle of its work, it goes on from there', { timeout: 60_000 }, async () => {
  const many = Array.from({ length: 40 }, (_, i): CloudPort => ({ n: 16 + i, on: 0, network: 2, addresses: [`10.0.1.${i + 1}`] }));
  const kept = ports.filter(({ n }) => n <= 2);
  await host.batch(many.map(({ n }) => `tuntap add dev ${deviceOf(n)} mode tap`));
  const pings = await pingOn(host, 'vm1', '10.0.0.12');
  for (const wait of [0, 15, 40, 80]) {
    cloud.set(...kept, ...many);
    await new Promise((resolve) => setTimeout(resolve, wait));
    await agent().end('SIGKILL');
    cloud.set(...kept);
    await restart();
    await agent().end('SIGKILL');
    cloud.set(...kept, ...many);
    await restart();
    const wired = (await host.run(['ip', '-o', 'link', 'show', 'master', bridgeOf(2)])).split('\n').filter((line) => line.includes('tap'));
    expect(wired.length).toBe(many.length);
    cloud.set(...kept);
    await until('network 2 is gone', async () => !(await host.run(['ip', '-o', 'link', 'show'])).includes(bridgeOf(2)));
  }
  expect((await pings.stop()).lost).toBe(0);
});
