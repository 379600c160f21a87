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
  gw_port_id TEXT REFERENCES ports (id),
  gw_network_id TEXT,
  gw_enable_snat ${integer} NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX routers_project ON routers (project_id, id);
CREATE INDEX routers_gateway ON routers (gw_network_id) WHERE gw_network_id IS NOT NULL;
CREATE INDEX routers_gateway_port ON routers (gw_port_id) WHERE gw_port_id IS NOT NULL;

-- A router is on a subnet once; a port may be on several.
CREATE TABLE router_interfaces (
  id TEXT PRIMARY KEY,
  router_id TEXT NOT NULL REFERENCES routers (id),
  subnet_id TEXT NOT NULL,
  port_id TEXT NOT NULL REFERENCES ports (id),
  network_id TEXT NOT NULL
)${keyed};
CREATE UNIQUE INDEX router_interfaces_router ON router_interfaces (router_id, subnet_id);
CREATE INDEX router_interfaces_subnet ON router_interfaces (subnet_id);
CREATE INDEX router_interfaces_port ON router_interfaces (port_id);

-- Which hosts carry a router, each by a port of its own on the project's HA network where several stand by.
CREATE TABLE router_bindings (
  router_id TEXT NOT NULL REFERENCES routers (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  port_id TEXT,
  PRIMARY KEY (router_id, host)
)${keyed};
CREATE INDEX router_bindings_host ON router_bindings (host);
CREATE INDEX router_bindings_port ON router_bindings (port_id) WHERE port_id IS NOT NULL;
`;
