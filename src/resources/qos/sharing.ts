// Who besides its project may bind a QoS policy.
import { sharing } from '#resources/rbac_policy/sharing.ts';
import { policy } from './schema.ts';

export const policySharing = sharing({
  resource: policy,
  kind: 'qos_policy',
  users: {
    access_as_shared: [
      ...['networks', 'ports', 'floatingips'].map((table) => `SELECT project_id FROM ${table} WHERE qos_policy_id = ?`),
      'SELECT project_id FROM routers WHERE gw_qos_policy_id = ?',
    ],
  },
});
