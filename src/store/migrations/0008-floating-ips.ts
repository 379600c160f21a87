// Local IPs and the ports they lead to.
import type { Dialect } from '../store.ts';

export const name = '0008-floating-ips';

export const up = ({ integer }: Dialect): string => `
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
