// A subnet pool: prefixes from which subnets are taken, so that those who make subnets need not agree on addresses.
import { t } from '#core/attributes.ts';
import { inputErrors, toInt } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { sharedBy } from '#packs/sharing.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import { subnetpoolErrors } from './errors.ts';

/** No quota is larger: what an integer column holds. */
const LARGEST = 2 ** 31 - 1;

export const subnetpool = resource({
  name: 'subnetpool',
  collection: 'subnetpools',
  doc: 'Prefixes from which subnets are taken.',
  table: 'subnetpools',
  extension: null,
  quota: -1,
  attributes: {
    ...identity,
    name: t.text('What people call it; need not be unique.').validate(check.notBlank(255)).mutable().filter().sort().list(),
    ...owner,
    prefixes: t
      .json<string[]>(
        'What it has, free or taken; neighbours are joined.',
        { type: 'array', items: { type: 'string' } },
        check.listOfUnique(check.cidr),
      )
      .mutable()
      .list(),
    default_prefixlen: t
      .digits('Length of a prefix for which none is asked; the shortest when left out.')
      .optional()
      .mutable()
      .filter()
      .sort(),
    min_prefixlen: t.digits('Shortest prefix that may be taken; 8 and 64 when left out.').optional().mutable().filter().sort(),
    max_prefixlen: t.digits('Longest prefix that may be taken; that of one address when left out.').optional().mutable().filter().sort(),
    default_quota: t
      .int(
        'What one project may take: addresses of IPv4, /64 prefixes of IPv6; null for no bound.',
        (value) => check.nonNegative(value) ?? check.range(0, LARGEST)(value),
      )
      // Null is shown and not taken: who wants no bound does not set one.
      .nullable()
      .convert(toInt)
      .optional()
      .mutable()
      .filter()
      .sort(),
    ip_version: t.int('4 or 6, as its prefixes are.').readOnly().filter().sort(),
    is_default: t.bool('Whether subnets that name no pool may ask for this one.').default(false).mutable().filter().sort().policy(),
    shared: sharedBy('subnetpool').default(false).sort().policy(),
    address_scope_id: t
      .id('The scope in which its addresses are unique.')
      .nullable()
      .optional()
      .mutable()
      .ref('address_scope', 'restrict')
      .filter()
      .sort()
      .extension('address-scope'),
    ...tagged,
    ...standard,
  },
  notFound: (subnetpool_id) => subnetpoolErrors.SubnetPoolNotFound({ subnetpool_id }),
  inUse: () => subnetpoolErrors.SubnetPoolDeleteError({ reason: 'Subnet pool has existing allocations' }),
  conflict: ({ is_default }) =>
    is_default
      ? inputErrors.InvalidInput({
          error_message: 'A default subnetpool for this IP family has already been set. Only one default may exist per IP family',
        })
      : undefined,
  scopes: () => [],
});
