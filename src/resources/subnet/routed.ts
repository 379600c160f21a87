// Subnets of routed networks: each belongs to a segment, and tells its instances the way to the subnets of the others, by its gateway.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { network } from '#resources/network/schema.ts';
import { segmentErrors } from '#resources/segment/errors.ts';
import { segment } from '#resources/segment/schema.ts';
import { subnet } from './schema.ts';

type Subnet = Row<(typeof subnet)['attributes']>;
type HostRoute = Subnet['host_routes'][number];

/** Refuses a segment of another network, and subnets of a network of which some have one and some have none. */
async function checkSegment(context: Context, row: Subnet): Promise<void> {
  const { id, network_id, segment_id } = row;
  const others = await context.tx.get<{ with_segment: number; subnets: number }>(
    'SELECT COUNT(segment_id) AS with_segment, COUNT(*) AS subnets FROM subnets WHERE network_id = ? AND id <> ?',
    network_id,
    id,
  );
  const alike = !others || others.subnets === 0 || others.with_segment === (segment_id === null ? 0 : others.subnets);
  if (!alike) throw segmentErrors.SubnetsNotAllAssociatedWithSegments({ network_id });
  if (segment_id === null) return;
  const of = await context.load(segment, segment_id, 'share');
  const alien = of?.network_id !== network_id;
  // Of other networks' segments whoever sees none learns nothing.
  if (!of || (alien && !(await context.permits('get_segment', segment, of)))) throw segmentErrors.SegmentNotFound({ segment_id });
  if (alien) throw segmentErrors.NetworkIdsDontMatch({ subnet_network: network_id, segment_id });
}

/** Subnets of other segments, which instances reach by way of a gateway. */
const peersOf = ({ tx }: Context, row: Subnet): Promise<{ id: string; cidr: string }[]> =>
  tx.all<{ id: string; cidr: string }>(
    'SELECT id, cidr FROM subnets WHERE network_id = ? AND ip_version = ? AND segment_id <> ? AND id <> ? ORDER BY id',
    row.network_id,
    row.ip_version,
    row.segment_id,
    row.id,
  );

const routesTo = (peers: readonly { readonly cidr: string }[], gateway: string | null): HostRoute[] =>
  gateway === null ? [] : peers.map(({ cidr }) => ({ destination: cidr, nexthop: gateway }));

const isOneOf = (routes: readonly HostRoute[], { destination, nexthop }: HostRoute): boolean =>
  routes.some((route) => route.destination === destination && route.nexthop === nexthop);

/** Routes that people gave win over those made here for the same destination. */
const withRoutes = (given: readonly HostRoute[], made: readonly HostRoute[]): HostRoute[] => [
  ...given,
  ...made.filter(({ destination }) => !given.some((route) => route.destination === destination)),
];

/** Tells the subnets of other segments that this one came, or that it went. */
async function tellPeers(context: Context, row: Subnet, change: (routes: HostRoute[], route: HostRoute) => HostRoute[]): Promise<void> {
  if (row.segment_id === null || row.cidr === null) return;
  for (const { id } of await peersOf(context, row)) {
    const peer = await context.load(subnet, id, 'change');
    if (!peer || peer.gateway_ip === null || context.isGoing(subnet, id)) continue;
    await context.store(subnet, peer, { host_routes: change(peer.host_routes, { destination: row.cidr, nexthop: peer.gateway_ip }) });
  }
}

export const routedRules: RulesOf<typeof subnet> = {
  async create(context, draft) {
    await checkSegment(context, draft);
    if (draft.segment_id !== null)
      draft.host_routes = withRoutes(draft.host_routes, routesTo(await peersOf(context, draft), draft.gateway_ip));
  },
  created: (context, row) => tellPeers(context, row, (routes, route) => withRoutes(routes, [route])),
  async update(context, before, changes) {
    const after = { ...before, ...changes };
    if (after.segment_id !== before.segment_id) {
      await checkSegment(context, after);
      if (before.segment_id !== null) throw segmentErrors.SubnetSegmentAssociationChangeNotAllowed({});
      const segments = await context.tx.all('SELECT id FROM network_segments WHERE network_id = ? LIMIT 2', before.network_id);
      if (segments.length > 1) throw segmentErrors.NoUpdateSubnetWhenMultipleSegmentsOnNetwork({ network_id: before.network_id });
    }
    if (after.segment_id === null || (changes.host_routes === undefined && after.gateway_ip === before.gateway_ip)) return;
    // Nobody adds a subnet meanwhile.
    await context.load(network, before.network_id, 'share');
    const peers = await peersOf(context, after);
    const made = routesTo(peers, before.gateway_ip);
    const given = after.host_routes.filter((route) => !isOneOf(made, route));
    changes.host_routes = withRoutes(given, routesTo(peers, after.gateway_ip));
  },
  deleted: (context, row) => tellPeers(context, row, (routes, route) => routes.filter((one) => !isOneOf([route], one))),
};
