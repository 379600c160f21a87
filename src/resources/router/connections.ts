// Where a router is connected: its addresses with their subnets. Asked by everything that must not overlap with them, or must be near them.
import type { Context } from '#core/context.ts';
import { overlaps, parsePrefix } from '#ipam/address.ts';
import { badRouter } from './errors.ts';

export interface Connection {
  readonly subnet_id: string;
  readonly cidr: string;
  readonly ip_address: string;
}

/** Every address of a router's interfaces and of its gateway port. */
export const connections = ({ tx }: Context, routerId: string, gatewayPort: string | null): Promise<Connection[]> =>
  tx.all<Connection>(
    `SELECT a.subnet_id, s.cidr, a.ip_address FROM ip_allocations a JOIN subnets s ON s.id = a.subnet_id
     WHERE a.port_id IN (SELECT i.port_id FROM router_interfaces i WHERE i.router_id = ? UNION SELECT g.id FROM ports g WHERE g.id = ?)`,
    routerId,
    gatewayPort ?? '',
  );

interface Block {
  readonly id: string;
  readonly cidr: string;
}

/** The subnets a router forwards between: those of its interfaces, and all of its external network. */
export const subnetsOf = ({ tx }: Context, routerId: string, externalNetwork: string | null): Promise<Block[]> =>
  tx.all<Block>(
    `SELECT s.id, s.cidr FROM router_interfaces i JOIN subnets s ON s.id = i.subnet_id WHERE i.router_id = ?
     UNION ALL SELECT s.id, s.cidr FROM subnets s WHERE s.network_id = ?`,
    routerId,
    externalNetwork ?? '',
  );

/** Refuses a subnet that one of the others overlaps with: a router could not tell which one an address is in. */
export function checkOverlap(subnet: Block, others: readonly Block[]): void {
  if (others.some(({ id }) => id === subnet.id)) throw badRouter(`Router already has a port on subnet ${subnet.id}`);
  const prefix = parsePrefix(subnet.cidr);
  const clash = others.find(({ cidr }) => overlaps(parsePrefix(cidr), prefix));
  if (clash) {
    throw badRouter(`Cidr ${subnet.cidr} of subnet ${subnet.id} overlaps with cidr ${clash.cidr} of subnet ${clash.id}`);
  }
}
