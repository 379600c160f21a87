// Floating IPs and what is forwarded by them; conntrack helpers and NDP proxies of routers; local IPs and the ports they lead to.
import type { Dialect } from '../store.ts';

export const name = '0008-floating-ips';

export const up = ({ integer }: Dialect): string => `
CREATE TABLE floatingips (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  floating_ip_address TEXT NOT NULL,
  floating_network_id TEXT NOT NULL REFERENCES networks (id),
  router_id TEXT REFERENCES routers (id),
  port_id TEXT REFERENCES ports (id),
  fixed_ip_address TEXT,
  status TEXT NOT NULL,
  description TEXT NOT NULL,
  dns_domain TEXT NOT NULL,
  dns_name TEXT NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX floatingips_project ON floatingips (project_id, id);
CREATE INDEX floatingips_network ON floatingips (floating_network_id);
CREATE UNIQUE INDEX floatingips_address ON floatingips (floating_ip_address, floating_network_id);
CREATE INDEX floatingips_router ON floatingips (router_id) WHERE router_id IS NOT NULL;
-- Of two floating IPs of a network one leads to a fixed address.
CREATE UNIQUE INDEX floatingips_port ON floatingips (port_id, fixed_ip_address, floating_network_id) WHERE port_id IS NOT NULL;

-- Ranges of ports, which are one port long when a single one is forwarded. They never meet on either side.
CREATE TABLE port_forwardings (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  floatingip_id TEXT NOT NULL REFERENCES floatingips (id),
  protocol TEXT NOT NULL,
  internal_port_id TEXT NOT NULL REFERENCES ports (id),
  internal_ip_address TEXT NOT NULL,
  description TEXT NOT NULL,
  external_first ${integer} NOT NULL,
  external_last ${integer} NOT NULL,
  internal_first ${integer} NOT NULL,
  internal_last ${integer} NOT NULL
);
CREATE UNIQUE INDEX port_forwardings_external ON port_forwardings (floatingip_id, protocol, external_first);
CREATE UNIQUE INDEX port_forwardings_internal ON port_forwardings (internal_port_id, internal_ip_address, protocol, internal_first);

CREATE TABLE conntrack_helpers (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  router_id TEXT NOT NULL REFERENCES routers (id),
  protocol TEXT NOT NULL,
  port ${integer} NOT NULL,
  helper TEXT NOT NULL
);
CREATE UNIQUE INDEX conntrack_helpers_router ON conntrack_helpers (router_id, protocol, port, helper);

ALTER TABLE routers ADD COLUMN enable_ndp_proxy ${integer} NOT NULL DEFAULT 0;
CREATE TABLE ndp_proxies (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  router_id TEXT NOT NULL REFERENCES routers (id),
  port_id TEXT NOT NULL REFERENCES ports (id),
  ip_address TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX ndp_proxies_project ON ndp_proxies (project_id, id);
CREATE UNIQUE INDEX ndp_proxies_router ON ndp_proxies (router_id, ip_address);
CREATE INDEX ndp_proxies_port ON ndp_proxies (port_id, ip_address);

CREATE TABLE local_ips (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  local_port_id TEXT NOT NULL REFERENCES ports (id),
  network_id TEXT NOT NULL,
  local_ip_address TEXT NOT NULL,
  ip_mode TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX local_ips_project ON local_ips (project_id, id);
CREATE INDEX local_ips_port ON local_ips (local_port_id);
CREATE INDEX local_ips_network ON local_ips (network_id);

CREATE TABLE local_ip_associations (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  local_ip_id TEXT NOT NULL REFERENCES local_ips (id),
  fixed_port_id TEXT NOT NULL REFERENCES ports (id),
  fixed_ip TEXT NOT NULL
);
CREATE UNIQUE INDEX local_ip_associations_port ON local_ip_associations (local_ip_id, fixed_port_id);
CREATE INDEX local_ip_associations_fixed_port ON local_ip_associations (fixed_port_id);
`;
