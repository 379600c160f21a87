// Putting a router on a subnet and taking it off: by the subnet, which gives the router its gateway address, or by a port that is there already.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { action } from '#core/resource.ts';
import { uuid } from '#core/validate.ts';
import { INTERFACE_OWNERS } from '#resources/port/owners.ts';
import { type FixedIp, port } from '#resources/port/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { checkOverlap, subnetsOf } from './connections.ts';
import { badRouter, routerErrors } from './errors.ts';
import { routerInterface } from './interface.ts';
import { leadsThrough } from './routes.ts';
import { ensureRouter } from './schedule.ts';
import { type Router, router } from './schema.ts';
import { drop, ensureSnat } from './snat.ts';

type Port = Row<(typeof port)['attributes']>;
type Interface = Row<(typeof routerInterface)['attributes']>;

/** Owner of the ports by which this kind of router is on its subnets. */
export const interfaceOwner = ({ distributed, ha }: Pick<Router, 'distributed' | 'ha'>): string =>
  distributed ? INTERFACE_OWNERS.distributed : ha ? INTERFACE_OWNERS.ha : INTERFACE_OWNERS.single;

interface Named {
  readonly subnet_id?: string;
  readonly port_id?: string;
}

/** What a body names: a subnet, a port, or both. */
function namedIn(body: unknown): Named {
  const given = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const named: Record<string, string> = {};
  for (const key of ['subnet_id', 'port_id']) {
    if (!Object.hasOwn(given, key)) continue;
    const reason = uuid(given[key]);
    if (reason !== undefined) throw badRouter(reason);
    named[key] = given[key] as string;
  }
  if (Object.keys(named).length === 0) throw badRouter('Either subnet_id or port_id must be specified');
  return named;
}

const answer = ({ id, project_id }: Router, { id: port_id, network_id }: Pick<Port, 'id' | 'network_id'>, subnets: readonly string[]) => ({
  id,
  tenant_id: project_id,
  project_id,
  port_id,
  network_id,
  subnet_id: subnets.at(-1),
  subnet_ids: subnets,
});

async function add(context: Context, row: Router, body: unknown): Promise<unknown> {
  const { subnet_id, port_id } = namedIn(body);
  if (subnet_id !== undefined && port_id !== undefined) throw badRouter('Cannot specify both subnet-id and port-id');
  const [joined, subnets] = port_id === undefined ? await bySubnet(context, row, subnet_id ?? '') : await byPort(context, row, port_id);
  for (const one of subnets) {
    const { id, network_id } = joined;
    await context.create(routerInterface, { router_id: row.id, subnet_id: one, port_id: id, network_id, project_id: '' });
  }
  if (row.distributed) await ensureSnat(context, row);
  await revise(context, row);
  return answer(row, joined, subnets);
}

/** The port that a subnet's gateway address is given to. */
async function bySubnet(context: Context, row: Router, subnetId: string): Promise<[Port, string[]]> {
  const on = await context.visible(subnet, subnetId, 'share');
  if (on.gateway_ip === null) throw badRouter('Subnet for router interface must have a gateway IP');
  if (on.project_id !== context.actor.projectId && !(await context.permits('context_is_admin', subnet, on))) {
    throw badRouter(`Cannot add interface to router because subnet ${on.id} is not owned by project making the request`);
  }
  checkOverlap({ id: on.id, cidr: on.cidr ?? '' }, await subnetsOf(context, row.id, row.gw_network_id));
  const address: FixedIp = { subnet_id: on.id, ip_address: on.gateway_ip };
  const there = on.ip_version === 6 ? await sixPort(context, row.id, on.network_id) : undefined;
  const joined = there
    ? await context.update(port, there, { fixed_ips: [...there.fixed_ips, address] })
    : await context.create(port, {
        project_id: row.project_id,
        network_id: on.network_id,
        device_owner: interfaceOwner(row),
        device_id: row.id,
        port_security_enabled: false,
        fixed_ips: [address],
        'binding:host_id': await ensureRouter(context, row),
      });
  return [joined, [on.id]];
}

/** The router's port with IPv6 addresses on a network: hosts there would take two for two routers. */
async function sixPort(context: Context, routerId: string, networkId: string): Promise<Port | undefined> {
  const found = await context.tx.get<{ port_id: string }>(
    `SELECT i.port_id FROM router_interfaces i JOIN subnets s ON s.id = i.subnet_id
     WHERE i.router_id = ? AND i.network_id = ? AND s.ip_version = 6 LIMIT 1`,
    routerId,
    networkId,
  );
  return found && context.load(port, found.port_id, 'change');
}

/** A port that is there becomes the router's, with the addresses it has. */
async function byPort(context: Context, row: Router, portId: string): Promise<[Port, string[]]> {
  const given = await context.visible(port, portId, 'change');
  // Whatever the port says by now, a router may have it.
  const had = await context.tx.get<{ router_id: string }>('SELECT router_id FROM router_interfaces WHERE port_id = ? LIMIT 1', given.id);
  if (given.device_id !== '' || had) {
    throw routerErrors.PortInUse({ port_id: given.id, net_id: given.network_id, device_id: given.device_id || (had?.router_id ?? '') });
  }
  if (given.fixed_ips.length === 0) throw badRouter('Router port must have at least one fixed IP');
  const ids = [...new Set(given.fixed_ips.map(({ subnet_id }) => subnet_id))];
  const on = (await Promise.all(ids.map((id) => context.load(subnet, id, 'share')))).filter((one) => one !== undefined);
  const others = await subnetsOf(context, row.id, row.gw_network_id);
  for (const { id, cidr } of on) checkOverlap({ id, cidr: cidr ?? '' }, others);
  if (given.fixed_ips.filter(({ ip_address }) => !ip_address.includes(':')).length > 1) {
    throw badRouter('Cannot have multiple IPv4 subnets on router port');
  }
  const six = on.some(({ ip_version }) => ip_version === 6) ? await sixPort(context, row.id, given.network_id) : undefined;
  if (six) {
    throw badRouter(
      `Cannot have multiple router ports with the same network id if both contain IPv6 subnets. Existing port ${six.id} has IPv6 subnet(s) and network id ${six.network_id}`,
    );
  }
  if (given.project_id !== row.project_id && !(await context.permits('context_is_admin', port, given))) {
    throw routerErrors.DeviceIDNotOwnedByTenant({ device_id: row.id });
  }
  const host = await ensureRouter(context, row);
  const ours = { device_id: row.id, device_owner: interfaceOwner(row), ...(host !== '' && { 'binding:host_id': host }) };
  return [await context.update(port, given, ours), ids];
}

async function remove(context: Context, row: Router, body: unknown): Promise<unknown> {
  const { subnet_id, port_id } = namedIn(body);
  const going = port_id === undefined ? await onSubnet(context, row, subnet_id ?? '') : await ofPort(context, row, port_id, subnet_id);
  for (const one of going) {
    const on = await context.load(subnet, one.subnet_id);
    if (on && leadsThrough(on.cidr ?? '', row.routes)) {
      throw routerErrors.RouterInterfaceInUseByRoute({ subnet_id: on.id, router_id: row.id });
    }
    await context.delete(routerInterface, one);
  }
  const [{ port_id: left, network_id, snat_port_id }] = going as [Interface];
  await release(context, left, going);
  if (snat_port_id !== null)
    await (row.distributed && (await isOn(context, left)) ? ensureSnat(context, row) : drop(context, snat_port_id));
  await revise(context, row);
  return answer(
    row,
    { id: left, network_id },
    going.map((one) => one.subnet_id),
  );
}

async function onSubnet(context: Context, row: Router, subnetId: string): Promise<Interface[]> {
  const on = await context.visible(subnet, subnetId);
  const found = await context.findLocked(routerInterface, 'remove', 'r.router_id = ? AND r.subnet_id = ?', row.id, on.id);
  if (found.length === 0) throw routerErrors.RouterInterfaceNotFoundForSubnet({ router_id: row.id, subnet_id: on.id });
  return found;
}

async function ofPort(context: Context, row: Router, portId: string, subnetId: string | undefined): Promise<Interface[]> {
  const found = await context.findLocked(routerInterface, 'remove', 'r.port_id = ? AND r.router_id = ?', portId, row.id);
  if (found.length === 0) throw routerErrors.RouterInterfaceNotFound({ router_id: row.id, port_id: portId });
  if (subnetId !== undefined && !found.some((one) => one.subnet_id === subnetId)) {
    throw routerErrors.SubnetMismatchForPort({ port_id: portId, subnet_id: subnetId });
  }
  return found;
}

/** Whether a router still has the port. */
const isOn = async ({ tx }: Context, portId: string): Promise<boolean> =>
  (await tx.get('SELECT 1 AS one FROM router_interfaces WHERE port_id = ? LIMIT 1', portId)) !== undefined;

/** The port goes with the last of its subnets; until then it only lets go of addresses. */
async function release(context: Context, portId: string, going: readonly Interface[]): Promise<void> {
  const left = await isOn(context, portId);
  const row = await context.load(port, portId, left ? 'change' : 'remove');
  if (!row) return;
  if (!left) return context.delete(port, row);
  const fixed_ips = row.fixed_ips.filter(({ subnet_id }) => !going.some((one) => one.subnet_id === subnet_id));
  await context.update(port, row, { fixed_ips });
}

/** What a router is connected to is part of the router. */
async function revise({ tx, now }: Context, { id }: Router): Promise<void> {
  await tx.run('UPDATE routers SET revision_number = revision_number + 1, updated_at = ? WHERE id = ?', now, id);
}

const subnetOrPort = { subnet_id: { type: 'string', format: 'uuid' }, port_id: { type: 'string', format: 'uuid' } };

export const interfaceActions = [
  action({
    resource: router,
    name: 'add_router_interface',
    method: 'PUT',
    doc: "Puts a router on a subnet, by the subnet's gateway address or by a port that is there.",
    takes: subnetOrPort,
    run: add,
  }),
  action({
    resource: router,
    name: 'remove_router_interface',
    method: 'PUT',
    doc: 'Takes a router off a subnet, or off all subnets of a port, which goes as well.',
    takes: subnetOrPort,
    run: remove,
  }),
];

export { add as addInterface, remove as removeInterface };
