-- Rows as a database has them at version 0006-subnet-pools: a pool in a scope, and an external network that is the default.
INSERT INTO address_scopes (id, project_id, name, ip_version) VALUES ('scope-1', 'project-1', 'scope', 4);
INSERT INTO subnetpools (id, project_id, name, description, ip_version, prefixes, min_prefixlen, max_prefixlen, default_prefixlen, default_quota, is_default, address_scope_id, tags, revision_number, created_at, updated_at)
  VALUES ('pool-1', 'project-1', 'pool', '', 4, '["198.51.100.0/24"]', 8, 32, 26, 512, 1, 'scope-1', '[]', 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
INSERT INTO subnetpool_prefixes (subnetpool_id, first, last, address_scope_id)
  VALUES ('pool-1', '000000000000000000000000c6336400', '000000000000000000000000c63364ff', 'scope-1');
INSERT INTO free_prefixes (subnetpool_id, first, length) VALUES ('pool-1', '000000000000000000000000c6336480', 25);
INSERT INTO subnetpool_usage (subnetpool_id, project_id, used) VALUES ('pool-1', 'project-1', '128');
INSERT INTO default_external_network (slot, network_id) VALUES (1, 'network-1');
INSERT INTO auto_allocated_topologies (id, project_id, router_id) VALUES ('network-1', 'project-1', NULL);
