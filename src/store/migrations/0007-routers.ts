// Routers, and the subnets they have interfaces on.
import type { Dialect } from '../store.ts';

export const name = '0007-routers';

export const up = ({ integer, keyed }: Dialect): string => `
CREATE TABLE routers (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up ${integer} NOT NULL,
  status TEXT NOT NULL,
  distributed ${integer} NOT NULL,
  ha ${integer} NOT NULL,
  routes TEXT NOT NULL,
  availability_zone_hints TEXT NOT NULL,
  flavor_id TEXT,
  ha_vr_id ${integer},
  gw_port_id TEXT REFERENCES ports (id),
  gw_network_id TEXT,
  gw_enable_snat ${integer} NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX routers_project ON routers (project_id, id);
CREATE INDEX routers_flavor ON routers (flavor_id) WHERE flavor_id IS NOT NULL;
CREATE UNIQUE INDEX routers_ha_number ON routers (project_id, ha_vr_id) WHERE ha_vr_id IS NOT NULL;
CREATE INDEX routers_gateway ON routers (gw_network_id) WHERE gw_network_id IS NOT NULL;
CREATE INDEX routers_gateway_port ON routers (gw_port_id) WHERE gw_port_id IS NOT NULL;

-- A router is on a subnet once; a port may be on several.
CREATE TABLE router_interfaces (
  id TEXT PRIMARY KEY,
  router_id TEXT NOT NULL REFERENCES routers (id),
  subnet_id TEXT NOT NULL,
  port_id TEXT NOT NULL REFERENCES ports (id),
  network_id TEXT NOT NULL,
  snat_port_id TEXT REFERENCES ports (id)
)${keyed};
CREATE UNIQUE INDEX router_interfaces_router ON router_interfaces (router_id, subnet_id);
CREATE INDEX router_interfaces_subnet ON router_interfaces (subnet_id);
CREATE INDEX router_interfaces_port ON router_interfaces (port_id);
CREATE INDEX router_interfaces_snat ON router_interfaces (snat_port_id) WHERE snat_port_id IS NOT NULL;

-- Which hosts carry a router, and, where several stand by, each one's port on the project's HA network and whether it is the active one.
CREATE TABLE router_bindings (
  router_id TEXT NOT NULL REFERENCES routers (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  port_id TEXT,
  ha_state TEXT,
  PRIMARY KEY (router_id, host)
)${keyed};
CREATE INDEX router_bindings_host ON router_bindings (host);
CREATE INDEX router_bindings_port ON router_bindings (port_id) WHERE port_id IS NOT NULL;

-- Routers with fewer hosts than they should have.
CREATE TABLE router_wanting (
  router_id TEXT PRIMARY KEY REFERENCES routers (id) ON DELETE CASCADE
)${keyed};

-- The network of a project on which the hosts of its highly available routers hear each other.
CREATE TABLE ha_networks (
  project_id TEXT PRIMARY KEY,
  network_id TEXT REFERENCES networks (id) ON DELETE CASCADE
)${keyed};
CREATE INDEX ha_networks_network ON ha_networks (network_id);
`;
