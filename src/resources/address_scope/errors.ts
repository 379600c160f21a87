// What a client may be told of address scopes.
import { errorTable } from '#core/errors.ts';

export const addressScopeErrors = errorTable({
  AddressScopeNotFound: ['notFound', 'Address scope {address_scope_id} could not be found.'],
  AddressScopeInUse: [
    'conflict',
    'Unable to complete operation on address scope {address_scope_id}. There are one or more subnet pools in use on the address scope.',
  ],
  AddressScopeUpdateError: ['invalid', 'Unable to update address scope {address_scope_id} : {reason}.'],
});
