-- Rows as a database has them at version 0010-trunks-segments, beside those of the versions before.
UPDATE ports SET data_plane_status = 'ACTIVE', trusted = 1, hints = '{"openvswitch":{"other_config":{"tx-steering":"hash"}}}';
