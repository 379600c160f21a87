// A router's way out: its port on an external network. Called by the router's rules.
import type { Context } from '#core/context.ts';
import { canonicalAddress } from '#core/convert.ts';
import { network } from '#resources/network/schema.ts';
import { GATEWAY_OWNER } from '#resources/port/owners.ts';
import { type FixedIp, port } from '#resources/port/schema.ts';
import { checkOverlap, subnetsOf } from './connections.ts';
import { badRouter } from './errors.ts';
import type { GatewayInfo, Router } from './schema.ts';

export type Gateway = Pick<Router, 'gw_port_id' | 'gw_network_id' | 'gw_enable_snat'>;

export const NO_GATEWAY: Gateway = { gw_port_id: null, gw_network_id: null, gw_enable_snat: true };

/**
 * Brings about the gateway that was asked for: what the router's row is to say of it, and whether its addresses are others than before. A new port is on
 * `host`. One on a network that the router leaves is still there: {@link leaveGateway}, once the row has let go of it.
 */
export async function setGateway(
  context: Context,
  row: Router,
  info: GatewayInfo | null,
  host: string,
): Promise<[gateway: Gateway, moved: boolean]> {
  if (info === null) return [NO_GATEWAY, row.gw_port_id !== null];
  const { network_id, enable_snat = true } = info;
  const asked = info.external_fixed_ips?.length ? (info.external_fixed_ips as FixedIp[]) : undefined;
  const external = await context.visible(network, network_id, 'share');
  if (!external['router:external']) throw badRouter(`Network ${network_id} is not an external network`);
  await checkAddresses(context, network_id, asked ?? []);
  const stays = row.gw_port_id !== null && row.gw_network_id === network_id;
  if (stays && !asked) return [{ gw_port_id: row.gw_port_id, gw_network_id: network_id, gw_enable_snat: enable_snat }, false];
  const made = stays ? await readdress(context, row.gw_port_id ?? '', asked) : await makePort(context, row.id, network_id, asked, host);
  await checkSubnets(context, row.id, made.fixed_ips);
  return [{ gw_port_id: made.id, gw_network_id: network_id, gw_enable_snat: enable_snat }, true];
}

const makePort = (context: Context, routerId: string, networkId: string, fixed_ips: FixedIp[] | undefined, host: string) =>
  context.create(port, {
    // The project that routes through it may neither see nor change it.
    project_id: '',
    network_id: networkId,
    device_owner: GATEWAY_OWNER,
    device_id: routerId,
    port_security_enabled: false,
    'binding:host_id': host,
    ...(fixed_ips && { fixed_ips }),
  });

async function readdress(context: Context, portId: string, fixed_ips: FixedIp[] = []) {
  const before = await context.load(port, portId, 'change');
  if (!before) throw port.notFound(portId);
  return context.update(port, before, { fixed_ips });
}

/** Removes a gateway port that no router has any more. */
export async function leaveGateway(context: Context, portId: string): Promise<void> {
  const row = await context.load(port, portId, 'remove');
  if (row) await context.delete(port, row);
}

async function checkAddresses({ tx }: Context, networkId: string, fixedIps: readonly Partial<FixedIp>[]): Promise<void> {
  const wanted = fixedIps.flatMap(({ ip_address }) => (ip_address ? [canonicalAddress(ip_address)] : []));
  if (wanted.length === 0) return;
  const gateways = await tx.all<{ gateway_ip: string }>(
    'SELECT gateway_ip FROM subnets WHERE network_id = ? AND gateway_ip IS NOT NULL',
    networkId,
  );
  const taken = gateways.find(({ gateway_ip }) => wanted.includes(gateway_ip));
  if (taken) throw badRouter(`External IP ${taken.gateway_ip} is the same as the gateway IP`);
}

async function checkSubnets(context: Context, routerId: string, fixedIps: readonly FixedIp[]): Promise<void> {
  const inside = await subnetsOf(context, routerId, null);
  if (inside.length === 0 || fixedIps.length === 0) return;
  const outside = await context.tx.all<{ id: string; cidr: string }>(
    `SELECT id, cidr FROM subnets WHERE id ${context.tx.dialect.inJson}`,
    JSON.stringify(fixedIps.map(({ subnet_id }) => subnet_id)),
  );
  for (const subnet of outside) checkOverlap(subnet, inside);
}
