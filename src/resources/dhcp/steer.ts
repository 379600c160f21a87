// Which DHCP agent serves which network, as administrators steer it. Served by api/agent-schedulers.ts.
import type { Resource } from '#core/resource.ts';
import { agentErrors, DHCP_AGENT } from '#resources/agent/schema.ts';
import type { Schedule } from '#resources/agent/served.ts';
import { network } from '#resources/network/schema.ts';
import { bindingsOf, schedule, servedSubnets, unschedule } from './schedule.ts';

export const dhcpSchedule: Schedule = {
  agentType: DHCP_AGENT,
  resource: network as unknown as Resource,
  name: 'dhcp-network',
  agents: 'dhcp-agents',
  served: 'SELECT b.network_id FROM dhcp_bindings b WHERE b.host = ?',
  serving: 'SELECT b.host FROM dhcp_bindings b WHERE b.network_id = ?',

  async assign(context, { id, host, agent_type, admin_state_up }, networkId) {
    if (agent_type !== DHCP_AGENT || !admin_state_up) throw agentErrors.InvalidDHCPAgent({ id });
    // Locked, so that of two that assign the same agent one sees the other.
    if (!(await context.load(network, networkId, 'change'))) throw network.notFound(networkId);
    const bindings = await bindingsOf(context, networkId);
    if (bindings.some((binding) => binding.host === host)) {
      throw agentErrors.NetworkHostedByDHCPAgent({ network_id: networkId, agent_id: id });
    }
    await schedule(context, networkId, host, await servedSubnets(context, networkId));
  },

  async withdraw(context, { id, host, agent_type }, networkId) {
    if (!(await context.load(network, networkId, 'change'))) throw network.notFound(networkId);
    const bindings = await bindingsOf(context, networkId);
    if (agent_type !== DHCP_AGENT || !bindings.some((binding) => binding.host === host)) {
      throw agentErrors.NetworkNotHostedByDhcpAgent({ network_id: networkId, agent_id: id });
    }
    await unschedule(context, networkId, host);
  },
};
