// Which hosts serve a network's DHCP: the live agents with the fewest networks, each with a port of its own on the network. Everything
// here is idempotent: it brings about what the subnets ask for, whatever was there.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow } from '#core/resource.ts';
import { freePool } from '#ipam/allocate.ts';
import { bind } from '#ml2/binding.ts';
import { segmentsOf } from '#ml2/segments.ts';
import { agent } from '#resources/agent/schema.ts';
import { network } from '#resources/network/schema.ts';
import { agentsOf } from '#resources/port/binding.ts';
import { port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { dhcpDeviceId } from './device.ts';

type Subnet = Row<(typeof subnet)['attributes']>;
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
  if (!(await context.load(network, networkId, 'change'))) return;
  const served = await context.find(subnet, 'r.network_id = ? AND r.enable_dhcp = 1', networkId);
  const bindings = await bindingsOf(context, networkId);
  if (served.length === 0) {
    for (const { host } of bindings) await unschedule(context, networkId, host);
    return;
  }
  for (const binding of bindings) await cover(context, networkId, binding, served);
  const missing = context.settings.dhcpAgentsPerNetwork - bindings.length;
  if (missing <= 0) return;
  for (const host of await candidates(context, networkId, missing)) await schedule(context, networkId, host, served);
}

export const bindingsOf = ({ tx }: Context, networkId: string): Promise<DhcpBinding[]> =>
  tx.all<DhcpBinding>('SELECT host, port_id FROM dhcp_bindings WHERE network_id = ? ORDER BY host', networkId);

/** Live DHCP agents that do not serve the network and whose host can carry it, least loaded first. */
async function candidates(context: Context, networkId: string, wanted: number): Promise<string[]> {
  const { tx } = context;
  const agents = await tx.all<{ host: string }>(
    `SELECT a.host FROM agents a
     WHERE a.agent_type = 'DHCP agent' AND a.admin_state_up = 1 AND a.alive_until >= ${tx.dialect.now}
       AND a.host NOT IN (SELECT b.host FROM dhcp_bindings b WHERE b.network_id = ?)
     ORDER BY (SELECT COUNT(*) FROM dhcp_bindings b WHERE b.host = a.host), a.host`,
    networkId,
  );
  const segments = await segmentsOf(tx, networkId);
  const chosen: string[] = [];
  for (const { host } of agents) {
    if (chosen.length === wanted) break;
    const result = bind({ network_id: networkId, vnic_type: 'normal' }, host, await agentsOf(context, host), segments);
    if (!('failed' in result)) chosen.push(host);
  }
  return chosen;
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
    fixed_ips: await withRoom(context, served),
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
  const wanted = new Set(served.map(({ id }) => id));
  if (held.size === wanted.size && [...wanted].every((id) => held.has(id))) return;
  const kept = row.fixed_ips.filter(({ subnet_id }) => wanted.has(subnet_id));
  const added = served.filter(({ id }) => !held.has(id));
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
    deleted: (context, row: Agent) => (row.agent_type === 'DHCP agent' ? leave(context, row.host) : Promise.resolve()),
  }),
  follow({
    resource: subnet,
    what: 'a subnet with DHCP gets a DHCP server on a live host; the last one to go takes it away',
    created: (context, row: Subnet) => ensureDhcp(context, row.network_id),
    updated: async (context, before: Subnet, after: Subnet) => {
      if (before.enable_dhcp !== after.enable_dhcp) await ensureDhcp(context, after.network_id);
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
    what: 'a DHCP server whose port is deleted is made anew at the next change of its network',
    deleted: async (context, row: Port) => {
      // By the binding, not by the port's owner or host: clients may have changed those.
      const left = await context.tx.all<{ host: string }>(
        'UPDATE dhcp_bindings SET port_id = NULL WHERE network_id = ? AND port_id = ? RETURNING host',
        row.network_id,
        row.id,
      );
      for (const { host } of left) await note(context, row.network_id, host, 'update');
    },
  }),
];
