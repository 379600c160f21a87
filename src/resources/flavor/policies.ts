// Who may do what with flavors, service profiles and service providers: the API's published defaults.

export const flavorPolicies: Readonly<Record<string, string>> = {
  create_flavor: 'rule:admin_only',
  get_flavor: 'role:reader',
  update_flavor: 'rule:admin_only',
  delete_flavor: 'rule:admin_only',
  create_service_profile: 'rule:admin_only',
  get_service_profile: 'rule:admin_only',
  update_service_profile: 'rule:admin_only',
  delete_service_profile: 'rule:admin_only',
  get_flavor_service_profile: '(rule:admin_only) or (role:reader and project_id:%(project_id)s)',
  create_flavor_service_profile: 'rule:admin_only',
  delete_flavor_service_profile: 'rule:admin_only',
  get_service_provider: 'role:reader',
};
