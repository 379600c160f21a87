-- Rows as a database has them at version 0010-trunks-segments, beside those of the versions before.
UPDATE ports SET data_plane_status = 'ACTIVE', trusted = 1, hints = '{"openvswitch":{"other_config":{"tx-steering":"hash"}}}';
INSERT INTO trunks (id, project_id, name, description, admin_state_up, port_id, status, tags, revision_number, created_at, updated_at)
  SELECT 'trunk-1', project_id, '', '', 1, id, 'DOWN', '[]', 0, created_at, updated_at FROM ports WHERE id = 'port-1';
INSERT INTO ports (id, project_id, network_id, name, description, mac_address, admin_state_up, status, device_id, device_owner, fixed_ips, extra_dhcp_opts, dns_name, ip_allocation, port_security_enabled, binding_host_id, binding_vnic_type, binding_profile, binding_vif_type, binding_vif_details, binding_segment_id, revision_number, created_at, updated_at)
  SELECT 'port-2', project_id, network_id, name, description, 'fa:16:3e:00:00:02', admin_state_up, status, '', '', '[]', extra_dhcp_opts, dns_name, ip_allocation, port_security_enabled, binding_host_id, binding_vnic_type, binding_profile, binding_vif_type, binding_vif_details, binding_segment_id, revision_number, created_at, updated_at FROM ports WHERE id = 'port-1';
INSERT INTO trunk_subports (port_id, trunk_id, segmentation_type, segmentation_id) VALUES ('port-2', 'trunk-1', 'vlan', 5);
INSERT INTO port_bindings (id, port_id, host, status, vnic_type, profile, vif_type, vif_details)
  VALUES ('binding-2', 'port-1', 'two', 'INACTIVE', 'normal', '{}', 'bridge', '{}');
INSERT INTO network_segment_ranges (id, name, description, is_default, shared, project_id, network_type, physical_network, minimum, maximum, tags, revision_number, created_at, updated_at)
  VALUES ('range-1', '', '', 0, 0, 'project-1', 'vxlan', NULL, 500, 510, '[]', 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
