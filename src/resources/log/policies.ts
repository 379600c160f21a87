// Who may log what: the API's published defaults.

const WRITE = '(rule:admin_only) or (role:manager and project_id:%(project_id)s)';

export const logPolicies: Readonly<Record<string, string>> = {
  get_loggable_resource: WRITE,
  create_log: WRITE,
  get_log: WRITE,
  update_log: WRITE,
  delete_log: WRITE,
};
