// What making, changing and removing security groups and their rules means.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { checkRoom } from '#core/quota.ts';
import type { Resource, RulesOf } from '#core/resource.ts';
import { sharing } from '#resources/rbac_policy/sharing.ts';
import { defaultGroup, standingDefault } from './default-group.ts';
import { ruleErrors, securityGroupErrors } from './errors.ts';
import { checkMatch, matchText, normalizedCidr, protocolName } from './matching.ts';
import { checkRemote } from './remote.ts';
import { isDefault, securityGroup, securityGroupRule } from './schema.ts';
import { statefulByDefault } from './statefulness.ts';
import { PARENT, templateOf } from './template.ts';

export type SecurityGroup = Row<(typeof securityGroup)['attributes']>;
type SecurityGroupUpdate = Update<(typeof securityGroup)['attributes']>;
type Rule = Row<(typeof securityGroupRule)['attributes']>;
type RuleCreate = Create<(typeof securityGroupRule)['attributes']>;

async function create(context: Context, draft: SecurityGroup): Promise<void> {
  draft.stateful ??= await statefulByDefault(context.tx, draft.project_id);
  if (!isDefault(draft)) await defaultGroup(context, draft.project_id);
}

/** A group begins with the rules of the template. */
async function created(context: Context, row: SecurityGroup): Promise<void> {
  for (const rule of await templateOf(context, isDefault(row))) {
    await context.create(securityGroupRule, {
      project_id: row.project_id,
      security_group_id: row.id,
      direction: rule.direction,
      ethertype: rule.ethertype,
      protocol: rule.protocol,
      port_range_min: rule.port_range_min,
      port_range_max: rule.port_range_max,
      remote_ip_prefix: rule.remote_ip_prefix,
      remote_group_id: rule.remote_group_id === PARENT ? row.id : rule.remote_group_id,
      remote_address_group_id: rule.remote_address_group_id,
    });
  }
  // A project has its default group whatever its limits are.
  if (!isDefault(row)) await checkRoom(context.tx, context.settings, securityGroupRule as unknown as Resource, row.project_id, 0);
}

async function update(context: Context, before: SecurityGroup, changes: SecurityGroupUpdate): Promise<void> {
  if (changes.name !== undefined && isDefault(before)) throw securityGroupErrors.SecurityGroupCannotUpdateDefault({});
  if (changes.stateful === undefined || changes.stateful === before.stateful) return;
  // Nobody puts a port into it meanwhile.
  await context.load(securityGroup, before.id, 'remove');
  const used = await context.tx.get('SELECT port_id FROM port_security_groups WHERE security_group_id = ? LIMIT 1', before.id);
  if (used) throw securityGroupErrors.SecurityGroupInUse({ id: before.id, reason: 'in use' });
}

async function remove(context: Context, row: SecurityGroup): Promise<void> {
  if (isDefault(row) && !(await context.permits('context_is_admin', securityGroup, row))) {
    throw securityGroupErrors.SecurityGroupCannotRemoveDefault({});
  }
}

export const securityGroupRules: RulesOf<typeof securityGroup> = { create, created, update, delete: remove, standing: standingDefault };

export const securityGroupSharing = sharing({
  resource: securityGroup,
  kind: 'security_group',
  users: {
    access_as_shared: ['SELECT p.project_id FROM port_security_groups g JOIN ports p ON p.id = g.port_id WHERE g.security_group_id = ?'],
  },
});

/** Rules of one call are for one group and one project, and none of them may be there twice. */
async function creatingRules(context: Context, inputs: readonly RuleCreate[]): Promise<void> {
  const [first] = inputs;
  if (!first) return;
  const { security_group_id: group } = first;
  if (inputs.some((one) => one.security_group_id !== group)) throw ruleErrors.SecurityGroupNotSingleGroupRules({});
  if (inputs.some((one) => one.project_id !== first.project_id)) throw ruleErrors.SecurityGroupRulesNotSingleProject({});
  for (const input of inputs) {
    checkMatch(input);
    await checkRemote(context, input);
  }
  const texts = inputs.map(matchText);
  if (new Set(texts).size < texts.length) throw ruleErrors.DuplicateSecurityGroupRuleInPost({});
  await bumpGroup(context, group);
  const same = await context.tx.get<{ id: string }>(
    `SELECT id FROM security_group_rules WHERE security_group_id = ? AND matched ${context.tx.dialect.inJson} LIMIT 1`,
    group,
    JSON.stringify(texts),
  );
  if (same) throw ruleErrors.SecurityGroupRuleExists({ rule_id: same.id });
}

async function createRule(context: Context, draft: Rule): Promise<void> {
  const group = await context.load(securityGroup, draft.security_group_id);
  draft.protocol = protocolName(draft);
  draft.normalized_cidr = normalizedCidr(draft.remote_ip_prefix);
  draft.belongs_to_default_sg = group !== undefined && isDefault(group);
  draft.matched = matchText(draft);
}

async function ruleDeleted(context: Context, row: Rule): Promise<void> {
  if (!context.isGoing(securityGroup, row.security_group_id)) await bumpGroup(context, row.security_group_id);
}

/** A group's rules are part of the group. */
async function bumpGroup({ tx, now }: Context, groupId: string): Promise<void> {
  await tx.run('UPDATE security_groups SET revision_number = revision_number + 1, updated_at = ? WHERE id = ?', now, groupId);
}

export const securityGroupRuleRules: RulesOf<typeof securityGroupRule> = {
  creating: creatingRules,
  create: createRule,
  deleted: ruleDeleted,
  standing: standingDefault,
};
