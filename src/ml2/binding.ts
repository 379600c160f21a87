// Which driver wires a port on its host, and over which segment. Pure: the same port, host and agents give the same answer, and a port
// that nobody can wire is told so at once.

import { linuxbridge } from './mechanisms/linuxbridge.ts';
import type { Binding, HostAgent, MechanismDriver, Segment } from './segment.ts';

export const mechanismDrivers: readonly MechanismDriver[] = [linuxbridge];

export type BindingResult = Binding | { readonly failed: string };

/** Device names the kernel and os-vif agree on: 14 characters. */
export const deviceName = (portId: string): string => `tap${portId.slice(0, 11)}`;

export function bind(
  port: { readonly network_id: string; readonly vnic_type: string },
  host: string,
  agents: readonly HostAgent[],
  segments: readonly Segment[],
  drivers: readonly MechanismDriver[] = mechanismDrivers,
): BindingResult {
  const reasons: string[] = [];
  for (const driver of drivers) {
    if (!driver.vnicTypes.includes(port.vnic_type)) {
      reasons.push(`${driver.name} has no ports of type ${port.vnic_type}`);
      continue;
    }
    const agent = agents.find((one) => one.agent_type === driver.agentType);
    if (!agent?.alive) {
      reasons.push(`host ${host} has no live ${driver.agentType}`);
      continue;
    }
    const result = driver.bind(port.network_id, agent, segments);
    if (!('refused' in result)) return result;
    reasons.push(`host ${host}: ${result.refused}`);
  }
  return { failed: reasons.join('; ') };
}
