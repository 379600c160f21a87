// What making, changing and removing a port means: addresses, DHCP options, binding. Its MAC is in mac.ts.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow, type RulesOf } from '#core/resource.ts';
import { takeThisAddress } from '#ipam/allocate.ts';
import { choose, isAutoAddressed } from '#ipam/choose.ts';
import { network } from '#resources/network/schema.ts';
import { subnetErrors } from '#resources/subnet/errors.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { allocate, arrive, reallocate, release, requested } from './addresses.ts';
import { bound, countPresence, isBound } from './binding.ts';
import { portErrors } from './errors.ts';
import { fqdnRules } from './fqdn.ts';
import { macRules } from './mac.ts';
import { ROUTER_PORT_OWNERS } from './owners.ts';
import { pluggingRules } from './plugging.ts';
import { type ExtraDhcpOption, port } from './schema.ts';

export type Port = Row<(typeof port)['attributes']>;
type PortCreate = Create<(typeof port)['attributes']>;
type PortUpdate = Update<(typeof port)['attributes']>;
type Subnet = Row<(typeof subnet)['attributes']>;

/** Ports that only hold an address: nothing is ever wired to them. */
const UNWIRED_OWNERS = ['network:floatingip', 'network:local_ip'];

async function create(context: Context, draft: Port, input: PortCreate): Promise<void> {
  draft.status = UNWIRED_OWNERS.includes(input.device_owner ?? '') ? 'N/A' : 'DOWN';
  draft.extra_dhcp_opts = dhcpOptions([], input.extra_dhcp_opts ?? []);
  const taken = await allocate(context, draft, requested(input.fixed_ips));
  draft.fixed_ips = taken ?? [];
  draft.ip_allocation = taken === undefined ? 'deferred' : taken.length > 0 || input.fixed_ips === undefined ? 'immediate' : 'none';
  Object.assign(draft, await bound(context, draft));
}

const created = (context: Context, row: Port): Promise<void> => countPresence(context, undefined, row);

/** Options given replace those of the same name and IP version; a null value takes one away. */
function dhcpOptions(before: readonly ExtraDhcpOption[], given: readonly Partial<ExtraDhcpOption>[]): ExtraDhcpOption[] {
  const options = new Map(before.map((option) => [`${option.opt_name}/${option.ip_version}`, option]));
  for (const { opt_name = '', opt_value = null, ip_version = 4 } of given) {
    const key = `${opt_name}/${ip_version}`;
    if (opt_value === null) options.delete(key);
    else options.set(key, { opt_name, opt_value, ip_version: Number(ip_version) as 4 | 6 });
  }
  return [...options.values()];
}

async function update(context: Context, before: Port, changes: PortUpdate): Promise<void> {
  const { mac_address } = changes;
  const renumbered = mac_address !== undefined && mac_address !== before.mac_address;
  if (renumbered && isBound(before) && context.actor.userId !== 'system') {
    throw portErrors.PortBound({
      port_id: before.id,
      vif_type: before['binding:vif_type'],
      old_mac: before.mac_address,
      new_mac: mac_address,
    });
  }
  if (changes.extra_dhcp_opts) changes.extra_dhcp_opts = dhcpOptions(before.extra_dhcp_opts, changes.extra_dhcp_opts);
  if (changes.fixed_ips || renumbered) {
    const port = {
      ...before,
      mac_address: mac_address ?? before.mac_address,
      device_owner: changes.device_owner ?? before.device_owner,
      'binding:host_id': changes['binding:host_id'] ?? before['binding:host_id'],
    };
    changes.fixed_ips = await reallocate(context, port, requested(changes.fixed_ips ?? before.fixed_ips) ?? [], before.mac_address);
  } else if (changes['binding:host_id'] && changes['binding:host_id'] !== before['binding:host_id']) {
    const fixed_ips = await arrive(context, { ...before, 'binding:host_id': changes['binding:host_id'] });
    if (fixed_ips) changes.fixed_ips = fixed_ips;
  }
  const moved = (['binding:host_id', 'binding:vnic_type', 'binding:profile'] as const).some(
    (name) => changes[name] !== undefined && JSON.stringify(changes[name]) !== JSON.stringify(before[name]),
  );
  // A failed binding is tried again by any update that names the host.
  if (moved || (changes['binding:host_id'] !== undefined && before['binding:vif_type'] === 'binding_failed')) {
    Object.assign(changes, await bound(context, { ...before, ...changes }), { status: 'DOWN' });
  }
  if (changes.admin_state_up === false) changes.status = 'DOWN';
}

const updated = (context: Context, before: Port, after: Port): Promise<void> => countPresence(context, before, after);

async function remove(context: Context, row: Port): Promise<void> {
  await release(context, row.fixed_ips);
  await countPresence(context, row, undefined);
}

/** In this order: addresses are made of MACs, and bindings of profiles. */
export const portRules: readonly RulesOf<typeof port>[] = [
  fqdnRules,
  macRules,
  pluggingRules,
  { create, created, update, updated, delete: remove },
];

/** Owners whose ports go with their network, and lose their addresses with a subnet. */
const AUTOMATIC_OWNERS = ['network:dhcp', 'network:distributed', 'network:floatingip_agent_gateway'];

async function portsOn(context: Context, subnetId: string): Promise<Port[]> {
  return context.findLocked(port, 'change', 'r.id IN (SELECT a.port_id FROM ip_allocations a WHERE a.subnet_id = ?)', subnetId);
}

/** A user's port keeps its subnet from going, unless its address was the port's own choice (SLAAC); everything else lets go of it. */
async function subnetDeleting(context: Context, row: Subnet): Promise<void> {
  const auto = isAutoAddressed(row);
  const users = await portsOn(context, row.id);
  const holding = auto ? users.filter((one) => ROUTER_PORT_OWNERS.includes(one.device_owner)) : users;
  const keepers = holding.filter((one) => !AUTOMATIC_OWNERS.includes(one.device_owner));
  if (keepers.length > 0) {
    const ids = keepers.slice(0, 10).map((one) => one.id);
    throw subnetErrors.SubnetInUse({
      subnet_id: row.id,
      reason: `One or more ports have an IP allocation from this subnet: ${ids.join(', ')}`,
    });
  }
  for (const one of users) {
    const fixed_ips = one.fixed_ips.filter(({ subnet_id }) => subnet_id !== row.id);
    await release(
      context,
      one.fixed_ips.filter(({ subnet_id }) => subnet_id === row.id),
    );
    await context.store(port, one, { fixed_ips });
  }
}

/** Ports that are there already choose an address on a new autoconfigured subnet too. */
async function subnetCreated(context: Context, row: Subnet): Promise<void> {
  if (!isAutoAddressed(row)) return;
  const choice = {
    id: row.id,
    ip_version: 6 as const,
    cidr: row.cidr ?? '',
    ipv6_address_mode: row.ipv6_address_mode,
    service_types: row.service_types,
  };
  const there = await context.findLocked(port, 'change', "r.network_id = ? AND r.device_owner NOT LIKE 'network:%'", row.network_id);
  const near = row.segment_id === null ? undefined : await context.find(subnet, 'r.segment_id = ?', row.segment_id);
  for (const one of there) {
    if (one.fixed_ips.length === 0 && one.ip_allocation !== 'immediate') continue;
    // On a routed network, only where it works.
    if (near && !one.fixed_ips.some(({ subnet_id }) => near.some(({ id }) => id === subnet_id))) continue;
    const wanted = choose([choice], undefined, one);
    if ('refused' in wanted) continue;
    for (const chosen of wanted) {
      if (!('address' in chosen)) continue;
      const holder = { port_id: one.id, network_id: row.network_id };
      if (!(await takeThisAddress(context.tx, row.id, chosen.address, holder))) continue;
      await context.store(port, one, { fixed_ips: [...one.fixed_ips, { subnet_id: row.id, ip_address: chosen.address }] });
    }
  }
}

export const portFollows = [
  follow({
    resource: subnet,
    what: 'ports hold their subnet back or let go of its addresses; on a new autoconfigured subnet every port gets an address',
    created: subnetCreated,
    deleting: subnetDeleting,
  }),
  follow({
    resource: network,
    what: 'ports that go by themselves do not keep their network from going',
    async deleting(context, row) {
      const marks = AUTOMATIC_OWNERS.map(() => '?').join(', ');
      const going = await context.findLocked(
        port,
        'remove',
        `r.network_id = ? AND r.device_owner IN (${marks})`,
        row.id,
        ...AUTOMATIC_OWNERS,
      );
      for (const one of going) await context.delete(port, one);
    },
  }),
];
