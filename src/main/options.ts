// Every setting there is, declared once: its key in the configuration file, its flag, its meaning, its default, and which programs have it. The
// variable of a key is ISOSPIN_ and the key in capitals. docs/reference/configuration.md and `--help` are made from this list.
import { hostname } from 'node:os';
import { defaultSettings as settings } from '#core/settings.ts';
import { address, flag, integer, listOf, mapOf, oneOf, type Read, range, text } from './values.ts';

export type Program = 'up' | 'server' | 'agent';

export interface Option<T> {
  readonly doc: string;
  readonly read: Read<T>;
  readonly fallback: T;
  /** The fallback in words, where its value depends on the machine. */
  readonly fallbackText?: string;
  readonly programs: readonly Program[];
  /** How its value is called in `--help`; '' for a flag without one. */
  readonly value: string;
  /** Has no flag: everybody on the machine can read a command line. */
  readonly secret?: true;
}

const all: readonly Program[] = ['up', 'server', 'agent'];
const api: readonly Program[] = ['up', 'server'];
const host: readonly Program[] = ['up', 'agent'];

const option = <T>(
  programs: readonly Program[],
  value: string,
  read: Read<T>,
  fallback: T,
  doc: string,
  more: Partial<Option<T>> = {},
): Option<T> => ({
  doc,
  read,
  fallback,
  programs,
  value,
  ...more,
});
const maybe = <T>(read: Read<T>): Read<T | undefined> => read;

export const options = {
  // Where things are.
  state: option(api, 'DIR', text, '/var/lib/isospin', 'Directory of the database and of the first admin password.'),
  listen: option(api, 'HOST:PORT', address, { host: '127.0.0.1', port: 9696 }, 'Where to serve the API; port 0 takes a free one.', {
    fallbackText: '127.0.0.1:9696',
  }),
  database: option(
    api,
    'URL',
    maybe(text),
    undefined,
    'PostgreSQL to keep everything in, as postgres://…; without it a SQLite file in the state directory.',
    {
      secret: true,
    },
  ),
  public_url: option(api, 'URL', maybe(text), undefined, 'Address by which clients reach the server, when it is not the one they use.'),
  tls_cert: option(api, 'FILE', maybe(text), undefined, 'Certificate chain (PEM) to serve HTTPS with.'),
  tls_key: option(api, 'FILE', maybe(text), undefined, 'Private key (PEM) of the certificate.'),
  trusted_proxies: option(api, 'ADDRESSES', listOf(text), [] as readonly string[], 'Proxies whose X-Forwarded headers are believed.'),
  log_level: option(all, 'LEVEL', oneOf('debug', 'info', 'warn', 'error'), 'info', 'What is logged, to standard error.'),
  // This host.
  host: option(all, 'NAME', text, hostname(), 'Name of this host, as ports are bound to it.', { fallbackText: "the machine's name" }),
  run_directory: option(host, 'DIR', text, '/run/isospin', 'Directory for what daemons of this host read, in memory.'),
  mechanism: option(host, 'NAME', oneOf('linuxbridge'), 'linuxbridge', 'How this host wires ports.'),
  local_ip: option(host, 'IP', maybe(text), undefined, "This host's tunnel endpoint; without one it carries no tunnel networks."),
  availability_zone: option(host, 'NAME', text, 'nova', "This host's availability zone: agents that share a fate."),
  physical_networks: option(
    host,
    'NAME:INTERFACE',
    mapOf(text),
    {} as Readonly<Record<string, string>>,
    'Physical networks of this host, and the interface or bridge that carries each.',
  ),
  server: option(['agent'], 'URL', maybe(text), undefined, 'The server to ask; HTTPS, unless it is on this machine.'),
  credential: option(
    ['agent'],
    'FILE',
    maybe(text),
    undefined,
    "File that holds this host's credential, from isospin host add; read again whenever the server refuses it.",
  ),
  ca: option(['agent'], 'FILE', maybe(text), undefined, "Authority (PEM) that signed the server's certificate."),
  insecure: option(['agent'], '', flag, false, 'Allows plain HTTP to another machine: whoever is on the way can then act as this host.'),
  // Networks.
  network_types: option(
    api,
    'TYPES',
    listOf(oneOf('local', 'vlan', 'gre', 'vxlan', 'geneve')),
    ['vxlan', 'local'],
    'Types tried in this order for the networks of tenants; without a tunnel endpoint, up makes them local.',
  ),
  flat_networks: option(api, 'NAMES', listOf(text), settings.flatNetworks, 'Physical networks that flat networks may use; * is any.'),
  vlan_ranges: option(
    api,
    'NAME:FIRST:LAST',
    mapOf(listOf(range(1, 4094))),
    {} as Readonly<Record<string, readonly (readonly [number, number])[]>>,
    'VLAN ids that tenants get, by physical network.',
  ),
  tunnel_ids: option(api, 'FIRST:LAST', listOf(range(1, 16_777_215)), settings.tunnelIds, 'Tunnel ids that tenants get.', {
    fallbackText: '1:16777215',
  }),
  global_physnet_mtu: option(
    api,
    'BYTES',
    integer(68, 65_535),
    settings.globalPhysnetMtu,
    'MTU of the physical network that carries everything.',
  ),
  path_mtu: option(api, 'BYTES', integer(0, 65_535), settings.pathMtu, 'MTU between tunnel endpoints; 0: as global_physnet_mtu.'),
  dns_domain: option(api, 'DOMAIN', text, settings.dnsDomain, "Domain of ports' names.", { fallbackText: 'openstacklocal' }),
  default_availability_zones: option(
    api,
    'NAMES',
    listOf(text),
    settings.defaultAvailabilityZones,
    'Zones in which networks and routers are served that ask for none; any when left out.',
  ),
  quota_check_limit: option(
    api,
    'BOOLEAN',
    flag,
    settings.quotaCheckLimit,
    'Whether a quota below what is used is refused unless it is forced; `no`: only where the request asks for the check, as older clients expect.',
  ),
  max_l3_agents_per_router: option(
    api,
    'COUNT',
    integer(0, 100),
    settings.l3AgentsPerRouter,
    'On how many hosts a router with `ha` stands by; 0: on all.',
  ),
  dhcp_agents_per_network: option(
    api,
    'COUNT',
    integer(1, 100),
    settings.dhcpAgentsPerNetwork,
    'On how many hosts a network has a DHCP server.',
  ),
  dhcp_lease_duration: option(
    api,
    'SECONDS',
    integer(-1, 2_147_483_647),
    settings.dhcpLeaseDuration,
    'How long an address is leased; -1: for ever.',
  ),
  // Limits.
  quota: option(api, 'NAME:COUNT', mapOf(integer(-1, 2_147_483_647)), settings.quota, 'Default quotas by resource name; -1 is unlimited.'),
  pagination_max_limit: option(api, 'COUNT', integer(-1, 1_000_000), settings.paginationMaxLimit, 'Rows a list answers at most; -1: all.'),
  max_dns_nameservers: option(api, 'COUNT', integer(0, 1_000), settings.maxDnsNameservers, 'DNS servers of one subnet at most.'),
  max_subnet_host_routes: option(api, 'COUNT', integer(0, 1_000), settings.maxSubnetHostRoutes, 'Host routes of one subnet at most.'),
  max_allowed_address_pair: option(
    api,
    'COUNT',
    integer(0, 1_000),
    settings.maxAllowedAddressPairs,
    'Allowed address pairs of one port at most.',
  ),
  agent_down_time: option(
    api,
    'SECONDS',
    integer(5, 86_400),
    settings.agentDownTime,
    'Without a heartbeat for so long, an agent counts as dead.',
  ),
  journal_keep: option(
    api,
    'SECONDS',
    integer(60, 31_536_000),
    86_400,
    'How long changes are kept for those who follow them; who is away longer pulls everything.',
  ),
  // Who may do what.
  policy: option(
    api,
    'NAME:RULE',
    mapOf((value: unknown) => String(value)),
    {} as Readonly<Record<string, string>>,
    "Policy rules that replace the API's defaults, by name.",
    { secret: true },
  ),
  policy_file: option(
    api,
    'FILE',
    maybe(text),
    undefined,
    "A policy file as OpenStack's services have it (YAML or JSON), whose rules replace the API's defaults.",
  ),
  token_lifetime: option(api, 'SECONDS', integer(60, 31_536_000), 3_600, 'How long a token of the embedded identity lasts.'),
  keystone: option(api, 'URL', maybe(text), undefined, 'A Keystone to ask in place of the embedded identity, as https://HOST:5000/v3.'),
  keystone_user: option(api, 'NAME', text, 'neutron', 'User by which tokens are validated at Keystone.'),
  keystone_project: option(api, 'NAME', text, 'service', 'Project of that user.'),
  keystone_domain: option(api, 'NAME', text, 'Default', 'Domain of that user and project.'),
  keystone_password: option(api, 'TEXT', maybe(text), undefined, 'Password of that user.', { secret: true }),
} as const;

export type Key = keyof typeof options;
export type Config = { readonly [K in Key]: (typeof options)[K] extends Option<infer T> ? T : never };

/** `physical_networks` has the flag operators know it by. */
export const flagOf = (key: Key): string => (key === 'physical_networks' ? 'physical' : key.replaceAll('_', '-'));
export const variableOf = (key: Key): string => `ISOSPIN_${key.toUpperCase()}`;
export const keysOf = (program: Program): Key[] =>
  (Object.keys(options) as Key[]).filter((key) => (options[key].programs as readonly Program[]).includes(program));
