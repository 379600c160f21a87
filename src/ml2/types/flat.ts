// A network that has a physical network to itself, untagged.
import type { TypeDriver } from '../segment.ts';

export const flat: TypeDriver = {
  type: 'flat',
  overhead: 0,
  tunnel: false,
  ids: undefined,
  check({ physical_network, segmentation_id }, known) {
    if (segmentation_id != null) return 'segmentation_id prohibited for flat provider network';
    if (!physical_network) return 'physical_network required for flat provider network';
    const fine = known.flat.includes('*') || known.flat.includes(physical_network);
    return fine ? undefined : `unknown physical_network '${physical_network}' for flat provider network`;
  },
};
