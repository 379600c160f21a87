// Distributed routers: hosts forward for their own instances, but what leaves by a translated address passes one place. There the router has a second
// port on each of its subnets. Called wherever its interfaces or its gateway change.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { SNAT_OWNER } from '#resources/port/owners.ts';
import { port } from '#resources/port/schema.ts';
import { routerInterface } from './interface.ts';
import type { Router } from './schema.ts';

type Interface = Row<(typeof routerInterface)['attributes']>;

/** Gives a router the ports for translated traffic that its kind, its interfaces and its gateway ask for, and takes the others away. */
export async function ensureSnat(context: Context, row: Pick<Router, 'id' | 'distributed' | 'gw_port_id'>): Promise<void> {
  const interfaces = await context.find(routerInterface, 'r.router_id = ?', row.id);
  const wanted = row.distributed === true && row.gw_port_id !== null;
  const groups = new Map<string, Interface[]>();
  for (const one of interfaces) groups.set(one.port_id, [...(groups.get(one.port_id) ?? []), one]);
  for (const group of groups.values()) {
    const there = group.find(({ snat_port_id }) => snat_port_id !== null)?.snat_port_id;
    if (wanted) await cover(context, row.id, group, there);
    else if (there) await drop(context, there);
  }
}

/** One port for the subnets of an interface's port. */
async function cover(context: Context, routerId: string, group: readonly Interface[], there: string | null | undefined): Promise<void> {
  const subnets = group.map(({ subnet_id }) => subnet_id);
  const before = there ? await context.load(port, there, 'change') : undefined;
  const held = (before?.fixed_ips ?? []).filter(({ subnet_id }) => subnets.includes(subnet_id));
  const missing = subnets.filter((id) => !held.some(({ subnet_id }) => subnet_id === id));
  if (before && missing.length === 0 && held.length === before.fixed_ips.length) return;
  const fixed_ips = [...held, ...missing.map((subnet_id) => ({ subnet_id }))] as typeof held;
  const [{ network_id }] = group as [Interface];
  const made = before
    ? await context.update(port, before, { fixed_ips })
    : await context.create(port, {
        project_id: '',
        network_id,
        device_owner: SNAT_OWNER,
        device_id: routerId,
        port_security_enabled: false,
        fixed_ips,
      });
  for (const one of group) if (one.snat_port_id !== made.id) await context.store(routerInterface, one, { snat_port_id: made.id });
}

/** Removes a port for translated traffic that no interface has any more. */
export async function drop(context: Context, portId: string): Promise<void> {
  for (const one of await context.findLocked(routerInterface, 'change', 'r.snat_port_id = ?', portId)) {
    await context.store(routerInterface, one, { snat_port_id: null });
  }
  const row = await context.load(port, portId, 'remove');
  if (row) await context.delete(port, row);
}
