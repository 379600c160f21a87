// The Linux bridge target: keeps what it saw of the host, folds its own steps and re-read links into it, and looks at everything only
// when asked for everything. So one port among a thousand costs one device read, not a thousand.
import type { DesiredObject } from '#desired/objects.ts';
import { devicesOf, foldStep, forgetLink, forgetsNeighbours } from '#host/fake.ts';
import { hasVlan, kernelHasIpv6, readAddressed, readHost, readLinks } from '#host/links.ts';
import type { Step } from '#host/steps.ts';
import type { Held } from '../held.ts';
import type { Scope, Target } from '../target.ts';
import { guardOf, readGuard } from './guard.ts';
import { bridgeName, isBridgeName, isTapName, vlanName, vxlanName } from './names.ts';
import { planL2 } from './plan.ts';
import type { L2Actual } from './sight.ts';

export interface LinuxBridgeOptions {
  /** Physical network → interface or bridge (`--physical NAME:INTERFACE`). */
  readonly physical: ReadonlyMap<string, string>;
}

/** Above this many stale devices one look at all links is cheaper than a look at each. */
const MANY = 50;

/** Makes networks, ports, peers and flood lists real with Linux bridges and VXLAN devices. */
export function linuxBridgeTarget({ physical }: LinuxBridgeOptions): Target<L2Actual> {
  const stale = new Set<string>();
  const interfaces = [...new Set(physical.values())];
  let seen: L2Actual | undefined;
  /** The kernel has refused the guard: it is asked no more. */
  let cannotGuard = false;

  async function readStale(actual: L2Actual, signal: AbortSignal): Promise<void> {
    const names = [...stale];
    stale.clear();
    try {
      const found = await readLinks(names, signal);
      const again = names.filter((name) => interfaces.includes(name));
      const addressed = again.length > 0 ? await readAddressed(again, signal) : new Set<string>();
      for (const name of names) {
        const link = found.get(name);
        const before = actual.host.links.get(name);
        if (link === undefined) forgetLink(actual.host, name);
        else {
          if (before !== undefined && before.index !== 0 && before.index !== link.index) forgetLink(actual.host, name); // gone and made anew in between
          if (before !== undefined && before.master !== link.master) actual.host.tunnels.get(name)?.pinned.clear();
          if (before !== undefined && forgetsNeighbours(before, link)) actual.host.neighbours.delete(name);
          actual.host.links.set(name, link);
        }
        if (addressed.has(name)) actual.host.addressed.add(name);
        else actual.host.addressed.delete(name);
      }
    } catch (error) {
      seen = undefined; // what is known can no longer be trusted
      throw error;
    }
  }

  return {
    name: 'linuxbridge',
    kinds: ['network', 'port', 'peer', 'flood'],
    async observe(scope: Scope, signal: AbortSignal): Promise<L2Actual> {
      if (scope === 'all' || seen === undefined || stale.size > MANY) {
        stale.clear();
        const before = seen;
        seen = undefined;
        const [host, guard, vlan] = await Promise.all([
          readHost(interfaces, signal),
          cannotGuard ? undefined : readGuard(signal),
          before?.vlan ?? (physical.size > 0 && hasVlan(signal)),
        ]);
        seen = { host, guard, vlan, ipv6: kernelHasIpv6, physical };
      } else if (stale.size > 0) await readStale(seen, signal);
      return seen;
    },
    plan: planL2,
    applied(steps: readonly Step[], failures: ReadonlyMap<Step, string>): void {
      if (seen === undefined) return;
      for (const step of steps) {
        const guard = guardOf(step);
        if (guard !== undefined) {
          cannotGuard ||= failures.has(step);
          seen = { ...seen, guard: cannotGuard ? undefined : guard };
        } else if (!failures.has(step)) foldStep(seen.host, step);
        else for (const device of devicesOf(step)) stale.add(device);
      }
    },
    deviceChanged(device: string, held: Held): Iterable<string> {
      if (!isTapName(device) && !isBridgeName(device) && !/^vxlan-\d+$/.test(device) && !concernsPhysical(device, interfaces)) return [];
      stale.add(device);
      const network = held.networkOfDevice(device);
      if (network !== undefined) return [network];
      if (isTapName(device)) return [];
      return [...held.networks].filter((id) => isDeviceOf(device, held.ofNetwork(id).get(`network/${id}`), physical));
    },
  };
}

function concernsPhysical(device: string, interfaces: readonly string[]): boolean {
  return interfaces.some((name) => device === name || device.startsWith(`${name}.`));
}

/** Whether a bridge or an uplink is of this network. */
function isDeviceOf(device: string, object: DesiredObject | undefined, physical: ReadonlyMap<string, string>): boolean {
  if (object?.value.kind !== 'network') return false;
  const { network_id, physical_network, segmentation_id } = object.value;
  if (device === bridgeName(network_id) || (segmentation_id !== null && device === vxlanName(segmentation_id))) return true;
  const parent = physical.get(physical_network ?? '');
  return parent !== undefined && (device === parent || (segmentation_id !== null && device === vlanName(parent, segmentation_id)));
}
