// Which hosts serve a network's DHCP: the live agents with the fewest networks, spread over the zones the network asks for, each with a port of its
// own on the network. Everything here is idempotent: it brings about what the subnets ask for, whatever was there.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow } from '#core/resource.ts';
import { freePool } from '#ipam/allocate.ts';
import { bind } from '#ml2/binding.ts';
import { segmentsAt } from '#ml2/reach.ts';
import { segmentsOf } from '#ml2/segments.ts';
import { eligibleAgents, spread } from '#resources/agent/schedule.ts';
import { agent, DHCP_AGENT } from '#resources/agent/schema.ts';
import { zonesFor } from '#resources/availability_zone/hints.ts';
import { network } from '#resources/network/schema.ts';
import { agentsOf } from '#resources/port/binding.ts';
import { port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { dhcpDeviceId } from './device.ts';

type Subnet = Row<(typeof subnet)['attributes']>;
type Network = Row<(typeof network)['attributes']>;
type Agent = Row<(typeof agent)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

interface DhcpBinding {
  readonly host: string;
  readonly port_id: string | null;
}

/** Brings a network's DHCP servers to what its subnets ask for. */
export async function ensureDhcp(context: Context, networkId: string): Promise<void> {
  if (context.isGoing(network, networkId)) return;
  // One at a time: a host that joins and a subnet that is made would both schedule.
  const row = await context.load(network, networkId, 'change');
  if (!row) return;
  const served = await servedSubnets(context, networkId);
  const bindings = await bindingsOf(context, networkId);
  if (served.length === 0) {
    for (const { host } of bindings) await unschedule(context, networkId, host);
    return wants(context, networkId, 0);
  }
  for (const binding of bindings) await cover(context, networkId, binding, served);
  const hosts = bindings.map(({ host }) => host);
  let wanting = 0;
  for (const segment of new Set(served.map(({ segment_id }) => segment_id))) {
    const there = segment === null ? hosts : await connected(context, networkId, segment, hosts);
    const missing = context.settings.dhcpAgentsPerNetwork - there.length;
    const chosen = missing > 0 ? await choose(context, row, missing, segment ?? undefined) : [];
    for (const host of chosen) await schedule(context, networkId, host, served);
    hosts.push(...chosen);
    wanting += Math.max(0, missing - chosen.length);
  }
  await wants(context, networkId, wanting);
}

/** Which of these hosts are connected to a segment of a routed network. */
async function connected({ tx }: Context, networkId: string, segment: string, hosts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const host of hosts) if ((await segmentsAt(tx, networkId, host)).includes(segment)) found.push(host);
  return found;
}

/** The subnets that a host can serve: on a routed network those of its segments. */
async function near(context: Context, networkId: string, host: string, served: readonly Subnet[]): Promise<readonly Subnet[]> {
  if (served.every(({ segment_id }) => segment_id === null)) return served;
  const here = await segmentsAt(context.tx, networkId, host);
  return served.filter(({ segment_id }) => segment_id !== null && here.includes(segment_id));
}

export const servedSubnets = (context: Context, networkId: string): Promise<Subnet[]> =>
  context.find(subnet, 'r.network_id = ? AND r.enable_dhcp = 1', networkId);

/** Notes whether a network has fewer servers than it should, so that hosts that come find it: see upkeep.ts. */
async function wants({ tx }: Context, networkId: string, missing: number): Promise<void> {
  if (missing > 0) await tx.run('INSERT INTO dhcp_wanting (network_id) VALUES (?) ON CONFLICT (network_id) DO NOTHING', networkId);
  else await tx.run('DELETE FROM dhcp_wanting WHERE network_id = ?', networkId);
}

export const bindingsOf = ({ tx }: Context, networkId: string): Promise<DhcpBinding[]> =>
  tx.all<DhcpBinding>('SELECT host, port_id FROM dhcp_bindings WHERE network_id = ? ORDER BY host', networkId);

/**
 * Hosts that are to serve a network, or one segment of a routed one, besides those that do: live ones in its zones that can carry it, least
 * loaded first, zones evenly.
 */
export async function choose(
  context: Context,
  { id, availability_zone_hints }: Network,
  count: number,
  segment?: string,
): Promise<string[]> {
  const serving = await context.tx.all<{ host: string; zone: string | null }>(
    `SELECT b.host, a.availability_zone AS zone FROM dhcp_bindings b
     LEFT JOIN agents a ON a.agent_type = '${DHCP_AGENT}' AND a.host = b.host WHERE b.network_id = ?`,
    id,
  );
  const candidates = await eligibleAgents(context, {
    agentType: DHCP_AGENT,
    load: '(SELECT COUNT(*) FROM dhcp_bindings b WHERE b.host = a.host)',
    zones: zonesFor(context, availability_zone_hints),
    except: serving.map(({ host }) => host),
  });
  const segments = await segmentsOf(context.tx, id);
  const carries = async ({ host }: { host: string }): Promise<boolean> =>
    !('failed' in bind({ network_id: id, vnic_type: 'normal' }, host, await agentsOf(context, host), segments)) &&
    (segment === undefined || (await connected(context, id, segment, [host])).length > 0);
  const zones = serving.map(({ zone }) => zone);
  return (await spread(candidates, count, zones, carries)).map(({ host }) => host);
}

/** Makes a host serve the network, by a port of its own. */
export async function schedule(context: Context, networkId: string, host: string, served: readonly Subnet[]): Promise<void> {
  const parent = await context.load(network, networkId, 'share');
  if (!parent) return;
  await context.tx.run('INSERT INTO dhcp_bindings (network_id, host, port_id) VALUES (?, ?, NULL)', networkId, host);
  const made = await context.create(port, {
    project_id: parent.project_id,
    network_id: networkId,
    device_owner: 'network:dhcp',
    device_id: dhcpDeviceId(host, networkId),
    'binding:host_id': host,
    port_security_enabled: false,
    fixed_ips: await withRoom(context, await near(context, networkId, host, served)),
  });
  await context.tx.run('UPDATE dhcp_bindings SET port_id = ? WHERE network_id = ? AND host = ?', made.id, networkId, host);
  await note(context, networkId, host, 'create');
}

export async function unschedule(context: Context, networkId: string, host: string): Promise<void> {
  const binding = (await bindingsOf(context, networkId)).find((one) => one.host === host);
  await context.tx.run('DELETE FROM dhcp_bindings WHERE network_id = ? AND host = ?', networkId, host);
  const row = binding?.port_id ? await context.load(port, binding.port_id, 'remove') : undefined;
  if (row) await context.delete(port, row);
  await note(context, networkId, host, 'delete');
}

/** The server's port has an address on every subnet it serves, and on no other. */
async function cover(context: Context, networkId: string, { host, port_id }: DhcpBinding, served: readonly Subnet[]): Promise<void> {
  const row = port_id === null ? undefined : await context.load(port, port_id, 'change');
  if (!row) {
    await context.tx.run('DELETE FROM dhcp_bindings WHERE network_id = ? AND host = ?', networkId, host);
    await schedule(context, networkId, host, served);
    return;
  }
  const held = new Set(row.fixed_ips.map(({ subnet_id }) => subnet_id));
  const here = await near(context, networkId, host, served);
  const wanted = new Set(here.map(({ id }) => id));
  if (held.size === wanted.size && [...wanted].every((id) => held.has(id))) return;
  const kept = row.fixed_ips.filter(({ subnet_id }) => wanted.has(subnet_id));
  const added = here.filter(({ id }) => !held.has(id));
  await context.update(port, row, { fixed_ips: [...kept, ...(await withRoom(context, added))] });
}

/** Where the server's port gets an address: a subnet without a free one is not served, and must not keep the others from being. */
async function withRoom({ tx }: Context, served: readonly Subnet[]): Promise<Port['fixed_ips']> {
  const requests: { subnet_id: string }[] = [];
  for (const { id } of served) {
    const free = await tx.get('SELECT 1 AS free FROM free_ranges WHERE pool = ? LIMIT 1', freePool(id));
    if (free) requests.push({ subnet_id: id });
  }
  return requests as Port['fixed_ips'];
}

const note = (context: Context, networkId: string, host: string, action: string): Promise<void> =>
  context.note('dhcp_binding', `${networkId}/${host}`, action, [`network:${networkId}`, `host:${host}`]);

/** Gives a removed agent's networks to the agents that are left. */
async function leave(context: Context, host: string): Promise<void> {
  const served = await context.tx.all<{ network_id: string }>(
    'SELECT network_id FROM dhcp_bindings WHERE host = ? ORDER BY network_id',
    host,
  );
  for (const { network_id } of served) {
    await context.load(network, network_id, 'change');
    await unschedule(context, network_id, host);
    await ensureDhcp(context, network_id);
  }
}

export const dhcpFollows = [
  follow({
    resource: agent,
    what: 'a DHCP agent that is removed leaves its networks to the others',
    deleted: (context, row: Agent) => (row.agent_type === DHCP_AGENT ? leave(context, row.host) : Promise.resolve()),
  }),
  follow({
    resource: subnet,
    what: 'a subnet with DHCP gets a DHCP server on a live host; the last one to go takes it away',
    created: (context, row: Subnet) => ensureDhcp(context, row.network_id),
    updated: async (context, before: Subnet, after: Subnet) => {
      if (before.enable_dhcp !== after.enable_dhcp || before.segment_id !== after.segment_id) await ensureDhcp(context, after.network_id);
    },
    deleted: (context, row: Subnet) => ensureDhcp(context, row.network_id),
  }),
  follow({
    resource: network,
    what: 'a network takes its DHCP servers with it',
    deleting: async (context, row: { id: string }) => {
      for (const { host } of await bindingsOf(context, row.id)) await unschedule(context, row.id, host);
    },
  }),
  follow({
    resource: port,
    what: 'a DHCP server whose port is deleted is made anew, at the next change of its network or in its own time',
    deleted: async (context, row: Port) => {
      // By the binding, not by the port's owner or host: clients may have changed those.
      const left = await context.tx.all<{ host: string }>(
        'UPDATE dhcp_bindings SET port_id = NULL WHERE network_id = ? AND port_id = ? RETURNING host',
        row.network_id,
        row.id,
      );
      for (const { host } of left) await note(context, row.network_id, host, 'update');
      if (left.length > 0) await wants(context, row.network_id, left.length);
    },
  }),
];
