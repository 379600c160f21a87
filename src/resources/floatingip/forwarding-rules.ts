// What making, changing and removing a port forwarding means: ports that nobody else has on either side, and a router that the floating IP is on.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { repr } from '#core/python.ts';
import type { RulesOf } from '#core/resource.ts';
import { type PortRange, rangeOf } from '#packs/transport.ts';
import { type FixedIp, port } from '#resources/port/schema.ts';
import { badForwarding, floatingIpErrors } from './errors.ts';
import { collision, type portForwarding, type Side } from './forwarding.ts';
import { wayTo } from './reach.ts';
import { type FloatingIp, isIPv4 } from './rules.ts';
import { floatingIp } from './schema.ts';

type Forwarding = Row<(typeof portForwarding)['attributes']>;
type ForwardingCreate = Create<(typeof portForwarding)['attributes']>;
type ForwardingUpdate = Update<(typeof portForwarding)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

async function create(context: Context, draft: Forwarding, input: ForwardingCreate): Promise<void> {
  const of = await floatingIpOf(context, draft.floatingip_id);
  const inside = await context.visible(port, draft.internal_port_id, 'change');
  const held = addressOf(inside, draft.internal_ip_address, 'new');
  setRanges(draft, draft, input);
  await checkFree(context, draft);
  await join(context, of, inside, held);
}

async function update(context: Context, before: Forwarding, changes: ForwardingUpdate): Promise<void> {
  const of = await floatingIpOf(context, before.floatingip_id);
  const moved = changes.internal_port_id !== undefined && changes.internal_port_id !== before.internal_port_id;
  const inside = await context.visible(port, changes.internal_port_id ?? before.internal_port_id, 'change');
  const wanted = changes.internal_ip_address ?? (moved ? undefined : before.internal_ip_address);
  const held = addressOf(inside, wanted, 'known');
  changes.internal_ip_address = held.ip_address;
  setRanges(changes, before, changes);
  await checkFree(context, { ...before, ...changes });
  if (moved || held.ip_address !== before.internal_ip_address) await join(context, of, inside, held);
}

/** The floating IP, for nobody else to forward by. */
async function floatingIpOf(context: Context, id: string): Promise<FloatingIp> {
  const row = await context.load(floatingIp, id, 'change');
  if (!row) throw floatingIpErrors.FloatingIPNotFound({ floatingip_id: id });
  return row;
}

function addressOf({ id, fixed_ips }: Port, wanted: string | undefined, forwarding: 'new' | 'known'): FixedIp {
  const usable = fixed_ips.filter(({ ip_address }) => isIPv4(ip_address));
  if (usable.length === 0) throw badForwarding(`Requested internal port ${id} must allocate an IPv4 address at least.`);
  const found = usable.find(({ ip_address }) => wanted === undefined || ip_address === wanted);
  if (found) return found;
  const all = repr(fixed_ips);
  throw badForwarding(
    forwarding === 'new'
      ? `Requested internal IP address ${wanted} is not suitable for internal neutron port ${id}, as its fixed_ips are ${all}`
      : `The internal IP does not correspond to an address on the internal port, which has fixed_ips ${all}`,
  );
}

const wrongRanges = (): Error =>
  badForwarding('Invalid ranges of internal and/or external ports. The relation between internal and external ports must be N-N or 1-N');

/** Completes `row` by the ranges that a client gave, a single port before a range, else by those there were. */
function setRanges(row: Partial<Forwarding>, before: Forwarding, given: ForwardingUpdate): void {
  const [external, internal] = (['external', 'internal'] as const).map((side): PortRange => {
    const [one, several] = [given[`${side}_port`], given[`${side}_port_range`]];
    const range: PortRange =
      one != null ? [one, one] : several != null ? rangeOf(several) : [before[`${side}_first`], before[`${side}_last`]];
    if (range.includes(undefined as never)) throw wrongRanges();
    [row[`${side}_first`], row[`${side}_last`]] = range;
    return range;
  }) as [PortRange, PortRange];
  const size = ([first, last]: PortRange): number => last - first;
  if (size(internal) > 0 && size(internal) !== size(external)) throw wrongRanges();
}

/** Neither the floating IP's ports nor those inside are anybody else's: of the ranges that begin before this one ends, the last must end before it. */
async function checkFree({ tx }: Context, row: Forwarding): Promise<void> {
  const clash = async (side: Side, where: string, ...params: string[]): Promise<void> => {
    const [first, last] = [row[`${side}_first`], row[`${side}_last`]];
    const there = await tx.get<{ first: number; last: number }>(
      `SELECT ${side}_first AS first, ${side}_last AS last FROM port_forwardings
       WHERE ${where} AND protocol = ? AND ${side}_first <= ? AND id <> ? ORDER BY ${side}_first DESC LIMIT 1`,
      ...params,
      row.protocol,
      last,
      row.id,
    );
    if (there && there.last >= first) throw collision(side, [there.first, there.last], [first, last]);
  };
  await clash('external', 'floatingip_id = ?', row.floatingip_id);
  await clash('internal', 'internal_port_id = ? AND internal_ip_address = ?', row.internal_port_id, row.internal_ip_address);
}

/** Puts the floating IP on the router that the address inside is behind. */
async function join(context: Context, of: FloatingIp, inside: Port, { ip_address, subnet_id }: FixedIp): Promise<void> {
  const { id, floating_network_id, floating_ip_address, router_id } = of;
  const names = { port_id: inside.id, fixed_ip: ip_address };
  const bound = await context.tx.get<{ id: string; floating_ip_address: string }>(
    'SELECT id, floating_ip_address FROM floatingips WHERE port_id = ? AND fixed_ip_address = ? LIMIT 1',
    inside.id,
    ip_address,
  );
  if (bound) {
    throw floatingIpErrors.PortHasBindingFloatingIP({ ...names, fip_id: bound.id, floating_ip_address: bound.floating_ip_address });
  }
  if (of.port_id !== null) {
    throw floatingIpErrors.FloatingIPPortAlreadyAssociated({
      ...names,
      fip_id: id,
      floating_ip_address: floating_ip_address ?? '',
      net_id: floating_network_id,
    });
  }
  const way = await wayTo(context, subnet_id, floating_network_id, router_id);
  if (!way && router_id !== null) {
    throw badForwarding(
      `The Floating IP ${id} had been set on router ${router_id}, the internal Neutron port ${inside.id} can not reach it`,
    );
  }
  if (!way) {
    throw badForwarding(
      `External network ${floating_network_id} is not reachable from subnet ${subnet_id}. Cannot set Port forwarding for port ${inside.id} with Floating IP ${id}`,
    );
  }
  if (router_id === null) await context.store(floatingIp, of, { router_id: way.router_id });
}

/** The floating IP leaves its router with the last that it forwards there. */
async function removed(context: Context, { floatingip_id }: Forwarding): Promise<void> {
  const of = await context.load(floatingIp, floatingip_id, 'change');
  if (!of) return;
  const more = await context.tx.get('SELECT id FROM port_forwardings WHERE floatingip_id = ? LIMIT 1', floatingip_id);
  if (!more) await context.store(floatingIp, of, { router_id: null });
}

/** What is forwarded is part of the floating IP. */
async function revise({ tx, now }: Context, { floatingip_id }: Forwarding): Promise<void> {
  await tx.run('UPDATE floatingips SET revision_number = revision_number + 1, updated_at = ? WHERE id = ?', now, floatingip_id);
}

export const portForwardingRules: RulesOf<typeof portForwarding> = {
  create,
  created: revise,
  update,
  updated: revise,
  async deleted(context, row) {
    await revise(context, row);
    await removed(context, row);
  },
};
