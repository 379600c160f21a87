// What a network's dnsmasq reads, from the desired objects: one configuration, and per port a file of options, of hosts and of names. Pure.
// Called by the DHCP plan. A port's files depend on its own lease and its network alone, so a new port writes three small files.
import { createHash } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import type { DhcpObject, DhcpSubnet, LeaseObject } from '#desired/objects.ts';
import { hostLine, isHexPairs, isHostName, nameLine, optionLine, settingsText } from '#host/dnsmasq.ts';
import { busName, innerDevice, serverPaths } from './names.ts';

/** Client identifier: how a client is known, not something it is told. */
const CLIENT_ID = new Set(['client-id', '61']);

/** How a subnet's addresses are given. A subnet is served where the server has an address on it. */
export function modeOf(dhcp: DhcpObject, subnet: DhcpSubnet): 'addresses' | 'options' | 'none' {
  if (!subnet.enable_dhcp || !dhcp.ip_addresses.some(({ subnet_id }) => subnet_id === subnet.subnet_id)) return 'none';
  if (subnet.ip_version === 4) return 'addresses';
  const mode = subnet.ipv6_address_mode ?? subnet.ipv6_ra_mode ?? 'dhcpv6-stateful';
  return mode === 'slaac' ? 'none' : mode === 'dhcpv6-stateless' ? 'options' : 'addresses';
}

const lengthOf = (cidr: string): number => Number(cidr.split('/')[1]);
const tagOf = (subnet: DhcpSubnet): string => `s${subnet.subnet_id}`;
const domainOf = ({ dns_domain }: DhcpObject): string | undefined => {
  const domain = dns_domain.replace(/\.$/, '');
  return isHostName(domain) ? domain : undefined;
};

/** The configuration of a network's server; any change of it is a restart. `user` is the one that dnsmasq becomes. */
export function configOf(dhcp: DhcpObject, runDirectory: string, user: string): { readonly text: string; readonly digest: string } {
  const paths = serverPaths(runDirectory, dhcp.network_id);
  const domain = domainOf(dhcp);
  const lease = dhcp.lease_time < 0 ? 'infinite' : String(dhcp.lease_time);
  const settings: [string, string?][] = [
    ['user', user],
    ['no-hosts'],
    ['no-resolv'],
    ['no-ping'],
    ['interface', innerDevice(dhcp.port_id)],
    ['except-interface', 'lo'],
    ['bind-dynamic'],
    ['dhcp-authoritative'],
    ['dhcp-ignore', 'tag:!known'],
    ['dhcp-leasefile', paths.leases],
    ['dhcp-lease-max', '16777216'],
    ['dhcp-optsdir', paths.file('options')],
    ['dhcp-hostsdir', paths.file('hosts')],
    ['hostsdir', paths.file('names')],
    ['enable-dbus', busName(dhcp.network_id)],
    ['dhcp-option', `option:mtu,${dhcp.mtu}`],
  ];
  if (domain !== undefined) settings.push(['domain', domain], ['local', `/${domain}/`], ['dhcp-option', `option6:domain-search,${domain}`]);
  for (const subnet of dhcp.subnets) {
    if (modeOf(dhcp, subnet) === 'none') continue;
    settings.push(...(subnet.ip_version === 4 ? settings4(dhcp, subnet, lease) : settings6(dhcp, subnet, lease)));
  }
  const text = settingsText(settings);
  return { text, digest: createHash('sha256').update(text).digest('hex').slice(0, 12) };
}

function settings4(dhcp: DhcpObject, subnet: DhcpSubnet, lease: string): [string, string?][] {
  const first = ipaddr.IPv4.networkAddressFromCIDR(subnet.cidr).toString();
  const mask = ipaddr.IPv4.subnetMaskFromPrefixLength(lengthOf(subnet.cidr)).toString();
  const tag = tagOf(subnet);
  const { gateway, routes } = routesOf(dhcp, subnet);
  const servers = nameServersOf(dhcp, subnet);
  const settings: [string, string?][] = [
    ['dhcp-range', `set:${tag},${first},static,${mask},${lease}`],
    // Without a value: neither a router nor, as dnsmasq would have it, itself.
    ['dhcp-option', `tag:${tag},option:router${gateway === undefined ? '' : `,${gateway}`}`],
    ['dhcp-option', `tag:${tag},option:dns-server${isNoServer(servers) ? '' : `,${servers.join(',')}`}`],
  ];
  if (routes.length > 0) {
    const listed = routes.map(({ destination, nexthop }) => `${destination},${nexthop}`).join(',');
    // RFC 3442, and the number by which Windows asks for the same.
    settings.push(['dhcp-option', `tag:${tag},option:classless-static-route,${listed}`], ['dhcp-option', `tag:${tag},249,${listed}`]);
  }
  return settings;
}

function settings6(dhcp: DhcpObject, subnet: DhcpSubnet, lease: string): [string, string?][] {
  const served = served6(dhcp, subnet);
  const first = ipaddr.IPv6.networkAddressFromCIDR(served).toRFC5952String();
  const tag = tagOf(subnet);
  const servers = nameServersOf(dhcp, subnet);
  return [
    ['dhcp-range', `set:${tag},${first},static,${lengthOf(served)},${lease}`],
    ['dhcp-option', `tag:${tag},option6:dns-server${isNoServer(servers) ? '' : `,${servers.map((server) => `[${server}]`).join(',')}`}`],
  ];
}

/** The subnet's own name servers; without any, this one, which answers for the names of the network and for nothing else. */
const nameServersOf = (dhcp: DhcpObject, subnet: DhcpSubnet): readonly string[] =>
  subnet.dns_nameservers.length > 0 ? subnet.dns_nameservers.slice(0, MOST_SERVERS) : ownAddresses(dhcp, subnet);

/** A subnet whose only name server is 0.0.0.0 or :: has none. */
const isNoServer = (servers: readonly string[]): boolean => servers.length === 1 && (servers[0] === '0.0.0.0' || servers[0] === '::');

const ownAddresses = (dhcp: DhcpObject, subnet: DhcpSubnet): string[] =>
  dhcp.ip_addresses.filter(({ subnet_id }) => subnet_id === subnet.subnet_id).map(({ ip_address }) => ip_address);

/** What fits into a DHCP option, and into a line that dnsmasq reads. */
const MOST_ROUTES = 25;
const MOST_SERVERS = 12;
const MOST_ADDRESSES = 16;

/**
 * A client that is given classless routes ignores the router option, so the default route is among them. The network's other IPv4 subnets
 * are on the same link.
 */
function routesOf(dhcp: DhcpObject, subnet: DhcpSubnet) {
  const given = subnet.host_routes.filter(({ destination }) => !destination.includes(':'));
  const gateway = given.find(({ destination }) => destination === '0.0.0.0/0')?.nexthop ?? subnet.gateway_ip ?? undefined;
  const others = dhcp.subnets.filter(({ ip_version, subnet_id }) => ip_version === 4 && subnet_id !== subnet.subnet_id);
  const routes = [
    ...given.filter(({ destination }) => destination !== '0.0.0.0/0'),
    ...others.map(({ cidr }) => ({ destination: cidr, nexthop: '0.0.0.0' })),
  ].slice(0, MOST_ROUTES - 1);
  if (routes.length > 0 && gateway !== undefined) routes.push({ destination: '0.0.0.0/0', nexthop: gateway });
  return { gateway, routes };
}

/** A port's files: those without a line are missing. */
export type PortFiles = Readonly<Partial<Record<'options' | 'hosts' | 'names', string>>>;

const rendered = new WeakMap<DhcpObject, WeakMap<LeaseObject, PortFiles>>();

/** The files of a port. Made once for a pair of objects: in a network of thousands, a round makes only those that changed. */
export function filesOf(dhcp: DhcpObject, lease: LeaseObject): PortFiles {
  let known = rendered.get(dhcp);
  if (known === undefined) rendered.set(dhcp, (known = new WeakMap()));
  let files = known.get(lease);
  if (files === undefined) known.set(lease, (files = render(dhcp, lease)));
  return files;
}

function render(dhcp: DhcpObject, lease: LeaseObject): PortFiles {
  const tag = `p${lease.port_id}`;
  const subnets = new Map(dhcp.subnets.map((subnet) => [subnet.subnet_id, subnet]));
  const domain = domainOf(dhcp);
  const hosts: string[] = [];
  const v4: string[] = [];
  const v6: string[] = [];
  let asksV6 = false;
  for (const { ip_address, subnet_id } of lease.ip_addresses) {
    const subnet = subnets.get(subnet_id);
    const mode = subnet === undefined ? 'none' : modeOf(dhcp, subnet);
    if (subnet === undefined || mode === 'none') continue;
    if (subnet.ip_version === 4) v4.push(ip_address);
    else {
      asksV6 = true;
      if (mode === 'addresses' && isServed(dhcp, subnet, ip_address)) v6.push(ip_address);
    }
  }
  const clientId = lease.options.find(({ opt_name }) => CLIENT_ID.has(opt_name))?.opt_value ?? undefined;
  const options = lease.options
    .map(({ opt_name, opt_value, ip_version }) => (CLIENT_ID.has(opt_name) ? undefined : optionLine(tag, ip_version, opt_name, opt_value)))
    .filter((line) => line !== undefined);
  const entry = { mac: lease.mac_address.toLowerCase(), name: lease.hostname.split('.')[0], ...(options.length > 0 ? { tag } : {}) };
  // DHCPv4 gives a client one address.
  if (v4.length > 0)
    hosts.push(hostLine({ ...entry, addresses: v4.slice(0, 1), ...(clientId !== undefined && isHexPairs(clientId) ? { clientId } : {}) }));
  if (asksV6) hosts.push(hostLine({ ...entry, only: 'dhcpv6', addresses: v6.slice(0, MOST_ADDRESSES) }));
  const names =
    domain === undefined ? [] : lease.ip_addresses.map(({ ip_address }) => nameLine(ip_address, namesOf(lease, ip_address, domain)));
  const parts = { options, hosts, names };
  return Object.fromEntries(
    Object.entries(parts).flatMap(([kind, lines]) => (lines.length === 0 ? [] : [[kind, `${lines.join('\n')}\n`]])),
  );
}

/** dnsmasq serves no prefix shorter than /64: of a shorter one, the /64 that the server's own address is in. */
const served6 = (dhcp: DhcpObject, subnet: DhcpSubnet): string =>
  `${ownAddresses(dhcp, subnet)[0] ?? '::'}/${Math.max(lengthOf(subnet.cidr), 64)}`;

const isServed = (dhcp: DhcpObject, subnet: DhcpSubnet, address: string): boolean =>
  ipaddr.IPv6.parse(address).match(ipaddr.IPv6.parseCIDR(served6(dhcp, subnet)));

/** The name that the port was given, if it was, then the one that every address has. Full names only: dnsmasq would take a bare one for an address to lease. */
function namesOf(lease: LeaseObject, address: string, domain: string): string[] {
  const generated = (of: string) => `host-${of.replaceAll(/[.:]/g, '-')}`;
  const isGiven = !lease.ip_addresses.some(({ ip_address }) => generated(ip_address) === lease.hostname);
  return [...new Set([...(isGiven ? [`${lease.hostname.split('.')[0]}.${domain}`] : []), `${generated(address)}.${domain}`])];
}
