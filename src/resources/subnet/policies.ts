// Who may do what with subnets: the API's published defaults, without the rules for service_types, which are published but never asked.

export const subnetPolicies: Readonly<Record<string, string>> = {
  external_network: 'field:subnets:router:external=True',
  create_subnet: '(rule:admin_only) or (role:member and rule:network_owner)',
  'get_subnet:segment_id': 'rule:admin_only',
  get_subnet:
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner) or rule:service_api',
  update_subnet: 'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  delete_subnet: 'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  'create_subnet:tags': 'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  'get_subnet:tags':
    'role:reader and project_id:%(project_id)s or rule:shared or rule:external_network or (rule:admin_only) or (role:reader and rule:network_owner)',
  'update_subnet:tags': 'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
  'delete_subnet:tags': 'role:member and project_id:%(project_id)s or (rule:admin_only) or (role:member and rule:network_owner)',
};
