// What ports tell of how they are plugged; trunks; bindings of ports to several hosts.
import type { Dialect } from '../store.ts';

export const name = '0010-trunks-segments';

export const up = ({ integer, keyed }: Dialect): string => `
ALTER TABLE ports ADD COLUMN data_plane_status TEXT;
ALTER TABLE ports ADD COLUMN numa_affinity_policy TEXT;
ALTER TABLE ports ADD COLUMN device_profile TEXT;
ALTER TABLE ports ADD COLUMN hints TEXT;
ALTER TABLE ports ADD COLUMN trusted ${integer};
ALTER TABLE ports ADD COLUMN propagate_uplink_status ${integer} NOT NULL DEFAULT 1;

CREATE TABLE trunks (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  admin_state_up ${integer} NOT NULL,
  port_id TEXT NOT NULL REFERENCES ports (id),
  status TEXT NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX trunks_project ON trunks (project_id, id);
CREATE UNIQUE INDEX trunks_port ON trunks (port_id);

-- A port is in one trunk at most, and a number marks one port of it.
CREATE TABLE trunk_subports (
  port_id TEXT PRIMARY KEY REFERENCES ports (id),
  trunk_id TEXT NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
  segmentation_type TEXT NOT NULL,
  segmentation_id ${integer} NOT NULL
)${keyed};
CREATE UNIQUE INDEX trunk_subports_segmentation ON trunk_subports (trunk_id, segmentation_type, segmentation_id);

-- On which hosts an instance's port is plugged, or is to be: one is ACTIVE, and is repeated in the port's row; the others are prepared.
CREATE TABLE port_bindings (
  id TEXT PRIMARY KEY,
  port_id TEXT NOT NULL REFERENCES ports (id) DEFERRABLE INITIALLY DEFERRED,
  host TEXT NOT NULL,
  status TEXT NOT NULL,
  vnic_type TEXT NOT NULL,
  profile TEXT NOT NULL,
  vif_type TEXT NOT NULL,
  vif_details TEXT NOT NULL
);
CREATE UNIQUE INDEX port_bindings_host ON port_bindings (port_id, host);
CREATE UNIQUE INDEX port_bindings_active ON port_bindings (port_id) WHERE status = 'ACTIVE';
INSERT INTO port_bindings (id, port_id, host, status, vnic_type, profile, vif_type, vif_details)
  SELECT id, id, binding_host_id, 'ACTIVE', binding_vnic_type, binding_profile, binding_vif_type, binding_vif_details
  FROM ports WHERE device_owner LIKE 'compute:%' AND binding_host_id <> '';
`;
