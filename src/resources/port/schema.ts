// A port: where a device joins a network, with its MAC, its addresses and its place on a host.
import { t } from '#core/attributes.ts';
import { keyValueLists, noneToEmptyObject, orNull, sanitizedMac, toLowerCase } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { portDomain } from '#packs/dns.ts';
import { portPlugging } from '#packs/port-plugging.ts';
import { portQos } from '#packs/port-qos.ts';
import { portSecurity } from '#packs/port-security.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { taggedFromTheStart } from '#packs/tags.ts';
import { trunkDetails } from '#packs/trunk-details.ts';
import { portErrors } from './errors.ts';
import { filterByFixedIps } from './filters.ts';
import { dnsAssignment } from './names.ts';

/** A fixed IP: both parts are there once it is allocated. */
export interface FixedIp {
  subnet_id: string;
  ip_address: string;
}

export interface ExtraDhcpOption {
  opt_name: string;
  opt_value: string | null;
  ip_version: 4 | 6;
}

export interface DnsAssignment {
  ip_address: string;
  hostname: string;
  fqdn: string;
}

export const VNIC_TYPES = [
  'normal',
  'direct',
  'macvtap',
  'baremetal',
  'direct-physical',
  'virtio-forwarder',
  'smart-nic',
  'vdpa',
  'accelerator-direct',
  'accelerator-direct-physical',
  'remote-managed',
] as const;

const listOf = (properties: Readonly<Record<string, unknown>>) => ({ type: 'array', items: { type: 'object', properties } });
const text = { type: 'string' };

export const port = resource({
  name: 'port',
  collection: 'ports',
  doc: 'A point where a device joins a network.',
  table: 'ports',
  extension: null,
  quota: 500,
  attributes: {
    ...identity,
    ...owner,
    network_id: t.id('The network joined.').ref('network', 'restrict').filter().sort(),
    // Null asks for a new one, which rules choose.
    mac_address: t
      .mac('Chosen when left out or null.')
      .convert(orNull(sanitizedMac))
      .validate(check.orNull(check.mac))
      .optional()
      .mutable()
      .filter()
      .sort()
      .policy()
      .list(),
    admin_state_up: t.bool('False takes the port out of service.').default(true).mutable().filter().sort(),
    status: t.free('ACTIVE when it is wired on its host, BUILD while that is under way, DOWN otherwise.').readOnly().filter().sort().list(),
    device_id: t.text('The device that uses it.').default('').mutable().filter().sort().policy(),
    device_owner: t.text('What kind of device: `compute:nova`, `network:dhcp`, …').default('').mutable().filter().sort().policy(),
    fixed_ips: t
      .json<FixedIp[]>('Its addresses.', listOf({ subnet_id: text, ip_address: text }), check.fixedIps)
      .optional()
      .mutable()
      .filter((values) => filterByFixedIps(keyValueLists(values)))
      .policy()
      .list(),
    'binding:host_id': t
      .text('The host it is on; null is none.')
      .convert((value) => value ?? '')
      .default('')
      .mutable()
      .filter()
      .policy()
      .extension('binding'),
    'binding:vnic_type': t
      .oneOf('What kind of interface the device gets.', VNIC_TYPES)
      .default('normal')
      .mutable()
      .policy()
      .extension('binding'),
    'binding:profile': t
      .json<Record<string, unknown>>(
        'What the host needs to know to plug it.',
        { type: 'object' },
        check.orNull(check.object),
        noneToEmptyObject,
      )
      .default({})
      .mutable()
      .policy()
      .extension('binding'),
    'binding:vif_type': t.free('How it is plugged: bridge, unbound, binding_failed.').readOnly().policy().extension('binding'),
    'binding:vif_details': t
      .json<Record<string, unknown>>('What os-vif needs to plug it.', { type: 'object' })
      .readOnly()
      .policy()
      .extension('binding'),
    ...portSecurity,
    binding_segment_id: t.free('The segment that carries it on its host.').nullable().readOnly().hidden(),
    extra_dhcp_opts: t
      .json<ExtraDhcpOption[]>(
        'DHCP options for this port alone; a null value takes one away.',
        listOf({ opt_name: text, opt_value: { type: ['string', 'null'] }, ip_version: { enum: [4, 6] } }),
        check.dhcpOptions,
        (value) => value ?? [],
      )
      .default([])
      .mutable()
      .extension('extra_dhcp_opt'),
    dns_name: t.text('Its host name.').convert(toLowerCase).validate(check.dnsName(63)).default('').mutable().extension('dns-integration'),
    ...portDomain,
    dns_assignment: t
      .json<DnsAssignment[]>('The names its addresses have.', listOf({ ip_address: text, hostname: text, fqdn: text }))
      .readOnly()
      .computed(['dns_name', 'fixed_ips'], ({ dns_name, fixed_ips }, settings) =>
        // Missing where an operator's rule hides them.
        dnsAssignment((dns_name ?? '') as string, (fixed_ips ?? []) as FixedIp[], settings),
      )
      .extension('dns-integration'),
    ...portPlugging,
    ip_allocation: t.free('When it got its addresses: immediate, deferred or none.').readOnly().filter().sort().extension('ip_allocation'),
    ...trunkDetails,
    ...portQos,
    ...taggedFromTheStart,
    ...standard,
  },
  lostMarker: 'notFound',
  notFound: (port_id) => portErrors.PortNotFound({ port_id }),
  conflict: ({ network_id, mac_address }, { constraint }) =>
    constraint.includes('mac') ? portErrors.MacAddressInUse({ net_id: network_id, mac: mac_address }) : undefined,
  scopes: (row) => [`network:${row.network_id}`, ...(row['binding:host_id'] === '' ? [] : [`host:${row['binding:host_id']}`])],
});
