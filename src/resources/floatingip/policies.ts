// Who may do what with floating IPs and port forwardings: the API's published defaults.

const MEMBER = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';
const READER = '(rule:admin_only) or (role:reader and project_id:%(project_id)s)';
const PARENT_MEMBER = '(rule:admin_only) or (role:member and rule:ext_parent_owner)';

export const floatingIpPolicies: Readonly<Record<string, string>> = {
  create_floatingip: MEMBER,
  'create_floatingip:floating_ip_address': '(rule:admin_only) or (role:manager and project_id:%(project_id)s)',
  'create_floatingip:tags': MEMBER,
  get_floatingip: READER,
  'get_floatingip:tags': READER,
  update_floatingip: MEMBER,
  'update_floatingip:tags': MEMBER,
  delete_floatingip: MEMBER,
  'delete_floatingip:tags': MEMBER,
  get_floatingip_pool: READER,
  create_floatingip_port_forwarding: PARENT_MEMBER,
  get_floatingip_port_forwarding: '(rule:admin_only) or (role:reader and rule:ext_parent_owner)',
  update_floatingip_port_forwarding: PARENT_MEMBER,
  delete_floatingip_port_forwarding: PARENT_MEMBER,
};
