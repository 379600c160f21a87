// How a network leaves its host: a VXLAN device, a physical interface, a VLAN on one, or not at all. Part of the plan of plan.ts.
// A network that cannot be carried here is refused in one sentence that an operator can act on, and nothing of it is touched.
import { isBridgeName, vlanName, vxlanName } from './names.ts';
import { ensureLink, isOurTunnel, isOurVlan, linkNow, removeLink, type Sight, type Wish } from './plan.ts';

/** The tunnel device that needs forwarding entries, if any; or why the network cannot be had. */
export type Uplink = { readonly tunnel?: string } | { readonly refused: string };

/** IANA's UDP port for VXLAN (RFC 7348). */
const VXLAN_PORT = 4789;
/** Longest name of a device, in bytes (IFNAMSIZ less the terminator). */
const NAME_LIMIT = 15;

/** Plans the uplink of a network, and removes uplinks that were its own before and are no longer right. */
export function planUplink(wish: Wish, sight: Sight): Uplink {
  const bridge = linkNow(sight, wish.bridge);
  if (bridge !== undefined && bridge.kind !== 'bridge') return { refused: `the device ${wish.bridge} of this host is not a bridge` };
  switch (wish.network.network_type) {
    case 'local':
      removeOthers(wish, sight, undefined);
      return {};
    case 'vxlan':
      return planTunnel(wish, sight);
    case 'flat':
      return planFlat(wish, sight);
    case 'vlan':
      return planVlan(wish, sight);
    case 'gre':
    case 'geneve':
      return { refused: `${wish.network.network_type} networks need the openvswitch mechanism; Linux bridges carry local, flat, vlan and vxlan` };
  }
}

function planTunnel(wish: Wish, sight: Sight): Uplink {
  const { segmentation_id: vni, local_ip: local, mtu } = wish.network;
  if (vni === null) return { refused: 'the vxlan network has no segmentation id' };
  if (local === null) return { refused: 'this host has no tunnel endpoint (--local-ip)' };
  const other = sight.taken.get(vni);
  if (other !== undefined) return { refused: `VNI ${vni} is already carried by ${other} on this host` };
  const device = vxlanName(vni);
  const link = linkNow(sight, device);
  if (link !== undefined) {
    const master = link.master === null || sight.removed.has(link.master) ? null : link.master;
    const elsewhere = master !== null && master !== wish.bridge;
    if (!isOurTunnel(link) || (elsewhere && !isBridgeName(master))) return { refused: `a device ${device} that is not ours is in the way` };
    if (elsewhere) return { refused: `VNI ${vni} is already carried by ${master} on this host` };
    const right = link.vxlan?.local === local && link.vxlan.port === VXLAN_PORT && !link.vxlan.learning;
    if (!right) removeLink(sight, device);
  }
  sight.taken.set(vni, wish.bridge);
  removeOthers(wish, sight, device);
  const now = linkNow(sight, device);
  if (now === undefined) {
    const options = ['id', String(vni), 'dstport', String(VXLAN_PORT), 'local', local, 'ttl', '64', 'nolearning'];
    const args = ['link', 'add', 'name', device, 'mtu', String(mtu), 'type', 'vxlan', ...options];
    sight.phases.add.push({ tool: 'ip', args, keys: wish.keys });
  }
  ensureLink(sight, device, wish.keys, { master: wish.bridge, mtu, up: true });
  if (now === undefined || !now.answersArp || now.master !== wish.bridge || sight.removed.has(wish.bridge)) {
    // Why this and not neigh_suppress or the device's own proxy: docs/adr/0007-arp-at-the-bridge.md
    sight.phases.set.push({ tool: 'ip', args: ['link', 'set', 'dev', device, 'type', 'bridge_slave', 'proxy_arp_wifi', 'on'], keys: wish.keys });
  }
  return { tunnel: device };
}

function planFlat(wish: Wish, sight: Sight): Uplink {
  const found = physicalOf(wish, sight);
  if ('refused' in found) return found;
  if (wish.mapped) return {};
  const { device } = found;
  const link = linkNow(sight, device);
  if (sight.actual.host.addressed.has(device)) {
    return { refused: `interface ${device} carries IP addresses, which a bridge port cannot; move them to a bridge and map that bridge` };
  }
  const master = link?.master ?? null;
  if (master !== null && master !== wish.bridge && !sight.removed.has(master)) return { refused: `interface ${device} is already a port of ${master}` };
  removeOthers(wish, sight, undefined);
  const args: string[] = [];
  if (master !== wish.bridge || sight.removed.has(wish.bridge)) args.push('master', wish.bridge);
  if (link?.up !== true) args.push('up');
  if (args.length > 0) sight.phases.set.push({ tool: 'ip', args: ['link', 'set', 'dev', device, ...args], keys: wish.keys });
  return {};
}

function planVlan(wish: Wish, sight: Sight): Uplink {
  if (!sight.actual.vlan) return { refused: 'vlan on linuxbridge needs the 8021q kernel module' };
  const found = physicalOf(wish, sight);
  if ('refused' in found) return found;
  const { segmentation_id: id, mtu } = wish.network;
  if (id === null) return { refused: 'the vlan network has no segmentation id' };
  const device = vlanName(found.device, id);
  if (device.length > NAME_LIMIT) return { refused: `the name ${device} is longer than the kernel's ${NAME_LIMIT} characters` };
  const link = linkNow(sight, device);
  if (link !== undefined) {
    const master = link.master === null || sight.removed.has(link.master) ? null : link.master;
    if (!isOurVlan(link, sight.actual)) return { refused: `a device ${device} that is not ours is in the way` };
    if (master !== null && master !== wish.bridge) return { refused: `VLAN ${id} of ${found.device} is already carried by ${master}` };
  }
  removeOthers(wish, sight, device);
  if (link === undefined) {
    const args = ['link', 'add', 'link', found.device, 'name', device, 'mtu', String(mtu), 'type', 'vlan', 'id', String(id)];
    sight.phases.add.push({ tool: 'ip', args, keys: wish.keys });
  }
  ensureLink(sight, device, wish.keys, { master: wish.bridge, mtu, up: true });
  return {};
}

/** The interface or bridge that carries the network's physical network here. */
function physicalOf(wish: Wish, sight: Sight): { device: string } | { refused: string } {
  const name = wish.network.physical_network ?? '';
  const device = sight.actual.physical.get(name);
  if (device === undefined) return { refused: `physical network ${name} is not mapped on this host (--physical ${name}:INTERFACE)` };
  if (!sight.actual.host.links.has(device)) return { refused: `interface ${device} of physical network ${name} does not exist on this host` };
  return { device };
}

/** A network has one uplink: tunnels and VLAN devices of ours on its bridge besides `keep` are of an earlier segment. */
function removeOthers(wish: Wish, sight: Sight, keep: string | undefined): void {
  for (const link of sight.actual.host.links.values()) {
    if (link.master !== wish.bridge || link.name === keep) continue;
    if (isOurTunnel(link) || isOurVlan(link, sight.actual)) removeLink(sight, link.name);
  }
}
