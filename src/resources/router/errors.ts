// What a client may be told of routers.
import { type ApiError, errorTable } from '#core/errors.ts';

export const routerErrors = errorTable({
  RouterNotFound: ['notFound', 'Router {router_id} could not be found'],
  RouterInUse: ['conflict', 'Router {router_id} {reason}'],
  RouterInterfaceNotFound: ['notFound', 'Router {router_id} does not have an interface with id {port_id}'],
  RouterInterfaceNotFoundForSubnet: ['notFound', 'Router {router_id} has no interface on subnet {subnet_id}'],
  RouterInterfaceInUseByRoute: [
    'conflict',
    'Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, as it is required by one or more routes.',
  ],
  InvalidRoutes: ['invalid', 'Invalid format for routes: {routes}, {reason}'],
  RoutesExhausted: ['invalid', 'Unable to complete operation for {router_id}. The number of routes exceeds the maximum {quota}.'],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
  PortInUse: [
    'conflict',
    'Unable to complete operation on port {port_id} for network {net_id}. Port already has an attached device {device_id}.',
  ],
  SubnetMismatchForPort: ['invalid', 'Subnet on port {port_id} does not match the requested subnet {subnet_id}.'],
  DeviceIDNotOwnedByTenant: [
    'conflict',
    'The following device_id {device_id} is not owned by your project or matches another project router.',
  ],
});

/** A request about a router that makes no sense. */
export const badRouter = (msg: string): ApiError => routerErrors.BadRequest({ resource: 'router', msg });
