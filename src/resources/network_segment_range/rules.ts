// What making, changing and removing a range of segments' numbers means: it is within what its type has, overlaps no other that was made so, and its
// numbers go into the pool that networks get theirs from, or out of it, as long as no network has one.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { close, type NumberRange, open } from '#ml2/pools.ts';
import { typeDrivers } from '#ml2/types/index.ts';
import { rangeErrors } from './errors.ts';
import { networkSegmentRange } from './schema.ts';

type SegmentRange = Row<(typeof networkSegmentRange)['attributes']>;

function checkBounds({ network_type, minimum, maximum }: SegmentRange): void {
  const [low = 1, high = 1] = typeDrivers.get(network_type)?.ids ?? [];
  const range = `${minimum}:${maximum}`;
  const beyond = [minimum, maximum].find((id) => id < low || id > high);
  if (network_type === 'vlan') {
    if (beyond !== undefined) throw rangeErrors.NetworkVlanRangeError({ vlan_range: range, error: `${beyond} is not a valid VLAN tag` });
    if (maximum < minimum)
      throw rangeErrors.NetworkVlanRangeError({ vlan_range: range, error: 'End of VLAN range is less than start of VLAN range' });
  } else {
    const wrong = (error: string): Error => rangeErrors.NetworkTunnelRangeError({ tunnel_range: range, error });
    if (beyond !== undefined) throw wrong(`${beyond} is not a valid ${network_type} identifier`);
    if (maximum < minimum) throw wrong('End of tunnel range is less than start of tunnel range');
  }
}

/** Ranges that were made here do not overlap; what the configuration gives may be given once more by them. */
async function checkOverlap(context: Context, { id, network_type, physical_network, minimum, maximum }: SegmentRange): Promise<void> {
  const others = await context.find(
    networkSegmentRange,
    "r.network_type = ? AND COALESCE(r.physical_network, '') = ? AND r.minimum <= ? AND r.maximum >= ? AND r.is_default = 0 AND r.id <> ?",
    network_type,
    physical_network ?? '',
    maximum,
    minimum,
    id,
  );
  if (others.length > 0) throw rangeErrors.NetworkSegmentRangeOverlaps({ range_id: others.map((one) => one.id).join(', ') });
}

/** Refuses to touch what the configuration gives, and what networks have numbers of. */
async function checkFree({ tx }: Context, row: SegmentRange): Promise<void> {
  const { id, is_default, network_type, physical_network, minimum, maximum } = row;
  if (is_default) throw rangeErrors.NetworkSegmentRangeDefaultReadOnly({ range_id: id });
  const used = await tx.get(
    `SELECT id FROM network_segments WHERE network_type = ? AND COALESCE(physical_network, '') = ?
     AND COALESCE(segmentation_id, 0) BETWEEN ? AND ? AND network_type <> 'local' LIMIT 1`,
    network_type,
    physical_network ?? '',
    minimum,
    maximum,
  );
  if (used) throw rangeErrors.NetworkSegmentRangeReferencedByProject({ range_id: id });
}

/** Ranges are changed one at a time, for what overlaps another depends on all of them. */
async function alone({ tx }: Context): Promise<void> {
  if (tx.dialect.name === 'postgres') await tx.run('LOCK TABLE network_segment_ranges IN SHARE ROW EXCLUSIVE MODE');
}

export const rangeRules: RulesOf<typeof networkSegmentRange> = {
  async create(context, draft) {
    if (draft.network_type === undefined) throw rangeErrors.NetworkSegmentRangeNetTypeNotSupported({ type: 'None' });
    if (draft.network_type !== 'vlan') draft.physical_network = null;
    else if (!draft.physical_network) {
      const msg = "Network type vlan requires 'physical_network' to be specified while creating new range";
      throw rangeErrors.BadRequest({ resource: 'network_segment_range', msg });
    }
    if (draft.shared) draft.project_id = null;
    draft.is_default = false;
    checkBounds(draft);
    await alone(context);
    await checkOverlap(context, draft);
  },
  created: (context, row) => open(context.tx, row as NumberRange),
  async update(context, before, changes) {
    const after = { ...before, ...changes };
    await alone(context);
    await checkFree(context, before);
    checkBounds(after);
    await checkOverlap(context, after);
  },
  async updated({ tx }, before, after) {
    if (before.minimum === after.minimum && before.maximum === after.maximum) return;
    await close(tx, before as NumberRange);
    await open(tx, after as NumberRange);
  },
  delete: checkFree,
  deleted: ({ tx }, row) => close(tx, row as NumberRange),
};
