// What a network's QoS policy means. Called by src/resources/index.ts.
import type { RulesOf } from '#core/resource.ts';
import { rebind } from '#resources/qos/bindings.ts';
import { checkPolicyFits } from '#resources/qos/rules.ts';
import { policy } from '#resources/qos/schema.ts';
import type { network } from './schema.ts';

/** A network that is given no policy has its project's default one. */
export const networkQosRules: RulesOf<typeof network> = {
  async create(context, draft) {
    if (draft.qos_policy_id !== null) {
      await context.visible(policy, draft.qos_policy_id, 'share');
      return;
    }
    const [standard] = await context.findLocked(policy, 'share', 'r.project_id = ? AND r.is_default = 1', draft.project_id);
    draft.qos_policy_id = standard?.id ?? null;
  },
  async created(context, row) {
    if (row.qos_policy_id !== null) await checkPolicyFits(context, row.qos_policy_id, row.id, {});
  },
  async update(context, before, changes) {
    const next = await rebind(context, before.qos_policy_id, changes.qos_policy_id);
    if (next !== undefined) await checkPolicyFits(context, next, before.id, {});
  },
};
