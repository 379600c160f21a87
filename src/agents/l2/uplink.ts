// How a network leaves its host: a VXLAN device, a physical interface, a VLAN on one, or not at all. Part of the plan of plan.ts.
// A network that cannot be carried here is refused in one sentence that an operator can act on, and nothing of it is touched.
import { vlanName, vxlanName } from './names.ts';
import { ensureLink, isOurTunnel, isOurVlan, linkNow, releaseLink, removeLink, type Sight, type Wish } from './sight.ts';

/** What shall carry a network out of the host, or why nothing here can. */
export type Uplink =
  | { readonly kind: 'none' }
  | { readonly kind: 'vxlan'; readonly device: string; readonly vni: number; readonly local: string }
  | { readonly kind: 'vlan'; readonly device: string; readonly parent: string; readonly id: number }
  | { readonly kind: 'flat'; readonly device: string }
  | { readonly kind: 'refused'; readonly why: string };

/** IANA's UDP port for VXLAN (RFC 7348). */
const VXLAN_PORT = 4789;
/** Longest name of a device, in bytes (IFNAMSIZ less the terminator). */
const NAME_LIMIT = 15;

/** Chooses by the network and the host alone, and removes what the network's bridge had for an uplink before. */
export function chooseUplink(wish: Wish, sight: Sight): Uplink {
  const bridge = linkNow(sight, wish.bridge);
  const uplink =
    bridge !== undefined && bridge.kind !== 'bridge'
      ? refuse(`the device ${wish.bridge} of this host is not a bridge`)
      : choose(wish, sight);
  if (uplink.kind === 'refused') return uplink;
  const keep = uplink.kind === 'none' ? undefined : uplink.device;
  const physical = new Set(sight.actual.physical.values());
  for (const link of sight.actual.host.links.values()) {
    if (link.master !== wish.bridge || link.name === keep || wish.mapped) continue;
    if (isOurTunnel(link) || isOurVlan(link, sight.actual)) removeLink(sight, link.name);
    else if (physical.has(link.name)) releaseLink(sight, link.name);
  }
  if (uplink.kind === 'vxlan') {
    const link = linkNow(sight, uplink.device);
    const isRight = link?.vxlan?.local === uplink.local && link.vxlan.port === VXLAN_PORT && !link.vxlan.learning;
    if (link !== undefined && link.master === wish.bridge && !isRight) removeLink(sight, uplink.device);
  }
  return uplink;
}

/** A network that has its uplink keeps it against one that wants the same. */
export function claimUplink(wish: Wish, uplink: Uplink, sight: Sight): void {
  if (!('device' in uplink)) return;
  if (sight.actual.host.links.get(uplink.device)?.master === wish.bridge) sight.claims.set(uplink.device, wish.bridge);
}

/** Plans the uplink chosen; answers why not, when another network or a stranger has it. */
export function planUplink(wish: Wish, uplink: Uplink, sight: Sight): string | undefined {
  if (uplink.kind === 'refused') return uplink.why;
  if (uplink.kind === 'none') return undefined;
  const link = linkNow(sight, uplink.device);
  const owner = sight.claims.get(uplink.device) ?? (wish.mapped ? wish.bridge : (link?.master ?? wish.bridge));
  if (owner !== wish.bridge || (wish.mapped && sight.claims.has(uplink.device)))
    return `${describe(uplink)} is already carried by ${owner} on this host`;
  sight.claims.set(uplink.device, wish.bridge);
  if (uplink.kind === 'flat') {
    if (!wish.mapped) planFlat(wish, uplink.device, sight);
    return undefined;
  }
  const { mtu } = wish.network;
  // What a crash left half made, or someone altered, is made anew.
  if (link !== undefined && uplink.kind === 'vxlan' && link.vxlan?.local !== uplink.local) removeLink(sight, uplink.device);
  if (linkNow(sight, uplink.device) === undefined) {
    const args = uplink.kind === 'vxlan' ? vxlanArgs(uplink, mtu) : vlanArgs(uplink, mtu);
    sight.phases.add.push({ tool: 'ip', args: ['link', 'add', ...args], keys: wish.keys });
  }
  ensureLink(sight, uplink.device, wish.keys, { master: wish.bridge, mtu, up: true });
  if (uplink.kind === 'vxlan') planTunnelPort(uplink.device, wish.keys, sight);
  return undefined;
}

/**
 * The bridge answers ARP for the neighbours behind the tunnel. It answers what came through the tunnel too, in the name of the address asked
 * for: so it must not learn there, or it would look for an instance of its own host behind the tunnel until that one speaks again.
 */
function planTunnelPort(device: string, keys: readonly string[], sight: Sight): void {
  const link = linkNow(sight, device);
  const args = link?.answersArp === true ? [] : ['proxy_arp_wifi', 'on'];
  if (link?.learns !== false) args.push('learning', 'off');
  if (args.length > 0) sight.phases.set.push({ tool: 'ip', args: ['link', 'set', 'dev', device, 'type', 'bridge_slave', ...args], keys });
}

function choose(wish: Wish, sight: Sight): Uplink {
  const { network_type: type, segmentation_id: segment, local_ip: local } = wish.network;
  switch (type) {
    case 'local':
      return { kind: 'none' };
    case 'gre':
    case 'geneve':
      return refuse(`${type} networks need the openvswitch mechanism; Linux bridges carry local, flat, vlan and vxlan`);
    case 'vxlan': {
      if (segment === null) return refuse('the vxlan network has no segmentation id');
      if (local === null) return refuse('this host has no tunnel endpoint (--local-ip)');
      const device = vxlanName(segment);
      const link = linkNow(sight, device);
      if (link !== undefined && !isOurTunnel(link)) return refuse(`a device ${device} that is not ours is in the way`);
      return { kind: 'vxlan', device, vni: segment, local };
    }
    case 'flat':
    case 'vlan':
      return choosePhysical(wish, sight);
  }
}

function choosePhysical(wish: Wish, sight: Sight): Uplink {
  const { network_type: type, segmentation_id: id } = wish.network;
  const name = wish.network.physical_network ?? '';
  const parent = sight.actual.physical.get(name);
  if (type === 'vlan' && !sight.actual.vlan) return refuse('vlan on linuxbridge needs the 8021q kernel module');
  if (parent === undefined) return refuse(`physical network ${name} is not mapped on this host (--physical ${name}:INTERFACE)`);
  if (!sight.actual.host.links.has(parent)) return refuse(`interface ${parent} of physical network ${name} does not exist on this host`);
  if (type === 'flat') {
    if (!wish.mapped && sight.actual.host.addressed.has(parent)) {
      return refuse(`interface ${parent} carries IP addresses, which a bridge port cannot; move them to a bridge and map that bridge`);
    }
    return { kind: 'flat', device: parent };
  }
  if (id === null) return refuse('the vlan network has no segmentation id');
  const device = vlanName(parent, id);
  if (device.length > NAME_LIMIT) return refuse(`the name ${device} is longer than the kernel's ${NAME_LIMIT} characters`);
  const link = linkNow(sight, device);
  if (link !== undefined && !isOurVlan(link, sight.actual)) return refuse(`a device ${device} that is not ours is in the way`);
  return { kind: 'vlan', device, parent, id };
}

/** The interface joins the bridge and comes up; its MTU and settings are its owner's. */
function planFlat(wish: Wish, device: string, sight: Sight): void {
  const link = linkNow(sight, device);
  const args: string[] = [];
  if (link?.master !== wish.bridge) args.push('master', wish.bridge);
  if (link?.up !== true) args.push('up');
  if (args.length > 0) sight.phases.set.push({ tool: 'ip', args: ['link', 'set', 'dev', device, ...args], keys: wish.keys });
}

function vxlanArgs({ device, vni, local }: Extract<Uplink, { kind: 'vxlan' }>, mtu: number): string[] {
  const options = ['id', String(vni), 'dstport', String(VXLAN_PORT), 'local', local, 'ttl', '64', 'nolearning'];
  return ['name', device, 'mtu', String(mtu), 'type', 'vxlan', ...options];
}

function vlanArgs({ device, parent, id }: Extract<Uplink, { kind: 'vlan' }>, mtu: number): string[] {
  return ['link', parent, 'name', device, 'mtu', String(mtu), 'type', 'vlan', 'id', String(id)];
}

function refuse(why: string): Uplink {
  return { kind: 'refused', why };
}

function describe(uplink: Extract<Uplink, { device: string }>): string {
  if (uplink.kind === 'vxlan') return `VNI ${uplink.vni}`;
  return uplink.kind === 'vlan' ? `VLAN ${uplink.id} of ${uplink.parent}` : `interface ${uplink.device}`;
}
