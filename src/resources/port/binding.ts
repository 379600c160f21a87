// Where a port is: bound to a host by a mechanism driver, and counted there, because a network is real on exactly the hosts that have
// ports of it.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { bind } from '#ml2/binding.ts';
import type { HostAgent } from '#ml2/segment.ts';
import { segmentsOf } from '#ml2/segments.ts';
import type { port } from './schema.ts';

type Port = Row<(typeof port)['attributes']>;
type BindingFields = Pick<Port, 'binding:vif_type' | 'binding:vif_details' | 'binding_segment_id'>;

const UNBOUND = { 'binding:vif_type': 'unbound', 'binding:vif_details': {}, binding_segment_id: null };
const FAILED = { 'binding:vif_type': 'binding_failed', 'binding:vif_details': {}, binding_segment_id: null };

export const isBound = (row: Pick<Port, 'binding:host_id' | 'binding:vif_type'>): boolean =>
  row['binding:host_id'] !== '' && row['binding:vif_type'] !== 'unbound' && row['binding:vif_type'] !== 'binding_failed';

/** How the port is plugged on the host it names; honest when it cannot be. */
export async function bound(context: Context, row: Port): Promise<BindingFields> {
  const host = row['binding:host_id'];
  if (host === '') return UNBOUND;
  const result = bind(
    { network_id: row.network_id, vnic_type: row['binding:vnic_type'] },
    host,
    await agentsOf(context, host),
    await segmentsOf(context.tx, row.network_id),
  );
  if ('failed' in result) return FAILED;
  return {
    'binding:vif_type': result.vif_type,
    'binding:vif_details': { ...result.vif_details },
    binding_segment_id: result.segment.id,
  };
}

export async function agentsOf({ tx }: Context, host: string): Promise<HostAgent[]> {
  const rows = await tx.all<{ agent_type: string; configurations: string; alive: number }>(
    `SELECT agent_type, configurations, CASE WHEN alive_until >= ${tx.dialect.now} THEN 1 ELSE 0 END AS alive FROM agents WHERE host = ?`,
    host,
  );
  return rows.map(({ agent_type, configurations, alive }) => ({
    agent_type,
    alive: alive === 1,
    configurations: JSON.parse(configurations) as Record<string, unknown>,
  }));
}

/** Keeps count of a network's ports by host. The first one brings the network to the host and the last one takes it away: both are journalled. */
export async function countPresence(context: Context, before: Port | undefined, after: Port | undefined): Promise<void> {
  const from = before && isBound(before) ? before['binding:host_id'] : undefined;
  const to = after && isBound(after) ? after['binding:host_id'] : undefined;
  const network = (after ?? before)?.network_id ?? '';
  if (from === to) return;
  if (from !== undefined && (await move(context, network, from, -1)) === 0) {
    await context.tx.run('DELETE FROM network_hosts WHERE network_id = ? AND host = ? AND ports = 0', network, from);
    await presence(context, network, from, 'delete');
  }
  if (to !== undefined && (await move(context, network, to, 1)) === 1) await presence(context, network, to, 'create');
}

const presence = (context: Context, network: string, host: string, action: string): Promise<void> =>
  context.note('presence', `${network}/${host}`, action, [`network:${network}`, `host:${host}`]);

async function move({ tx }: Context, network: string, host: string, change: number): Promise<number> {
  const row = await tx.get<{ ports: number }>(
    `INSERT INTO network_hosts (network_id, host, ports) VALUES (?, ?, ?)
     ON CONFLICT (network_id, host) DO UPDATE SET ports = network_hosts.ports + excluded.ports RETURNING ports`,
    network,
    host,
    change,
  );
  return row?.ports ?? 0;
}
