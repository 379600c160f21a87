-- Rows as a database has them at version 0004-tags: those of 0003-networking, one of them tagged.
INSERT INTO networks (id, project_id, name, description, admin_state_up, status, mtu, router_external, port_security_enabled, dns_domain, revision_number, created_at, updated_at, tags)
  VALUES ('network-1', 'project-1', 'net', '', 1, 'ACTIVE', 1450, 0, 1, '', 3, '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '["blue"]');
INSERT INTO tags (object_id, tag) VALUES ('network-1', 'blue');
