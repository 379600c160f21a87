// The segments of networks and subnets: how a network is carried, by one segment or by several, and which segment a subnet's addresses are of.
// Spread into the network and the subnet.
import { type FilterSql, t } from '#core/attributes.ts';
import { toInt } from '#core/convert.ts';
import { errorTable } from '#core/errors.ts';
import { requestErrors } from '#core/input.ts';
import { str } from '#core/python.ts';
import { text } from '#core/validate.ts';
import type { Dialect } from '#store/store.ts';

/** What a client says of one segment of several. */
export interface ProviderSegment {
  'provider:network_type'?: string;
  'provider:physical_network'?: string | null;
  'provider:segmentation_id'?: number | null;
}

export const multiProviderErrors = errorTable({
  SegmentsSetInConjunctionWithProviders: ['invalid', 'Segments and provider values cannot both be set.'],
  SegmentsContainDuplicateEntry: ['invalid', 'Duplicate segment entry in request.'],
});

/** A value of the network's only segment; null where it has several. */
const ofOnly = (column: string): string =>
  `(SELECT MAX(g.${column}) FROM network_segments g WHERE g.network_id = r.id HAVING COUNT(*) = 1)`;

/** Networks that have a segment like this, be it their only one or not. */
const carriedBy =
  (column: string): FilterSql =>
  (values) => ({
    sql: `EXISTS (SELECT 1 FROM network_segments g WHERE g.network_id = r.id AND g.${column} IN (${values.map(() => '?').join(', ')}))`,
    params: values,
  });

/** Numbers that a column can hold. */
const numbers =
  (how: FilterSql): FilterSql =>
  (values) => {
    const fit = values.filter((value) => /^-?\d+$/.test(value) && Number.isSafeInteger(Number(value)));
    return fit.length > 0 ? how(fit) : { sql: '1 = 0', params: [] };
  };

const PARTS = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'] as const;

function toSegments(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((one: unknown) => {
    if (typeof one !== 'object' || one === null) return one;
    const id = (one as ProviderSegment)['provider:segmentation_id'];
    return id == null ? one : { ...one, 'provider:segmentation_id': toInt(id) };
  });
}

function checkSegments(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  for (const one of value) {
    if (typeof one !== 'object' || one === null || Array.isArray(one)) return `'${str(one)}' is not a dictionary`;
    const unknown = Object.keys(one).filter((name) => !PARTS.some((part) => part === name));
    if (unknown.length > 0) throw requestErrors.HTTPBadRequest({ reason: `Unrecognized attribute(s) '${unknown.join(', ')}'` });
    for (const part of PARTS.slice(0, 2)) {
      const given = (one as Record<string, unknown>)[part];
      if (given != null && typeof given !== 'string') return `'${str(given)}' is not a valid string`;
    }
  }
  return undefined;
}

/** How a network is carried. */
export const carried = {
  'provider:network_type': t
    .text('local, flat, vlan, gre, vxlan or geneve; null of a network with several segments.', 32)
    .nullable()
    .validate(text(32))
    .optional()
    .mutable()
    .filter(carriedBy('network_type'))
    .policy()
    .derived(ofOnly('network_type'))
    .extension('provider'),
  'provider:physical_network': t
    .text('The physical network that carries it.', 64)
    .nullable()
    .optional()
    .mutable()
    .filter(carriedBy('physical_network'))
    .policy()
    .derived(ofOnly('physical_network'))
    .extension('provider'),
  'provider:segmentation_id': t
    .int('VLAN id, VNI or GRE key.')
    .nullable()
    .optional()
    .mutable()
    .filter(numbers(carriedBy('segmentation_id')))
    .policy()
    .derived(ofOnly('segmentation_id'))
    .extension('provider'),
  segments: t
    .json<ProviderSegment[]>(
      'Its segments where it has several; null of a network with one.',
      {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            'provider:network_type': { type: 'string' },
            'provider:physical_network': { type: ['string', 'null'] },
            'provider:segmentation_id': { type: ['integer', 'null'] },
          },
        },
      },
      checkSegments,
      toSegments,
    )
    .nullable()
    .optional()
    .policy()
    .derived((d: Dialect) => {
      const one = d.jsonObject({
        'provider:network_type': 'g.network_type',
        'provider:physical_network': 'g.physical_network',
        'provider:segmentation_id': 'g.segmentation_id',
      });
      const all = d.jsonArray(`${one} ORDER BY g.segment_index`);
      return `(SELECT ${all} FROM network_segments g WHERE g.network_id = r.id HAVING COUNT(*) > 1)`;
    })
    .extension('multi-provider'),
  l2_adjacency: t
    .bool('False where its subnets are of segments, so that not every instance reaches every other one directly.')
    .readOnly()
    .derived('CASE WHEN EXISTS (SELECT 1 FROM subnets s WHERE s.network_id = r.id AND s.segment_id IS NOT NULL) THEN 0 ELSE 1 END')
    .extension('l2_adjacency'),
};

/** Which segment a subnet's addresses work on. */
export const subnetSegment = {
  segment_id: t
    .id('The segment that its addresses work on; null: on all of its network.')
    .nullable()
    .default(null)
    .mutable()
    .filter()
    .sort()
    .ref('segment', 'restrict')
    .extension('segment'),
};
