-- What came with version 0005-security-groups, beside the rows of the versions before: groups, and a port in one.
INSERT INTO address_groups (id, project_id, name, description, addresses, revision_number, created_at, updated_at)
  VALUES ('address-group-1', 'project-1', 'offices', '', '["192.0.2.0/24"]', 1, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO security_groups (id, project_id, name, description, stateful, tags, revision_number, created_at, updated_at)
  VALUES ('security-group-1', 'project-1', 'default', 'Default security group', 1, '[]', 1, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO security_group_rules (id, project_id, security_group_id, direction, ethertype, protocol, port_range_min, port_range_max, remote_ip_prefix, normalized_cidr, remote_group_id, remote_address_group_id, belongs_to_default_sg, matched, description, revision_number, created_at, updated_at)
  VALUES ('rule-1', 'project-1', 'security-group-1', 'ingress', 'IPv4', 'tcp', 22, 22, NULL, NULL, NULL, 'address-group-1', 1, 'ingress IPv4 6 22 22 address-group-1', '', 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
INSERT INTO security_groups_default_statefulness (id, project_id, stateful) VALUES ('statefulness-1', NULL, 0);
UPDATE ports SET security_groups = '["security-group-1"]', allowed_address_pairs = '[{"mac_address":"fa:16:3e:00:00:01","ip_address":"192.0.2.9"}]' WHERE id = 'port-1';
INSERT INTO port_security_groups (port_id, security_group_id) VALUES ('port-1', 'security-group-1');
