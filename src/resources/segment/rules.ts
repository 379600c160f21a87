// What adding a segment to a network and taking one away means: its number, and what the network may still send.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import type { RulesOf } from '#core/resource.ts';
import { duplicate, maximumMtuOf, providerSegment, releaseSegment } from '#ml2/segments.ts';
import { networkErrors } from '#resources/network/errors.ts';
import { network } from '#resources/network/schema.ts';
import { segmentErrors } from './errors.ts';
import type { segment } from './schema.ts';

type Segment = Row<(typeof segment)['attributes']>;

/** A network's list of segments is part of the network. */
async function bumpNetwork({ tx, now }: Context, networkId: string): Promise<void> {
  await tx.run('UPDATE networks SET revision_number = revision_number + 1, updated_at = ? WHERE id = ?', now, networkId);
}

async function refuseDuplicate({ tx }: Context, { network_id, network_type, physical_network }: Segment): Promise<void> {
  if (physical_network == null) return;
  const there = await tx.get(
    'SELECT id FROM network_segments WHERE network_id = ? AND network_type = ? AND physical_network = ?',
    network_id,
    network_type,
    physical_network,
  );
  if (there) throw duplicate(network_id, { network_type, physical_network });
}

export const segmentRules: RulesOf<typeof segment> = {
  async create(context, draft) {
    const { tx, settings } = context;
    // One at a time: each has a place of its own.
    const of = await context.load(network, draft.network_id, 'remove');
    if (!of) throw networkErrors.NetworkNotFound({ net_id: draft.network_id });
    await refuseDuplicate(context, draft);
    const maximum = maximumMtuOf([draft], settings);
    if (of.mtu > maximum) throw inputErrors.InvalidInput({ error_message: `Requested MTU is too big, maximum is ${maximum}` });
    const { physical_network, segmentation_id } = await providerSegment(tx, draft, settings);
    Object.assign(draft, { physical_network: physical_network || null, segmentation_id });
    const last = await tx.get<{ at: number | null }>(
      'SELECT MAX(segment_index) AS at FROM network_segments WHERE network_id = ?',
      draft.network_id,
    );
    draft.segment_index = (last?.at ?? -1) + 1;
  },
  created: (context, row) => bumpNetwork(context, row.network_id),
  async delete({ tx }, { id, network_id }) {
    const refuse = (reason: string): Error => segmentErrors.SegmentInUse({ segment_id: id, reason });
    const subnets = await tx.all<{ id: string }>('SELECT id FROM subnets WHERE segment_id = ? ORDER BY id', id);
    if (subnets.length > 0) throw refuse(`The segment is still associated with subnet(s) ${subnets.map((one) => one.id).join(', ')}`);
    const bound = await tx.get<{ ports: number }>(
      'SELECT COUNT(*) AS ports FROM ports WHERE network_id = ? AND binding_segment_id = ?',
      network_id,
      id,
    );
    if (bound && bound.ports > 0) throw refuse(`The segment is still bound with ${bound.ports} port(s)`);
  },
  async deleted(context, row) {
    await releaseSegment(context.tx, row);
    await bumpNetwork(context, row.network_id);
  },
};
