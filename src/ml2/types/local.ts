// A network that stays on one host.
import type { TypeDriver } from '../segment.ts';

export const local: TypeDriver = {
  type: 'local',
  overhead: 0,
  tunnel: false,
  ids: undefined,
  check({ physical_network, segmentation_id }) {
    if (physical_network != null) return 'physical_network prohibited for local provider network';
    return segmentation_id != null ? 'segmentation_id prohibited for local provider network' : undefined;
  },
};
