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
  NoVRIDAvailable: [
    'conflict',
    'No more Virtual Router Identifier (VRID) available when creating router {router_id}. The limit of number of HA Routers per project is 254.',
  ],
  DuplicatedHANetwork: ['conflict', 'Project {project_id} already has a HA network.'],
  InvalidL3Agent: ['notFound', 'Agent {id} is not a L3 Agent or has been disabled'],
  RouterHostedByL3Agent: ['conflict', 'The router {router_id} has been already hosted by the L3 Agent {agent_id}.'],
  RouterL3AgentMismatch: ['conflict', 'Cannot host distributed router {router_id} on legacy L3 agent {agent_id}.'],
  DVRL3CannotAssignToDvrAgent: ['conflict', "Not allowed to manually assign a router to an agent in 'dvr' mode."],
  DVRL3CannotRemoveFromDvrAgent: ['conflict', "Not allowed to manually remove a router from an agent in 'dvr' mode."],
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
