// What a client may be told of subnets.
import { errorTable } from '#core/errors.ts';

export const subnetErrors = errorTable({
  SubnetNotFound: ['notFound', 'Subnet {subnet_id} could not be found.'],
  SubnetInUse: ['conflict', 'Unable to complete operation on subnet {subnet_id}: {reason}.'],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
  GatewayConflictWithAllocationPools: ['conflict', 'Gateway ip {ip_address} conflicts with allocation pool {pool}.'],
  GatewayIpInUse: ['conflict', 'Current gateway ip {ip_address} already in use by port {port_id}. Unable to update.'],
  InvalidAllocationPool: ['invalid', 'The allocation pool {pool} is not valid.'],
  OutOfBoundsAllocationPool: ['invalid', 'The allocation pool {pool} spans beyond the subnet cidr {subnet_cidr}.'],
  OverlappingAllocationPools: ['conflict', 'Found overlapping allocation pools: {pool_1} {pool_2} for subnet {subnet_cidr}.'],
  DNSNameServersExhausted: [
    'invalid',
    'Unable to complete operation for {subnet_id}. The number of DNS nameservers exceeds the limit {quota}.',
  ],
  HostRoutesExhausted: ['invalid', 'Unable to complete operation for {subnet_id}. The number of host routes exceeds the limit {quota}.'],
});
