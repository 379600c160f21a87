-- Rows as a database has them at version 0012-metering-logs: a label with a rule, and a log of everything.
INSERT INTO metering_labels (id, project_id, name, description, shared) VALUES ('label-1', 'project-1', 'traffic', '', 0);
INSERT INTO metering_label_rules (id, project_id, metering_label_id, direction, excluded, remote_ip_prefix, source_ip_prefix, destination_ip_prefix)
  VALUES ('label-rule-1', 'project-1', 'label-1', 'ingress', 0, '192.0.2.0/24', NULL, NULL);
INSERT INTO logs (id, project_id, name, description, resource_type, resource_id, target_id, event, enabled, revision_number, created_at, updated_at)
  VALUES ('log-1', 'project-1', 'all', '', 'security_group', NULL, NULL, 'ALL', 1, 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
