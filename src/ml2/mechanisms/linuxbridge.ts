// The Linux bridge mechanism: a bridge per network on every host that has it. Names are os-vif's, so that Nova and libvirt plug into it.
import { isIP } from 'node:net';
import type { MechanismDriver, Segment } from '../segment.ts';
import { typeDrivers } from '../types/index.ts';

/** `brq` and the first 11 characters of the network's id: what fits into a Linux interface name. */
export const bridgeName = (networkId: string): string => `brq${networkId.slice(0, 11)}`;

/** The tunnel endpoint that an agent's host says it has. Others send there: what is no address is none. */
export function tunnelEndpoint({ tunneling_ip }: { readonly tunneling_ip?: unknown }): string | undefined {
  return typeof tunneling_ip === 'string' && isIP(tunneling_ip) !== 0 ? tunneling_ip : undefined;
}

export const linuxbridge: MechanismDriver = {
  name: 'linuxbridge',
  agentType: 'Linux bridge agent',
  vnicTypes: ['normal'],
  bind(networkId, agent, segments) {
    const { tunnel_types, bridge_mappings } = agent.configurations;
    const tunnels = Array.isArray(tunnel_types) && tunnelEndpoint(agent.configurations) !== undefined ? tunnel_types : [];
    const physical = new Set(Object.keys((bridge_mappings as object | undefined) ?? {}));
    const can = ({ network_type, physical_network }: Segment): boolean => {
      if (typeDrivers.get(network_type)?.tunnel) return tunnels.includes(network_type);
      return network_type === 'local' || physical.has(physical_network);
    };
    const segment = segments.find(can);
    if (segment) {
      // port_filter turns true when security groups are enforced: until then Nova must not rely on us.
      return { vif_type: 'bridge', vif_details: { port_filter: false, connectivity: 'l2', bridge_name: bridgeName(networkId) }, segment };
    }
    const wanted = segments.map((one) => (one.physical_network ? `${one.network_type} on ${one.physical_network}` : one.network_type));
    return { refused: `its Linux bridge agent carries none of the network's segments (${wanted.join(', ')})` };
  },
};
