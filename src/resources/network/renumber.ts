// Another VLAN for a network: the one thing about how it is carried that may be changed by its attributes. Everything else of a segment is changed
// by adding one and taking the other away.
import { inputErrors } from '#core/convert.ts';
import type { RulesOf } from '#core/resource.ts';
import { renumberSegment, segmentsOf } from '#ml2/segments.ts';
import type { network } from './schema.ts';

const PROVIDER = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'] as const;

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

export const renumberRules: RulesOf<typeof network> = {
  async update({ tx, settings, now }, before, changes) {
    const [type, physical, id] = PROVIDER.map((name) => changes[name]) as [string?, (string | null)?, (number | null)?];
    if (type === undefined && physical === undefined && id === undefined) return;
    for (const name of PROVIDER) delete changes[name];
    const [segment, ...others] = await segmentsOf(tx, before.id);
    if (!segment || others.length > 0) {
      throw invalid('Provider network attributes can be updated only in provider networks with a single segment.');
    }
    const same =
      (type ?? segment.network_type) === segment.network_type && (physical ?? segment.physical_network) === segment.physical_network;
    if (!same) {
      const fixed = 'provider:physical_network, provider:network_type';
      throw invalid(`Plugin does not support updating the following provider network attributes: ${fixed}`);
    }
    if (id === undefined || id === segment.segmentation_id) return;
    if (segment.network_type !== 'vlan') throw invalid('Only VLAN type networks can be updated.');
    if (id === null) throw invalid("'None' is not an integer");
    await renumberSegment(tx, before.id, segment, id, settings, now);
    changes['provider:segmentation_id'] = id;
  },
};
