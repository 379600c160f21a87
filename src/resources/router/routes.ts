// A router's extra routes: for other prefixes, by neighbours on its subnets. Called by the router's rules; the two calls that add to them and
// take from them whatever else was changed meanwhile.
import type { Context } from '#core/context.ts';
import { innerBody, requestErrors } from '#core/input.ts';
import { repr } from '#core/python.ts';
import { rowLimit } from '#core/quota.ts';
import { action } from '#core/resource.ts';
import { contains, parsePrefix, toNumber } from '#ipam/address.ts';
import { type Connection, connections } from './connections.ts';
import { routerErrors } from './errors.ts';
import { type Route, type Router, router } from './schema.ts';

/** Refuses too many routes, and those whose next hop is not a neighbour. */
export async function checkRoutes(context: Context, { id, project_id, gw_port_id }: Router, routes: readonly Route[]): Promise<void> {
  if (routes.length === 0) return;
  const quota = await rowLimit(context, router, 'router_route', project_id);
  if (quota >= 0 && routes.length > quota) throw routerErrors.RoutesExhausted({ router_id: id, quota });
  const near = await connections(context, id, gw_port_id);
  for (const { nexthop } of routes) {
    const reason = near.some(({ ip_address }) => ip_address === nexthop)
      ? 'the nexthop is used by router'
      : near.some((one) => isOn(one, nexthop))
        ? undefined
        : 'the nexthop is not connected with router';
    if (reason !== undefined) throw routerErrors.InvalidRoutes({ routes: repr(routes), reason });
  }
}

const isOn = ({ cidr }: Pick<Connection, 'cidr'>, address: string): boolean => {
  const prefix = parsePrefix(cidr);
  return (address.includes(':') ? 6 : 4) === prefix.version && contains(prefix, toNumber(address));
};

/** Whether a route leads through the subnet. */
export const leadsThrough = (cidr: string, routes: readonly Route[]): boolean => routes.some(({ nexthop }) => isOn({ cidr }, nexthop));

/** `{"router": {"routes": […]}}`; as with a plain update, null is none. */
function routesIn(body: unknown): Route[] {
  const { routes } = innerBody(router, body);
  const field = router.field.get('routes');
  const value = field?.convert?.(routes) ?? [];
  const reason = field?.validate?.(value);
  if (reason !== undefined) throw requestErrors.HTTPBadRequest({ reason: `Invalid input for routes. Reason: ${reason}.` });
  return value as Route[];
}

const same = (one: Route) => (other: Route) => one.destination === other.destination && one.nexthop === other.nexthop;

const call = (name: string, doc: string, next: (routes: Route[], given: readonly Route[]) => Route[]) =>
  action({
    resource: router,
    name,
    method: 'PUT',
    doc,
    takes: { router: { type: 'object', properties: { routes: router.field.get('routes')?.schema } } },
    async run(context, row, body) {
      const routes = next(row.routes, routesIn(body));
      await checkRoutes(context, row, routes);
      return { router: await context.shown(router, await context.store(router, row, { routes })) };
    },
  });

export const routeActions = [
  call('add_extraroutes', 'Adds extra routes to those that are there.', (routes, given) => [
    ...routes,
    ...given.filter((one) => !routes.some(same(one))),
  ]),
  call('remove_extraroutes', 'Removes extra routes, as far as they are there.', (routes, given) =>
    routes.filter((one) => !given.some(same(one))),
  ),
];
