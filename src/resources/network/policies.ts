// Who may do what with networks: the API's published defaults.

export const networkPolicies: Readonly<Record<string, string>> = {
  external: 'field:networks:router:external=True',
  create_network: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'create_network:shared': 'rule:admin_only',
  'create_network:router:external': 'rule:admin_only',
  'create_network:is_default': 'rule:admin_only',
  'create_network:port_security_enabled': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'create_network:provider:network_type': 'rule:admin_only',
  'create_network:provider:physical_network': 'rule:admin_only',
  'create_network:provider:segmentation_id': 'rule:admin_only',
  get_network:
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:service_api or rule:shared or rule:external or rule:context_is_advsvc',
  'get_network:provider:network_type': 'rule:admin_only',
  'get_network:provider:physical_network': 'rule:admin_only',
  'get_network:provider:segmentation_id': 'rule:admin_only',
  update_network: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'update_network:shared': 'rule:admin_only',
  'update_network:provider:network_type': 'rule:admin_only',
  'update_network:provider:physical_network': 'rule:admin_only',
  'update_network:provider:segmentation_id': 'rule:admin_only',
  'update_network:router:external': 'rule:admin_only',
  'update_network:is_default': 'rule:admin_only',
  'update_network:port_security_enabled': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  delete_network: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'create_network:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'get_network:tags':
    '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared or rule:external or rule:context_is_advsvc',
  'update_network:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  'delete_network:tags': '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
};
