// What is otherwise here than in the published definitions of the Networking API, and why. Read by the tests published-*.test.ts, which fail on
// differences that are not here and on entries that are no differences.

type Reasons = Readonly<Record<string, string>>;

/** Families that no reference deployment with ML2 and Open vSwitch offers. */
export const notOffered: Reasons = {
  bgp: 'needs the service plugin of neutron-dynamic-routing',
  bgpvpn: 'needs the service plugin of networking-bgpvpn',
  'fwaas-v2': 'needs the service plugin of neutron-fwaas',
  octavia: 'an API of its own, of another service with another endpoint',
  sfc: 'needs the service plugin of networking-sfc',
  taas: 'needs the service plugin of tap-as-a-service',
  vpn: 'needs the service plugin of neutron-vpnaas',
};

/** Collections that are calls of something else here, without rows of their own. */
export const noResources: Reasons = {
  'flavors/next_providers': 'a call of a flavor; what it lists is computed',
  'flavors/service_profiles': 'calls of a flavor; what they link are service profiles',
  'agents/dhcp_networks': 'calls of an agent; what they list are networks',
  'networks/dhcp_agents': 'a call of a network; what it lists are agents',
};

const FILLED = 'there the code behind fills in the empty value; here the declaration does';
const FILTERED = 'there filters of providers are not checked, and filter all the same; here they are declared';

const OF_POLICY = 'published and never answered: a rule has no project but that of its policy';

/** By collection: `ATTRIBUTE presence | flags | required | default`, and `(path | key | item | extension | operations | bulk | tags)`. */
export const attributeDeviations: Readonly<Record<string, Reasons>> = {
  address_groups: {},
  address_scopes: {},
  agents: {},
  alias_bandwidth_limit_rules: { 'project_id presence': OF_POLICY },
  alias_dscp_marking_rules: { 'project_id presence': OF_POLICY },
  alias_minimum_bandwidth_rules: { 'project_id presence': OF_POLICY },
  alias_minimum_packet_rate_rules: {},
  auto_allocated_topology: {},
  availability_zones: {},
  default_security_group_rules: {},
  flavors: {},
  'flavors/next_providers': {},
  'flavors/service_profiles': {},
  floatingip_pools: {},
  floatingips: {},
  'floatingips/port_forwardings': {},
  local_ips: {},
  'local_ips/port_associations': {},
  loggable_resources: {},
  logs: {},
  metering_label_rules: {},
  metering_labels: {},
  ndp_proxies: {},
  network_ip_availabilities: {},
  network_segment_ranges: {},
  networks: {
    'mtu default': 'there 0 stands for "as much as the type allows"; here leaving it out does, and 0 is taken too',
    'segments flags': 'there an update with it is taken and changes nothing; here it is refused as read-only',
  },
  policies: {},
  'policies/bandwidth_limit_rules': {},
  'policies/dscp_marking_rules': {},
  'policies/minimum_bandwidth_rules': {},
  'policies/minimum_packet_rate_rules': {},
  'policies/packet_rate_limit_rules': {},
  ports: {
    'binding:host_id default': FILLED,
    'binding:profile default': FILLED,
    'extra_dhcp_opts default': 'there null, shown as the empty list; here the empty list',
  },
  'ports/bindings': {},
  rbac_policies: {},
  routers: {},
  'routers/conntrack_helpers': {},
  rule_types: {},
  security_group_rules: {},
  security_groups: {
    'stateful default': 'what it is when nobody says is a setting of the project, or of everybody: security_groups_default_statefulness',
  },
  security_groups_default_statefulness: {},
  segments: {},
  service_profiles: {},
  service_providers: {
    'service_type flags': FILTERED,
    'name flags': FILTERED,
    'default flags': FILTERED,
  },
  subnetpools: {},
  subnets: {
    'dns_nameservers default': FILLED,
    'host_routes default': FILLED,
    'service_types default': FILLED,
  },
  trunks: {},
};

const PREFIX = 'there the code behind refuses what is no prefix; here the declaration does';
const NOTHING = 'null is taken for leaving it out';
const TEXT = 'there anything is taken; here texts that the database can hold are';

/** By collection and attribute: values that are taken or refused otherwise. */
export const valueDeviations: Readonly<Record<string, Reasons>> = {
  flavors: { service_type: 'there the code behind refuses an unknown one; here the declaration does' },
  metering_label_rules: {
    destination_ip_prefix: PREFIX,
    remote_ip_prefix: PREFIX,
    source_ip_prefix: PREFIX,
  },
  networks: {
    'provider:segmentation_id': NOTHING,
  },
  ports: { 'binding:host_id': TEXT },
  'ports/bindings': { host: TEXT },
  routers: { flavor_id: TEXT },
  rule_types: { all_rules: 'a word for lists, which nobody sets', all_supported: 'a word for lists, which nobody sets' },
  subnets: { ipv6_address_mode: NOTHING, ipv6_ra_mode: NOTHING },
};

/** Calls that a deployment offers and that are not served. */
export const actionDeviations: Reasons = {};

const OWN = 'not of the Networking API: between servers and agents of Isospin';

/** Types whose status and text no published definition has. */
export const errorDeviations: Reasons = {
  HostNameInvalid: OWN,
  HostUnknown: OWN,
  HTTPBadRequest: 'many published texts, all of which its {reason} stands for',
  HTTPNotImplemented: 'as HTTPBadRequest',
  HTTPRequestEntityTooLarge: 'there the limit is in front of the server, and so is its answer',
  ProtocolUnknown: OWN,
  SubnetAllocationError: 'there a pool without room is an error of the server (500); here it is a conflict',
};

const because = (reason: string, ...names: readonly string[]): Reasons => Object.fromEntries(names.map((name) => [name, reason]));
const verbs = (rule: string, ...of: readonly string[]): readonly string[] => of.map((verb) => `${verb}_${rule}`);
const gateways = (verb: string): readonly string[] =>
  [
    '',
    ':external_gateways',
    ':external_gateways:network_id',
    ':external_gateways:enable_snat',
    ':external_gateways:external_fixed_ips',
  ].map((part) => `${verb}_external_gateways${part}`);

/** Published rules that are otherwise here, or not at all. */
export const policyDeviations: Reasons = {
  ...because('no body has the attribute, so that nobody is asked', ...verbs('rbac_policy:target_project', 'create', 'update')),
  ...because('the attribute asks no rules of its own, so that nobody is asked', ...verbs('subnet:service_types', 'create', 'update')),
  ...because(
    'asked with the extension subnet-segmentid-enforce alone, which is not offered',
    ...verbs('subnet:segment_id', 'create', 'update'),
  ),
  ...because('segments have no tags', ...verbs('segments_tags', 'create', 'get', 'update', 'delete')),
  ...because('of the extension evpn, which is not offered', ...verbs('router:evpn_vni', 'create', 'get')),
  ...because(
    'of the extension pvlan, which is not offered',
    ...verbs('network:pvlan', 'create', 'update', 'get'),
    ...verbs('port:pvlan_type', 'create', 'update', 'get'),
    ...verbs('port:pvlan_community', 'create', 'update', 'get'),
  ),
  ...because(
    'of the extension enable-default-route-bfd, which is not offered',
    ...verbs('router:enable_default_route_bfd', 'create', 'update'),
  ),
  ...because(
    'of the extension enable-default-route-ecmp, which is not offered',
    ...verbs('router:enable_default_route_ecmp', 'create', 'update'),
  ),
  ...because(
    'of the extension external-gateway-multihoming, which is not offered',
    ...gateways('add'),
    ...gateways('update'),
    'remove_external_gateways',
    'remove_external_gateways:external_gateways',
  ),
  update_port_binding: 'not published, so that there nobody is asked; here it is as the rest',
};
