// Security groups, their rules and what new groups begin with, address groups, and what ports have of them.
import { randomUUID } from 'node:crypto';
import type { Dialect } from '../store.ts';

export const name = '0005-security-groups';

/** What groups began with before anybody could say: everything out, and into default groups what comes from the group itself. */
const FIRST_RULES = [
  ['egress', 'IPv4', null],
  ['egress', 'IPv6', null],
  ['ingress', 'IPv4', 'PARENT'],
  ['ingress', 'IPv6', 'PARENT'],
] as const;

function firstRules(): string {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const rows = FIRST_RULES.map(([direction, ethertype, remote]) => {
    const others = remote === null ? 1 : 0;
    const matched = `${direction} ${ethertype}    ${remote ?? ''}`;
    const group = remote === null ? 'NULL' : `'${remote}'`;
    return `('${randomUUID()}', '${direction}', '${ethertype}', ${group}, 1, ${others}, '${matched}', '', 0, '${now}', '${now}')`;
  });
  return rows.join(',\n  ');
}

export const up = ({ integer, keyed }: Dialect): string => `
CREATE TABLE address_groups (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  addresses TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX address_groups_project ON address_groups (project_id);

CREATE TABLE security_groups (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  stateful ${integer} NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX security_groups_project ON security_groups (project_id);
CREATE UNIQUE INDEX security_groups_default ON security_groups (project_id) WHERE name = 'default';

-- matched says in one form what a rule matches, however it was written: two rules of one group do not match the same.
CREATE TABLE security_group_rules (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  security_group_id TEXT NOT NULL REFERENCES security_groups (id),
  direction TEXT NOT NULL,
  ethertype TEXT NOT NULL,
  protocol TEXT,
  port_range_min ${integer},
  port_range_max ${integer},
  remote_ip_prefix TEXT,
  normalized_cidr TEXT,
  remote_group_id TEXT REFERENCES security_groups (id),
  remote_address_group_id TEXT REFERENCES address_groups (id),
  belongs_to_default_sg ${integer} NOT NULL,
  matched TEXT NOT NULL,
  description TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX security_group_rules_matched ON security_group_rules (security_group_id, matched);
CREATE INDEX security_group_rules_project ON security_group_rules (project_id);
CREATE INDEX security_group_rules_remote ON security_group_rules (remote_group_id);
CREATE INDEX security_group_rules_address ON security_group_rules (remote_address_group_id);

-- remote_group_id PARENT is the group that is being made.
CREATE TABLE default_security_group_rules (
  id TEXT PRIMARY KEY,
  direction TEXT NOT NULL,
  ethertype TEXT NOT NULL,
  protocol TEXT,
  port_range_min ${integer},
  port_range_max ${integer},
  remote_ip_prefix TEXT,
  remote_group_id TEXT,
  remote_address_group_id TEXT REFERENCES address_groups (id),
  used_in_default_sg ${integer} NOT NULL,
  used_in_non_default_sg ${integer} NOT NULL,
  matched TEXT NOT NULL,
  description TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX default_security_group_rules_default ON default_security_group_rules (matched) WHERE used_in_default_sg = 1;
CREATE UNIQUE INDEX default_security_group_rules_other ON default_security_group_rules (matched) WHERE used_in_non_default_sg = 1;
CREATE INDEX default_security_group_rules_remote ON default_security_group_rules (remote_group_id);
CREATE INDEX default_security_group_rules_address ON default_security_group_rules (remote_address_group_id);
INSERT INTO default_security_group_rules
  (id, direction, ethertype, remote_group_id, used_in_default_sg, used_in_non_default_sg, matched, description, revision_number, created_at, updated_at)
VALUES
  ${firstRules()};

CREATE TABLE security_groups_default_statefulness (
  id TEXT PRIMARY KEY,
  project_id TEXT,
  stateful ${integer} NOT NULL
);
CREATE UNIQUE INDEX security_groups_default_statefulness_project ON security_groups_default_statefulness (COALESCE(project_id, ''));
CREATE INDEX security_groups_default_statefulness_owner ON security_groups_default_statefulness (project_id);

ALTER TABLE ports ADD COLUMN security_groups TEXT NOT NULL DEFAULT '[]';
ALTER TABLE ports ADD COLUMN allowed_address_pairs TEXT NOT NULL DEFAULT '[]';

-- Which ports are in which groups.
CREATE TABLE port_security_groups (
  port_id TEXT NOT NULL REFERENCES ports (id),
  security_group_id TEXT NOT NULL REFERENCES security_groups (id),
  PRIMARY KEY (port_id, security_group_id)
)${keyed};
CREATE INDEX port_security_groups_group ON port_security_groups (security_group_id, port_id);
`;
