// Who may do what with NDP proxies: the API's published defaults.

const MEMBER = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';

export const ndpProxyPolicies: Readonly<Record<string, string>> = {
  create_ndp_proxy: MEMBER,
  get_ndp_proxy: '(rule:admin_only) or (role:reader and project_id:%(project_id)s)',
  update_ndp_proxy: MEMBER,
  delete_ndp_proxy: MEMBER,
};
