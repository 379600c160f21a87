// Who may see and change ranges of segments' numbers: the API's published defaults.

export const rangePolicies: Readonly<Record<string, string>> = Object.fromEntries(
  ['create', 'get', 'update', 'delete'].flatMap((verb) => [
    [`${verb}_network_segment_range`, 'rule:admin_only'],
    [`${verb}_network_segment_range:tags`, 'rule:admin_only'],
  ]),
);
