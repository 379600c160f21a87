// The Linux bridge mechanism: a bridge per network on every host that has it. Names are os-vif's, so that Nova and libvirt plug into it.
import { isIP } from 'node:net';
import type { MechanismDriver } from '../segment.ts';
import { typeDrivers } from '../types/index.ts';

/** `brq` and the first 11 characters of the network's id: what fits into a Linux interface name. */
export const bridgeName = (networkId: string): string => `brq${networkId.slice(0, 11)}`;

/** The tunnel endpoint that an agent's host says it has. Others send there: what is no address is none. */
export function tunnelEndpoint({ tunneling_ip }: { readonly tunneling_ip?: unknown }): string | undefined {
  return typeof tunneling_ip === 'string' && isIP(tunneling_ip) !== 0 ? tunneling_ip : undefined;
}

/** Whether an agent that says this of itself can carry a segment. */
export function canCarry(
  configurations: Readonly<Record<string, unknown>>,
  { network_type, physical_network }: { readonly network_type: string; readonly physical_network: string },
): boolean {
  const { tunnel_types, bridge_mappings } = configurations;
  if (network_type === 'local') return true;
  if (!typeDrivers.get(network_type)?.tunnel) return Object.hasOwn((bridge_mappings as object | undefined) ?? {}, physical_network);
  return Array.isArray(tunnel_types) && tunnel_types.includes(network_type) && tunnelEndpoint(configurations) !== undefined;
}

export const linuxbridge: MechanismDriver = {
  name: 'linuxbridge',
  agentType: 'Linux bridge agent',
  vnicTypes: ['normal'],
  bind(networkId, agent, segments) {
    const segment = segments.find((one) => canCarry(agent.configurations, one));
    if (segment) {
      // port_filter turns true when security groups are enforced: until then Nova must not rely on us.
      return { vif_type: 'bridge', vif_details: { port_filter: false, connectivity: 'l2', bridge_name: bridgeName(networkId) }, segment };
    }
    const wanted = segments.map((one) => (one.physical_network ? `${one.network_type} on ${one.physical_network}` : one.network_type));
    return { refused: `its Linux bridge agent carries none of the network's segments (${wanted.join(', ')})` };
  },
};
