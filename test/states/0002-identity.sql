-- Rows as a database has them at version 0002-identity: one domain with a project and a user who is a member and has an application credential.
INSERT INTO domains (id, name, description, enabled, extra) VALUES ('default', 'Default', '', 1, '{}');
INSERT INTO projects (id, domain_id, parent_id, name, description, enabled, tags, extra)
  VALUES ('project-1', 'default', 'default', 'demo', 'a project', 1, '["tag"]', '{"colour":"blue"}');
INSERT INTO users (id, domain_id, name, description, enabled, default_project_id, password_hash, token_generation, extra)
  VALUES ('user-1', 'default', 'demo', '', 1, 'project-1', 'scrypt$14$8$5$c2FsdA$aGFzaA', 3, '{"email":"demo@example.org"}'),
         ('user-2', 'default', 'without a password', '', 0, NULL, NULL, 0, '{}');
INSERT INTO roles (id, name, description, extra) VALUES ('role-1', 'member', '', '{}'), ('role-2', 'reader', '', '{}');
INSERT INTO implied_roles (prior_id, implied_id) VALUES ('role-1', 'role-2');
INSERT INTO role_assignments (user_id, scope_kind, scope_id, role_id) VALUES ('user-1', 'project', 'project-1', 'role-1'), ('user-1', 'system', 'all', 'role-2');
INSERT INTO application_credentials (id, user_id, project_id, name, description, secret_hash, role_ids, expires_at, unrestricted)
  VALUES ('credential-1', 'user-1', 'project-1', 'robot', NULL, 'scrypt$14$8$5$c2FsdA$aGFzaA', '["role-1"]', 1790000000000, 0);
INSERT INTO revoked_tokens (audit_id, expires_at) VALUES ('audit-1', 1790000000000);
INSERT INTO token_keys (id, secret) VALUES ('signing', 'c2VjcmV0');
UPDATE identity_changes SET position = 7;
