// Who may do what with trunks: the API's published defaults.

const MEMBER = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';
const READER = '(rule:admin_only) or (role:reader and project_id:%(project_id)s)';

export const trunkPolicies: Readonly<Record<string, string>> = {
  create_trunk: MEMBER,
  get_trunk: READER,
  update_trunk: MEMBER,
  delete_trunk: MEMBER,
  add_subports: MEMBER,
  get_subports: READER,
  remove_subports: MEMBER,
  'create_trunk:tags': MEMBER,
  'get_trunk:tags': READER,
  'update_trunk:tags': MEMBER,
  'delete_trunk:tags': MEMBER,
};
