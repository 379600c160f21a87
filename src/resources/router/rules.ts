// What making, changing and removing a router means: its gateway, its routes, and what keeps it.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { L3_AGENT } from '#resources/agent/schema.ts';
import { checkZones } from '#resources/availability_zone/hints.ts';
import { routerErrors } from './errors.ts';
import { leaveGateway, setGateway } from './gateway.ts';
import { checkRoutes } from './routes.ts';
import type { router } from './schema.ts';

type Router = Row<(typeof router)['attributes']>;
type RouterCreate = Create<(typeof router)['attributes']>;
type RouterUpdate = Update<(typeof router)['attributes']>;

async function create(context: Context, draft: Router, input: RouterCreate): Promise<void> {
  await checkZones(context, L3_AGENT, draft.availability_zone_hints);
  draft.status = 'ACTIVE';
  draft.routes = [];
  draft.distributed = input.distributed ?? false;
  draft.ha = input.ha ?? false;
  const [gateway] = await setGateway(context, draft, input.external_gateway_info ?? null);
  Object.assign(draft, gateway);
}

async function update(context: Context, before: Router, changes: RouterUpdate): Promise<void> {
  for (const name of ['distributed', 'ha'] as const) if (changes[name] === null) delete changes[name];
  const { external_gateway_info, routes } = changes;
  let moved = false;
  if (external_gateway_info !== undefined) {
    const [gateway, readdressed] = await setGateway(context, before, external_gateway_info);
    Object.assign(changes, gateway);
    moved = readdressed;
    // What is shown is computed of the port; the router is another one when the port's addresses are.
    if (!moved) delete changes.external_gateway_info;
  }
  if (routes !== undefined || moved) await checkRoutes(context, { ...before, ...changes }, routes ?? before.routes);
}

async function updated(context: Context, before: Router, after: Router): Promise<void> {
  if (before.gw_port_id !== null && before.gw_port_id !== after.gw_port_id) await leaveGateway(context, before.gw_port_id);
}

async function remove(context: Context, { id }: Router): Promise<void> {
  const attached = await context.tx.all<{ port_id: string }>(
    'SELECT DISTINCT port_id FROM router_interfaces WHERE router_id = ? ORDER BY port_id',
    id,
  );
  if (attached.length > 0) {
    const reason = `has ports still attached: ${attached.map(({ port_id }) => port_id).join(', ')}`;
    throw routerErrors.RouterInUse({ router_id: id, reason });
  }
}

async function removed(context: Context, { gw_port_id }: Router): Promise<void> {
  if (gw_port_id !== null) await leaveGateway(context, gw_port_id);
}

export const routerRules: RulesOf<typeof router> = { create, update, updated, delete: remove, deleted: removed };
