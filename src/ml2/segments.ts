// A network's segments: checking what was asked for, choosing numbers from the configured ranges, giving them back; and the MTU that
// follows. The unique index on network_segments is the referee.
import { randomInt, randomUUID } from 'node:crypto';
import { inputErrors } from '#core/convert.ts';
import { errorTable } from '#core/errors.ts';
import type { Settings } from '#core/settings.ts';
import { release, setFree, take, takeAny, without } from '#ipam/ranges.ts';
import { ConstraintViolation, type Tx } from '#store/store.ts';
import type { NetworkType, Segment, SegmentRequest, TypeDriver } from './segment.ts';
import { typeDrivers } from './types/index.ts';

export const segmentErrors = errorTable({
  NoNetworkAvailable: ['unavailable', 'Unable to create the network. No project network is available for allocation.'],
  FlatNetworkInUse: ['conflict', 'Unable to create the flat network. Physical network {physical_network} is in use.'],
  VlanIdInUse: ['conflict', 'Unable to create the network. The VLAN {vlan_id} on physical network {physical_network} is in use.'],
  TunnelIdInUse: ['conflict', 'Unable to create the network. The tunnel ID {tunnel_id} is in use.'],
});

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

const pool = (type: string, physicalNetwork: string): string => (type === 'vlan' ? `vlan/${physicalNetwork}` : type);

/** Bytes an instance may send on a segment of this type. */
export function maximumMtu(driver: TypeDriver, settings: Settings): number {
  const { globalPhysnetMtu, pathMtu } = settings;
  if (!driver.tunnel) return globalPhysnetMtu;
  return (pathMtu > 0 ? Math.min(pathMtu, globalPhysnetMtu) : globalPhysnetMtu) - driver.overhead;
}

export function driverOf(type: string): TypeDriver {
  const driver = typeDrivers.get(type);
  if (!driver) throw invalid(`network_type value '${type}' not supported`);
  return driver;
}

/** Makes every pool of numbers hold what the configuration gives and no network has. Once at start. */
export async function preparePools(tx: Tx, settings: Settings): Promise<void> {
  // Other servers may be starting or at work: what they have taken must be committed, and so be seen below, before a pool is made anew.
  if (tx.dialect.name === 'postgres') await tx.run('LOCK TABLE free_ranges IN EXCLUSIVE MODE');
  const configured = new Map<string, readonly (readonly [number, number])[]>();
  for (const type of ['gre', 'vxlan', 'geneve']) configured.set(type, settings.tunnelIds);
  for (const [name, ranges] of settings.vlanRanges) configured.set(pool('vlan', name), ranges);
  for (const [name, ranges] of configured) {
    // A physical network may have slashes in its name.
    const [type = '', ...rest] = name.split('/');
    const physical = rest.join('/');
    const used = await tx.all<{ id: number }>(
      'SELECT segmentation_id AS id FROM network_segments WHERE network_type = ? AND physical_network = ? AND segmentation_id IS NOT NULL',
      type,
      physical,
    );
    const [low = 1, high = 1] = driverOf(type).ids ?? [];
    const wanted = ranges.map(([first, last]) => ({ first: BigInt(Math.max(first, low)), last: BigInt(Math.min(last, high)) }));
    await setFree(
      tx,
      name,
      without(
        wanted,
        used.map(({ id }) => BigInt(id)),
      ),
    );
  }
}

/** A segment for a tenant who asked for none: the first configured type that still has one. */
export async function tenantSegment(tx: Tx, networkId: string, settings: Settings): Promise<Segment> {
  for (const type of settings.networkTypes) {
    const driver = driverOf(type);
    if (!driver.ids) {
      if (type === 'local') return store(tx, networkId, { network_type: 'local', physical_network: '', segmentation_id: null });
      continue;
    }
    const physical = type === 'vlan' ? [...settings.vlanRanges.keys()] : [''];
    for (const physical_network of physical) {
      const segmentation_id = await freeId(tx, driver, physical_network);
      if (segmentation_id !== undefined) return store(tx, networkId, { network_type: driver.type, physical_network, segmentation_id });
    }
  }
  throw segmentErrors.NoNetworkAvailable({});
}

/** The segment an administrator described, its number chosen when left out. */
export async function providerSegment(tx: Tx, networkId: string, request: SegmentRequest, settings: Settings): Promise<Segment> {
  const driver = driverOf(request.network_type);
  const refused = driver.check(request, { flat: settings.flatNetworks, vlan: settings.vlanRanges });
  if (refused !== undefined) throw invalid(refused);
  const type: NetworkType = driver.type;
  let physical_network = request.physical_network ?? '';
  if (!driver.ids) return store(tx, networkId, { network_type: type, physical_network, segmentation_id: null });
  if (request.segmentation_id != null) {
    await take(tx, pool(type, physical_network), BigInt(request.segmentation_id));
    return store(tx, networkId, { network_type: type, physical_network, segmentation_id: request.segmentation_id });
  }
  const candidates = type === 'vlan' && physical_network === '' ? [...settings.vlanRanges.keys()] : [physical_network];
  for (physical_network of candidates) {
    const segmentation_id = await freeId(tx, driver, physical_network);
    if (segmentation_id !== undefined) return store(tx, networkId, { network_type: type, physical_network, segmentation_id });
  }
  throw segmentErrors.NoNetworkAvailable({});
}

/** Any free number; one that a network turns out to have is dropped from the pool and another one taken. */
async function freeId(tx: Tx, driver: TypeDriver, physicalNetwork: string): Promise<number | undefined> {
  const [low = 1, high = 1] = driver.ids ?? [];
  for (;;) {
    const value = await takeAny(tx, pool(driver.type, physicalNetwork), BigInt(randomInt(low, high + 1)));
    if (value === undefined) return undefined;
    const used = await tx.get(
      'SELECT 1 AS used FROM network_segments WHERE network_type = ? AND physical_network = ? AND COALESCE(segmentation_id, 0) = ? AND network_type <> ?',
      driver.type,
      physicalNetwork,
      Number(value),
      'local',
    );
    if (!used) return Number(value);
  }
}

async function store(tx: Tx, networkId: string, wanted: Omit<Segment, 'id'>): Promise<Segment> {
  const segment = { id: randomUUID(), ...wanted };
  try {
    await tx.run(
      'INSERT INTO network_segments (id, network_id, segment_index, network_type, physical_network, segmentation_id) VALUES (?, ?, 0, ?, ?, ?)',
      segment.id,
      networkId,
      segment.network_type,
      segment.physical_network,
      segment.segmentation_id,
    );
  } catch (error) {
    if (!(error instanceof ConstraintViolation)) throw error;
    const { network_type, physical_network, segmentation_id } = wanted;
    if (network_type === 'flat') throw segmentErrors.FlatNetworkInUse({ physical_network });
    if (network_type === 'vlan') throw segmentErrors.VlanIdInUse({ vlan_id: segmentation_id ?? 0, physical_network });
    throw segmentErrors.TunnelIdInUse({ tunnel_id: segmentation_id ?? 0 });
  }
  return segment;
}

const COLUMNS = 'id, network_type, physical_network, segmentation_id';

export const segmentsOf = (tx: Pick<Tx, 'all'>, networkId: string): Promise<Segment[]> =>
  tx.all<Segment>(`SELECT ${COLUMNS} FROM network_segments WHERE network_id = ? ORDER BY segment_index`, networkId);

/** Removes a network's segments; numbers that the configuration gives go back to their pools. */
export async function releaseSegments(tx: Tx, networkId: string, settings: Settings): Promise<void> {
  for (const { network_type, physical_network, segmentation_id } of await segmentsOf(tx, networkId)) {
    if (segmentation_id === null) continue;
    const ranges = network_type === 'vlan' ? (settings.vlanRanges.get(physical_network) ?? []) : settings.tunnelIds;
    const ours = ranges.some(([first, last]) => first <= segmentation_id && segmentation_id <= last);
    if (ours) await release(tx, pool(network_type, physical_network), BigInt(segmentation_id));
  }
  await tx.run('DELETE FROM network_segments WHERE network_id = ?', networkId);
}
