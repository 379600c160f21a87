// What a client may be told of address groups.
import { errorTable } from '#core/errors.ts';

export const addressGroupErrors = errorTable({
  AddressGroupNotFound: ['notFound', 'Address group {address_group_id} could not be found.'],
  AddressGroupInUse: ['conflict', 'Address group {address_group_id} is in use on one or more security group rules.'],
  AddressesAlreadyExist: ['invalid', 'Addresses {addresses} already exist in the address group {address_group_id}.'],
  AddressesNotFound: ['notFound', 'Addresses {addresses} not found in the address group {address_group_id}.'],
});
