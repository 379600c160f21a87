// What a port's QoS policy means. Called by src/resources/index.ts.
import type { RulesOf } from '#core/resource.ts';
import { rebind } from '#resources/qos/bindings.ts';
import { checkPolicyFits } from '#resources/qos/rules.ts';
import type { port } from './schema.ts';

export const portQosRules: RulesOf<typeof port> = {
  async create(context, draft) {
    const next = await rebind(context, null, draft.qos_policy_id);
    if (next !== undefined) await checkPolicyFits(context, next, draft.network_id, { port: draft.id });
  },
  async update(context, before, changes) {
    const next = await rebind(context, before.qos_policy_id, changes.qos_policy_id);
    if (next !== undefined) await checkPolicyFits(context, next, before.network_id, { port: before.id });
  },
};
