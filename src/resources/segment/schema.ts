// A segment: one of the layer-2 links that carry a network, by its number on a physical network or in a tunnel.
import { t } from '#core/attributes.ts';
import { toInt } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { refusedSegment } from '#ml2/segments.ts';
import { standard } from '#packs/standard.ts';
import { segmentErrors } from './errors.ts';

export const segment = resource({
  name: 'segment',
  collection: 'segments',
  doc: 'One of the links that carry a network.',
  table: 'network_segments',
  extension: 'segment',
  bulk: false,
  attributes: {
    id: t.id('Identifies the resource; made by the server.').readOnly().filter().sort().list(),
    name: t
      .text('What people call it; null is nothing.')
      .nullable()
      .validate(check.orNull(check.nameText(255)))
      .optional()
      .mutable()
      .filter()
      .sort()
      .list(),
    project_id: t
      .text('The project of the network; `tenant_id` is the same.')
      .validate(check.notBlank(255))
      .hidden()
      .derived('(SELECT n.project_id FROM networks n WHERE n.id = r.network_id)'),
    network_id: t.id('The network it carries; it goes with it.').filter().sort().list(),
    network_type: t.text('local, flat, vlan, gre, vxlan or geneve.', 32).filter().sort().list(),
    physical_network: t
      .text('The physical network it is on; null where the type has none.', 64)
      .nullable()
      .validate(check.text(64))
      .optional()
      .filter()
      .sort(),
    segmentation_id: t.int('VLAN id, VNI or GRE key; chosen when left out.').nullable().convert(toInt).optional().sort(),
    segment_index: t.int('Its place among the segments of its network.').readOnly().hidden(),
    ...standard,
  },
  notFound: (segment_id) => segmentErrors.SegmentNotFound({ segment_id }),
  conflict: (row, violation) => refusedSegment(row.network_id, row, violation),
  scopes: (row) => [`network:${row.network_id}`],
});
