// What someone changes by hand is put back: at once where the kernel tells of it, else at the next full look, which logs and counts it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, startAgent, type TestServer } from './agent-process.ts';
import { bridgeOf, type Cloud, type CloudPort, deviceOf, macOf, makeCloud } from './cloud.ts';
import { ping, type TestHost, until } from './host.ts';

const a: CloudPort = { n: 1, on: 0, network: 1, addresses: ['10.0.0.11'] };
const b: CloudPort = { n: 2, on: 1, network: 1, addresses: ['10.0.0.12'] };

let cloud: Cloud;
let host: TestHost;
let agent: AgentProcess;
beforeAll(async () => {
  cloud = await makeCloud(2, { resync: 1_000 });
  host = cloud.hosts[0] as TestHost;
  agent = cloud.agents[0] as AgentProcess;
  for (const port of [a, b]) await cloud.boot(port);
  cloud.set(a, b);
  await cloud.settle();
  await until('they reach each other', () => ping(host, 'vm1', '10.0.0.12'));
  // The full looks of the start, which count no drift, are over when those of the timer come.
  const looks = async () => (await agent.show()).loops.linuxbridge?.fullRounds ?? 0;
  const before = await looks();
  await until('the start is over', async () => (await looks()) > before + 1);
});
afterAll(() => cloud?.close());

const driftOf = async () => (await agent.show()).loops.linuxbridge?.drift ?? 0;
const logged = () => agent.logs.filter(({ message }) => message.startsWith('drift')).flatMap(({ steps }) => steps as string[]);

const damage: [what: string, undo: string[], look: string[], expected: string, repair: RegExp][] = [
  [
    'a forwarding entry',
    ['bridge', 'fdb', 'del', macOf(b.n), 'dev', 'vxlan-101', 'dst', '10.99.0.2', 'self'],
    ['bridge', 'fdb', 'show', 'dev', 'vxlan-101'],
    `${macOf(b.n)} dst 10.99.0.2`,
    new RegExp(`bridge fdb \\w+ ${macOf(b.n)} dev vxlan-101`),
  ],
  [
    'the flood list',
    ['bridge', 'fdb', 'del', '00:00:00:00:00:00', 'dev', 'vxlan-101', 'dst', '10.99.0.2', 'self'],
    ['bridge', 'fdb', 'show', 'dev', 'vxlan-101'],
    '00:00:00:00:00:00 dst 10.99.0.2',
    /bridge fdb append 00:00:00:00:00:00 dev vxlan-101/,
  ],
  [
    'a neighbour that the bridge answers for',
    ['ip', 'neigh', 'del', '10.0.0.12', 'dev', bridgeOf(1)],
    ['ip', 'neigh', 'show', 'dev', bridgeOf(1), 'nud', 'permanent'],
    `10.0.0.12 lladdr ${macOf(b.n)}`,
    /ip neigh replace 10\.0\.0\.12/,
  ],
  [
    'an endpoint that is not the port’s',
    ['bridge', 'fdb', 'replace', macOf(b.n), 'dev', 'vxlan-101', 'dst', '10.99.0.77', 'self', 'static'],
    ['bridge', 'fdb', 'show', 'dev', 'vxlan-101'],
    `${macOf(b.n)} dst 10.99.0.2`,
    new RegExp(`bridge fdb \\w+ ${macOf(b.n)} dev vxlan-101`),
  ],
];

test.each(damage)(
  '%s that was changed by hand is put back at the next full look, counted and logged',
  async (_, undo, look, expected, repair) => {
    const before = await driftOf();
    await host.run(look).then((text) => expect(text).toContain(expected));
    await host.run(undo);
    expect(await host.run(look)).not.toContain(expected);
    await until('it is back', async () => (await host.run(look)).includes(expected));
    await until('it is counted', async () => (await driftOf()) > before);
    expect(logged().join('\n')).toMatch(repair);
    expect(await ping(host, 'vm1', '10.0.0.12', 3)).toBe(3);
  },
);

test('an entry that nobody wants is taken away', async () => {
  const look = () => host.run(['bridge', 'fdb', 'show', 'dev', 'vxlan-101']);
  await host.run(['bridge', 'fdb', 'append', 'fa:16:3e:77:77:77', 'dev', 'vxlan-101', 'dst', '10.99.0.7', 'self', 'static']);
  await host.run(['ip', 'neigh', 'replace', '10.0.0.77', 'lladdr', 'fa:16:3e:77:77:77', 'dev', bridgeOf(1), 'nud', 'permanent']);
  await until('the entry is gone', async () => !(await look()).includes('fa:16:3e:77:77:77'));
  await until('the neighbour is gone', async () => (await host.run(['ip', 'neigh', 'show', '10.0.0.77', 'dev', bridgeOf(1)])) === '');
});

const links: [what: string, undo: string[]][] = [
  ['a device taken out of its bridge', ['ip', 'link', 'set', deviceOf(a.n), 'nomaster']],
  ['a device set down', ['ip', 'link', 'set', deviceOf(a.n), 'down']],
  ['a tunnel taken out of its bridge', ['ip', 'link', 'set', 'vxlan-101', 'nomaster']],
  ['a tunnel deleted', ['ip', 'link', 'del', 'vxlan-101']],
  ['a bridge set down', ['ip', 'link', 'set', bridgeOf(1), 'down']],
  ['a bridge with another MTU', ['ip', 'link', 'set', bridgeOf(1), 'mtu', '900']],
  ['a bridge with another address', ['ip', 'link', 'set', bridgeOf(1), 'address', '02:00:00:00:00:07']],
  ['a bridge deleted', ['ip', 'link', 'del', bridgeOf(1)]],
];

describe('what the kernel tells of', () => {
  beforeAll(async () => {
    await agent.end('SIGTERM');
    agent = startAgent(host, cloud.servers[0] as TestServer); // no full look will come to its help
    cloud.agents[0] = agent;
    await until('it has taken over', async () => (await agent.show()).reports.length > 0);
    await agent.show();
  });

  test.each(links)('%s is mended at once', async (_, undo) => {
    const look = async () => {
      // A tunnel that is made anew has another address, which nobody uses.
      const shown = await Promise.all(
        ['vxlan-101', deviceOf(a.n), bridgeOf(1)].map((name) => host.attempt(['ip', '-o', 'link', 'show', 'dev', name])),
      );
      return shown.map(({ stdout }) => stdout.replace(/^\d+: (vxlan.*)link.ether \S+|^\d+: /, '$1')).join('');
    };
    const before = await look();
    await host.run(undo);
    await until('all is as it was', async () => (await look()) === before, 1_500);
    await host.run(['ip', 'neigh', 'flush', 'all'], 'vm1');
    await until('they reach each other', () => ping(host, 'vm1', '10.0.0.12'));
    expect(await driftOf()).toBe(0);
  });
});
