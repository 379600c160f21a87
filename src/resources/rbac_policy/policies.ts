// Who may share what: the API's published defaults, without the rules for target_project, a name that no body has.

const TO_EVERYBODY = 'rule:admin_only or (not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*)';

export const rbacPolicies: Readonly<Record<string, string>> = {
  restrict_wildcard: '(not field:rbac_policy:target_tenant=* and not field:rbac_policy:target_project=*) or rule:admin_only',
  create_rbac_policy: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'create_rbac_policy:target_tenant': TO_EVERYBODY,
  get_rbac_policy: '(rule:admin_only) or (role:reader and project_id:%(project_id)s)',
  update_rbac_policy: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'update_rbac_policy:target_tenant': TO_EVERYBODY,
  delete_rbac_policy: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
};
