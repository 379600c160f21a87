-- Rows as a database has them at version 0010-trunks-segments, beside those of the versions before.
UPDATE ports SET data_plane_status = 'ACTIVE', trusted = 1, hints = '{"openvswitch":{"other_config":{"tx-steering":"hash"}}}';
INSERT INTO trunks (id, project_id, name, description, admin_state_up, port_id, status, tags, revision_number, created_at, updated_at)
  SELECT 'trunk-1', project_id, '', '', 1, id, 'DOWN', '[]', 0, created_at, updated_at FROM ports WHERE id = 'port-1';
