// Zones that networks ask for, and networks that want for DHCP servers.
import type { Dialect } from '../store.ts';

export const name = '0011-flavors';

export const up = ({ keyed }: Dialect): string => `
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
