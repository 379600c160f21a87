-- Rows as a database has them at version 0008-floating-ips, beside those of the versions before.
INSERT INTO local_ips (id, project_id, name, description, local_port_id, network_id, local_ip_address, ip_mode, revision_number, created_at, updated_at)
  VALUES ('local-ip-1', 'project-1', 'near', '', 'port-1', 'network-1', '10.0.0.5', 'translate', 1, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO local_ip_associations (id, project_id, local_ip_id, fixed_port_id, fixed_ip)
  VALUES ('association-1', 'project-1', 'local-ip-1', 'port-1', '10.0.0.5');
