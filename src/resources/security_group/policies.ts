// Who may do what with security groups, their rules, and what new groups are made of: the API's published defaults.

const OWN_MEMBER = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';
const SEEN = '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_security_group';
const OWN_MANAGER = '(rule:admin_only) or (role:manager and project_id:%(project_id)s)';

export const securityGroupPolicies: Readonly<Record<string, string>> = {
  admin_or_sg_owner: 'rule:context_is_admin or project_id:%(security_group:project_id)s',
  admin_owner_or_sg_owner: 'rule:owner or rule:admin_or_sg_owner',
  sg_owner: 'project_id:%(security_group:project_id)s',
  shared_security_group: 'field:security_groups:shared=True',
  rule_default_sg: 'field:security_group_rules:belongs_to_default_sg=True',
  create_security_group: OWN_MEMBER,
  'create_security_group:tags': OWN_MEMBER,
  get_security_group: SEEN,
  'get_security_group:tags': SEEN,
  update_security_group: OWN_MEMBER,
  'update_security_group:tags': OWN_MEMBER,
  delete_security_group: OWN_MEMBER,
  'delete_security_group:tags': OWN_MEMBER,
  create_security_group_rule: '(rule:admin_only) or (role:member and rule:sg_owner)',
  get_security_group_rule: '(rule:admin_only) or (role:reader and rule:sg_owner)',
  delete_security_group_rule: '(rule:admin_only) or (role:member and rule:sg_owner)',
  create_default_security_group_rule: 'rule:admin_only',
  get_default_security_group_rule: 'role:reader',
  delete_default_security_group_rule: 'rule:admin_only',
  create_security_groups_default_statefulness: OWN_MANAGER,
  get_security_groups_default_statefulness: '(rule:admin_only) or (role:reader and project_id:%(project_id)s)',
  update_security_groups_default_statefulness: OWN_MANAGER,
  delete_security_groups_default_statefulness: OWN_MANAGER,
};
