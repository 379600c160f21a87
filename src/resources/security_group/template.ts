// The rules that every new security group begins with, as administrators set them: one list for the groups that projects have by themselves,
// one for all others. Changing it changes no group that is there already.
import { type Create, type Row, t } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { type RulesOf, resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { identity, standard } from '#packs/standard.ts';
import { templateErrors } from './errors.ts';
import { checkMatch, matchText, protocolName } from './matching.ts';
import { checkRemote } from './remote.ts';
import { matchAttributes, matched, reference } from './schema.ts';

/** As remote_group_id: the very group that the rule is made in. */
export const PARENT = 'PARENT';

export const defaultSecurityGroupRule = resource({
  name: 'default_security_group_rule',
  collection: 'default_security_group_rules',
  doc: 'A rule that new security groups begin with.',
  table: 'default_security_group_rules',
  extension: 'security-groups-default-rules',
  operations: ['list', 'show', 'create', 'delete'],
  bulk: false,
  attributes: {
    id: identity.id,
    // It belongs to nobody, but clients say whose it is as with everything else.
    project_id: t.text('Taken and passed over.').validate(notBlank(255)).hidden().virtual(),
    ...matchAttributes,
    remote_group_id: reference('The group of the ports on the other side; `PARENT` is the new group itself.').ref(
      'security_group',
      'delete',
    ),
    remote_address_group_id: reference('The address group that the other side is in.').ref('address_group', 'restrict'),
    used_in_default_sg: t.bool('Whether default groups begin with it.').filter().list(),
    used_in_non_default_sg: t.bool('Whether all other groups begin with it.').filter().list(),
    matched,
    ...standard,
  },
  notFound: (id) => templateErrors.DefaultSecurityGroupRuleNotFound({ id }),
  scopes: () => [],
});

type Template = Row<(typeof defaultSecurityGroupRule)['attributes']>;
type TemplateCreate = Create<(typeof defaultSecurityGroupRule)['attributes']>;

async function creating(context: Context, [input]: readonly TemplateCreate[]): Promise<void> {
  if (!input) return;
  checkMatch(input);
  await checkRemote(context, { ...input, remote_group_id: input.remote_group_id === PARENT ? null : input.remote_group_id });
  const same = await context.tx.get<{ id: string }>(
    `SELECT id FROM default_security_group_rules WHERE matched = ? AND used_in_default_sg = 1 AND ? = 1
     UNION ALL SELECT id FROM default_security_group_rules WHERE matched = ? AND used_in_non_default_sg = 1 AND ? = 1 LIMIT 1`,
    ...[input.used_in_default_sg, input.used_in_non_default_sg].flatMap((used) => [matchText(input), Number(used)]),
  );
  if (same) throw templateErrors.DefaultSecurityGroupRuleExists({ rule_id: same.id });
}

async function create(_: Context, draft: Template): Promise<void> {
  draft.protocol = protocolName(draft);
  draft.matched = matchText(draft);
}

export const defaultSecurityGroupRuleRules: RulesOf<typeof defaultSecurityGroupRule> = { creating, create };

/** What a new group begins with. */
export const templateOf = (context: Context, isDefaultGroup: boolean): Promise<Template[]> =>
  context.find(defaultSecurityGroupRule, isDefaultGroup ? 'r.used_in_default_sg = 1' : 'r.used_in_non_default_sg = 1');
