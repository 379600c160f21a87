// Who may call: domains, projects, users, roles, who holds which role where, application credentials; the key that signs tokens, the
// tokens taken back, and the counter by which every server learns that one of these changed.
// `extra` is a JSON object of attributes that clients may add and Isospin only keeps.
import type { Dialect } from '../store.ts';

export const name = '0002-identity';

export const up = ({ integer }: Dialect): string => `
CREATE TABLE domains (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  enabled ${integer} NOT NULL,
  extra TEXT NOT NULL
);

-- parent_id is the domain's id for a project at the top.
CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  domain_id TEXT NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
  parent_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  enabled ${integer} NOT NULL,
  tags TEXT NOT NULL,
  extra TEXT NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (domain_id, name);
CREATE INDEX projects_parent ON projects (parent_id);

-- A token carries the user's token_generation; raising it takes back every token issued before.
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  domain_id TEXT NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  enabled ${integer} NOT NULL,
  default_project_id TEXT,
  password_hash TEXT,
  token_generation ${integer} NOT NULL,
  extra TEXT NOT NULL
);
CREATE UNIQUE INDEX users_name ON users (domain_id, name);

CREATE TABLE roles (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  extra TEXT NOT NULL
);

-- Whoever holds the prior role holds the implied one too.
CREATE TABLE implied_roles (
  prior_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  implied_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  PRIMARY KEY (prior_id, implied_id)
);
CREATE INDEX implied_roles_implied ON implied_roles (implied_id);

-- scope_kind is project, domain or system; scope_id the project's or domain's id, 'all' for the system.
CREATE TABLE role_assignments (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  scope_kind TEXT NOT NULL,
  scope_id TEXT NOT NULL,
  role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
  PRIMARY KEY (user_id, scope_kind, scope_id, role_id)
);
CREATE INDEX role_assignments_scope ON role_assignments (scope_kind, scope_id);
CREATE INDEX role_assignments_role ON role_assignments (role_id);

-- role_ids is a JSON array. expires_at in milliseconds since 1970, NULL for never.
CREATE TABLE application_credentials (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT,
  secret_hash TEXT NOT NULL,
  role_ids TEXT NOT NULL,
  expires_at ${integer},
  unrestricted ${integer} NOT NULL
);
CREATE UNIQUE INDEX application_credentials_name ON application_credentials (user_id, name);
CREATE INDEX application_credentials_project ON application_credentials (project_id);

-- Tokens taken back one by one, by audit id, until they would have expired (milliseconds since 1970).
CREATE TABLE revoked_tokens (
  audit_id TEXT PRIMARY KEY,
  expires_at ${integer} NOT NULL
);
CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

-- The one secret that signs tokens, shared by all servers of this database.
CREATE TABLE token_keys (
  id TEXT PRIMARY KEY,
  secret TEXT NOT NULL
);

-- One row. Every transaction that changes a table above raises the position.
CREATE TABLE identity_changes (
  id ${integer} PRIMARY KEY,
  position ${integer} NOT NULL
);
INSERT INTO identity_changes (id, position) VALUES (1, 0);
`;
