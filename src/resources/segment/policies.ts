// Who may see and change segments: the API's published defaults.

export const segmentPolicies: Readonly<Record<string, string>> = {
  create_segment: 'rule:admin_only',
  get_segment: 'rule:admin_only',
  update_segment: 'rule:admin_only',
  delete_segment: 'rule:admin_only',
};
