// Ports that routers have, as seen from the ports: they are made, changed and removed by what the router is told, and not by themselves.
import type { Context } from '#core/context.ts';
import { follow, type RulesOf } from '#core/resource.ts';
import { portErrors } from '#resources/port/errors.ts';
import { GATEWAY_OWNER, HA_OWNER, ROUTER_PORT_OWNERS } from '#resources/port/owners.ts';
import { port } from '#resources/port/schema.ts';
import { subnetErrors } from '#resources/subnet/errors.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { routerErrors } from './errors.ts';
import { type Router, router } from './schema.ts';

/** Owners whose ports keep the addresses they have. */
const FIXED_OWNERS = [...ROUTER_PORT_OWNERS.filter((owner) => owner !== GATEWAY_OWNER), HA_OWNER];

/** Who says that a port is a router's, of a router of another project, could join its networks. */
async function checkDevice(context: Context, owner: string | undefined, device: string | undefined): Promise<void> {
  if (!device || !ROUTER_PORT_OWNERS.includes(owner ?? '')) return;
  const of = await context.load(router, device);
  if (of && of.project_id !== context.actor.projectId && !(await context.permits('context_is_admin', router, of as Router))) {
    throw routerErrors.DeviceIDNotOwnedByTenant({ device_id: device });
  }
}

const sameAddresses = (one: readonly { ip_address: string }[], other: readonly { ip_address: string }[]): boolean =>
  one.length === other.length && one.every(({ ip_address }) => other.some((held) => held.ip_address === ip_address));

export const routerPortRules: RulesOf<typeof port> = {
  async creating(context, inputs) {
    for (const { device_owner, device_id } of inputs) await checkDevice(context, device_owner, device_id);
  },
  async update(context, before, changes) {
    if (!context.isSubject(port, before.id)) return;
    if (changes.device_owner !== undefined || changes.device_id !== undefined) {
      await checkDevice(context, changes.device_owner ?? before.device_owner, changes.device_id ?? before.device_id);
    }
    if (!changes.fixed_ips || sameAddresses(changes.fixed_ips, before.fixed_ips)) return;
    // By the interface, whatever became of the port's owner; by the owner where a router keeps no interface of it.
    const kept = await context.tx.get(
      'SELECT 1 AS one FROM router_interfaces WHERE port_id = ? UNION ALL SELECT 1 AS one FROM routers WHERE id = ? LIMIT 1',
      before.id,
      FIXED_OWNERS.includes(before.device_owner) ? before.device_id : '',
    );
    if (kept) throw routerErrors.BadRequest({ resource: 'ports', msg: `IP updates for port ${before.id} are not allowed` });
  },
};

export const routerPortFollows = [
  follow({
    resource: port,
    what: 'a port that a router has goes when the router lets go of it, and not before',
    async deleting(context, row) {
      const claims = ROUTER_PORT_OWNERS.includes(row.device_owner) && context.isSubject(port, row.id);
      const used = await context.tx.get<{ owner: string }>(
        `SELECT 'network:router_interface' AS owner FROM router_interfaces WHERE port_id = ?
         UNION ALL SELECT '${GATEWAY_OWNER}' AS owner FROM routers WHERE gw_port_id = ?
         ${claims ? 'UNION ALL SELECT ? AS owner FROM routers WHERE id = ?' : ''} LIMIT 1`,
        row.id,
        row.id,
        ...(claims ? [row.device_owner, row.device_id] : []),
      );
      if (!used) return;
      const owner = ROUTER_PORT_OWNERS.includes(row.device_owner) ? row.device_owner : used.owner;
      throw portErrors.ServicePortInUse({ port_id: row.id, reason: `has device owner ${owner}` });
    },
  }),
  follow({
    resource: subnet,
    what: 'a subnet that a router is on stays, whatever became of the port',
    async deleting({ tx }, row) {
      const on = await tx.get<{ port_id: string }>('SELECT port_id FROM router_interfaces WHERE subnet_id = ? LIMIT 1', row.id);
      if (!on) return;
      const reason = `One or more ports have an IP allocation from this subnet: ${on.port_id}`;
      throw subnetErrors.SubnetInUse({ subnet_id: row.id, reason });
    },
  }),
];
