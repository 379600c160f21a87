// Who may do what with subnet pools: the API's published defaults.

export const subnetpoolPolicies: Readonly<Record<string, string>> = {
  shared_subnetpools: 'field:subnetpools:shared=True',
  create_subnetpool: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'create_subnetpool:shared': 'rule:admin_only',
  'create_subnetpool:is_default': 'rule:admin_only',
  'create_subnetpool:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  get_subnetpool: '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_subnetpools',
  'get_subnetpool:tags': '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_subnetpools',
  update_subnetpool: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'update_subnetpool:is_default': 'rule:admin_only',
  'update_subnetpool:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  delete_subnetpool: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'delete_subnetpool:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  add_prefixes: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  remove_prefixes: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  onboard_network_subnets: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
};
