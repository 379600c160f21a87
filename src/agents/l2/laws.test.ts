// Laws of the Linux bridge plan, for any wish and any history: it converges in one pass, the end does not depend on the way, what is
// not ours is never touched, and without wishes nothing of ours is left.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DesiredValue } from '#desired/objects.ts';
import { foldStep } from '#host/fake.ts';
import { type HostLinks, type Link, noLinks } from '#host/links.ts';
import { type Step, stepText } from '#host/steps.ts';
import { appeared, desiredMap, networks, plainLink, wish } from '#test/l2-wishes.ts';
import { planL2 } from './plan.ts';
import type { L2Actual } from './sight.ts';

/** A host with interfaces, bridges and tunnels of other people's, and the given devices of instances. */
function host(devices: readonly string[]): L2Actual {
  const links: HostLinks = noLinks();
  const put = (name: string, link: Partial<Link> = {}) => links.links.set(name, { ...plainLink, name, ...link });
  put('eth0');
  put('eth1');
  put('br-ex', { kind: 'bridge', bridge: { address: '0a:00:00:00:00:01', stp: true, forwardDelay: 1500, snooping: true } });
  put('docker0', { kind: 'bridge', bridge: { address: '0a:00:00:00:00:01', stp: false, forwardDelay: 1500, snooping: true } });
  put('veth1', { kind: 'veth', master: 'docker0' });
  put('vxlan-5', { kind: 'vxlan', master: 'docker0', vxlan: { vni: 5, local: '10.0.0.1', port: 4789, learning: true } });
  put('wg-vxlan', { kind: 'vxlan', vxlan: { vni: 6, local: '10.0.0.1', port: 4789, learning: true } });
  for (const name of devices) put(name, { kind: 'veth', up: false });
  const physical = new Map([
    ['public', 'eth1'],
    ['mapped', 'br-ex'],
  ]);
  return { host: links, guard: undefined, vlan: true, ipv6: true, physical };
}

const FOREIGN = ['eth0', 'br-ex', 'docker0', 'veth1', 'vxlan-5', 'wg-vxlan'];

/** Plans and folds; answers what the kernel would have refused. */
function settle(values: readonly DesiredValue[], actual: L2Actual): string[] {
  const refused: string[] = [];
  for (const step of planL2(desiredMap(values), actual, 'all').steps) {
    const why = foldStep(actual.host, step);
    if (why !== undefined) refused.push(`${stepText(step)}: ${why}`);
  }
  return refused;
}

/** What can be compared of a host: ours, without the traces that a tap keeps of where it once was. */
function shape(actual: L2Actual, wired: ReadonlySet<string>): unknown {
  const links = [...actual.host.links.values()].map((link) =>
    /^tap/.test(link.name) && !wired.has(link.name) ? { name: link.name, master: link.master } : link,
  );
  const tunnels = [...actual.host.tunnels].filter(([, tunnel]) => tunnel.remotes.size + tunnel.pinned.size > 0);
  const sorted = <T>(entries: Iterable<[string, T]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    links: links.sort((a, b) => (a.name < b.name ? -1 : 1)),
    tunnels: sorted(tunnels).map(([name, t]) => [name, sorted(t.remotes).map(([mac, to]) => [mac, [...to].sort()]), [...t.pinned].sort()]),
    neighbours: sorted(actual.host.neighbours)
      .filter(([, of]) => of.size > 0)
      .map(([bridge, of]) => [bridge, sorted(of)]),
  };
}

/** On the operator's own bridge only a full round can tell whose a port was when its network is gone as well: the plan asks for one. */
function releasesFromMapped(step: Step, actual: L2Actual): boolean {
  return step.tool === 'ip' && step.args.includes('nomaster') && actual.host.links.get(step.args[3] ?? '')?.master === 'br-ex';
}

test('one pass is enough, and every step of it is accepted', () => {
  fc.assert(
    fc.property(wish, wish, appeared, (before, after, devices) => {
      const actual = host(devices);
      expect(settle(before, actual)).toEqual([]);
      expect(settle(after, actual)).toEqual([]);
      expect(planL2(desiredMap(after), actual, 'all').steps.map(stepText)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('the end does not depend on the way', () => {
  fc.assert(
    fc.property(wish, wish, appeared, (before, after, devices) => {
      // A network that cannot be carried is left as it was, whatever that is.
      fc.pre(![...planL2(desiredMap(after), host(devices), 'all').waiting.keys()].some((key) => key.startsWith('network/')));
      const detour = host(devices);
      settle(before, detour);
      settle(after, detour);
      const straight = host(devices);
      settle(after, straight);
      const wired = new Set([...straight.host.links.values()].filter((link) => link.master !== null).map((link) => link.name));
      // The physical interface is left up when a flat network lets it go; it is up on these hosts from the start.
      expect(shape(detour, wired)).toEqual(shape(straight, wired));
    }),
    { numRuns: 500 },
  );
});

test('what is not ours is never touched, and nothing of ours is left when nothing is wished', () => {
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 4 }), appeared, (wishes, devices) => {
      const actual = host(devices);
      const untouched = host(devices);
      for (const values of [...wishes, []]) {
        settle(values, actual);
        for (const name of FOREIGN) expect(actual.host.links.get(name)).toEqual(untouched.host.links.get(name));
      }
      expect(shape(actual, new Set())).toEqual(shape(untouched, new Set()));
    }),
    { numRuns: 500 },
  );
});

test('a round over the touched networks alone ends where a round over everything ends', () => {
  fc.assert(
    fc.property(wish, wish, appeared, (before, after, devices) => {
      const scoped = host(devices);
      settle(before, scoped);
      const desired = desiredMap(after);
      const { steps, again } = planL2(desired, scoped, new Set(networks));
      for (const step of steps) foldStep(scoped.host, step);
      const left = planL2(desired, scoped, 'all').steps;
      const isKept = before.some(({ kind, network_id }) => kind === 'network' && desired.has(`network/${network_id}`)); // its type never changes
      if (left.length > 0 && !isKept) expect(again?.get('*')).toBe(0);
      expect(left.filter((step) => !releasesFromMapped(step, scoped)).map(stepText)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
