// Which segments of a network a host is connected to, as its agents say which physical networks they have. A routed network gives a port
// addresses by this.
import type { Reader } from '#store/store.ts';

/** Ids of the segments, the network's first one first. */
export async function segmentsAt(reader: Pick<Reader, 'all'>, networkId: string, host: string): Promise<string[]> {
  const agents = await reader.all<{ configurations: string }>('SELECT configurations FROM agents WHERE host = ?', host);
  const physical = new Set(
    agents.flatMap(({ configurations }) => {
      const { bridge_mappings } = JSON.parse(configurations) as { bridge_mappings?: unknown };
      return typeof bridge_mappings === 'object' && bridge_mappings !== null ? Object.keys(bridge_mappings) : [];
    }),
  );
  const segments = await reader.all<{ id: string; physical_network: string | null }>(
    'SELECT id, physical_network FROM network_segments WHERE network_id = ? ORDER BY segment_index',
    networkId,
  );
  return segments.filter((one) => one.physical_network !== null && physical.has(one.physical_network)).map(({ id }) => id);
}
