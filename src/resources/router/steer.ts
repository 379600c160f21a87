// Which L3 agent carries which router, as administrators steer it. Served by api/agent-schedulers.ts.
import type { Context } from '#core/context.ts';
import type { Resource } from '#core/resource.ts';
import { L3_AGENT } from '#resources/agent/schema.ts';
import type { Schedule } from '#resources/agent/served.ts';
import { routerErrors } from './errors.ts';
import { bindingsOf, carries, schedule, unschedule } from './schedule.ts';
import { type Router, router } from './schema.ts';

async function locked(context: Context, id: string): Promise<Router> {
  // Locked, so that of two that assign the same router one sees the other.
  const row = await context.load(router, id, 'change');
  if (!row) throw router.notFound(id);
  return row;
}

/** That a router is another agent's. */
async function hosted({ tx }: Context, router_id: string): Promise<Error> {
  const by = await tx.get<{ id: string }>(
    `SELECT a.id FROM router_bindings b JOIN agents a ON a.agent_type = '${L3_AGENT}' AND a.host = b.host WHERE b.router_id = ?`,
    router_id,
  );
  return routerErrors.RouterHostedByL3Agent({ router_id, agent_id: by?.id ?? '' });
}

export const routerSchedule: Schedule = {
  agentType: L3_AGENT,
  resource: router as unknown as Resource,
  name: 'l3-router',
  agents: 'l3-agents',
  served: 'SELECT b.router_id FROM router_bindings b WHERE b.host = ?',
  serving: 'SELECT b.host FROM router_bindings b WHERE b.router_id = ?',

  async assign(context, server, routerId) {
    const { id, host, agent_type, admin_state_up } = server;
    if (agent_type !== L3_AGENT || !admin_state_up) throw routerErrors.InvalidL3Agent({ id });
    const row = await locked(context, routerId);
    const bindings = await bindingsOf(context, routerId);
    if (bindings.some((binding) => binding.host === host)) return;
    if (row.distributed && server.configurations.agent_mode === 'dvr') throw routerErrors.DVRL3CannotAssignToDvrAgent({});
    if (!carries(server, row)) throw routerErrors.RouterL3AgentMismatch({ router_id: routerId, agent_id: id });
    if (!row.ha && bindings.length > 0) throw await hosted(context, routerId);
    await schedule(context, row, host);
  },

  async withdraw(context, server, routerId) {
    const { id, host, agent_type } = server;
    if (agent_type !== L3_AGENT) throw routerErrors.InvalidL3Agent({ id });
    const row = await locked(context, routerId);
    if (row.distributed && server.configurations.agent_mode === 'dvr') throw routerErrors.DVRL3CannotRemoveFromDvrAgent({});
    const binding = (await bindingsOf(context, routerId)).find((one) => one.host === host);
    if (binding) await unschedule(context, row, binding);
  },

  detail: {
    properties: {
      ha_state: { enum: ['active', 'standby', 'unknown', null], description: 'Of an agent that stands by with others: which it is.' },
    },
    async of(read, id, servers) {
      const states = await read.all<{ host: string; ha_state: string | null }>(
        'SELECT host, ha_state FROM router_bindings WHERE router_id = ?',
        id,
      );
      const known = new Map(states.map(({ host, ha_state }) => [host, ha_state]));
      return servers.map((one) => ({ ...one, ha_state: known.get(String(one.host)) ?? null }));
    },
  },
};
