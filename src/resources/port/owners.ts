// Device owners of ports that routers have, by what they are for. Used by the rules of ports and of routers.

export const GATEWAY_OWNER = 'network:router_gateway';
export const HA_OWNER = 'network:router_ha_interface';
export const SNAT_OWNER = 'network:router_centralized_snat';

/** Ports by which a router is on its subnets, one kind of router each. */
export const INTERFACE_OWNERS = {
  single: 'network:router_interface',
  ha: 'network:ha_router_replicated_interface',
  distributed: 'network:router_interface_distributed',
} as const;

/** Ports by which routers are on subnets. */
export const ROUTER_PORT_OWNERS: readonly string[] = [...Object.values(INTERFACE_OWNERS), SNAT_OWNER, GATEWAY_OWNER];
