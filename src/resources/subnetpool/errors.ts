// What a client may be told of subnet pools, and of taking subnets from them.
import { errorTable } from '#core/errors.ts';

export const subnetpoolErrors = errorTable({
  SubnetPoolNotFound: ['notFound', 'Subnet pool {subnetpool_id} could not be found.'],
  SubnetPoolDeleteError: ['invalid', 'Unable to delete subnet pool: {reason}.'],
  EmptySubnetPoolPrefixList: ['invalid', 'Empty subnet pool prefix list.'],
  PrefixVersionMismatch: ['invalid', 'Cannot mix IPv4 and IPv6 prefixes in a subnet pool.'],
  IllegalSubnetPoolPrefixBounds: ['invalid', 'Illegal prefix bounds: {prefix_type}={prefixlen}, {base_prefix_type}={base_prefixlen}.'],
  UnsupportedMinSubnetPoolPrefix: ['invalid', "Prefix '{prefix}' not supported in IPv{version} pool."],
  IllegalSubnetPoolPrefixUpdate: ['invalid', 'Illegal update to prefixes: {msg}.'],
  IllegalSubnetPoolUpdate: ['invalid', 'Illegal subnetpool update : {reason}.'],
  IllegalSubnetPoolAssociationToAddressScope: [
    'invalid',
    'Illegal subnetpool association: subnetpool {subnetpool_id} cannot be associated with address scope {address_scope_id}.',
  ],
  IllegalSubnetPoolIpVersionAssociationToAddressScope: [
    'invalid',
    'Illegal subnetpool association: subnetpool {subnetpool_id} cannot associate with address scope {address_scope_id} because subnetpool ip_version is not {ip_version}.',
  ],
  AddressScopePrefixConflict: [
    'conflict',
    'Failed to associate address scope: subnetpools within an address scope must have unique prefixes.',
  ],
  NetworkAddressScopeAffinityError: [
    'invalid',
    'Subnets of the same address family hosted on the same network must all participate in the same address scope.',
  ],
  NetworkSubnetPoolAffinityError: ['invalid', 'Subnets hosted on the same network must be allocated from the same subnet pool.'],
  MinPrefixSubnetAllocationError: [
    'invalid',
    'Unable to allocate subnet with prefix length {prefixlen}, minimum allowed prefix is {min_prefixlen}.',
  ],
  MaxPrefixSubnetAllocationError: [
    'invalid',
    'Unable to allocate subnet with prefix length {prefixlen}, maximum allowed prefix is {max_prefixlen}.',
  ],
  SubnetPoolQuotaExceeded: ['overQuota', 'Per-project subnet pool prefix quota exceeded.'],
  SubnetAllocationError: ['conflict', 'Failed to allocate subnet: {reason}.'],
  NotAuthorized: ['forbidden', 'Not authorized.'],
});
