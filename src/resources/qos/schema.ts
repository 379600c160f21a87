// A QoS policy: rules for the traffic of whatever it is bound to.
import { t } from '#core/attributes.ts';
import { type Resource, resource } from '#core/resource.ts';
import { sharedBy } from '#packs/sharing.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import type { Dialect } from '#store/store.ts';
import { qosErrors } from './errors.ts';
import { RULES } from './rules-schema.ts';

/** All rules of the policy `r`, each with its type. */
function rulesOf(dialect: Dialect): string {
  const kinds = Object.entries(RULES).map(([type, rule]) => {
    const names = (rule as unknown as Resource).columns.map(({ sqlName }) => [sqlName, `c.${sqlName}`]);
    const object = dialect.jsonObject({ ...Object.fromEntries(names), type: `'${type}'` });
    return `SELECT ${object} AS rule FROM ${rule.table} c WHERE c.qos_policy_id = r.id`;
  });
  return `(SELECT ${dialect.jsonArray(dialect.json('u.rule'))} FROM (${kinds.join(' UNION ALL ')}) u)`;
}

/** What the API calls a thing that a policy is bound to. */
const WORDS: Readonly<Record<string, string>> = { floatingip: 'fip' };

export const policy = resource({
  name: 'policy',
  collection: 'policies',
  prefix: 'qos',
  doc: 'Rules for the traffic of what it is bound to.',
  table: 'qos_policies',
  extension: 'qos',
  attributes: {
    ...identity,
    ...owner,
    shared: sharedBy('qos_policy').default(false).mutable(),
    is_default: t
      .bool('Whether networks of its project have it unless they are given another.')
      .default(false)
      .mutable()
      .filter()
      .extension('qos-default'),
    rules: t
      .json<Record<string, unknown>[]>('Its rules, each with its `type`.', { type: 'array', items: { type: 'object' } })
      .readOnly()
      .derived(rulesOf)
      .list(),
    ...tagged,
    ...standard,
  },
  notFound: (policy_id) => qosErrors.QosPolicyNotFound({ policy_id }),
  inUse: (policy_id, by, [object_id = '']) => qosErrors.QosPolicyInUse({ policy_id, object_type: WORDS[by] ?? by, object_id }),
  conflict: ({ project_id }) => qosErrors.QoSPolicyDefaultAlreadyExists({ project_id }),
  scopes: () => [],
});
