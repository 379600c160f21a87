// What making and removing local IPs and their associations means: whose address it is, and the ports they keep.
import type { Create, Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { checkRoom } from '#core/quota.ts';
import { follow, type Resource, type RulesOf } from '#core/resource.ts';
import { network } from '#resources/network/schema.ts';
import { portErrors } from '#resources/port/errors.ts';
import { port } from '#resources/port/schema.ts';
import { localIpErrors } from './errors.ts';
import { type localIp, portAssociation } from './schema.ts';

type LocalIp = Row<(typeof localIp)['attributes']>;
type LocalIpCreate = Create<(typeof localIp)['attributes']>;
type Association = Row<(typeof portAssociation)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

/** Owner of the ports that hold the addresses of local IPs on a network. */
const LOCAL_IP_OWNER = 'network:local_ip';

async function create(context: Context, draft: LocalIp, input: LocalIpCreate): Promise<void> {
  const { local_port_id, network_id } = input;
  const wanted = input.local_ip_address ?? undefined;
  if (local_port_id !== undefined) {
    const of = await context.load(port, local_port_id, 'share');
    if (!of || !(await context.permits('get_port', port, of))) {
      throw localIpErrors.BadRequest({ resource: 'local_ip', msg: `Port ${local_port_id} not found` });
    }
    draft.network_id = of.network_id;
    draft.local_ip_address = addressOf(of, wanted);
    return;
  }
  if (network_id === undefined) throw localIpErrors.LocalIPPortOrNetworkRequired({});
  await context.visible(network, network_id, 'share');
  const made = await context.create(port, {
    project_id: draft.project_id,
    network_id,
    device_owner: LOCAL_IP_OWNER,
    device_id: draft.id,
    port_security_enabled: false,
    ...(wanted !== undefined && { fixed_ips: [{ ip_address: wanted }] as Port['fixed_ips'] }),
  });
  // There is no limit of local IPs: it is ports that each of them takes.
  await checkRoom(context.tx, context.settings, port as unknown as Resource, draft.project_id, 0);
  draft.local_port_id = made.id;
  draft.local_ip_address = wanted ?? addressOf({ ...made, fixed_ips: made.fixed_ips.slice(0, 1) }, undefined);
}

/** The address of a port that was asked for, or its only one. */
function addressOf({ id, fixed_ips }: Port, wanted: string | undefined): string {
  const [first, ...others] = fixed_ips;
  if (!first) throw localIpErrors.LocalIPNoIP({ port_id: id });
  if (wanted === undefined && others.length > 0) throw localIpErrors.LocalIPNoRequestedIP({ port_id: id });
  if (wanted === undefined) return first.ip_address;
  if (!fixed_ips.some(({ ip_address }) => ip_address === wanted)) {
    throw localIpErrors.LocalIPRequestedIPNotFound({ port_id: id, ip: wanted });
  }
  return wanted;
}

async function removed(context: Context, row: LocalIp): Promise<void> {
  const own = await context.load(port, row.local_port_id, 'remove');
  if (own && own.device_owner === LOCAL_IP_OWNER && own.device_id === row.id) await context.delete(port, own);
}

export const localIpRules: RulesOf<typeof localIp> = { create, deleted: removed };

export const portAssociationRules: RulesOf<typeof portAssociation> = {
  async create(context, draft: Association) {
    // Its addresses stay until commit.
    const of = await context.visible(port, draft.fixed_port_id, 'change');
    draft.fixed_ip = addressOf(of, draft.fixed_ip ?? undefined);
  },
};

/** The port that was made for a local IP stays that: it is trusted as ports of the network itself are, and no instance's. */
async function checkOwn({ tx }: Context, before: Port, after: Port): Promise<void> {
  const { id, network_id, device_owner, device_id } = before;
  if (device_owner !== LOCAL_IP_OWNER || (after.device_owner === device_owner && after.device_id === device_id)) return;
  if (!(await tx.get('SELECT id FROM local_ips WHERE id = ? AND local_port_id = ?', device_id, id))) return;
  throw localIpErrors.PortInUse({ port_id: id, net_id: network_id, device_id });
}

export const localIpFollows = [
  follow({
    resource: port,
    what: 'a port that a local IP has its address of, or leads to, stays; an association goes with the address it leads to',
    async updated(context, before, after) {
      await checkOwn(context, before, after);
      const left = new Set(after.fixed_ips.map(({ ip_address }) => ip_address));
      for (const { ip_address } of before.fixed_ips) {
        if (left.has(ip_address)) continue;
        const where = 'r.fixed_port_id = ? AND r.fixed_ip = ?';
        for (const one of await context.findLocked(portAssociation, 'remove', where, after.id, ip_address)) {
          await context.delete(portAssociation, one);
        }
      }
    },
    async deleting(context, { id }) {
      const user = await context.tx.get(
        'SELECT id FROM local_ips WHERE local_port_id = ? UNION ALL SELECT id FROM local_ip_associations WHERE fixed_port_id = ? LIMIT 1',
        id,
        id,
      );
      if (user) throw portErrors.ServicePortInUse({ port_id: id, reason: 'still referenced by Local IPs' });
    },
  }),
];
