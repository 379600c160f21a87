// Who may meter what: the API's published defaults.

const READ = '(rule:admin_only) or (role:reader and project_id:%(project_id)s)';
const WRITE = '(rule:admin_only) or (role:manager and project_id:%(project_id)s)';

export const meteringPolicies: Readonly<Record<string, string>> = {
  create_metering_label: WRITE,
  get_metering_label: READ,
  delete_metering_label: WRITE,
  create_metering_label_rule: WRITE,
  get_metering_label_rule: READ,
  delete_metering_label_rule: WRITE,
};
