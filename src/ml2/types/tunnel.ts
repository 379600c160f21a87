// GRE (RFC 2784 with the key of RFC 2890), VXLAN (RFC 7348) and Geneve (RFC 8926): alike but for their numbers.
import type { NetworkType, TypeDriver } from '../segment.ts';

/** Bytes of the outer IPv4 header. */
const IPV4 = 20;

const tunnel = (type: NetworkType, header: number, maximum: number): TypeDriver => ({
  type,
  overhead: header + IPV4,
  tunnel: true,
  ids: [1, maximum],
  check({ physical_network, segmentation_id }) {
    if (physical_network != null) return `provider:physical_network specified for ${type} network`;
    if (segmentation_id == null) return undefined;
    return segmentation_id < 1 || segmentation_id > maximum ? `segmentation_id out of range (1 through ${maximum})` : undefined;
  },
});

/** The key is 32 bits, but an API integer and a free pool of 2^32 are no trouble. */
export const gre = tunnel('gre', 22, 4_294_967_295);
export const vxlan = tunnel('vxlan', 30, 16_777_215);
export const geneve = tunnel('geneve', 30, 16_777_215);
