// Flavors and service profiles; zones that networks ask for, and networks that want for DHCP servers.
import type { Dialect } from '../store.ts';

export const name = '0011-flavors';

export const up = ({ integer, keyed }: Dialect): string => `
CREATE TABLE service_profiles (
  id TEXT PRIMARY KEY,
  description TEXT,
  driver TEXT NOT NULL,
  enabled ${integer} NOT NULL,
  metainfo TEXT
);
CREATE TABLE flavors (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT,
  enabled ${integer} NOT NULL,
  service_profiles TEXT NOT NULL,
  service_type TEXT NOT NULL
);
CREATE TABLE flavor_profiles (
  flavor_id TEXT NOT NULL,
  service_profile_id TEXT NOT NULL REFERENCES service_profiles (id),
  PRIMARY KEY (flavor_id, service_profile_id)
)${keyed};
CREATE INDEX flavor_profiles_profile ON flavor_profiles (service_profile_id);

ALTER TABLE networks ADD COLUMN availability_zone_hints TEXT NOT NULL DEFAULT '[]';
CREATE INDEX agents_zone ON agents (agent_type, availability_zone);

-- Networks with fewer DHCP servers than they should have.
CREATE TABLE dhcp_wanting (
  network_id TEXT PRIMARY KEY REFERENCES networks (id) ON DELETE CASCADE
)${keyed};
INSERT INTO dhcp_wanting (network_id)
  SELECT DISTINCT network_id FROM subnets WHERE enable_dhcp = 1
  AND network_id NOT IN (SELECT network_id FROM dhcp_bindings WHERE port_id IS NOT NULL);
`;
