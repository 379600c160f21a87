// How devices of ours are called: as Neutron's Linux bridge agent and os-vif call them, so that tools and makers of devices agree.
import type { NetworkObject } from '#desired/objects.ts';

/** The bridge of a network. */
export function bridgeName(network: string): string {
  return `brq${network.slice(0, 11)}`;
}

/** The MAC of a network's bridge, locally administered, with the digits of its name. The bridge sends nothing, so hosts may share it. */
export function bridgeAddress(network: string): string {
  return ['02', ...(network.slice(0, 11).replace('-', '').match(/../g) ?? [])].join(':');
}

/** The tunnel device of a VXLAN network identifier. */
export function vxlanName(vni: number): string {
  return `vxlan-${vni}`;
}

/** The VLAN device of a physical interface. */
export function vlanName(parent: string, id: number): string {
  return `${parent}.${id}`;
}

/** The bridge that carries a network: its own, or the one that the operator mapped a flat network to. */
export function bridgeOf(network: NetworkObject, physicalBridge: string | undefined): string {
  return network.network_type === 'flat' && physicalBridge !== undefined ? physicalBridge : bridgeName(network.network_id);
}

const HEAD_OF_ID = '[0-9a-f]{8}-[0-9a-f]{2}';
const BRIDGE = new RegExp(`^brq${HEAD_OF_ID}$`);
const TAP = new RegExp(`^tap${HEAD_OF_ID}$`);

/** Whether a device has the name of one of our bridges. */
export function isBridgeName(name: string): boolean {
  return BRIDGE.test(name);
}

/** Whether a device has the name that os-vif gives to a port's device. */
export function isTapName(name: string): boolean {
  return TAP.test(name);
}
