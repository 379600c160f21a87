// A network's addresses, counted: how many its subnets have, and how many of them are used. Nobody makes one: there is one for each network.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { networkErrors } from '#resources/network/errors.ts';
import { bySubnet, type CountedSubnet, details, totalIps, usedIps } from './count.ts';

/** A row for each network as a whole (version 0), and one for each IP version that it has subnets of. */
const NETWORKS = `(SELECT n.id, n.id AS network_id, n.name AS network_name, n.project_id, v.version AS ip_version
  FROM networks n JOIN (SELECT 0 AS version UNION ALL SELECT 4 UNION ALL SELECT 6) v
    ON v.version = 0 OR EXISTS (SELECT 1 FROM subnets s WHERE s.network_id = n.id AND s.ip_version = v.version))`;

const count = { type: 'integer' };
const counts = {
  type: 'object',
  properties: {
    total_ips_in_subnet: count,
    total_ips_in_allocation_pool: count,
    used_ips_in_subnet: count,
    used_ips_in_allocation_pool: count,
  },
};

const of = (row: Readonly<Record<string, unknown>>): readonly CountedSubnet[] => row.counted as readonly CountedSubnet[];

export const networkIpAvailability = resource({
  name: 'network_ip_availability',
  collection: 'network_ip_availabilities',
  doc: 'How many addresses a network has, and how many of them are used.',
  table: NETWORKS,
  extension: 'network-ip-availability',
  operations: ['list', 'show'],
  item: 'network_id',
  attributes: {
    id: t.id('The network.').readOnly().hidden(),
    network_id: t.id('The network.').readOnly().filter().sort().list(),
    network_name: t.text('Its name.').readOnly().filter().list(),
    project_id: t.text('Its project; `tenant_id` is the same.').readOnly().filter().list(),
    ip_version: t
      .free('Counts the subnets of one IP version alone.')
      .readOnly()
      .hidden()
      .filter((values) => {
        const versions = ['4', '6'].filter((version) => values.includes(version));
        if (versions.length === 0 && values.length > 0) return { sql: '1 = 0', params: [] };
        return { sql: `r.ip_version = ${versions.length === 1 ? versions[0] : 0}`, params: [] };
      })
      .always(),
    counted: t
      .json<CountedSubnet[]>('What is counted.', { type: 'array' })
      .readOnly()
      .hidden()
      .derived((d) => {
        const subnet = d.jsonObject({
          subnet_id: 's.id',
          subnet_name: 's.name',
          cidr: 's.cidr',
          ip_version: 's.ip_version',
          allocation_pools: d.json('s.allocation_pools'),
          used: '(SELECT COUNT(*) FROM ip_allocations a WHERE a.subnet_id = s.id)',
          free: d.json(`(SELECT ${d.jsonArray('f.first || f.last')} FROM free_ranges f WHERE f.pool = 'subnet/' || s.id)`),
        });
        return `(SELECT ${d.jsonArray(subnet)} FROM subnets s WHERE s.network_id = r.id AND r.ip_version IN (0, s.ip_version))`;
      }),
    used_ips: t
      .int('How many addresses are used.')
      .readOnly()
      .computed(['counted'], (row) => usedIps(of(row)))
      .list(),
    total_ips: t
      .int('How many addresses its allocation pools have.')
      .readOnly()
      .computed(['counted'], (row) => totalIps(of(row)))
      .list(),
    subnet_ip_availability: t
      .json('The same of each subnet.', {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            subnet_id: { type: 'string', format: 'uuid' },
            subnet_name: { type: 'string' },
            cidr: { type: 'string' },
            ip_version: { enum: [4, 6] },
            used_ips: count,
            total_ips: count,
            ip_availability_details: counts,
          },
        },
      })
      .readOnly()
      .computed(['counted'], (row) => bySubnet(of(row))),
    ip_availability_details: t
      .json('Addresses within and outside of allocation pools.', counts)
      .readOnly()
      .computed(['counted'], (row) => details(of(row)))
      .extension('network-ip-availability-details'),
  },
  notFound: (net_id) => networkErrors.NetworkNotFound({ net_id }),
  scopes: () => [],
});
