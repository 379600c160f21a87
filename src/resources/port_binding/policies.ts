// Who may bind ports to hosts: the API's published defaults, and for changes, of which nothing is published, what holds for the rest.

export const portBindingPolicies: Readonly<Record<string, string>> = {
  get_port_binding: '(rule:admin_only) or (rule:service_api)',
  create_port_binding: 'rule:service_api',
  update_port_binding: 'rule:service_api',
  delete_port_binding: 'rule:service_api',
  activate: 'rule:service_api',
};
