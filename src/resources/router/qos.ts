// What the QoS policy of a router's gateway means: it is the gateway's as long as there is one. Called by src/resources/index.ts, before the
// router's own rules, which take the gateway apart.
import type { RulesOf } from '#core/resource.ts';
import { rebind } from '#resources/qos/bindings.ts';
import type { router } from './schema.ts';

export const routerQosRules: RulesOf<typeof router> = {
  async create(context, draft, { external_gateway_info }) {
    const { qos_policy_id = null } = external_gateway_info ?? {};
    await rebind(context, null, qos_policy_id);
    draft.gw_qos_policy_id = qos_policy_id;
  },
  async update(context, before, changes) {
    const { external_gateway_info } = changes;
    if (external_gateway_info === undefined) return;
    const next = external_gateway_info === null ? null : external_gateway_info.qos_policy_id;
    if (next === undefined) return;
    if (external_gateway_info !== null) await rebind(context, before.gw_qos_policy_id, next);
    changes.gw_qos_policy_id = next;
  },
};
