// Who may do what with address groups: the API's published defaults.

const OWN_MEMBER = '(rule:admin_only) or (role:member and project_id:%(project_id)s)';

export const addressGroupPolicies: Readonly<Record<string, string>> = {
  shared_address_groups: 'field:address_groups:shared=True',
  create_address_group: OWN_MEMBER,
  get_address_group: '(rule:admin_only) or (role:reader and project_id:%(project_id)s) or rule:shared_address_groups',
  update_address_group: OWN_MEMBER,
  delete_address_group: OWN_MEMBER,
  add_addresses: OWN_MEMBER,
  remove_addresses: OWN_MEMBER,
};
