// Default policy rules: those published, word by word, but where deviations.ts says why not; each operation has one, and each is asked.
import { describe, expect, test } from 'vitest';
import { sharedPolicies } from '#core/policy-shared.ts';
import { policies, resources } from '#resources/index.ts';
import { policyDeviations } from './deviations.ts';
import { policyFacts } from './facts.ts';

const all = resources.map(({ resource }) => resource).filter(({ operations }) => operations.length > 0);
const published: Readonly<Record<string, string>> = Object.assign({}, ...Object.values(policyFacts));

describe('like the published ones', () => {
  test('every rule', () => {
    const rules = new Set([...Object.keys(policies), ...Object.keys(published)]);
    const different = [...rules].filter((rule) => policies[rule] !== published[rule] && !policyDeviations[rule]);
    expect(different.map((rule) => ({ rule, here: policies[rule], there: published[rule] }))).toEqual([]);
  });

  test('deviations are differences', () => {
    expect(Object.keys(policyDeviations).filter((rule) => policies[rule] === published[rule])).toEqual([]);
  });
});

const verbs = { list: 'get', show: 'get', create: 'create', update: 'update', delete: 'delete' } as const;

test('every operation has a rule', () => {
  for (const { name, operations } of all) {
    for (const operation of operations) expect(Object.keys(policies)).toContain(`${verbs[operation]}_${name}`);
  }
});

/** Attributes that ask rules of their own which nobody published: anybody who may do the rest may do this. */
const UNRULED = new Set([
  ...['floatingip.qos_policy_id', 'network.qos_policy_id', 'port.qos_policy_id'],
  ...['rbac_policy.action', 'rbac_policy.object_id', 'rbac_policy.object_type'],
  ...['local_ip.local_ip_address', 'network.mtu', 'subnet.shared', 'subnet.router:external', 'router.flavor_id', 'security_group.shared'],
  ...['port.trunk_details', 'trunk.sub_ports'],
  ...['port_binding.profile', 'port_binding.vif_details', 'port_binding.vif_type', 'port_binding.vnic_type'],
]);

test('every attribute that asks rules of its own has one', () => {
  for (const { name, fields } of all) {
    for (const field of fields.filter((one) => one.policy)) {
      const rules = Object.keys(policies).filter((rule) => rule.endsWith(`_${name}:${field.name}`));
      expect([`${name}.${field.name}`, rules.length > 0]).toEqual([`${name}.${field.name}`, !UNRULED.has(`${name}.${field.name}`)]);
    }
  }
});

/** Rules that are asked by name, by routes that are no resource's, or that operators' rules may be made of. */
const BY_NAME = [
  ...Object.keys(sharedPolicies),
  ...['get_quota', 'update_quota', 'delete_quota'],
  ...['create_dhcp-network', 'get_dhcp-networks', 'delete_dhcp-network', 'get_dhcp-agents'],
  ...['create_l3-router', 'get_l3-routers', 'delete_l3-router', 'get_l3-agents'],
];
/** Published, though nobody can do what they are about. */
const IDLE = [
  ...['admin_or_data_plane_int', 'admin_or_sg_owner', 'admin_owner_or_sg_owner', 'restrict_wildcard', 'rule_default_sg'],
  'create_agent',
  'update_l3-router',
  'get_flavor_service_profile',
  'update_network:segments',
];

interface Parts {
  readonly items?: Parts;
  readonly properties?: object;
  readonly anyOf?: readonly Parts[];
}
const partsOf = ({ items, properties, anyOf }: Parts): string[] =>
  Object.keys(items?.properties ?? anyOf?.[0]?.properties ?? properties ?? {});

test('every rule is one that is asked', () => {
  const asked = new Set<string>([...BY_NAME, ...IDLE]);
  for (const text of Object.values(policies)) for (const [, rule = ''] of text.matchAll(/rule:([\w-]+)/g)) asked.add(rule);
  for (const { actions } of resources) for (const { name, rule = name } of actions) asked.add(rule);
  for (const { name, field } of all) {
    if (field.has('tags')) for (const verb of ['create', 'get', 'update', 'delete']) asked.add(`${verb}_${name}:tags`);
  }
  for (const { name, fields, operations } of all) {
    for (const verb of new Set(operations.map((operation) => verbs[operation]))) {
      asked.add(`${verb}_${name}`);
      for (const field of fields) {
        const may = verb === 'get' ? field.visible : verb === 'create' ? field.post : verb === 'update' && field.put;
        // Only attributes that say so are asked about on writes; on reads a rule is enough.
        if (may && (field.policy || verb === 'get')) asked.add(`${verb}_${name}:${field.name}`);
        if (may && field.reads === 'json') for (const part of partsOf(field.schema)) asked.add(`${verb}_${name}:${field.name}:${part}`);
      }
    }
  }
  expect(Object.keys(policies).filter((rule) => !asked.has(rule))).toEqual([]);
});

test('every rule refers to rules that are there', () => {
  for (const [name, text] of Object.entries(policies)) {
    for (const [, rule = ''] of text.matchAll(/rule:([\w-]+)/g))
      expect([name, Object.keys(policies).includes(rule) ? rule : undefined]).toEqual([name, rule]);
  }
});
