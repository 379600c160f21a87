// One contract, two kernels: the one in memory (src/host/fake.ts) and the one of this machine do the same with the same steps.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { guardOf } from '#agents/l2/guard.ts';
import { planL2 } from '#agents/l2/plan.ts';
import { foldStep } from '#host/fake.ts';
import type { HostLinks } from '#host/links.ts';
import { type Step, stepText } from '#host/steps.ts';
import { desiredMap, device, PORTS, wish } from '#test/l2-wishes.ts';
import { whyNoNamespaces } from '#test/machine.ts';
import { makeHost, type TestHost } from '../kernel/host.ts';
import { type Probe, startProbe } from './host-probe-client.ts';

let host: TestHost;
let probe: Probe;
const obstacle = whyNoNamespaces();
beforeEach((context) => context.skip(obstacle !== undefined, obstacle));
beforeAll(async () => {
  if (obstacle !== undefined) return;
  host = await makeHost('contract');
  await host.run(['sysctl', '-q', '-w', 'net.ipv4.conf.default.rp_filter=0']); // some machines have another, and the namespace with them
  await host.batch([
    'link add eth0 type veth peer name far0',
    'link add eth1 type veth peer name far1',
    'addr add 192.0.2.1/24 dev eth0',
    'link set eth0 up',
    'link add br-ex address 0a:00:00:00:00:01 type bridge', // an address of its own: one taken from a port is the kernel's to choose
    ...Array.from({ length: PORTS }, (_, i) => `link add ${device(i + 1)} type veth peer name far-${i + 1}`),
  ]);
  probe = startProbe(host);
});
afterAll(async () => {
  await probe?.close();
  await host?.close();
});

const ip = (...args: string[]): Step => ({ tool: 'ip', args, keys: [] });
const bridge = (...args: string[]): Step => ({ tool: 'bridge', args, keys: [] });

function shape(links: HostLinks): unknown {
  const sorted = <T>(entries: Iterable<[string, T]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    links: sorted(links.links).map(([, link]) => ({ ...link, index: 0 })),
    tunnels: sorted(links.tunnels)
      .filter(([, t]) => t.remotes.size + t.pinned.size > 0)
      .map(([name, t]) => [name, sorted(t.remotes).map(([mac, to]) => [mac, [...to].sort()]), [...t.pinned].sort()]),
    neighbours: sorted(links.neighbours)
      .filter(([, of]) => of.size > 0)
      .map(([name, of]) => [name, sorted(of)]),
  };
}

/** Applies the same steps to both; answers what the real kernel made of them. */
async function both(steps: readonly Step[]): Promise<HostLinks> {
  const { host: model } = await probe.apply([]);
  const expected = steps.map((step) => foldStep(model, step) !== undefined);
  const real = await probe.apply(steps);
  expect(steps.filter((_, i) => real.refused.has(i)).map(stepText), [...real.refused.values()].join('; ')).toEqual(
    steps.filter((_, i) => expected[i]).map(stepText),
  );
  expect(shape(real.host), steps.map(stepText).join('\n')).toEqual(shape(model));
  return real.host;
}

test('refusals are the same and stop nobody else', async () => {
  await both([
    ip(...'link add name brqx address 02:00:00:00:00:09 mtu 1450 type bridge forward_delay 0 stp_state 0 mcast_snooping 0'.split(' ')),
    ip('link', 'add', 'name', 'brqx', 'mtu', '1450', 'type', 'bridge'),
    ip('link', 'set', 'dev', 'absent', 'up'),
    ip('link', 'set', 'dev', device(1), 'master', 'brqx', 'mtu', '1450', 'up'),
    ip('neigh', 'del', '192.0.2.9', 'dev', 'brqx'),
    ip('neigh', 'replace', '192.0.2.9', 'lladdr', 'fa:16:3e:00:00:09', 'dev', 'brqx', 'nud', 'permanent'),
  ]);
  await both([
    { tool: 'sysctl', name: 'net/ipv6/conf/absent/disable_ipv6', value: '1', keys: [] },
    { tool: 'sysctl', name: 'net/ipv6/conf/brqx/disable_ipv6', value: '1', keys: [] },
    { tool: 'sysctl', name: 'net/ipv4/conf/brqx/rp_filter', value: '1', keys: [] },
    ip(
      'link',
      'add',
      'name',
      'vxlan-77',
      'mtu',
      '1450',
      'type',
      'vxlan',
      'id',
      '77',
      'dstport',
      '4789',
      'local',
      '192.0.2.1',
      'nolearning',
    ),
    ip('link', 'add', 'name', 'vxlan-other', 'type', 'vxlan', 'id', '77', 'dstport', '4789', 'local', '192.0.2.1', 'nolearning'),
  ]);
  await both([
    bridge('fdb', 'replace', 'fa:16:3e:00:00:09', 'dev', 'vxlan-77', 'master', 'static', 'sticky'),
    bridge('fdb', 'append', '00:00:00:00:00:00', 'dev', 'vxlan-77', 'dst', '192.0.2.2', 'self', 'permanent'),
    bridge('fdb', 'del', 'fa:16:3e:00:00:09', 'dev', 'vxlan-77', 'dst', '192.0.2.2', 'self'),
  ]);
  const left = await both([ip('link', 'del', 'dev', 'vxlan-77'), ip('link', 'del', 'dev', 'brqx'), ip('link', 'del', 'dev', 'brqx')]);
  expect(left.links.has('brqx')).toBe(false);
});

test('a line that the program cannot parse stops only itself', async () => {
  const { refused, host: seen } = await probe.apply([
    ip('link', 'add', 'name', 'brqa', 'type', 'bridge'),
    ip('link', 'set', 'dev', 'brqa', 'mtu', 'wide'),
    ip('link', 'set', 'dev', device(1), 'master', 'absent'),
    ip('link', 'add', 'name', 'brqb', 'type', 'bridge'),
    ip('link', 'set', 'dev', 'brqb', 'a b', 'up'),
    ip('link', 'set', 'dev', 'absent', 'up'),
  ]);
  expect([...seen.links.keys()].filter((name) => name.startsWith('brq'))).toEqual(['brqa', 'brqb']);
  expect([...refused.keys()].sort()).toEqual([1, 2, 4, 5]);
  expect(refused.get(1)).toContain('wide');
  expect(refused.get(4)).toContain('not a word');
  await both([ip('link', 'del', 'dev', 'brqa'), ip('link', 'del', 'dev', 'brqb')]);
});

test('an object whose step failed is not pursued; others are', async () => {
  const keyed = (step: Step, ...keys: string[]): Step => ({ ...step, keys });
  const { refused } = await probe.apply([
    keyed(ip('link', 'set', 'dev', 'absent', 'up'), 'port/1'),
    keyed({ tool: 'sysctl', name: 'net/ipv6/conf/all/accept_ra', value: '0', keys: [] }, 'port/2'),
    keyed(ip('link', 'set', 'dev', device(2), 'mtu', '1400'), 'port/1'),
    keyed(ip('link', 'set', 'dev', device(3), 'mtu', '1400'), 'port/1', 'port/2'),
  ]);
  expect([...refused.keys()].sort()).toEqual([0, 2]);
});

test('whatever is planned, both kernels end alike', { timeout: 60_000 }, async () => {
  const physical = new Map([
    ['public', 'eth1'],
    ['mapped', 'br-ex'],
  ]);
  let guard = false;
  for (const values of [...fc.sample(wish, { numRuns: 40, seed: 7 }), []]) {
    const { host: seen } = await probe.apply([]);
    const desired = desiredMap(values);
    const actual = { host: seen, guard, vlan: false, ipv6: true, physical };
    const { steps } = planL2(desired, actual, 'all');
    const after = await both(steps);
    guard = steps.map(guardOf).findLast((set) => set !== undefined) ?? guard;
    expect(planL2(desired, { ...actual, guard, host: after }, 'all').steps.map(stepText)).toEqual([]);
  }
  expect((await host.run(['nft', 'list', 'tables'])).trim()).toBe('');
  const { host: left } = await probe.apply([]);
  expect([...left.links.keys()].filter((name) => /^(brq|vxlan)/.test(name))).toEqual([]);
  expect([...left.links.values()].filter((link) => link.master !== null)).toEqual([]);
});
