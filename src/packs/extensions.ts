// The extensions that are served, as `GET /v2.0/extensions` lists them. An alias stands here when everything it promises is there.

export interface Extension {
  readonly alias: string;
  readonly name: string;
  readonly description: string;
  /** When the extension was last revised, as its definition says. */
  readonly updated: string;
}

const extension = (alias: string, name: string, description: string, updated: string): Extension => ({ alias, name, description, updated });

export const extensions: readonly Extension[] = [
  extension('address-scope', 'Address scope', 'Spaces in which addresses are unique.', '2015-07-26T10:00:00-00:00'),
  extension('agent', 'agent', 'Agents of hosts, their liveness and configuration.', '2013-02-03T10:00:00-00:00'),
  extension(
    'agent-resources-synced',
    "Agent's Resource View Synced to Placement",
    'Whether the resources of an agent stand at Placement.',
    '2018-12-19T00:00:00-00:00',
  ),
  extension('agent_sort_key', 'Agents Sort Key', 'Agents can be sorted.', '2013-02-03T10:00:00-00:00'),
  extension('availability_zone', 'Availability Zone', 'Zones of agents, and which there are.', '2015-01-01T10:00:00-00:00'),
  extension(
    'availability_zone_filter',
    'Availability Zone Filter Extension',
    'Availability zones can be filtered.',
    '2018-06-22T10:00:00-00:00',
  ),
  extension('binding', 'Port Binding', 'Which host a port is bound to, and how it is plugged there.', '2014-02-03T10:00:00-00:00'),
  extension('default-subnetpools', 'Default Subnetpools', 'Subnets from a pool that need not be named.', '2016-02-18T18:00:00-00:00'),
  extension('dhcp_agent_scheduler', 'DHCP Agent Scheduler', 'Which DHCP agent serves which network.', '2013-02-07T10:00:00-00:00'),
  extension('dns-domain-ports', 'dns_domain for ports', 'Domains of single ports.', '2017-04-24T10:00:00-00:00'),
  extension('dns-integration', 'DNS Integration', 'Host names of ports and domains of networks.', '2015-08-15T18:00:00-00:00'),
  extension(
    'dns-integration-domain-keywords',
    'DNS domain names with keywords allowed',
    'Domains with a place for the project or the user.',
    '2020-06-15T18:00:00-00:00',
  ),
  extension(
    'empty-string-filtering',
    'Empty String Filtering Extension',
    'An empty filter value matches the empty string.',
    '2018-05-01T10:00:00-00:00',
  ),
  extension(
    'data-plane-status',
    'Port data plane status extension',
    'Whether the network beneath a port works, as its watchers say.',
    '2017-01-24T10:00:00-00:00',
  ),
  extension('external-net', 'Neutron external network', 'Networks that lead outside.', '2013-01-14T10:00:00-00:00'),
  extension('extra_dhcp_opt', 'Neutron Extra DHCP options', 'DHCP options of single ports.', '2013-03-17T12:00:00-00:00'),
  extension('filter-validation', 'Filter parameters validation', 'Unknown filters are refused.', '2018-07-04T10:00:00-00:00'),
  extension('flavors', 'Neutron Service Flavors', 'Flavors of services, and the profiles behind them.', '2015-09-17T10:00:00-00:00'),
  extension(
    'ip-substring-filtering',
    'IP address substring filtering',
    'Ports can be found by a part of an address.',
    '2017-11-28T09:00:00-00:00',
  ),
  extension('ip_allocation', 'IP Allocation', 'When a port gets its addresses.', '2016-06-10T23:00:00-00:00'),
  extension('local_ip', 'Local IP', 'Addresses that on every host lead to a port near by.', '2021-07-26T10:00:00-00:00'),
  extension('net-mtu', 'Network MTU', 'The MTU of a network.', '2015-03-25T10:00:00-00:00'),
  extension('net-mtu-writable', 'Network MTU (writable)', 'The MTU of a network can be set.', '2017-07-12T00:00:00-00:00'),
  extension(
    'network_availability_zone',
    'Network Availability Zone',
    'Networks ask for zones to be served in.',
    '2015-01-01T10:00:00-00:00',
  ),
  extension('pagination', 'Pagination support', 'Lists come in pages.', '2016-06-12T00:00:00-00:00'),
  extension('port-security', 'Port Security', 'Whether spoofing and traffic of a port are checked.', '2012-07-23T10:00:00-00:00'),
  extension('project-id', 'project_id field enabled', 'project_id everywhere beside tenant_id.', '2016-09-09T09:09:09-09:09'),
  extension('provider', 'Provider Network', 'How a network is carried.', '2012-09-07T10:00:00-00:00'),
  extension('quota-check-limit', 'Quota engine limit check', 'A limit below use can be refused.', '2021-09-08T16:00:00-00:00'),
  extension(
    'quota-check-limit-default',
    'Quota engine limit check by default',
    'A limit below use is refused unless it is forced.',
    '2024-08-21T16:00:00-00:00',
  ),
  extension('port-device-profile', 'Port device profile', 'Accelerators that a port comes with.', '2020-12-17T10:00:00-00:00'),
  extension('port-hints', 'Port hints', 'Advice to what carries a port out.', '2023-01-01T00:00:00-00:00'),
  extension(
    'port-mac-address-regenerate',
    'Neutron Port MAC address regenerate',
    'A port can be given a new MAC.',
    '2018-05-03T10:00:00-00:00',
  ),
  extension(
    'port-mac-override',
    'Neutron Port MAC address override',
    'A physical function that is handed out has its own MAC.',
    '2022-03-18T10:00:00-00:00',
  ),
  extension(
    'port-numa-affinity-policy',
    'Port NUMA affinity policy',
    'How close an instance must be to the device of a port.',
    '2020-07-08T10:00:00-00:00',
  ),
  extension('port-numa-affinity-policy-socket', 'Port NUMA affinity policy "socket"', 'The policy socket.', '2024-02-09T10:00:00-00:00'),
  extension('port-trusted-vif', 'Port trusted vif', 'Whether the device of a port is a trusted function.', '2024-07-10T10:00:00-00:00'),
  extension('quota_details', 'Quota details management support', 'Limits with what is used of them.', '2017-02-10T10:00:00-00:00'),
  extension('quotas', 'Quota management support', 'Limits per project.', '2012-07-29T10:00:00-00:00'),
  extension(
    'revision-if-match',
    'If-Match constraints based on revision_number',
    'Changes conditional on a revision number.',
    '2016-12-11T00:00:00-00:00',
  ),
  extension('service-type', 'Neutron Service Type Management', 'Which providers there are of services.', '2013-01-20T00:00:00-00:00'),
  extension('sorting', 'Sorting support', 'Lists can be sorted.', '2016-06-12T00:00:00-00:00'),
  extension('standard-attr-description', 'standard-attr-description', 'Descriptions.', '2016-02-10T10:00:00-00:00'),
  extension('standard-attr-revisions', 'Resource revision numbers', 'Revision numbers.', '2016-04-11T10:00:00-00:00'),
  extension('standard-attr-timestamp', 'Resource timestamps', 'Timestamps.', '2016-09-12T10:00:00-00:00'),
  extension(
    'subnet-dns-publish-fixed-ip',
    'Subnet DNS publish fixed IP',
    'Whether names are published with the addresses of a subnet.',
    '2019-05-24T10:00:00-00:00',
  ),
  extension(
    'subnet-external-network',
    'Subnet belongs to an external network',
    'Whether a subnet is of an external network.',
    '2024-02-05T18:00:00-00:00',
  ),
  extension('subnet-service-types', 'Subnet service types', 'Subnets reserved for kinds of device.', '2016-03-15T18:00:00-00:00'),
  extension('subnet_allocation', 'Subnet Allocation', 'Subnets taken from pools of prefixes.', '2015-03-30T10:00:00-00:00'),
  extension('subnet_onboard', 'Subnet Onboard', 'Subnets that are there made part of a pool.', '2018-12-18T09:00:00-00:00'),
  extension('subnetpool-prefix-ops', 'Subnet Pool Prefix Operations', 'Prefixes of a pool added and removed.', '2019-02-08T10:00:00-00:00'),
  extension(
    'standard-attr-tag',
    'Tag support for resources with standard attribute: port, subnet, subnetpool, network, router, floatingip, policy, security_group, trunk, network_segment_range',
    'Words by which people find resources.',
    '2017-01-01T00:00:00-00:00',
  ),
  extension('tag-creation', 'Tag creation extension', 'Several tags at once, beside those that are there.', '2024-23-07T10:00:00-00:00'),
  extension(
    'tag-ports-during-bulk-creation',
    'Tag Ports During Bulk Creation',
    'Ports tagged as they are made.',
    '2019-12-29T19:00:00-00:00',
  ),
  extension('rbac-policies', 'RBAC Policies', 'Objects can be shared with single projects, or with all.', '2015-06-17T12:15:12-00:00'),
  extension(
    'uplink-status-propagation',
    'Uplink status propagation extension',
    'Whether the link of a port follows that of the host.',
    '2018-05-31T18:00:00-00:00',
  ),
  extension(
    'uplink-status-propagation-updatable',
    'Uplink status propagation updatable extension',
    'That can be changed.',
    '2024-09-03T18:00:00-00:00',
  ),
];
