// Who may see availability zones: the API's published defaults.

export const zonePolicies: Readonly<Record<string, string>> = {
  get_availability_zone: 'role:reader',
};
