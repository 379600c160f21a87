// Who may do what with routers: the API's published defaults.

const MEMBER = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';
const READER = '(rule:admin_only) or (role:reader and project_id:%(project_id)s)';

export const routerPolicies: Readonly<Record<string, string>> = {
  create_router: MEMBER,
  'create_router:distributed': 'rule:admin_only',
  'create_router:ha': 'rule:admin_only',
  'create_router:external_gateway_info': MEMBER,
  'create_router:external_gateway_info:network_id': MEMBER,
  'create_router:external_gateway_info:enable_snat': 'rule:admin_only',
  'create_router:external_gateway_info:external_fixed_ips': 'rule:admin_only',
  'create_router:tags': MEMBER,
  get_router: READER,
  'get_router:distributed': 'rule:admin_only',
  'get_router:ha': 'rule:admin_only',
  'get_router:tags': READER,
  update_router: MEMBER,
  'update_router:distributed': 'rule:admin_only',
  'update_router:ha': 'rule:admin_only',
  'update_router:external_gateway_info': MEMBER,
  'update_router:external_gateway_info:network_id': MEMBER,
  'update_router:external_gateway_info:enable_snat': 'rule:admin_only',
  'update_router:external_gateway_info:external_fixed_ips': 'rule:admin_only',
  'update_router:tags': MEMBER,
  delete_router: MEMBER,
  'delete_router:tags': MEMBER,
  add_router_interface: MEMBER,
  remove_router_interface: MEMBER,
  add_extraroutes: MEMBER,
  remove_extraroutes: MEMBER,
};
