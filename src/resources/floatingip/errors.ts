// What a client may be told of floating IPs and of what is forwarded by them.
import { type ApiError, errorTable } from '#core/errors.ts';

export const floatingIpErrors = errorTable({
  FloatingIPNotFound: ['notFound', 'Floating IP {floatingip_id} could not be found'],
  ExternalGatewayForFloatingIPNotFound: [
    'notFound',
    'External network {external_network_id} is not reachable from subnet {subnet_id}.  Therefore, cannot associate Port {port_id} with a Floating IP.',
  ],
  ExternalIpAddressExhausted: ['invalid', 'Unable to find any IP address on external network {net_id}.'],
  FloatingIPPortAlreadyAssociated: [
    'conflict',
    'Cannot associate floating IP {floating_ip_address} ({fip_id}) with port {port_id} using fixed IP {fixed_ip}, as that fixed IP already has a floating IP on external network {net_id}.',
  ],
  RouterInterfaceInUseByFloatingIP: [
    'conflict',
    'Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, as it is required by one or more floating IPs.',
  ],
  RouterExternalGatewayInUseByFloatingIp: [
    'conflict',
    'Gateway cannot be updated for router {router_id}, since a gateway to external network {net_id} is required by one or more floating IPs.',
  ],
  FipInUseByPortForwarding: ['conflict', 'Floating IP {id} in use by Port Forwarding resources.'],
  PortHasBindingFloatingIP: [
    'conflict',
    'Cannot create port forwarding to floating IP {floating_ip_address} ({fip_id}) with port {port_id} using fixed IP {fixed_ip}, as that port already has a binding floating IP.',
  ],
  PortHasPortForwarding: ['invalid', 'Cannot associate floating IP to port {port_id} because it already has a Port Forwarding binding.'],
  PortInUse: [
    'conflict',
    'Unable to complete operation on port {port_id} for network {net_id}. Port already has an attached device {device_id}.',
  ],
  PortForwardingNotFound: ['notFound', 'Port Forwarding {id} could not be found.'],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
});

/** A request about a floating IP that makes no sense. */
export const badFloatingIp = (msg: string): ApiError => floatingIpErrors.BadRequest({ resource: 'floatingip', msg });
/** As {@link badFloatingIp}, about a port forwarding. */
export const badForwarding = (msg: string): ApiError => floatingIpErrors.BadRequest({ resource: 'port_forwarding', msg });
