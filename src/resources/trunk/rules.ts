// What making, changing and removing a trunk means: which ports may be part of one, and that they stay while they are.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { action, follow, type RulesOf } from '#core/resource.ts';
import { isBound } from '#resources/port/binding.ts';
import { port } from '#resources/port/schema.ts';
import { trunkErrors } from './errors.ts';
import { trunk } from './schema.ts';
import { type SubPort, type SubPortRequest, segmentation, subPortsIn } from './subports.ts';

type Trunk = Row<(typeof trunk)['attributes']>;
type Port = Row<(typeof port)['attributes']>;

const parentOf = async ({ tx }: Context, portId: string): Promise<string | undefined> =>
  (await tx.get<{ id: string }>('SELECT id FROM trunks WHERE port_id = ?', portId))?.id;

const carrierOf = async ({ tx }: Context, portId: string): Promise<string | undefined> =>
  (await tx.get<{ trunk_id: string }>('SELECT trunk_id FROM trunk_subports WHERE port_id = ?', portId))?.trunk_id;

/** The port, held against others who want it in a trunk of theirs. */
async function free(context: Context, portId: string): Promise<Port> {
  const row = await context.visible(port, portId, 'change');
  if ((await parentOf(context, portId)) !== undefined) throw trunkErrors.ParentPortInUse({ port_id: portId });
  if ((await carrierOf(context, portId)) !== undefined) throw trunkErrors.TrunkPortInUse({ port_id: portId });
  return row;
}

const mtuOf = async ({ tx }: Context, { network_id }: Port): Promise<number> =>
  (await tx.get<{ mtu: number }>('SELECT mtu FROM networks WHERE id = ?', network_id))?.mtu ?? 0;

/** Adds subports to a trunk whose row is held. */
async function add(context: Context, row: Trunk, requests: readonly SubPortRequest[]): Promise<void> {
  const parent = (await context.load(port, row.port_id)) as Port;
  const trunk_mtu = await mtuOf(context, parent);
  const wanted: SubPort[] = [];
  for (const request of requests) wanted.push(await segmentation(context, request));
  // In one order, so that two who want the same ports wait for each other.
  for (const { port_id, segmentation_type, segmentation_id } of wanted.toSorted((a, b) => (a.port_id < b.port_id ? -1 : 1))) {
    if (port_id === row.port_id) throw trunkErrors.ParentPortInUse({ port_id });
    const one = await free(context, port_id);
    if (one.device_id !== '') throw trunkErrors.PortInUse({ port_id, net_id: one.network_id, device_id: one.device_id });
    const port_mtu = await mtuOf(context, one);
    // Named by its parent port, as clients know it from the reference.
    if (port_mtu > trunk_mtu) throw trunkErrors.SubPortMtuGreaterThanTrunkPortMtu({ port_mtu, port_id, trunk_mtu, trunk_id: row.port_id });
    const added = await context.tx.run(
      `INSERT INTO trunk_subports (port_id, trunk_id, segmentation_type, segmentation_id) VALUES (?, ?, ?, ?)
       ON CONFLICT (trunk_id, segmentation_type, segmentation_id) DO NOTHING`,
      port_id,
      row.id,
      segmentation_type,
      segmentation_id,
    );
    if (added === 0) throw trunkErrors.DuplicateSubPort({ segmentation_type, segmentation_id, trunk_id: row.id });
  }
}

function refuseDisabled({ id, admin_state_up }: Trunk): void {
  if (!admin_state_up) throw trunkErrors.TrunkDisabled({ trunk_id: id });
}

export const trunkRules: RulesOf<typeof trunk> = {
  async create(context, draft) {
    const parent = await free(context, draft.port_id);
    // Whoever wires a port must know from the start that it is a trunk.
    if (isBound(parent)) throw trunkErrors.ParentPortInUse({ port_id: parent.id });
    draft.status = 'DOWN';
  },
  created: (context, row, input) => add(context, row, input.sub_ports ?? []),
  async delete(context, row) {
    refuseDisabled(row);
    const parent = await context.load(port, row.port_id, 'share');
    if (parent && isBound(parent)) throw trunkErrors.TrunkInUse({ trunk_id: row.id });
    await context.tx.run('DELETE FROM trunk_subports WHERE trunk_id = ?', row.id);
  },
};

/** A trunk's list of subports is part of the trunk; it is in a table of its own by now. */
async function changed(context: Context, row: Trunk): Promise<unknown> {
  return context.shown(trunk, await context.store(trunk, row, { sub_ports: [] }));
}

const text = { type: 'string' };
const uuid = { type: 'string', format: 'uuid' };

export const trunkActions = [
  action({
    resource: trunk,
    name: 'add_subports',
    method: 'PUT',
    doc: 'Adds subports to a trunk.',
    takes: {
      sub_ports: {
        type: 'array',
        items: { type: 'object', properties: { port_id: uuid, segmentation_type: text, segmentation_id: { type: 'integer' } } },
      },
    },
    async run(context, row, body) {
      const requests = subPortsIn(body);
      refuseDisabled(row);
      await add(context, row, requests);
      return changed(context, row);
    },
  }),
  action({
    resource: trunk,
    name: 'remove_subports',
    method: 'PUT',
    doc: 'Takes subports out of a trunk.',
    takes: { sub_ports: { type: 'array', items: { type: 'object', properties: { port_id: uuid } } } },
    async run(context, row, body) {
      const requests = subPortsIn(body);
      refuseDisabled(row);
      for (const { port_id } of requests) {
        const gone = await context.tx.run('DELETE FROM trunk_subports WHERE port_id = ? AND trunk_id = ?', port_id, row.id);
        if (gone === 0) throw trunkErrors.SubPortNotFound({ port_id, trunk_id: row.id });
      }
      return changed(context, row);
    },
  }),
  action({
    resource: trunk,
    name: 'get_subports',
    method: 'GET',
    doc: 'Lists the subports of a trunk.',
    async run(context, row) {
      const { sub_ports } = await context.shown(trunk, row);
      return { sub_ports };
    },
  }),
];

export const trunkFollows = [
  follow({
    resource: port,
    what: 'a port that is part of a trunk stays',
    async deleting(context, { id }) {
      const parentOfTrunk = await parentOf(context, id);
      if (parentOfTrunk !== undefined) throw trunkErrors.PortInUseAsTrunkParent({ port_id: id, trunk_id: parentOfTrunk });
      const carrier = await carrierOf(context, id);
      if (carrier !== undefined) throw trunkErrors.PortInUseAsSubPort({ port_id: id, trunk_id: carrier });
    },
  }),
];
