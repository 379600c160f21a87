// Security groups and their rules: which traffic ports let in and out.
import { t } from '#core/attributes.ts';
import { toBoolean } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import { sharedBy } from '#packs/sharing.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import { ruleErrors, securityGroupErrors } from './errors.ts';
import { DIRECTIONS, ETHERTYPES, ethertype, ipPrefix, notDefault, portValue, protocol } from './values.ts';

/** An id of something that need not be one of ours to be understood: what is not there is not found. */
export const reference = (doc: string) =>
  t
    .free(doc)
    .convert((value) => (typeof value === 'string' || value === null ? value : String(value)))
    .nullable()
    .default(null)
    .filter()
    .sort();

/** Which packets a rule is about; the same words for rules of groups and for those that new groups are made of. */
export const matchAttributes = {
  ethertype: t.oneOf('IPv4 or IPv6.', ETHERTYPES).convert(ethertype).default('IPv4').filter().sort(),
  direction: t.oneOf('ingress is what comes to the port, egress what it sends.', DIRECTIONS).filter().sort().list(),
  protocol: t.free('Name or number of the IP protocol; null for all.').convert(protocol).nullable().default(null).filter().sort().list(),
  port_range_min: t.int('First port, or ICMP type.').convert(portValue).nullable().default(null).filter().sort().list(),
  port_range_max: t.int('Last port, or ICMP code.').convert(portValue).nullable().default(null).filter().sort().list(),
  remote_ip_prefix: t.free('The addresses on the other side.').convert(ipPrefix).nullable().default(null).filter().sort().list(),
};

/** Two rules of one group that say the same are one too many: an index over this sees to it. */
export const matched = t.free('What the rule matches, in one form however it was written.').readOnly().hidden();

export const securityGroupRule = resource({
  name: 'security_group_rule',
  collection: 'security_group_rules',
  doc: 'Traffic that the ports of a security group let through.',
  table: 'security_group_rules',
  extension: 'security-group',
  quota: 100,
  operations: ['list', 'show', 'create', 'delete'],
  foreignParent: 'forbidden',
  attributes: {
    id: identity.id,
    ...owner,
    security_group_id: t.text('The group it belongs to.', 36).ref('security_group', 'delete').filter().sort().list(),
    ...matchAttributes,
    normalized_cidr: t
      .free('remote_ip_prefix without host bits.')
      .convert(ipPrefix)
      .nullable()
      .readOnly()
      .filter()
      .sort()
      .extension('security-groups-normalized-cidr'),
    remote_group_id: reference('The group of the ports on the other side.').ref('security_group', 'delete'),
    remote_address_group_id: reference('The address group that the other side is in.')
      .ref('address_group', 'restrict')
      .extension('security-groups-remote-address-group'),
    belongs_to_default_sg: t
      .bool("Whether its group is its project's default one.")
      .convert((value) => (value === null ? null : toBoolean(value)))
      .readOnly()
      .filter()
      .extension('security-groups-rules-belongs-to-default-sg'),
    matched,
    ...standard,
  },
  notFound: (id) => ruleErrors.SecurityGroupRuleNotFound({ id }),
  scopes: (row) => [`security_group:${row.security_group_id}`],
});

export const securityGroup = resource({
  name: 'security_group',
  collection: 'security_groups',
  doc: 'A set of rules for the traffic of the ports that are in it.',
  table: 'security_groups',
  extension: 'security-group',
  quota: 10,
  attributes: {
    id: identity.id,
    name: identity.name.validate(notDefault),
    ...owner,
    stateful: t
      .bool('Whether answers to what was let through are let through as well.')
      .optional()
      .mutable()
      .filter()
      .extension('stateful-security-group'),
    shared: sharedBy('security_group').readOnly().policy().extension('security-groups-shared-filtering'),
    security_group_rules: t.rows('Its rules.', securityGroupRule, 'security_group_id'),
    ...tagged,
    ...standard,
  },
  notFound: (id) => securityGroupErrors.SecurityGroupNotFound({ id }),
  inUse: (id) => securityGroupErrors.SecurityGroupInUse({ id, reason: 'in use' }),
  scopes: (row) => [`security_group:${row.id}`],
});

/** Name of the group that every project has. */
export const DEFAULT_NAME = 'default';

export const isDefault = ({ name }: { readonly name: string }): boolean => name === DEFAULT_NAME;
