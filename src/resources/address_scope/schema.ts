// An address scope: a space of addresses of one IP version in which no address means two things. Subnet pools of a scope never overlap.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { sharedBy } from '#packs/sharing.ts';
import { identity, owner } from '#packs/standard.ts';
import { addressScopeErrors } from './errors.ts';

export const addressScope = resource({
  name: 'address_scope',
  collection: 'address_scopes',
  doc: 'A space of addresses in which every address is unique.',
  table: 'address_scopes',
  extension: 'address-scope',
  attributes: {
    ...identity,
    ...owner,
    ip_version: t
      .int('4 or 6.', check.oneOf([4, 6]))
      .filter()
      .sort()
      .list(),
    shared: sharedBy('address_scope').default(false).mutable().sort().policy().list(),
  },
  notFound: (address_scope_id) => addressScopeErrors.AddressScopeNotFound({ address_scope_id }),
  inUse: (address_scope_id) => addressScopeErrors.AddressScopeInUse({ address_scope_id }),
  scopes: () => [],
});
