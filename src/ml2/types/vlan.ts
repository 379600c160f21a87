// IEEE 802.1Q on a physical network.
import type { TypeDriver } from '../segment.ts';

export const vlan: TypeDriver = {
  type: 'vlan',
  overhead: 0,
  tunnel: false,
  ids: [1, 4094],
  check({ physical_network, segmentation_id }, known) {
    if (!physical_network) {
      return segmentation_id != null ? 'segmentation_id requires physical_network for VLAN provider network' : undefined;
    }
    if (!known.vlan.has(physical_network)) return `physical_network '${physical_network}' unknown for VLAN provider network`;
    if (segmentation_id == null) {
      const numbered = (known.vlan.get(physical_network)?.length ?? 0) > 0;
      return numbered
        ? undefined
        : `Physical network ${physical_network} requires segmentation_id to be specified when creating a provider network`;
    }
    return segmentation_id < 1 || segmentation_id > 4094 ? 'segmentation_id out of range (1 through 4094)' : undefined;
  },
};
