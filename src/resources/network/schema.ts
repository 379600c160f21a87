// A network: a layer-2 broadcast domain of a project, real on every host that has a port of it.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { scopedNetwork } from '#packs/address-scope.ts';
import { zones } from '#packs/availability-zones.ts';
import { networkDomain } from '#packs/dns.ts';
import { qosPolicyId } from '#packs/qos.ts';
import { carried } from '#packs/segments.ts';
import { leadsOutside, sharedBy } from '#packs/sharing.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import { DHCP_AGENT } from '#resources/agent/schema.ts';
import { networkErrors } from './errors.ts';

const zoned = zones(
  'network_availability_zone',
  `dhcp_bindings b JOIN agents a ON a.agent_type = '${DHCP_AGENT}' AND a.host = b.host WHERE b.network_id = r.id`,
);

export const network = resource({
  name: 'network',
  collection: 'networks',
  doc: 'A layer-2 broadcast domain.',
  table: 'networks',
  extension: null,
  quota: 100,
  attributes: {
    ...identity,
    ...owner,
    admin_state_up: t.bool('False takes the network out of service.').default(true).mutable().filter().sort(),
    status: t.free('ACTIVE, BUILD, DOWN or ERROR.').readOnly().filter().sort(),
    subnets: t
      .json<string[]>('Ids of its subnets.', { type: 'array', items: { type: 'string' } })
      .readOnly()
      .derived((d) => `(SELECT ${d.jsonArray('s.id')} FROM subnets s WHERE s.network_id = r.id)`)
      .list(),
    shared: sharedBy('network').default(false).mutable().policy(),
    mtu: t
      .int('Bytes an instance may send in one packet; chosen by the network type when left out.', check.nonNegative)
      .optional()
      .mutable()
      .filter()
      .sort()
      .policy()
      .extension('net-mtu'),
    'router:external': t
      .bool('Leads outside: routers may have their gateway here.')
      .default(false)
      .mutable()
      .filter()
      .policy()
      .ruledBy('leads_outside')
      .extension('external-net'),
    leads_outside: leadsOutside,
    is_default: t
      .bool('Where routers lead whose owners name no external network.')
      .default(false)
      .mutable()
      .filter()
      .policy()
      .derived(
        'CASE WHEN EXISTS (SELECT 1 FROM default_external_network d WHERE d.network_id = r.id) THEN 1 ELSE 0 END',
        'SELECT network_id FROM default_external_network',
      )
      .extension('auto-allocated-topology'),
    ...carried,
    ha: t
      .bool('Whether hosts of highly available routers of its project hear each other on it.')
      .default(false)
      .hidden()
      .virtual()
      .extension('network_ha'),
    port_security_enabled: t.bool('Default for ports of the network.').default(true).mutable().policy().extension('port-security'),
    ...networkDomain,
    ...scopedNetwork,
    qos_policy_id: qosPolicyId.extension('qos'),
    ...tagged,
    ...zoned,
    availability_zone_hints: zoned.availability_zone_hints.sort(),
    ...standard,
  },
  lostMarker: 'notFound',
  notFound: (net_id) => networkErrors.NetworkNotFound({ net_id }),
  inUse: (net_id, by, ids) =>
    networkErrors.NetworkInUse({
      net_id,
      reason: `There are one or more ${by}s still in use on the network, id for these ${by}s is: ${ids.join(',')}`,
    }),
  scopes: (row) => [`network:${row.id}`],
});
