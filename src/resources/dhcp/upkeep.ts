// DHCP over time: networks that want for servers get them once hosts can serve them, and a host that has been dead for long gives its networks to
// others. Called when a host joins, and again and again by whoever keeps a server running; several servers may do so at once.
import type { Context } from '#core/context.ts';
import { segmentsAt } from '#ml2/reach.ts';
import { DHCP_AGENT } from '#resources/agent/schema.ts';
import { AT_ONCE, ableAgent, each, type Write } from '#resources/agent/upkeep.ts';
import { network } from '#resources/network/schema.ts';
import type { Reader } from '#store/store.ts';
import { bindingsOf, choose, ensureDhcp, schedule, servedSubnets, unschedule } from './schedule.ts';

/** Gives networks that want for DHCP servers to hosts that can serve them. */
export async function fillDhcp(read: Reader, write: Write): Promise<void> {
  const wanting = `SELECT w.network_id AS id FROM dhcp_wanting w WHERE w.network_id > ?
    AND (EXISTS (SELECT 1 FROM agents a WHERE ${ableAgent(DHCP_AGENT, read.dialect)}
        AND NOT EXISTS (SELECT 1 FROM dhcp_bindings b WHERE b.network_id = w.network_id AND b.host = a.host))
      OR EXISTS (SELECT 1 FROM dhcp_bindings b WHERE b.network_id = w.network_id AND b.port_id IS NULL))
    ORDER BY w.network_id LIMIT ${AT_ONCE}`;
  await each(read, write, wanting, [], ensureDhcp);
}

/** Lets hosts that have been dead for `seconds` give their networks to live ones. Where nobody else can serve, the network stays theirs. */
export async function failOver(read: Reader, write: Write, seconds: number): Promise<void> {
  const since = new Date(Date.now() - seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const dead = await read.all<{ host: string }>(
    'SELECT host FROM agents WHERE agent_type = ? AND alive_until < ? ORDER BY host',
    DHCP_AGENT,
    since,
  );
  if (dead.length === 0 || !(await read.get(`SELECT 1 AS one FROM agents a WHERE ${ableAgent(DHCP_AGENT, read.dialect)} LIMIT 1`))) return;
  const served = `SELECT b.network_id AS id FROM dhcp_bindings b WHERE b.network_id > ? AND b.host = ? ORDER BY b.network_id LIMIT ${AT_ONCE}`;
  for (const { host } of dead) await each(read, write, served, [host], (context, id) => giveAway(context, id, host, since));
}

async function giveAway(context: Context, networkId: string, host: string, since: string): Promise<void> {
  const row = await context.load(network, networkId, 'change');
  const bound = (await bindingsOf(context, networkId)).some((binding) => binding.host === host);
  const alive = await context.tx.get(
    'SELECT 1 AS alive FROM agents WHERE agent_type = ? AND host = ? AND alive_until >= ?',
    DHCP_AGENT,
    host,
    since,
  );
  if (!row || !bound || alive) return;
  // On a routed network, to one that serves a segment of the same.
  const served = await servedSubnets(context, networkId);
  const here = served.some(({ segment_id }) => segment_id !== null) ? await segmentsAt(context.tx, networkId, host) : [];
  const [heir] = await choose(
    context,
    row,
    1,
    here.find((id) => served.some(({ segment_id }) => segment_id === id)),
  );
  if (heir === undefined) return;
  await unschedule(context, networkId, host);
  await schedule(context, networkId, heir, served);
}
