// What a planning pass of plan.ts knows and decides as it goes: the host as the removals so far will leave it, whose uplink is whose, and the
// steps by phase. Shared by the parts of the plan; nothing here looks at the real host.
import type { DesiredObject, NetworkObject } from '#desired/objects.ts';
import type { HostLinks, Link } from '#host/links.ts';
import type { Step } from '#host/steps.ts';
import { GROUP } from './guard.ts';
import { isBridgeName, vlanName, vxlanName } from './names.ts';

/** What plans look at. */
export interface L2Actual {
  readonly host: HostLinks;
  /** The rule that keeps devices of ours out of the host's own IP is there; undefined where none can be. */
  readonly guard: boolean | undefined;
  /** The kernel can make 802.1Q devices. */
  readonly vlan: boolean;
  /** The kernel has IPv6, which then must be kept off our devices. */
  readonly ipv6: boolean;
  /** Physical network → interface or bridge, as the operator mapped them. */
  readonly physical: ReadonlyMap<string, string>;
}

/** Steps by when they must happen, whatever the order in which they were thought of. */
export interface Phases {
  /** Links that are wrong or nobody's. */
  readonly remove: Step[];
  readonly add: Step[];
  /** The host's own IP is kept off a device before that comes up, so that it never has an address there and takes nothing from there. */
  readonly quiet: Step[];
  readonly set: Step[];
  readonly forward: Step[];
}

/** One network with what it must have on this host. */
export interface Wish {
  readonly network: NetworkObject;
  readonly objects: readonly DesiredObject[];
  /** Keys of `objects`: what fails for the network fails for all of them. */
  readonly keys: readonly string[];
  readonly bridge: string;
  /** The bridge is the operator's own: ports join it, and nothing else of it is touched. */
  readonly mapped: boolean;
}

/** What a planning pass knows besides the wish. */
export interface Sight {
  readonly actual: L2Actual;
  /** Links that the plan removes: as good as gone. */
  readonly removed: Set<string>;
  /** Links that the plan takes out of their bridge. */
  readonly released: Set<string>;
  /** Uplink device → the bridge that has it in this plan: an uplink carries one network. */
  readonly claims: Map<string, string>;
  readonly phases: Phases;
}

/** A link as the plan's removals will leave it: undefined when it is not there any more. */
export function linkNow(sight: Sight, name: string): Link | undefined {
  const link = sight.actual.host.links.get(name);
  if (link === undefined || sight.removed.has(name)) return undefined;
  const isFree = link.master === null || sight.removed.has(link.master) || sight.released.has(name);
  return isFree && link.master !== null ? { ...link, master: null, answersArp: false, learns: true } : link;
}

/** Takes a link out of its bridge and leaves it otherwise alone. */
export function releaseLink(sight: Sight, name: string): void {
  sight.released.add(name);
  sight.phases.remove.push({ tool: 'ip', args: ['link', 'set', 'dev', name, 'nomaster'], keys: [] });
}

/** Removes a link, once. */
export function removeLink(sight: Sight, name: string): void {
  if (sight.removed.has(name)) return;
  sight.removed.add(name);
  sight.phases.remove.push({ tool: 'ip', args: ['link', 'del', 'dev', name], keys: [] });
}

/** Brings a device of ours to where it must be. For one that the plan adds, everything is said. */
export function ensureLink(
  sight: Sight,
  name: string,
  keys: readonly string[],
  wish: { readonly master?: string; readonly mtu?: number; readonly up: boolean },
): void {
  const link = linkNow(sight, name);
  // No route leads to a device of ours, so of what asks for a way back nothing comes in, nor is it answered ARP. Else an instance would reach
  // every address of its host, and with it the tunnels of other networks. What says that it comes from nowhere is for the guard.
  if (link?.ipv4 !== false) sight.phases.quiet.push({ tool: 'sysctl', name: `net/ipv4/conf/${name}/rp_filter`, value: '1', keys });
  if (sight.actual.ipv6 && link?.ipv6 !== false) {
    sight.phases.quiet.push({ tool: 'sysctl', name: `net/ipv6/conf/${name}/disable_ipv6`, value: '1', keys });
  }
  const args: string[] = [];
  if (sight.actual.guard !== undefined && link?.group !== GROUP) args.push('group', GROUP);
  if (wish.master !== undefined && link?.master !== wish.master) args.push('master', wish.master);
  if (wish.mtu !== undefined && link?.mtu !== wish.mtu) args.push('mtu', String(wish.mtu));
  if (sight.actual.ipv6 && link?.linkLocal !== false) args.push('addrgenmode', 'none');
  if (link?.up !== wish.up) args.push(wish.up ? 'up' : 'down');
  if (args.length > 0) sight.phases.set.push({ tool: 'ip', args: ['link', 'set', 'dev', name, ...args], keys });
}

/** A VXLAN device with the name that we give. */
export function isOurTunnel(link: Link): boolean {
  return link.vxlan !== null && link.name === vxlanName(link.vxlan.vni);
}

/** A VLAN device with the name that we give, on one of the mapped interfaces or, where it was mapped once, in a bridge of ours. */
export function isOurVlan(link: Link, actual: L2Actual): boolean {
  if (link.vlan === null || link.name !== vlanName(link.vlan.parent, link.vlan.id)) return false;
  return [...actual.physical.values()].includes(link.vlan.parent) || (link.master !== null && isBridgeName(link.master));
}
