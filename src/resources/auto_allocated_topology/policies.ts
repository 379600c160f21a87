// Who may ask for a project's automatic topology: the API's published defaults.

export const topologyPolicies: Readonly<Record<string, string>> = {
  get_auto_allocated_topology: '(rule:admin_only) or (role:reader and project_id:%(project_id)s)',
  delete_auto_allocated_topology: '(rule:admin_only) or (role:member and project_id:%(project_id)s)',
};
