// Which hosts carry a router: the live L3 agent with the fewest routers in the zones asked for, or several that stand by for each other, each with a
// port of its own on the project's HA network. A router is given to hosts when it needs one: with its first subnet or gateway, or from the start when it
// is highly available.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow } from '#core/resource.ts';
import { eligibleAgents, spread } from '#resources/agent/schedule.ts';
import { agent, L3_AGENT } from '#resources/agent/schema.ts';
import { zonesFor } from '#resources/availability_zone/hints.ts';
import { port } from '#resources/port/schema.ts';
import { makeHaPort } from './ha.ts';
import { type Router, router } from './schema.ts';

type Agent = Row<(typeof agent)['attributes']>;

export interface RouterBinding {
  readonly host: string;
  /** The host's port on the project's HA network. */
  readonly port_id: string | null;
}

export const bindingsOf = ({ tx }: Context, routerId: string): Promise<RouterBinding[]> =>
  tx.all<RouterBinding>('SELECT host, port_id FROM router_bindings WHERE router_id = ? ORDER BY host', routerId);

/** What an agent's mode lets it carry: instances' own hosts forward for distributed routers, but only some translate addresses for them. */
export function carries({ configurations }: Pick<Agent, 'configurations'>, { distributed }: Pick<Router, 'distributed'>): boolean {
  const { agent_mode: mode = 'legacy' } = configurations;
  return distributed ? mode === 'dvr_snat' : mode === 'legacy' || mode === 'dvr_snat';
}

/** Gives a router to the hosts it lacks, as far as there are any. Answers the host of a router that has one alone, '' for others. */
export async function ensureRouter(context: Context, row: Router): Promise<string> {
  const bindings = await bindingsOf(context, row.id);
  const { l3AgentsPerRouter } = context.settings;
  const wanted = row.ha ? l3AgentsPerRouter || Number.POSITIVE_INFINITY : 1;
  const missing = wanted - bindings.length;
  if (missing <= 0) return alone(row, bindings);
  const chosen = await choose(context, row, missing, bindings);
  for (const host of chosen) await schedule(context, row, host);
  await wants(context, row.id, missing > chosen.length);
  return alone(row, [...bindings, ...chosen.map((host) => ({ host }))]);
}

const alone = ({ ha, distributed }: Router, bindings: readonly { readonly host: string }[]): string =>
  ha || distributed ? '' : (bindings[0]?.host ?? '');

/** Notes whether a router wants for hosts, so that hosts that come find it: see upkeep.ts. */
async function wants({ tx }: Context, routerId: string, more: boolean): Promise<void> {
  if (more) await tx.run('INSERT INTO router_wanting (router_id) VALUES (?) ON CONFLICT (router_id) DO NOTHING', routerId);
  else await tx.run('DELETE FROM router_wanting WHERE router_id = ?', routerId);
}

async function choose(context: Context, row: Router, count: number, bindings: readonly RouterBinding[]): Promise<string[]> {
  const candidates = await eligibleAgents(context, {
    agentType: L3_AGENT,
    load: '(SELECT COUNT(*) FROM router_bindings b WHERE b.host = a.host)',
    zones: zonesFor(context, row.availability_zone_hints),
    except: bindings.map(({ host }) => host),
  });
  if (candidates.length === 0) return [];
  const serving = await context.tx.all<{ zone: string | null }>(
    `SELECT a.availability_zone AS zone FROM router_bindings b JOIN agents a ON a.agent_type = '${L3_AGENT}' AND a.host = b.host WHERE b.router_id = ?`,
    row.id,
  );
  const fits = async ({ id }: { readonly id: string }): Promise<boolean> => {
    const found = await context.load(agent, id);
    return found !== undefined && carries(found, row);
  };
  const zones = serving.map(({ zone }) => zone);
  return (await spread(candidates, count, zones, fits)).map(({ host }) => host);
}

/** Gives a router to a host. */
export async function schedule(context: Context, row: Router, host: string): Promise<void> {
  const made = row.ha ? await makeHaPort(context, row, host) : undefined;
  await context.tx.run(
    'INSERT INTO router_bindings (router_id, host, port_id, ha_state) VALUES (?, ?, ?, ?)',
    row.id,
    host,
    made?.id ?? null,
    // Nobody has said yet which of its hosts is active.
    row.ha ? 'unknown' : null,
  );
  await note(context, row.id, host, 'create');
  if (!row.ha && !row.distributed) await place(context, row, host);
}

export async function unschedule(context: Context, row: Router, { host, port_id }: RouterBinding): Promise<void> {
  await context.tx.run('DELETE FROM router_bindings WHERE router_id = ? AND host = ?', row.id, host);
  const own = port_id === null ? undefined : await context.load(port, port_id, 'remove');
  if (own) await context.delete(port, own);
  await note(context, row.id, host, 'delete');
  if (!row.ha && !row.distributed) await place(context, row, '');
}

/** The ports of a router that one host alone carries are on that host. */
async function place(context: Context, { id, gw_port_id }: Router, host: string): Promise<void> {
  const there = await context.findLocked(
    port,
    'change',
    'r.id IN (SELECT i.port_id FROM router_interfaces i WHERE i.router_id = ? UNION SELECT g.id FROM ports g WHERE g.id = ?)',
    id,
    gw_port_id ?? '',
  );
  for (const one of there) await context.update(port, one, { 'binding:host_id': host });
}

const note = (context: Context, routerId: string, host: string, what: string): Promise<void> =>
  context.note('router_binding', `${routerId}/${host}`, what, [`router:${routerId}`, `host:${host}`]);

/** Whether a router has something to carry. */
export async function isNeeded({ tx }: Context, { id, ha, gw_port_id }: Router): Promise<boolean> {
  if (ha || gw_port_id !== null) return true;
  return (await tx.get('SELECT 1 AS one FROM router_interfaces WHERE router_id = ? LIMIT 1', id)) !== undefined;
}

/** Gives a removed agent's routers to the agents that are left. */
async function leave(context: Context, host: string): Promise<void> {
  const carried = await context.tx.all<{ id: string }>(
    'SELECT router_id AS id FROM router_bindings WHERE host = ? ORDER BY router_id',
    host,
  );
  for (const { id } of carried) {
    const row = await context.load(router, id, 'change');
    const binding = row && (await bindingsOf(context, id)).find((one) => one.host === host);
    if (!row || !binding) continue;
    await unschedule(context, row, binding);
    if (await isNeeded(context, row)) await ensureRouter(context, row);
  }
}

export const routerScheduleFollows = [
  follow({
    resource: agent,
    what: 'an L3 agent that is removed leaves its routers to the others',
    deleted: (context, row) => (row.agent_type === L3_AGENT ? leave(context, row.host) : Promise.resolve()),
  }),
  follow({
    resource: port,
    what: 'a host whose HA port is deleted has none until the router is given to it anew',
    async deleted({ tx }, row) {
      if (!row.device_owner.startsWith('network:')) return;
      await tx.run('UPDATE router_bindings SET port_id = NULL WHERE port_id = ?', row.id);
    },
  }),
];
