// Highly available routers: the hosts that stand by for a router hear each other on a network of its project, which is made with the first such router
// and goes with the last one. Members do not see it.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { network } from '#resources/network/schema.ts';
import { HA_OWNER } from '#resources/port/owners.ts';
import { port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { routerErrors } from './errors.ts';
import type { Router } from './schema.ts';

/** Link-local addresses, by which hosts tell each other apart. RFC 3927. */
const HA_CIDR = '169.254.192.0/18';
/** Numbers of virtual routers that VRRP has. RFC 5798. */
const MOST_ROUTERS = 254;

/** The HA network of a project, made if it is not there, and nobody else's to remove until commit. */
async function haNetwork(context: Context, projectId: string): Promise<string> {
  const { tx } = context;
  const held = await tx.get<{ network_id: string | null }>(
    `INSERT INTO ha_networks (project_id, network_id) VALUES (?, NULL)
     ON CONFLICT (project_id) DO UPDATE SET project_id = excluded.project_id RETURNING network_id`,
    projectId,
  );
  if (held?.network_id) return held.network_id;
  const { id } = await context.create(network, { project_id: '', name: `HA network tenant ${projectId}` });
  await context.create(subnet, {
    project_id: '',
    name: `HA subnet tenant ${projectId}`,
    network_id: id,
    ip_version: 4,
    cidr: HA_CIDR,
    gateway_ip: null,
    enable_dhcp: false,
  });
  await tx.run('UPDATE ha_networks SET network_id = ? WHERE project_id = ?', id, projectId);
  return id;
}

/** The number by which a router's hosts know each other on the HA network, which is there from now on. */
export async function haNumber(context: Context, { id, project_id }: Pick<Router, 'id' | 'project_id'>): Promise<number> {
  await haNetwork(context, project_id);
  const taken = await context.tx.all<{ number: number }>(
    'SELECT ha_vr_id AS number FROM routers WHERE project_id = ? AND ha_vr_id IS NOT NULL',
    project_id,
  );
  const used = new Set(taken.map(({ number }) => number));
  for (let number = 1; number <= MOST_ROUTERS; number++) if (!used.has(number)) return number;
  throw routerErrors.NoVRIDAvailable({ router_id: id });
}

/** A host's port on the HA network of a router's project. */
export async function makeHaPort(context: Context, { id, project_id }: Router, host: string): Promise<Row<(typeof port)['attributes']>> {
  return context.create(port, {
    project_id: '',
    name: `HA port tenant ${project_id}`,
    network_id: await haNetwork(context, project_id),
    device_owner: HA_OWNER,
    device_id: id,
    'binding:host_id': host,
    port_security_enabled: false,
  });
}

/**
 * Holds the HA network of a project until commit. Whoever takes a router's hosts away does so first: who gives one to hosts holds it before anything
 * that is on it.
 */
export const holdHaNetwork = ({ tx }: Context, projectId: string) =>
  tx.get<{ network_id: string | null }>(`SELECT network_id FROM ha_networks WHERE project_id = ? ${tx.dialect.forUpdate}`, projectId);

/** Removes the HA network of a project whose last highly available router is gone, unless a client made it. */
export async function leaveHaNetwork(context: Context, projectId: string): Promise<void> {
  const { tx } = context;
  const held = await holdHaNetwork(context, projectId);
  if (!held?.network_id) return;
  if (await tx.get('SELECT 1 AS one FROM routers WHERE project_id = ? AND ha = 1 LIMIT 1', projectId)) return;
  const row = await context.load(network, held.network_id, 'remove');
  if (row?.project_id !== '') return;
  await tx.run('DELETE FROM ha_networks WHERE project_id = ?', projectId);
  await context.delete(network, row);
}

/** A network that is made to be its project's HA network. */
export const haNetworkRules: RulesOf<typeof network> = {
  async created({ tx }, row, { ha }) {
    if (!ha) return;
    const made = await tx.run(
      'INSERT INTO ha_networks (project_id, network_id) VALUES (?, ?) ON CONFLICT (project_id) DO NOTHING',
      row.project_id,
      row.id,
    );
    if (made === 0) throw routerErrors.DuplicatedHANetwork({ project_id: row.project_id });
  },
};
