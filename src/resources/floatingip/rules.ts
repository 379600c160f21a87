// What making, changing and removing a floating IP means: its address outside, held by a port of its own, and the address inside it leads to.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { network } from '#resources/network/schema.ts';
import { type FixedIp, port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { badFloatingIp, floatingIpErrors } from './errors.ts';
import { wayTo } from './reach.ts';
import type { floatingIp } from './schema.ts';

export type FloatingIp = Row<(typeof floatingIp)['attributes']>;
type FloatingIpCreate = Create<(typeof floatingIp)['attributes']>;
type FloatingIpUpdate = Update<(typeof floatingIp)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

/** Owner of the ports that hold the addresses of floating IPs. */
export const FLOATING_IP_OWNER = 'network:floatingip';

export const isIPv4 = (address: string): boolean => !address.includes(':');

const NOWHERE = { port_id: null, fixed_ip_address: null, router_id: null };

async function create(context: Context, draft: FloatingIp, input: FloatingIpCreate): Promise<void> {
  const external = await context.visible(network, draft.floating_network_id, 'share');
  if (!external['router:external']) throw badFloatingIp(`Network ${external.id} is not a valid external network`);
  // Whoever sees a network may name its subnets, whether the rules show them or not.
  const named = input.subnet_id == null ? undefined : await context.load(subnet, input.subnet_id);
  if (input.subnet_id != null && named?.network_id !== external.id) await context.visible(subnet, input.subnet_id);
  checkFixed(input.port_id, input.fixed_ip_address);
  draft.status = 'DOWN';
  draft.floating_ip_address = await takeAddress(context, draft, input);
  Object.assign(draft, NOWHERE);
  if (input.port_id != null) Object.assign(draft, await leading(context, draft, input.port_id, input.fixed_ip_address ?? null));
}

/** Has a port hold an address of the external network: the one asked for, or any of the subnet asked for, or any. */
async function takeAddress(context: Context, draft: FloatingIp, input: FloatingIpCreate): Promise<string> {
  const { floating_network_id: network_id } = draft;
  const { subnet_id, floating_ip_address: ip_address } = input;
  const asked = { ...(subnet_id != null && { subnet_id }), ...(ip_address != null && { ip_address }) };
  const any = Object.keys(asked).length === 0;
  const held = await context.create(port, {
    // The project may neither see nor change it.
    project_id: '',
    network_id,
    device_owner: FLOATING_IP_OWNER,
    device_id: draft.id,
    port_security_enabled: false,
    ...(!any && { fixed_ips: [asked as FixedIp] }),
  });
  const address = held.fixed_ips.find((one) => isIPv4(one.ip_address));
  if (address) return address.ip_address;
  throw any
    ? badFloatingIp(`Network ${network_id} does not contain any IPv4 subnet`)
    : floatingIpErrors.ExternalIpAddressExhausted({ net_id: network_id });
}

function checkFixed(portId: string | null | undefined, fixed: string | null | undefined): void {
  if (fixed != null && portId == null) throw badFloatingIp('fixed_ip_address cannot be specified without a port_id');
}

async function update(context: Context, before: FloatingIp, changes: FloatingIpUpdate): Promise<void> {
  // Once it was all that there was to change: a change of nothing lets go of the port.
  if (Object.keys(changes).length === 0) changes.port_id = null;
  const { port_id, fixed_ip_address } = changes;
  if (port_id === undefined && fixed_ip_address === undefined) return;
  checkFixed(port_id, fixed_ip_address);
  const wanted = port_id === undefined ? before.port_id : port_id;
  if (wanted !== null) {
    Object.assign(changes, await leading(context, before, wanted, fixed_ip_address ?? null));
  } else if (before.port_id === null) {
    // What it forwards may need its router.
    Object.assign(changes, { port_id: null, fixed_ip_address: null });
  } else {
    Object.assign(changes, NOWHERE);
  }
}

/** What a floating IP's row says when it leads to a port. */
async function leading(
  context: Context,
  { id, project_id, floating_network_id }: FloatingIp,
  portId: string,
  wanted: string | null,
): Promise<Pick<FloatingIp, 'port_id' | 'fixed_ip_address' | 'router_id'>> {
  const forwards = await context.tx.get('SELECT id FROM port_forwardings WHERE floatingip_id = ? LIMIT 1', id);
  if (forwards) throw floatingIpErrors.FipInUseByPortForwarding({ id });
  // Its addresses stay until commit.
  const inside = await context.visible(port, portId, 'change');
  if (inside.project_id !== project_id && !(await context.permits('context_is_admin', port, inside))) {
    throw badFloatingIp(`Cannot process floating IP association with Port ${portId}, since that port is owned by a different tenant`);
  }
  const { ip_address, subnet_id } = fixedIpOf(inside, wanted);
  const way = await wayTo(context, subnet_id, floating_network_id);
  if (!way) {
    throw floatingIpErrors.ExternalGatewayForFloatingIPNotFound({
      external_network_id: floating_network_id,
      subnet_id,
      port_id: portId,
    });
  }
  // Hosts of a distributed router let a port that has a floating IP out by themselves, past the one that forwards.
  const forwarded = way.distributed && (await context.tx.get('SELECT id FROM port_forwardings WHERE internal_port_id = ? LIMIT 1', portId));
  if (forwarded) throw floatingIpErrors.PortHasPortForwarding({ port_id: portId });
  return { port_id: portId, fixed_ip_address: ip_address, router_id: way.router_id };
}

/** The address of a port that was asked for, or its only one. */
function fixedIpOf({ id, fixed_ips }: Port, wanted: string | null): FixedIp {
  if (wanted !== null) {
    if (!isIPv4(wanted)) {
      throw badFloatingIp(`Cannot process floating IP association with ${wanted}, since that is not an IPv4 address`);
    }
    const found = fixed_ips.find(({ ip_address }) => ip_address === wanted);
    if (!found) throw badFloatingIp(`Port ${id} does not have fixed ip ${wanted}`);
    return found;
  }
  const [only, ...others] = fixed_ips.filter(({ ip_address }) => isIPv4(ip_address));
  if (!only) throw badFloatingIp(`Cannot add floating IP to port ${id} that has no fixed IPv4 addresses`);
  if (others.length > 0) {
    throw badFloatingIp(`Port ${id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`);
  }
  return only;
}

async function removed(context: Context, { id }: FloatingIp): Promise<void> {
  // A port of somebody's that only says so is not one of its own.
  const where = `r.device_id = ? AND r.device_owner = '${FLOATING_IP_OWNER}' AND r.project_id = ''`;
  for (const held of await context.findLocked(port, 'remove', where, id)) await context.delete(port, held);
}

export const floatingIpRules: RulesOf<typeof floatingIp> = { create, update, deleted: removed };
