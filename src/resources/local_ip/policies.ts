// Who may do what with local IPs: the API's published defaults.

export const localIpPolicies: Readonly<Record<string, string>> = {
  create_local_ip: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  get_local_ip: '(rule:admin_only) or (role:reader and project_id:%(project_id)s)',
  update_local_ip: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  delete_local_ip: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
  create_local_ip_port_association: '(rule:admin_only) or (role:member and rule:ext_parent_owner)',
  get_local_ip_port_association: '(rule:admin_only) or (role:reader and rule:ext_parent_owner)',
  delete_local_ip_port_association: '(rule:admin_only) or (role:member and rule:ext_parent_owner)',
};
