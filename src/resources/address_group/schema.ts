// An address group: prefixes that security group rules name together.
import { t } from '#core/attributes.ts';
import { noneToEmptyList } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import { cidr, listOfUnique } from '#core/validate.ts';
import { sharedUnseen } from '#packs/sharing.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { addressGroupErrors } from './errors.ts';

export const addressGroup = resource({
  name: 'address_group',
  collection: 'address_groups',
  doc: 'Prefixes that security group rules name together.',
  table: 'address_groups',
  extension: 'address-group',
  foreignUpdate: 'notFound',
  attributes: {
    ...identity,
    ...owner,
    addresses: t
      .json<string[]>('Its prefixes.', { type: 'array', items: { type: 'string' } }, listOfUnique(cidr), noneToEmptyList)
      .optional()
      .list(),
    shared: sharedUnseen('address_group').readOnly().hidden(),
    ...standard,
    description: t.text('Free text for people.', 1024).default('').mutable().filter().sort().extension('standard-attr-description'),
  },
  notFound: (address_group_id) => addressGroupErrors.AddressGroupNotFound({ address_group_id }),
  inUse: (address_group_id) => addressGroupErrors.AddressGroupInUse({ address_group_id }),
  scopes: (row) => [`address_group:${row.id}`],
});
