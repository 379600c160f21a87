// What the Linux bridges of a host lack, as steps: pure, so that it can be printed, compared and tested without root. Called by the
// Linux bridge target. The same wish and the same sight give the same steps; a host that is as wished gets none.
import type { DesiredObject, NetworkObject } from '#desired/objects.ts';
import type { Plan, Scope } from '../target.ts';
import { planForwarding } from './forwarding.ts';
import { planGuard } from './guard.ts';
import { bridgeAddress, bridgeName, isBridgeName, isTapName, vxlanName } from './names.ts';
import {
  ensureLink,
  isOurTunnel,
  isOurVlan,
  type L2Actual,
  linkNow,
  type Phases,
  releaseLink,
  removeLink,
  type Sight,
  type Wish,
} from './sight.ts';
import { chooseUplink, claimUplink, planUplink } from './uplink.ts';

/** Plans the networks of the scope. With scope 'all', bridges, tunnels and wirings of ours that no object wants go too. */
export function planL2(desired: ReadonlyMap<string, DesiredObject>, actual: L2Actual, scope: Scope): Plan {
  const phases: Phases = { remove: [], add: [], quiet: [], set: [], forward: [] };
  const sight: Sight = { actual, removed: new Set(), released: new Set(), claims: new Map(), phases };
  const waiting = new Map<string, string>();
  const { wishes, orphans } = wishesOf(desired, actual);
  for (const { key, value } of orphans) waiting.set(key, `network ${value.network_id} is not among what this host must have`);
  removeUnwanted(wishes, sight, scope);
  // All uplinks are chosen, and wrong ones removed, before the first is planned: a segment may pass from one network to another.
  const choices = wishes.map((wish) => ({ wish, uplink: chooseUplink(wish, sight) }));
  for (const { wish, uplink } of choices) claimUplink(wish, uplink, sight);
  for (const { wish, uplink } of choices) {
    const refused = planUplink(wish, uplink, sight);
    if (refused !== undefined) {
      for (const key of wish.keys) waiting.set(key, refused);
      continue;
    }
    planBridge(wish, sight);
    planPorts(wish, sight, waiting);
    if (!wish.mapped) planForwarding(wish, uplink.kind === 'vxlan' ? uplink.device : undefined, sight);
  }
  // Lines of one program side by side, so that they share a process.
  const neighbours = phases.forward.filter((step) => step.tool === 'ip');
  const entries = phases.forward.filter((step) => step.tool !== 'ip');
  const guard = planGuard(actual.guard, wishes.length > 0 || hasBridges(sight));
  const steps = [...guard, ...phases.remove, ...phases.add, ...phases.quiet, ...phases.set, ...neighbours, ...entries];
  return { steps, waiting, ...(mayHaveLeft(wishes, actual, scope) ? { again: new Map([['*', 0]]) } : {}) };
}

/** Whether a bridge of ours is left when the plan is done. */
function hasBridges({ actual, removed }: Sight): boolean {
  for (const { name, kind } of actual.host.links.values()) if (kind === 'bridge' && isBridgeName(name) && !removed.has(name)) return true;
  return false;
}

/** On a bridge of the operator's own, only a round over everything can tell whether a port was of a network that has gone. */
function mayHaveLeft(wishes: readonly Wish[], { host, physical }: L2Actual, scope: Scope): boolean {
  if (scope === 'all' || wishes.length >= scope.size) return false;
  const bridges = new Set([...physical.values()].filter((name) => host.links.get(name)?.kind === 'bridge'));
  for (const { name, master } of bridges.size === 0 ? [] : host.links.values()) {
    if (master !== null && bridges.has(master) && isTapName(name)) return true;
  }
  return false;
}

function planPorts(wish: Wish, sight: Sight, waiting: Map<string, string>): void {
  // A bridge takes the smallest MTU of its ports: on the operator's own, no port may be smaller than it is.
  const mtu = Math.max(wish.network.mtu, wish.mapped ? (linkNow(sight, wish.bridge)?.mtu ?? 0) : 0);
  for (const { key, value } of wish.objects) {
    if (value.kind !== 'port') continue;
    if (!sight.actual.host.links.has(value.device)) waiting.set(key, `device ${value.device} has not appeared on this host`);
    else ensureLink(sight, value.device, [key], { master: wish.bridge, mtu, up: value.admin_state_up });
  }
}

const BRIDGE_OPTIONS = ['forward_delay', '0', 'stp_state', '0', 'mcast_snooping', '0'];

/**
 * The network's own bridge: no spanning tree, so ports forward at once. No multicast snooping, because a guest that plays querier
 * would cut the multicast of guests that never joined. Address and MTU are its own: those taken from the ports change when ports come and
 * go, and at another address the kernel forgets the bridge's neighbours.
 */
function planBridge(wish: Wish, sight: Sight): void {
  if (wish.mapped) return;
  const { bridge: name, keys } = wish;
  const { mtu, network_id } = wish.network;
  const link = linkNow(sight, name);
  const address = bridgeAddress(network_id);
  const args = link?.mtu === mtu ? [] : ['mtu', String(mtu)];
  if (link === undefined) {
    // Made with another MTU than it gets: only one that is changed before the first port joins stays as it was said.
    const made = ['name', name, 'address', address, 'mtu', String(mtu ^ 1), 'type', 'bridge', ...BRIDGE_OPTIONS];
    sight.phases.add.push({ tool: 'ip', args: ['link', 'add', ...made], keys });
  } else if (link.bridge !== null) {
    if (link.bridge.address !== address) args.push('address', address);
    if (link.bridge.stp || link.bridge.forwardDelay !== 0 || link.bridge.snooping) args.push('type', 'bridge', ...BRIDGE_OPTIONS);
  }
  if (args.length > 0) sight.phases.add.push({ tool: 'ip', args: ['link', 'set', 'dev', name, ...args], keys });
  ensureLink(sight, name, keys, { up: true });
}

/** Sorts the desired objects by network. A network with a bridge of the operator's own gets that one. */
function wishesOf(desired: ReadonlyMap<string, DesiredObject>, actual: L2Actual): { wishes: Wish[]; orphans: DesiredObject[] } {
  const byNetwork = new Map<string, DesiredObject[]>();
  const networks: NetworkObject[] = [];
  for (const object of desired.values()) {
    const siblings = byNetwork.get(object.value.network_id);
    if (siblings === undefined) byNetwork.set(object.value.network_id, [object]);
    else siblings.push(object);
    if (object.value.kind === 'network') networks.push(object.value);
  }
  networks.sort((a, b) => (a.network_id < b.network_id ? -1 : 1));
  const wishes = networks.map((network): Wish => {
    const objects = byNetwork.get(network.network_id) ?? [];
    byNetwork.delete(network.network_id);
    const physical = network.network_type === 'flat' ? actual.physical.get(network.physical_network ?? '') : undefined;
    const mapped = physical !== undefined && actual.host.links.get(physical)?.kind === 'bridge';
    return { network, objects, keys: objects.map(({ key }) => key), bridge: mapped ? physical : bridgeName(network.network_id), mapped };
  });
  return { wishes, orphans: [...byNetwork.values()].flat() };
}

/** Removes what is ours and in scope and not wished: bridges with their uplinks, tunnels left half made, ports nobody asks for. */
function removeUnwanted(wishes: readonly Wish[], sight: Sight, scope: Scope): void {
  const { links } = sight.actual.host;
  const wanted = new Map(wishes.map((wish) => [wish.bridge, wish]));
  const inScope = scope === 'all' ? undefined : new Set([...scope].map(bridgeName));
  const devices = new Set<string>();
  const tunnels = new Set<string>();
  for (const { objects, network } of wishes) {
    for (const { value } of objects) if (value.kind === 'port') devices.add(value.device);
    if (network.network_type === 'vxlan' && network.segmentation_id !== null) tunnels.add(vxlanName(network.segmentation_id));
  }
  const isStale = (name: string) =>
    isBridgeName(name) && !wanted.has(name) && (inScope?.has(name) ?? true) && links.get(name)?.kind === 'bridge';
  const isMapped = (name: string) =>
    scope === 'all' && [...sight.actual.physical.values()].includes(name) && links.get(name)?.kind === 'bridge';
  for (const link of links.values()) {
    if (isStale(link.name)) removeLink(sight, link.name);
    if (isOurTunnel(link)) {
      // One without a bridge and down is what a crash between two steps leaves.
      if (link.master === null ? scope === 'all' && !link.up && !tunnels.has(link.name) : isStale(link.master))
        removeLink(sight, link.name);
    } else if (isOurVlan(link, sight.actual) && link.master !== null && isStale(link.master)) removeLink(sight, link.name);
    if (link.master !== null && isTapName(link.name) && !devices.has(link.name) && (wanted.has(link.master) || isMapped(link.master))) {
      releaseLink(sight, link.name);
    }
  }
}
