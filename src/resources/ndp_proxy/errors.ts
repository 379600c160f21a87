// What a client may be told of NDP proxies, and of routers because of them.
import { errorTable } from '#core/errors.ts';

export const ndpProxyErrors = errorTable({
  NDPProxyNotFound: ['notFound', 'Ndp proxy {id} could not be found.'],
  AddressScopeConflict: [
    'conflict',
    "The IPv6 address scope {ext_address_scope} of external network conflict with internal network's IPv6 address scope {internal_address_scope}.",
  ],
  InvalidAddress: ['invalid', 'The address {address} is invalid, reason: {reason}.'],
  PortUnreachableRouter: ['conflict', 'The port {port_id} cannot reach the router {router_id} by IPv6 subnet.'],
  RouterNDPProxyNotEnable: [
    'conflict',
    'The enable_ndp_proxy parameter of router {router_id} must be set as True while create ndp proxy entry on it.',
  ],
  RouterGatewayNotValid: ['conflict', 'Can not enable ndp proxy on router {router_id}, {reason}.'],
  RouterGatewayInUseByNDPProxy: [
    'conflict',
    'Unable to unset external gateway of router {router_id}, There are one or more ndp proxies still in use on the router.',
  ],
  RouterIPv6GatewayInUse: [
    'conflict',
    "Can't remove the IPv6 subnet from external gateway of router {router_id}, the IPv6 subnet in use by the router's ndp proxy.",
  ],
  RouterInterfaceInUseByNDPProxy: [
    'conflict',
    'Unable to remove subnet {subnet_id} from router {router_id}, There are one or more ndp proxies still in use on the subnet.',
  ],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
  NeutronDbObjectDuplicateEntry: [
    'conflict',
    'Failed to create a duplicate {object_type}: for attribute(s) {attributes} with value(s) {values}',
  ],
});
