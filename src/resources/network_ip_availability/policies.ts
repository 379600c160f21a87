// Who may count a network's addresses: the API's published default.

export const availabilityPolicies: Readonly<Record<string, string>> = {
  get_network_ip_availability: '(rule:admin_only) or (rule:service_api)',
};
