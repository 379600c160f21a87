// Who may see and set quotas: the API's published defaults.

export const quotaPolicies: Readonly<Record<string, string>> = {
  get_quota: '(rule:admin_only) or (role:manager and project_id:%(project_id)s)',
  update_quota: 'rule:admin_only',
  delete_quota: 'rule:admin_only',
};
