// What removing an agent means to others: its host's tunnel endpoint is known from its row alone.
import type { RulesOf } from '#core/resource.ts';
import type { agent } from './schema.ts';

/** Whoever sends to the host's endpoint must look again, for every network that the host has. */
export const agentRules: RulesOf<typeof agent> = {
  async deleted(context, { host }) {
    const networks = await context.tx.all<{ id: string }>(
      'SELECT network_id AS id FROM network_hosts WHERE host = ? ORDER BY network_id',
      host,
    );
    for (const { id } of networks) await context.note('presence', `${id}/${host}`, 'update', [`network:${id}`, `host:${host}`]);
  },
};
