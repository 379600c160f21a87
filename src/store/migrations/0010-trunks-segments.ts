// What ports tell of how they are plugged; trunks; bindings of ports to several hosts; segments as clients see them, and the ranges of their
// numbers.
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

-- Segments become rows of their own, with names; physical_network is NULL where the type has none.
CREATE TABLE segments_before AS SELECT * FROM network_segments;
DROP TABLE network_segments;
CREATE TABLE network_segments (
  id TEXT PRIMARY KEY,
  network_id TEXT NOT NULL REFERENCES networks (id) ON DELETE CASCADE,
  segment_index ${integer} NOT NULL,
  name TEXT,
  description TEXT NOT NULL,
  network_type TEXT NOT NULL,
  physical_network TEXT,
  segmentation_id ${integer},
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX network_segments_network ON network_segments (network_id, segment_index);
CREATE UNIQUE INDEX network_segments_once ON network_segments (network_id, network_type, physical_network);
CREATE UNIQUE INDEX network_segments_number ON network_segments (network_type, COALESCE(physical_network, ''), COALESCE(segmentation_id, 0))
  WHERE network_type <> 'local';
INSERT INTO network_segments (id, network_id, segment_index, name, description, network_type, physical_network, segmentation_id,
    revision_number, created_at, updated_at)
  SELECT s.id, s.network_id, s.segment_index, NULL, '', s.network_type, NULLIF(s.physical_network, ''), s.segmentation_id,
    0, n.created_at, n.created_at
  FROM segments_before s JOIN networks n ON n.id = s.network_id;
DROP TABLE segments_before;

ALTER TABLE subnets ADD COLUMN segment_id TEXT REFERENCES network_segments (id);
CREATE INDEX subnets_segment ON subnets (segment_id) WHERE segment_id IS NOT NULL;
-- Until now networks were carried by their first segment.
UPDATE ports SET binding_segment_id =
    (SELECT s.id FROM network_segments s WHERE s.network_id = ports.network_id ORDER BY s.segment_index LIMIT 1)
  WHERE binding_segment_id IS NULL AND binding_host_id <> '' AND binding_vif_type NOT IN ('unbound', 'binding_failed');

-- Ranges that numbers of segments are given from: those of the configuration (is_default), those for everybody and those of one project.
CREATE TABLE network_segment_ranges (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_default ${integer} NOT NULL,
  shared ${integer} NOT NULL,
  project_id TEXT,
  network_type TEXT NOT NULL,
  physical_network TEXT,
  minimum ${integer} NOT NULL,
  maximum ${integer} NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX network_segment_ranges_project ON network_segment_ranges (project_id, network_type);
CREATE INDEX network_segment_ranges_number ON network_segment_ranges (network_type, COALESCE(physical_network, ''), minimum);
`;
