// By which router an address inside is reached from an external network. Called by the rules of floating IPs and port forwardings.
import type { Context } from '#core/context.ts';

export interface Way {
  readonly router_id: string;
  readonly distributed: boolean;
}

/**
 * The router with an interface on the subnet and its gateway on the external network, first the one that instances are told of. Neither its
 * interface nor its gateway port goes before commit. With `only`, that router or none.
 */
export async function wayTo(
  { tx }: Context,
  subnetId: string,
  externalNetworkId: string,
  only: string | null = null,
): Promise<Way | undefined> {
  const row = await tx.get<{ router_id: string; distributed: number }>(
    `SELECT r.id AS router_id, r.distributed
     FROM router_interfaces i JOIN routers r ON r.id = i.router_id JOIN ports g ON g.id = r.gw_port_id
     WHERE i.subnet_id = ? AND r.gw_network_id = ?${only === null ? '' : ' AND r.id = ?'}
     ORDER BY CASE WHEN EXISTS (
       SELECT 1 FROM subnets s JOIN ip_allocations a ON a.subnet_id = s.id AND a.ip_address = s.gateway_ip
       WHERE s.id = i.subnet_id AND a.port_id = i.port_id) THEN 0 ELSE 1 END, r.id
     LIMIT 1 ${tx.dialect.forShare}`,
    subnetId,
    externalNetworkId,
    ...(only === null ? [] : [only]),
  );
  return row && { router_id: row.router_id, distributed: row.distributed === 1 };
}
