// What a client may be told of ports and of addresses.
import { errorTable } from '#core/errors.ts';

export const portErrors = errorTable({
  PortNotFound: ['notFound', 'Port {port_id} could not be found.'],
  PortBound: [
    'conflict',
    'Unable to complete operation on port {port_id}, port is already bound, port type: {vif_type}, old_mac {old_mac}, new_mac {new_mac}.',
  ],
  PortBoundNUMAAffinityPolicy: [
    'conflict',
    'Unable to complete operation on port {port_id}, port is already bound to host {host_id}, numa_affinity_policy value given {numa_affinity_policy}.',
  ],
  ServicePortInUse: ['conflict', 'Port {port_id} cannot be deleted directly via the port API: {reason}.'],
  MacAddressInUse: ['conflict', 'Unable to complete operation for network {net_id}. The mac address {mac} is in use.'],
  NetworkMacAddressGenerationFailure: ['unavailable', 'Unable to generate unique mac on network {net_id}.'],
  IpAddressAlreadyAllocated: ['conflict', 'IP address {ip} already allocated in subnet {subnet_id}'],
  IpAddressGenerationFailure: ['conflict', 'No more IP addresses available on network {net_id}.'],
  IpAddressGenerationFailureNoMatchingSubnet: [
    'conflict',
    'No valid service subnet for the given device owner, network {network_id}, service type {service_type}.',
  ],
  InvalidIpForNetwork: ['invalid', 'IP address {ip_address} is not a valid IP for any of the subnets on the specified network.'],
  InvalidIpForSubnet: ['invalid', 'IP address {ip_address} is not a valid IP for the specified subnet.'],
  AllocationOnAutoAddressSubnet: [
    'invalid',
    'IPv6 address {ip} cannot be directly assigned to a port on subnet {subnet_id} as the subnet is configured for automatic addresses',
  ],
});
