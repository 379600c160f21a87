// Sharing and quality of service. Sharings are counted, found by their project and by their object, and a network that leads outside does so because
// of one: for everybody where it did before.
import type { Dialect } from '../store.ts';

export const name = '0009-qos';

export const up = ({ integer }: Dialect): string => `
CREATE INDEX rbac_policies_project ON rbac_policies (project_id);
CREATE INDEX rbac_policies_object_id ON rbac_policies (object_id);
INSERT INTO rbac_policies (id, project_id, object_type, object_id, action, target_project)
  SELECT id, project_id, 'network', id, 'access_as_external', '*' FROM networks WHERE router_external = 1;
INSERT INTO quota_usage (project_id, resource, used)
  SELECT project_id, 'rbac_policy', COUNT(*) FROM rbac_policies GROUP BY project_id;

CREATE TABLE qos_policies (
  id TEXT PRIMARY KEY,
  project_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  is_default ${integer} NOT NULL,
  tags TEXT NOT NULL,
  revision_number ${integer} NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX qos_policies_project ON qos_policies (project_id);
CREATE UNIQUE INDEX qos_policies_default ON qos_policies (project_id) WHERE is_default = 1;

CREATE TABLE qos_bandwidth_limit_rules (
  id TEXT PRIMARY KEY,
  qos_policy_id TEXT NOT NULL REFERENCES qos_policies (id),
  max_kbps ${integer} NOT NULL,
  max_burst_kbps ${integer} NOT NULL,
  direction TEXT NOT NULL
);
CREATE UNIQUE INDEX qos_bandwidth_limit_rules_policy ON qos_bandwidth_limit_rules (qos_policy_id, direction);

CREATE TABLE qos_dscp_marking_rules (
  id TEXT PRIMARY KEY,
  qos_policy_id TEXT NOT NULL REFERENCES qos_policies (id),
  dscp_mark ${integer} NOT NULL
);
CREATE UNIQUE INDEX qos_dscp_marking_rules_policy ON qos_dscp_marking_rules (qos_policy_id);

CREATE TABLE qos_minimum_bandwidth_rules (
  id TEXT PRIMARY KEY,
  qos_policy_id TEXT NOT NULL REFERENCES qos_policies (id),
  min_kbps ${integer} NOT NULL,
  direction TEXT NOT NULL
);
CREATE UNIQUE INDEX qos_minimum_bandwidth_rules_policy ON qos_minimum_bandwidth_rules (qos_policy_id, direction);

CREATE TABLE qos_minimum_packet_rate_rules (
  id TEXT PRIMARY KEY,
  qos_policy_id TEXT NOT NULL REFERENCES qos_policies (id),
  min_kpps ${integer} NOT NULL,
  direction TEXT NOT NULL
);
CREATE UNIQUE INDEX qos_minimum_packet_rate_rules_policy ON qos_minimum_packet_rate_rules (qos_policy_id, direction);

CREATE TABLE qos_packet_rate_limit_rules (
  id TEXT PRIMARY KEY,
  qos_policy_id TEXT NOT NULL REFERENCES qos_policies (id),
  max_kpps ${integer} NOT NULL,
  max_burst_kpps ${integer} NOT NULL,
  direction TEXT NOT NULL
);
CREATE UNIQUE INDEX qos_packet_rate_limit_rules_policy ON qos_packet_rate_limit_rules (qos_policy_id, direction);

ALTER TABLE networks ADD COLUMN qos_policy_id TEXT;
CREATE INDEX networks_qos_policy ON networks (qos_policy_id) WHERE qos_policy_id IS NOT NULL;
ALTER TABLE ports ADD COLUMN qos_policy_id TEXT;
CREATE INDEX ports_qos_policy ON ports (qos_policy_id) WHERE qos_policy_id IS NOT NULL;
ALTER TABLE floatingips ADD COLUMN qos_policy_id TEXT;
CREATE INDEX floatingips_qos_policy ON floatingips (qos_policy_id) WHERE qos_policy_id IS NOT NULL;
ALTER TABLE routers ADD COLUMN gw_qos_policy_id TEXT;
CREATE INDEX routers_qos_policy ON routers (gw_qos_policy_id) WHERE gw_qos_policy_id IS NOT NULL;
`;
