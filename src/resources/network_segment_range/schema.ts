// A range of numbers that segments of tenants' networks get: of the configuration, for everybody, or for one project alone.
import { t } from '#core/attributes.ts';
import { toInt } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { identity, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import type { Dialect } from '#store/store.ts';
import { rangeErrors } from './errors.ts';

/** Free numbers told at most: a range of tunnels has millions. */
const AVAILABLE_AT_MOST = 10_000;

/** The lowest numbers that are free. */
function available(minimum: number, maximum: number, used: Readonly<Record<string, string>>): number[] {
  const free: number[] = [];
  for (let id = minimum; id <= maximum && free.length < AVAILABLE_AT_MOST; id++) if (!Object.hasOwn(used, id)) free.push(id);
  return free;
}

const bound = (doc: string) => t.int(doc, check.range(1, 4_294_967_295)).convert(toInt).mutable().list();

export const networkSegmentRange = resource({
  name: 'network_segment_range',
  collection: 'network_segment_ranges',
  doc: "Numbers that the segments of tenants' networks get.",
  table: 'network_segment_ranges',
  extension: 'network-segment-range',
  attributes: {
    ...identity,
    project_id: t
      .text('The project whose networks alone get its numbers; null: everybody; `tenant_id` is the same.')
      .nullable()
      .validate(check.text(255))
      .filter()
      .sort(),
    default: t.bool('Whether it is of the configuration, and so cannot be changed here.').readOnly().derived('r.is_default'),
    is_default: t.bool('As default.').readOnly().hidden(),
    shared: t.bool('Whether networks of every project get its numbers.').default(true).list(),
    network_type: t.oneOf('vlan, vxlan, gre or geneve.', ['vlan', 'vxlan', 'gre', 'geneve']).optional().filter().list(),
    physical_network: t
      .text('The physical network whose VLANs they are; null where the type has none.', 64)
      .nullable()
      .validate(check.text(64))
      .optional()
      .filter()
      .list(),
    minimum: bound('The lowest.'),
    maximum: bound('The highest.'),
    used: t
      .json<Record<string, string>>('The projects whose networks have some, by number.', { type: 'object' })
      .readOnly()
      .derived((d: Dialect) => {
        const mine = `g.network_type = r.network_type AND COALESCE(g.physical_network, '') = COALESCE(r.physical_network, '')
          AND COALESCE(g.segmentation_id, 0) BETWEEN r.minimum AND r.maximum AND g.network_type <> 'local'`;
        return `(SELECT ${d.jsonMap('CAST(g.segmentation_id AS TEXT)', 'n.project_id')} FROM network_segments g JOIN networks n ON n.id = g.network_id WHERE ${mine})`;
      }),
    available: t
      .json<number[]>(`Those that are free, the lowest ${AVAILABLE_AT_MOST} at most.`, { type: 'array', items: { type: 'integer' } })
      .readOnly()
      .computed(['minimum', 'maximum', 'used'], ({ minimum, maximum, used }) =>
        available(Number(minimum ?? 1), Number(maximum ?? 0), (used ?? {}) as Record<string, string>),
      ),
    ...tagged,
    ...standard,
  },
  notFound: (range_id) => rangeErrors.NetworkSegmentRangeNotFound({ range_id }),
  scopes: () => [],
});
