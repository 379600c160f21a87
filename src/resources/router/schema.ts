// A router: forwards between the subnets it has interfaces on, and outside by its gateway.
import { type Row, t } from '#core/attributes.ts';
import { noneToEmptyList } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { zones } from '#packs/availability-zones.ts';
import { ndpProxying } from '#packs/ndp-proxy.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import { L3_AGENT } from '#resources/agent/schema.ts';
import { conntrackHelper } from '#resources/conntrack_helper/schema.ts';
import type { FixedIp } from '#resources/port/schema.ts';
import type { Dialect } from '#store/store.ts';
import { routerErrors } from './errors.ts';
import { convertGateway, gatewaySchema, validateGateway } from './gateway-info.ts';

export interface Route {
  destination: string;
  nexthop: string;
}

/** What a client says of a gateway, and, with all parts there, what it is shown. */
export interface GatewayInfo {
  network_id: string;
  enable_snat?: boolean;
  qos_policy_id?: string | null;
  external_fixed_ips?: Partial<FixedIp>[];
}

const gatewayShown = (d: Dialect): string => {
  const parts = {
    network_id: 'p.network_id',
    external_fixed_ips: d.json('p.fixed_ips'),
    enable_snat: d.jsonBool('r.gw_enable_snat'),
  };
  const plain = d.jsonText(d.jsonObject(parts));
  const ruled = d.jsonText(d.jsonObject({ ...parts, qos_policy_id: 'r.gw_qos_policy_id' }));
  return `(SELECT CASE WHEN r.gw_qos_policy_id IS NULL THEN ${plain} ELSE ${ruled} END FROM ports p WHERE p.id = r.gw_port_id)`;
};

export const router = resource({
  name: 'router',
  collection: 'routers',
  doc: 'Forwards between the subnets it has interfaces on, and outside by its gateway.',
  table: 'routers',
  extension: 'router',
  quota: 10,
  limits: { router_route: 30 },
  bulk: false,
  attributes: {
    ...identity,
    ...owner,
    admin_state_up: t.bool('False takes the router out of service.').default(true).mutable().filter().sort(),
    status: t.free('ACTIVE, ALLOCATING or ERROR.').readOnly().sort().list(),
    external_gateway_info: t
      .json<GatewayInfo>(
        'The external network it leads to, its addresses there, and whether its subnets hide behind them; null for none.',
        gatewaySchema,
        validateGateway,
        convertGateway,
      )
      .nullable()
      .default(null)
      .mutable()
      .policy()
      .derived(gatewayShown)
      .list(),
    distributed: t.bool('Whether hosts forward for their own instances.').nullable().optional().mutable().policy().extension('dvr'),
    ha: t.bool('Whether several hosts stand by for it.').nullable().optional().mutable().policy().extension('l3-ha'),
    routes: t
      .json<Route[]>(
        'Where it sends what is for other prefixes, by which of its neighbours.',
        {
          type: 'array',
          items: {
            type: 'object',
            properties: { destination: { type: 'string' }, nexthop: { type: 'string' } },
            required: ['destination', 'nexthop'],
          },
        },
        check.hostRoutes,
        noneToEmptyList,
      )
      .updateOnly()
      .extension('extraroute'),
    flavor_id: t
      .text('What it was made as; decides how hosts share it.')
      .nullable()
      .optional()
      .ref('flavor', 'restrict')
      .sort()
      .policy()
      .extension('l3-flavors'),
    ha_vr_id: t.int('The number by which its hosts know each other.').nullable().readOnly().hidden(),
    /** The port on the external network, the network itself, and whether addresses are translated there: what external_gateway_info shows. */
    gw_port_id: t.id('Its port on the external network.').nullable().readOnly().hidden(),
    gw_network_id: t.id('The external network.').nullable().readOnly().hidden(),
    gw_qos_policy_id: t.id('The QoS policy of its gateway.').nullable().readOnly().hidden().ref('policy', 'restrict'),
    gw_enable_snat: t.bool('Whether its subnets hide behind its external addresses.').readOnly().hidden(),
    ...zones(
      'router_availability_zone',
      `router_bindings b JOIN agents a ON a.agent_type = '${L3_AGENT}' AND a.host = b.host WHERE b.router_id = r.id`,
    ),
    conntrack_helpers: t
      .rows('The protocols that it follows.', conntrackHelper, 'router_id', ['protocol', 'port', 'helper'])
      .extension('expose-l3-conntrack-helper'),
    ...ndpProxying,
    ...tagged,
    ...standard,
  },
  lostMarker: 'notFound',
  notFound: (router_id) => routerErrors.RouterNotFound({ router_id }),
  scopes: (row) => [`router:${row.id}`],
});

export type Router = Row<(typeof router)['attributes']>;
