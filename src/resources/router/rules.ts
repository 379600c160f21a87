// What making, changing and removing a router means: its gateway, its routes, and what keeps it.
import type { Create, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { L3_AGENT } from '#resources/agent/schema.ts';
import { checkZones } from '#resources/availability_zone/hints.ts';
import { port } from '#resources/port/schema.ts';
import { routerErrors } from './errors.ts';
import { leaveGateway, setGateway } from './gateway.ts';
import { haNumber, holdHaNetwork, leaveHaNetwork } from './ha.ts';
import { interfaceOwner } from './interfaces.ts';
import { checkChange, newKind } from './kind.ts';
import { checkRoutes } from './routes.ts';
import { bindingsOf, ensureRouter, isNeeded, unschedule } from './schedule.ts';
import type { Router, router } from './schema.ts';
import { ensureSnat } from './snat.ts';

type RouterCreate = Create<(typeof router)['attributes']>;
type RouterUpdate = Update<(typeof router)['attributes']>;

async function create(context: Context, draft: Router, input: RouterCreate): Promise<void> {
  await checkZones(context, L3_AGENT, draft.availability_zone_hints);
  draft.status = 'ACTIVE';
  draft.routes = [];
  draft.flavor_id = input.flavor_id ?? null;
  Object.assign(draft, await newKind(context, input.flavor_id, input));
  draft.ha_vr_id = draft.ha ? await haNumber(context, draft) : null;
  const [gateway] = await setGateway(context, draft, input.external_gateway_info ?? null, '');
  Object.assign(draft, gateway);
}

async function created(context: Context, row: Router): Promise<void> {
  if (row.ha || row.gw_port_id !== null) await ensureRouter(context, row);
}

async function update(context: Context, before: Router, changes: RouterUpdate): Promise<void> {
  for (const name of ['distributed', 'ha'] as const) if (changes[name] === null) delete changes[name];
  checkChange(before, changes);
  if (changes.ha !== undefined && changes.ha !== before.ha) changes.ha_vr_id = changes.ha ? await haNumber(context, before) : null;
  const { external_gateway_info, routes } = changes;
  let moved = false;
  if (external_gateway_info !== undefined) {
    const host = external_gateway_info === null ? '' : await ensureRouter(context, before);
    const [gateway, readdressed] = await setGateway(context, before, external_gateway_info, host);
    Object.assign(changes, gateway);
    moved = readdressed;
    // What is shown is computed of the port; the router is another one when the port's addresses are.
    if (!moved) delete changes.external_gateway_info;
  }
  if (routes !== undefined || moved) await checkRoutes(context, { ...before, ...changes }, routes ?? before.routes);
}

async function updated(context: Context, before: Router, after: Router): Promise<void> {
  if (before.ha !== after.ha || before.distributed !== after.distributed) await convert(context, before, after);
  if (before.gw_port_id === after.gw_port_id) return;
  if (before.gw_port_id !== null) await leaveGateway(context, before.gw_port_id);
  if (after.distributed) await ensureSnat(context, after);
}

/** Makes a router of one kind another: its interfaces are ports of another kind, and other hosts may carry it. */
async function convert(context: Context, before: Router, after: Router): Promise<void> {
  if (before.ha) await holdHaNetwork(context, before.project_id);
  for (const binding of await bindingsOf(context, after.id)) await unschedule(context, before, binding);
  const there = await context.findLocked(
    port,
    'change',
    'r.id IN (SELECT i.port_id FROM router_interfaces i WHERE i.router_id = ?)',
    after.id,
  );
  for (const one of there) await context.update(port, one, { device_owner: interfaceOwner(after) });
  if (before.ha && !after.ha) await leaveHaNetwork(context, after.project_id);
  await ensureSnat(context, after);
  if (await isNeeded(context, after)) await ensureRouter(context, after);
}

async function remove(context: Context, row: Router): Promise<void> {
  const { id } = row;
  const attached = await context.tx.all<{ port_id: string }>(
    'SELECT DISTINCT port_id FROM router_interfaces WHERE router_id = ? ORDER BY port_id',
    id,
  );
  if (attached.length > 0) {
    const reason = `has ports still attached: ${attached.map(({ port_id }) => port_id).join(', ')}`;
    throw routerErrors.RouterInUse({ router_id: id, reason });
  }
  if (row.ha) await holdHaNetwork(context, row.project_id);
  for (const binding of await bindingsOf(context, id)) await unschedule(context, row, binding);
}

async function removed(context: Context, { project_id, gw_port_id, ha }: Router): Promise<void> {
  if (gw_port_id !== null) await leaveGateway(context, gw_port_id);
  if (ha) await leaveHaNetwork(context, project_id);
}

export const routerRules: RulesOf<typeof router> = { create, created, update, updated, delete: remove, deleted: removed };
