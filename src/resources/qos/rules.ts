// What the rules of a QoS policy mean for each other: one of a type and direction, none that asks for more than another one allows, and none that a
// port or network with the policy could not have. Every change of a rule is one of its policy.
import type { Attributes, Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { Rules } from '#core/resource.ts';
import { qosErrors } from './errors.ts';
import { RULES, type RuleType } from './rules-schema.ts';
import { policy } from './schema.ts';

/** What is common to the rules of all types, as far as they have it. */
interface Rule {
  readonly id: string;
  readonly qos_policy_id: string;
  readonly direction?: string;
  readonly [attribute: string]: unknown;
}
const ruleOf = (row: unknown): Rule => row as Rule;

/** A rate that one type promises and another one bounds. */
const RATES: Partial<
  Record<
    RuleType,
    { readonly mine: string; readonly other: RuleType; readonly its: string; readonly fits: (mine: number, its: number) => boolean }
  >
> = {
  bandwidth_limit: { mine: 'max_kbps', other: 'minimum_bandwidth', its: 'min_kbps', fits: (max, min) => min <= max },
  minimum_bandwidth: { mine: 'min_kbps', other: 'bandwidth_limit', its: 'max_kbps', fits: (min, max) => min <= max },
};

/** The other rules of a type in the policy. */
async function others(context: Context, type: RuleType, { id, qos_policy_id }: Rule): Promise<Rule[]> {
  const { table } = RULES[type];
  return context.tx.all<Rule & Record<string, never>>(`SELECT * FROM ${table} WHERE qos_policy_id = ? AND id <> ?`, qos_policy_id, id);
}

async function checkOthers(context: Context, type: RuleType, rule: Rule): Promise<void> {
  const conflicts = (value: unknown, existing_rule: string, existing_value: unknown): Error =>
    qosErrors.QoSRuleParameterConflict({
      rule_value: String(value),
      policy_id: rule.qos_policy_id,
      existing_rule,
      existing_value: String(existing_value),
    });
  for (const other of await others(context, type, rule)) {
    if (other.direction === rule.direction) {
      throw qosErrors.QoSRulesConflict({ new_rule_type: type, rule_id: other.id, policy_id: rule.qos_policy_id });
    }
    if (rule.direction === 'any' || other.direction === 'any') throw conflicts(rule.direction, type, other.direction);
  }
  const rate = RATES[type];
  if (!rate) return;
  for (const other of await others(context, rate.other, rule)) {
    if (other.direction !== rule.direction || rate.fits(Number(rule[rate.mine]), Number(other[rate.its]))) continue;
    throw conflicts(rule[rate.mine], rate.other, other[rate.its]);
  }
}

/** Guaranteed bandwidth is that of a physical network. */
const WITHOUT_PHYSICAL = "NOT EXISTS (SELECT 1 FROM network_segments g WHERE g.network_id = n.id AND g.physical_network <> '')";

/** Refuses a type of rule that ports or networks with the policy could not have. */
async function checkBound(context: Context, rule_type: RuleType, policyId: string): Promise<void> {
  if (rule_type !== 'minimum_bandwidth') return;
  const { tx } = context;
  const own = await tx.get<{ id: string }>(
    `SELECT p.id FROM ports p JOIN networks n ON n.id = p.network_id WHERE p.qos_policy_id = ? AND ${WITHOUT_PHYSICAL} LIMIT 1`,
    policyId,
  );
  const ofNetwork =
    own ??
    (await tx.get<{ id: string }>(
      `SELECT p.id FROM networks n JOIN ports p ON p.network_id = n.id AND p.qos_policy_id IS NULL WHERE n.qos_policy_id = ? AND ${WITHOUT_PHYSICAL} LIMIT 1`,
      policyId,
    ));
  if (ofNetwork) throw qosErrors.QosRuleNotSupported({ rule_type, port_id: ofNetwork.id });
}

/** Refuses a policy with rules that a network could not have; `of` names who would have them. */
export async function checkPolicyFits(
  context: Context,
  policyId: string,
  networkId: string,
  of: { readonly port?: string },
): Promise<void> {
  const { tx } = context;
  const rule_type = 'minimum_bandwidth';
  const promised = await tx.get(`SELECT id FROM ${RULES[rule_type].table} WHERE qos_policy_id = ? LIMIT 1`, policyId);
  if (!promised) return;
  const virtual = await tx.get(`SELECT n.id FROM networks n WHERE n.id = ? AND ${WITHOUT_PHYSICAL}`, networkId);
  if (!virtual) return;
  if (of.port === undefined) throw qosErrors.QosRuleNotSupportedByNetwork({ rule_type, network_id: networkId });
  throw qosErrors.QosRuleNotSupported({ rule_type, port_id: of.port });
}

/** What a rule of this type means, by whichever name it is changed. */
export function ruleRules<A extends Attributes>(type: RuleType): Rules<A> {
  async function changed(context: Context, row: Row<A>): Promise<void> {
    const { qos_policy_id } = ruleOf(row);
    if (context.isGoing(policy, qos_policy_id)) return;
    const parent = await context.load(policy, qos_policy_id, 'change');
    // The list of rules is stored nowhere: naming it counts as a change of the policy.
    if (parent) await context.store(policy, parent, { rules: [] });
  }
  return {
    async create(context, draft) {
      await checkOthers(context, type, ruleOf(draft));
      await checkBound(context, type, ruleOf(draft).qos_policy_id);
    },
    created: changed,
    async update(context, before, changes) {
      await context.load(policy, ruleOf(before).qos_policy_id, 'remove');
      await checkOthers(context, type, { ...ruleOf(before), ...ruleOf(changes) });
    },
    updated: (context, _, after) => changed(context, after),
    deleted: changed,
  };
}
