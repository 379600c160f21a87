// Sharing and quality of service. Sharings are counted, found by their project and by their object, and a network that leads outside does so because
// of one: for everybody where it did before.
import type { Dialect } from '../store.ts';

export const name = '0009-qos';

export const up = (_: Dialect): string => `
CREATE INDEX rbac_policies_project ON rbac_policies (project_id);
CREATE INDEX rbac_policies_object_id ON rbac_policies (object_id);
INSERT INTO rbac_policies (id, project_id, object_type, object_id, action, target_project)
  SELECT id, project_id, 'network', id, 'access_as_external', '*' FROM networks WHERE router_external = 1;
INSERT INTO quota_usage (project_id, resource, used)
  SELECT project_id, 'rbac_policy', COUNT(*) FROM rbac_policies GROUP BY project_id;
`;
