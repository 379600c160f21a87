// What a floating IP's QoS policy means. Called by src/resources/index.ts.
import type { RulesOf } from '#core/resource.ts';
import { rebind } from '#resources/qos/bindings.ts';
import type { floatingIp } from './schema.ts';

export const floatingIpQosRules: RulesOf<typeof floatingIp> = {
  async create(context, draft) {
    await rebind(context, null, draft.qos_policy_id);
  },
  async update(context, before, changes) {
    await rebind(context, before.qos_policy_id, changes.qos_policy_id);
  },
};
