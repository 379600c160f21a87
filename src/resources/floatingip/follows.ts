// What becomes of floating IPs when ports, routers and networks change, and what they keep from going.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { follow } from '#core/resource.ts';
import { network } from '#resources/network/schema.ts';
import { portErrors } from '#resources/port/errors.ts';
import { port } from '#resources/port/schema.ts';
import { routerInterface } from '#resources/router/interface.ts';
import { router } from '#resources/router/schema.ts';
import { floatingIpErrors } from './errors.ts';
import { portForwarding } from './forwarding.ts';
import { FLOATING_IP_OWNER } from './rules.ts';
import { floatingIp } from './schema.ts';

type Port = Row<(typeof port)['attributes']>;

/** Whether a client would change the port that holds the address of a floating IP: it is nobody's, whatever others say of theirs. */
const isHeld = async (context: Context, { id, project_id, device_owner, device_id }: Port): Promise<boolean> =>
  project_id === '' && device_owner === FLOATING_IP_OWNER && context.isSubject(port, id) && !!(await context.load(floatingIp, device_id));

/** The port of a floating IP stays what it is. */
async function checkOwn(context: Context, before: Port, after: Port): Promise<void> {
  const { id, device_owner, device_id, network_id } = before;
  if (!(await isHeld(context, before))) return;
  if (JSON.stringify(before.fixed_ips) !== JSON.stringify(after.fixed_ips)) {
    throw floatingIpErrors.BadRequest({ resource: 'ports', msg: `IP updates for port ${id} are not allowed` });
  }
  if (after.device_owner !== device_owner || after.device_id !== device_id) {
    throw floatingIpErrors.PortInUse({ port_id: id, net_id: network_id, device_id });
  }
}

/** What leads to an address that a port has no more leads nowhere. */
async function portUpdated(context: Context, before: Port, after: Port): Promise<void> {
  await checkOwn(context, before, after);
  const left = new Set(after.fixed_ips.map(({ ip_address }) => ip_address));
  for (const { ip_address } of before.fixed_ips) {
    if (left.has(ip_address)) continue;
    for (const one of await context.findLocked(floatingIp, 'change', 'r.port_id = ? AND r.fixed_ip_address = ?', after.id, ip_address)) {
      await context.update(floatingIp, one, { port_id: null });
    }
    const where = 'r.internal_port_id = ? AND r.internal_ip_address = ?';
    for (const one of await context.findLocked(portForwarding, 'remove', where, after.id, ip_address)) {
      await context.delete(portForwarding, one);
    }
  }
}

async function portDeleting(context: Context, row: Port): Promise<void> {
  if (!(await isHeld(context, row))) return;
  throw portErrors.ServicePortInUse({ port_id: row.id, reason: `has device owner ${FLOATING_IP_OWNER}` });
}

export const floatingIpFollows = [
  follow({
    resource: port,
    what: "a floating IP lets go of a port's address that is gone, and keeps the port of its own",
    updated: portUpdated,
    deleting: portDeleting,
  }),
  follow({
    resource: routerInterface,
    what: 'a router stays on the subnets of the addresses that floating IPs lead to through it',
    // After it has gone: whoever was about to lead through it has then done so, or finds it gone.
    async deleted({ tx }, { router_id, subnet_id }) {
      const user = await tx.get(
        `SELECT f.id FROM floatingips f JOIN ip_allocations a ON a.port_id = f.port_id AND a.ip_address = f.fixed_ip_address
         WHERE f.router_id = ? AND a.subnet_id = ?
         UNION ALL
         SELECT f.id FROM floatingips f JOIN port_forwardings w ON w.floatingip_id = f.id
         JOIN ip_allocations a ON a.port_id = w.internal_port_id AND a.ip_address = w.internal_ip_address
         WHERE f.router_id = ? AND a.subnet_id = ? LIMIT 1`,
        router_id,
        subnet_id,
        router_id,
        subnet_id,
      );
      if (user) throw floatingIpErrors.RouterInterfaceInUseByFloatingIP({ subnet_id, router_id });
    },
  }),
  follow({
    resource: router,
    what: 'a router keeps the gateway that floating IPs lead through',
    async updated({ tx }, { id, gw_port_id, gw_network_id }, after) {
      if (gw_port_id === null || gw_port_id === after.gw_port_id) return;
      const user = await tx.get('SELECT id FROM floatingips WHERE router_id = ? LIMIT 1', id);
      if (user) throw floatingIpErrors.RouterExternalGatewayInUseByFloatingIp({ router_id: id, net_id: gw_network_id ?? '' });
    },
  }),
  follow({
    resource: network,
    what: 'an external network takes with it the floating IPs that lead nowhere, and stays for the others',
    async deleting(context, { id }) {
      const idle = 'r.floating_network_id = ? AND r.router_id IS NULL';
      for (const one of await context.findLocked(floatingIp, 'remove', idle, id)) await context.delete(floatingIp, one);
      const busy = await context.tx.get('SELECT id FROM floatingips WHERE floating_network_id = ? LIMIT 1', id);
      if (!busy) return;
      const ports = await context.tx.all<{ id: string }>('SELECT id FROM ports WHERE network_id = ? LIMIT 10', id);
      throw network.inUse?.(
        id,
        'port',
        ports.map((one) => one.id),
      );
    },
  }),
];
