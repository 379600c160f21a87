-- Rows as a database has them at version 0009-qos: a network shared with one project.
INSERT INTO rbac_policies (id, project_id, object_type, object_id, action, target_project)
  VALUES ('rbac-2', 'project-1', 'network', 'network-1', 'access_as_shared', 'project-2');
INSERT INTO qos_policies (id, project_id, name, description, is_default, tags, revision_number, created_at, updated_at)
  VALUES ('policy-1', 'project-1', 'gold', '', 1, '[]', 5, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z');
INSERT INTO qos_bandwidth_limit_rules (id, qos_policy_id, max_kbps, max_burst_kbps, direction) VALUES ('rule-1', 'policy-1', 1000, 0, 'egress');
INSERT INTO qos_dscp_marking_rules (id, qos_policy_id, dscp_mark) VALUES ('rule-2', 'policy-1', 26);
INSERT INTO qos_minimum_bandwidth_rules (id, qos_policy_id, min_kbps, direction) VALUES ('rule-3', 'policy-1', 100, 'ingress');
INSERT INTO qos_minimum_packet_rate_rules (id, qos_policy_id, min_kpps, direction) VALUES ('rule-4', 'policy-1', 10, 'any');
INSERT INTO qos_packet_rate_limit_rules (id, qos_policy_id, max_kpps, max_burst_kpps, direction) VALUES ('rule-5', 'policy-1', 100, 0, 'egress');
UPDATE networks SET qos_policy_id = 'policy-1' WHERE id = 'network-1';
UPDATE ports SET qos_policy_id = 'policy-1' WHERE id = 'port-1';
