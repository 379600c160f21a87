// Who may do what with conntrack helpers: the API's published defaults.

const MEMBER = '(rule:admin_only) or (role:member and rule:ext_parent_owner)';

export const conntrackHelperPolicies: Readonly<Record<string, string>> = {
  create_router_conntrack_helper: MEMBER,
  get_router_conntrack_helper: '(rule:admin_only) or (role:reader and rule:ext_parent_owner)',
  update_router_conntrack_helper: MEMBER,
  delete_router_conntrack_helper: MEMBER,
};
