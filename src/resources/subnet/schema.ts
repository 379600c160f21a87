// A subnet: a prefix of a network, the addresses to give out of it, and what instances are told by DHCP.
import { t } from '#core/attributes.ts';
import { canonicalPools, noneToEmptyList } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { subnetSegment } from '#packs/segments.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import { subnetErrors } from './errors.ts';

const MODES = ['dhcpv6-stateful', 'dhcpv6-stateless', 'slaac'] as const;

const array = (items: Readonly<Record<string, unknown>>) => ({ type: 'array', items });
const fields = (...names: string[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
});

/** Whether the subnet's network may be used so by the caller's project, and the ids of those that may. */
const targeted = (action: string): string =>
  `CASE WHEN EXISTS (SELECT 1 FROM rbac_policies p WHERE p.object_type = 'network' AND p.object_id = r.network_id AND p.action = '${action}' AND p.target_project IN (:project, '*')) THEN 1 ELSE 0 END`;
const targetedIds = (action: string): string =>
  `SELECT s.id FROM subnets s WHERE s.network_id IN (SELECT object_id FROM rbac_policies WHERE object_type = 'network' AND action = '${action}' AND target_project IN (:project, '*'))`;

export const subnet = resource({
  name: 'subnet',
  collection: 'subnets',
  doc: 'A block of addresses on a network.',
  table: 'subnets',
  extension: null,
  quota: 100,
  attributes: {
    ...identity,
    ...owner,
    network_id: t.id('The network it belongs to.').ref('network', 'delete').filter().sort().list(),
    ip_version: t
      .int('4 or 6.', check.oneOf([4, 6]))
      .filter()
      .sort(),
    cidr: t.cidr('The prefix; host bits are dropped.').nullable().optional().filter().sort().list(),
    gateway_ip: t.ip('The router instances are told of; null for none.').nullable().optional().mutable().filter().sort(),
    enable_dhcp: t.bool('Whether instances are given their addresses by DHCP.').default(true).mutable().filter().sort(),
    ipv6_ra_mode: t.oneOf('Who announces the prefix, and how addresses come about.', MODES).nullable().optional().filter().sort(),
    ipv6_address_mode: t.oneOf('How instances get their IPv6 addresses.', MODES).nullable().optional().filter().sort(),
    allocation_pools: t
      .json<{ start: string; end: string }[]>(
        'Ranges that addresses are given from.',
        array(fields('start', 'end')),
        check.pools,
        canonicalPools,
      )
      .optional()
      .mutable(),
    dns_nameservers: t
      .json<string[]>('Name servers instances are told of, in order.', array({ type: 'string' }), check.nameservers, noneToEmptyList)
      .default([])
      .mutable(),
    host_routes: t
      .json<{ destination: string; nexthop: string }[]>(
        'Routes instances are told of.',
        array(fields('destination', 'nexthop')),
        check.hostRoutes,
        noneToEmptyList,
      )
      .default([])
      .mutable(),
    service_types: t
      .json<string[]>('Device owners it is reserved for.', array({ type: 'string' }), check.serviceTypes, noneToEmptyList)
      .default([])
      .mutable()
      .extension('subnet-service-types'),
    dns_publish_fixed_ip: t
      .bool('Whether the names of addresses are published with those and not with their floating IPs.')
      .default(false)
      .mutable()
      .extension('subnet-dns-publish-fixed-ip'),
    subnetpool_id: t
      .free('The pool its prefix was taken from.')
      .nullable()
      .optional()
      .validate((value) => (value === null || value === 'prefix_delegation' ? undefined : check.uuid(value)))
      .ref('subnetpool', 'restrict')
      .filter()
      .sort(),
    use_default_subnetpool: t
      .bool('Takes the prefix from the default pool of the IP version.')
      .default(false)
      .hidden()
      .virtual()
      .extension('default-subnetpools'),
    prefixlen: t.int('Length of a prefix to take from a pool.', check.nonNegative).optional().hidden().virtual(),
    shared: t
      .bool('Whether its network is shared.')
      .readOnly()
      .filter()
      .policy()
      .hidden()
      .derived(targeted('access_as_shared'), targetedIds('access_as_shared')),
    'router:external': t
      .bool('Whether its network leads outside.')
      .readOnly()
      .filter()
      .policy()
      .derived('COALESCE((SELECT n.router_external FROM networks n WHERE n.id = r.network_id), 0)')
      .ruledBy('leads_outside')
      .extension('subnet-external-network'),
    leads_outside: t
      .bool('Whether its network leads outside for the caller.')
      .readOnly()
      .hidden()
      .derived(targeted('access_as_external'), targetedIds('access_as_external')),
    ...subnetSegment,
    ...tagged,
    ...standard,
  },
  lostMarker: 'notFound',
  notFound: (subnet_id) => subnetErrors.SubnetNotFound({ subnet_id }),
  foreignParent: 'forbidden',
  oneByOne: true,
  scopes: (row) => [`network:${row.network_id}`],
});
