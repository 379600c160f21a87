// Metering labels with their rules, and logs.
import type { Dialect } from '../store.ts';

export const name = '0012-metering-logs';

export const up = ({ integer }: Dialect): string => `
CREATE TABLE metering_labels (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  shared ${integer} NOT NULL
);
CREATE INDEX metering_labels_project ON metering_labels (project_id);

CREATE TABLE metering_label_rules (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  metering_label_id TEXT NOT NULL REFERENCES metering_labels (id),
  direction TEXT NOT NULL,
  excluded ${integer} NOT NULL,
  remote_ip_prefix TEXT,
  source_ip_prefix TEXT,
  destination_ip_prefix TEXT
);
CREATE INDEX metering_label_rules_project ON metering_label_rules (project_id);
CREATE INDEX metering_label_rules_label ON metering_label_rules (metering_label_id);

CREATE TABLE logs (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id TEXT,
  target_id TEXT,
  event TEXT NOT NULL,
  enabled ${integer} NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX logs_project ON logs (project_id);
CREATE INDEX logs_resource ON logs (resource_id) WHERE resource_id IS NOT NULL;
CREATE INDEX logs_target ON logs (target_id) WHERE target_id IS NOT NULL;
`;
