// Who may do what with QoS policies and their rules: the API's published defaults.

const READ = '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_qos_policy';
const WRITE = '(rule:admin_only) or (role:manager and project_id:%(project_id)s)';
const READ_RULE = '(rule:admin_only) or (role:reader and rule:ext_parent_owner)';
const WRITE_RULE = '(rule:admin_only) or (role:manager and rule:ext_parent_owner)';

const ruleNames = [
  'bandwidth_limit_rule',
  'dscp_marking_rule',
  'minimum_bandwidth_rule',
  'minimum_packet_rate_rule',
  'packet_rate_limit_rule',
];
const aliasNames = ['bandwidth_limit_rule', 'dscp_marking_rule', 'minimum_bandwidth_rule'];

export const qosPolicies: Readonly<Record<string, string>> = {
  shared_qos_policy: 'field:policies:shared=True',
  create_policy: WRITE,
  get_policy: READ,
  update_policy: WRITE,
  delete_policy: WRITE,
  'create_policy:tags': WRITE,
  'get_policy:tags': READ,
  'update_policy:tags': WRITE,
  'delete_policy:tags': WRITE,
  get_rule_type: 'role:reader',
  ...Object.fromEntries(
    ruleNames.flatMap((name) => [
      [`create_policy_${name}`, WRITE_RULE],
      [`get_policy_${name}`, READ_RULE],
      [`update_policy_${name}`, WRITE_RULE],
      [`delete_policy_${name}`, WRITE_RULE],
    ]),
  ),
  ...Object.fromEntries(
    aliasNames.flatMap((name) => [
      [`get_alias_${name}`, READ_RULE],
      [`update_alias_${name}`, WRITE_RULE],
      [`delete_alias_${name}`, WRITE_RULE],
    ]),
  ),
  get_alias_minimum_packet_rate_rule: 'rule:get_policy_minimum_packet_rate_rule',
  update_alias_minimum_packet_rate_rule: 'rule:update_policy_minimum_packet_rate_rule',
  delete_alias_minimum_packet_rate_rule: 'rule:delete_policy_minimum_packet_rate_rule',
};
