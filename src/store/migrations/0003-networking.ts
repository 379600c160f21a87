// Networks, subnets, ports and what they rest on: segments, addresses, number pools, bindings, agents, quotas.
// Attributes that are lists or objects are JSON text in the row, so that one row is the whole resource; what must be unique or
// found by value stands in a table of its own as well (ip_allocations).
import type { Dialect } from '../store.ts';

export const name = '0003-networking';

export const up = ({ integer, keyed }: Dialect): string => `
CREATE TABLE networks (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up ${integer} NOT NULL,
  status TEXT NOT NULL,
  mtu ${integer} NOT NULL,
  router_external ${integer} NOT NULL,
  port_security_enabled ${integer} NOT NULL,
  dns_domain TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX networks_project ON networks (project_id);
CREATE INDEX networks_external ON networks (id) WHERE router_external = 1;

-- Sharing: who besides its project sees an object. target_project '*' is everybody.
CREATE TABLE rbac_policies (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  object_type TEXT NOT NULL,
  object_id TEXT NOT NULL,
  action TEXT NOT NULL,
  target_project TEXT NOT NULL
);
CREATE UNIQUE INDEX rbac_policies_object ON rbac_policies (object_type, object_id, action, target_project);
CREATE INDEX rbac_policies_target ON rbac_policies (object_type, target_project, object_id);

-- A network's layer-2 segments; index 0 is the first. physical_network '' and segmentation_id NULL where the type has none.
CREATE TABLE network_segments (
  id TEXT PRIMARY KEY,
  network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
  segment_index ${integer} NOT NULL,
  network_type TEXT NOT NULL,
  physical_network TEXT NOT NULL,
  segmentation_id ${integer}
);
CREATE UNIQUE INDEX network_segments_network ON network_segments (network_id, segment_index);
CREATE UNIQUE INDEX network_segments_number ON network_segments (network_type, physical_network, COALESCE(segmentation_id, 0))
  WHERE network_type <> 'local';

CREATE TABLE subnets (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  network_id TEXT NOT NULL REFERENCES networks (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  ip_version ${integer} NOT NULL,
  cidr TEXT NOT NULL,
  gateway_ip TEXT,
  enable_dhcp ${integer} NOT NULL,
  ipv6_ra_mode TEXT,
  ipv6_address_mode TEXT,
  allocation_pools TEXT NOT NULL,
  dns_nameservers TEXT NOT NULL,
  host_routes TEXT NOT NULL,
  service_types TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX subnets_project ON subnets (project_id);
CREATE INDEX subnets_network ON subnets (network_id);

CREATE TABLE ports (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  network_id TEXT NOT NULL REFERENCES networks (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  mac_address TEXT NOT NULL,
  admin_state_up ${integer} NOT NULL,
  status TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_owner TEXT NOT NULL,
  fixed_ips TEXT NOT NULL,
  extra_dhcp_opts TEXT NOT NULL,
  dns_name TEXT NOT NULL,
  ip_allocation TEXT NOT NULL,
  port_security_enabled ${integer} NOT NULL,
  binding_host_id TEXT NOT NULL,
  binding_vnic_type TEXT NOT NULL,
  binding_profile TEXT NOT NULL,
  binding_vif_type TEXT NOT NULL,
  binding_vif_details TEXT NOT NULL,
  binding_segment_id TEXT,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX ports_mac ON ports (network_id, mac_address);
CREATE INDEX ports_network ON ports (network_id, id);
CREATE INDEX ports_project ON ports (project_id, id);
CREATE INDEX ports_device ON ports (device_id);
CREATE INDEX ports_host ON ports (binding_host_id) WHERE binding_host_id <> '';

-- Which port holds which address: the referee of every race for one. Addresses in canonical text. An address is taken before its port's
-- row is written (a port's row shows its addresses), hence the deferred reference.
CREATE TABLE ip_allocations (
  subnet_id TEXT NOT NULL REFERENCES subnets (id),
  ip_address TEXT NOT NULL,
  port_id TEXT NOT NULL REFERENCES ports (id) DEFERRABLE INITIALLY DEFERRED,
  network_id TEXT NOT NULL,
  PRIMARY KEY (subnet_id, ip_address)
)${keyed};
CREATE INDEX ip_allocations_port ON ip_allocations (port_id);
CREATE INDEX ip_allocations_address ON ip_allocations (ip_address);

-- What is still free of a pool of numbers (addresses of a subnet, VLANs of a physical network, tunnel ids), as ranges that neither
-- touch nor overlap. Numbers are 32 hexadecimal characters, so that text order is number order.
CREATE TABLE free_ranges (
  pool TEXT NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  PRIMARY KEY (pool, first)
)${keyed};

-- On which hosts a network has bound ports, and how many.
CREATE TABLE network_hosts (
  network_id TEXT NOT NULL,
  host TEXT NOT NULL,
  ports ${integer} NOT NULL,
  PRIMARY KEY (network_id, host)
)${keyed};
CREATE INDEX network_hosts_host ON network_hosts (host);

-- Which host serves a network's DHCP, and by which port.
CREATE TABLE dhcp_bindings (
  network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  port_id TEXT,
  PRIMARY KEY (network_id, host)
)${keyed};
CREATE INDEX dhcp_bindings_host ON dhcp_bindings (host);

CREATE TABLE agents (
  id TEXT PRIMARY KEY,
  agent_type TEXT NOT NULL,
  "binary" TEXT NOT NULL,
  host TEXT NOT NULL,
  topic TEXT NOT NULL,
  availability_zone TEXT,
  configurations TEXT NOT NULL,
  description TEXT,
  admin_state_up ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  started_at TEXT NOT NULL,
  heartbeat_timestamp TEXT NOT NULL,
  alive_until TEXT NOT NULL
);
CREATE UNIQUE INDEX agents_type_host ON agents (agent_type, host);
CREATE INDEX agents_host ON agents (host);

-- Hosts that may join, and the hash of the credential each was given.
CREATE TABLE hosts (
  name TEXT PRIMARY KEY,
  credential_hash TEXT NOT NULL,
  created_at TEXT NOT NULL
);

-- The last thing each host said of each desired object.
CREATE TABLE reports (
  host TEXT NOT NULL,
  object_key TEXT NOT NULL,
  digest TEXT NOT NULL,
  error TEXT,
  reported_at TEXT NOT NULL,
  PRIMARY KEY (host, object_key)
);
CREATE INDEX reports_object ON reports (object_key);

CREATE TABLE quotas (
  project_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  max ${integer} NOT NULL,
  PRIMARY KEY (project_id, resource)
)${keyed};
CREATE TABLE quota_usage (
  project_id TEXT NOT NULL,
  resource TEXT NOT NULL,
  used ${integer} NOT NULL,
  PRIMARY KEY (project_id, resource)
)${keyed};
`;
