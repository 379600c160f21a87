// Routers over time: those that want for hosts get them once there are any. Called when a host joins, and again and again by whoever keeps a server
// running; several servers may do so at once.
import { L3_AGENT } from '#resources/agent/schema.ts';
import { AT_ONCE, ableAgent, each, type Write } from '#resources/agent/upkeep.ts';
import type { Reader } from '#store/store.ts';
import { ensureRouter, isNeeded } from './schedule.ts';
import { router } from './schema.ts';

/** Gives routers that want for hosts to those that can carry them. */
export async function fillRouters(read: Reader, write: Write): Promise<void> {
  const wanting = `SELECT w.router_id AS id FROM router_wanting w WHERE w.router_id > ?
    AND EXISTS (SELECT 1 FROM agents a WHERE ${ableAgent(L3_AGENT, read.dialect)}
      AND NOT EXISTS (SELECT 1 FROM router_bindings b WHERE b.router_id = w.router_id AND b.host = a.host))
    ORDER BY w.router_id LIMIT ${AT_ONCE}`;
  await each(read, write, wanting, [], async (context, id) => {
    const row = await context.load(router, id, 'change');
    if (!row) return;
    await context.tx.run('DELETE FROM router_wanting WHERE router_id = ?', id);
    // Notes that it wants for hosts, if it still does.
    if (await isNeeded(context, row)) await ensureRouter(context, row);
  });
}
