// A network's segments: checking what was asked for, choosing numbers, giving them back; and the MTU that follows. The unique index on
// network_segments is the referee.
import { randomUUID } from 'node:crypto';
import { inputErrors } from '#core/convert.ts';
import { type ApiError, errorTable } from '#core/errors.ts';
import type { Settings } from '#core/settings.ts';
import { ConstraintViolation, type Tx } from '#store/store.ts';
import { claim, freeId, giveBack, ownRanges, vlanNetworks } from './pools.ts';
import type { Segment, SegmentRequest, TypeDriver } from './segment.ts';
import { typeDrivers } from './types/index.ts';

export const segmentErrors = errorTable({
  NoNetworkAvailable: ['unavailable', 'Unable to create the network. No project network is available for allocation.'],
  FlatNetworkInUse: ['conflict', 'Unable to create the flat network. Physical network {physical_network} is in use.'],
  VlanIdInUse: ['conflict', 'Unable to create the network. The VLAN {vlan_id} on physical network {physical_network} is in use.'],
  TunnelIdInUse: ['conflict', 'Unable to create the network. The tunnel ID {tunnel_id} is in use.'],
  NeutronDbObjectDuplicateEntry: [
    'conflict',
    'Failed to create a duplicate {object_type}: for attribute(s) {attributes} with value(s) {values}',
  ],
});

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

/** A segment before it is one. */
export type ChosenSegment = Omit<Segment, 'id'>;

/** A segment as rows have it; without a physical network it has null or ''. */
interface Described {
  readonly network_type: string;
  readonly physical_network: string | null;
  readonly segmentation_id: number | null;
}

/** Bytes an instance may send on a segment of this type. */
export function maximumMtu(driver: TypeDriver, settings: Settings): number {
  const { globalPhysnetMtu, pathMtu } = settings;
  if (!driver.tunnel) return globalPhysnetMtu;
  return (pathMtu > 0 ? Math.min(pathMtu, globalPhysnetMtu) : globalPhysnetMtu) - driver.overhead;
}

/** Bytes an instance may send on a network that all these carry. */
export const maximumMtuOf = (segments: readonly Pick<Described, 'network_type'>[], settings: Settings): number =>
  Math.min(settings.globalPhysnetMtu, ...segments.map(({ network_type }) => maximumMtu(driverOf(network_type), settings)));

export function driverOf(type: string): TypeDriver {
  const driver = typeDrivers.get(type);
  if (!driver) throw invalid(`network_type value '${type}' not supported`);
  return driver;
}

/** A segment for a tenant who asked for none: of the first configured type that still has a number, its project's own ones first. */
export async function tenantSegment(tx: Tx, projectId: string, settings: Settings): Promise<ChosenSegment> {
  for (const type of settings.networkTypes) {
    const driver = driverOf(type);
    if (!driver.ids) {
      if (type === 'local') return { network_type: 'local', physical_network: '', segmentation_id: null };
      continue;
    }
    const common = (type === 'vlan' ? await vlanNetworks(tx) : [null]).map((physical_network) => ({
      network_type: type,
      physical_network,
    }));
    for (const from of [...(await ownRanges(tx, projectId, type)), ...common]) {
      const segmentation_id = await freeId(tx, driver, from);
      if (segmentation_id === undefined) continue;
      return { network_type: driver.type, physical_network: from.physical_network ?? '', segmentation_id };
    }
  }
  throw segmentErrors.NoNetworkAvailable({});
}

/** The segment an administrator described, its number chosen when left out. */
export async function providerSegment(tx: Tx, request: SegmentRequest, settings: Settings): Promise<ChosenSegment> {
  const driver = driverOf(request.network_type);
  const network_type = driver.type;
  const vlan = new Map(settings.vlanRanges);
  const numbered = network_type === 'vlan' ? await vlanNetworks(tx) : [];
  for (const name of numbered) if (!vlan.get(name)?.length) vlan.set(name, [[1, 1]]);
  const refused = driver.check(request, { flat: settings.flatNetworks, vlan });
  if (refused !== undefined) throw invalid(refused);
  const physical_network = request.physical_network ?? '';
  if (!driver.ids) return { network_type, physical_network, segmentation_id: null };
  if (request.segmentation_id != null) {
    await claim(tx, { network_type, physical_network: physical_network || null }, request.segmentation_id);
    return { network_type, physical_network, segmentation_id: request.segmentation_id };
  }
  for (const name of network_type === 'vlan' && physical_network === '' ? numbered : [physical_network]) {
    const segmentation_id = await freeId(tx, driver, { network_type, physical_network: name || null });
    if (segmentation_id !== undefined) return { network_type, physical_network: name, segmentation_id };
  }
  throw segmentErrors.NoNetworkAvailable({});
}

/** What a client is told whose segment somebody else has. */
export function inUse({ network_type, physical_network: name, segmentation_id }: Described): ApiError {
  const physical_network = name ?? '';
  if (network_type === 'flat') return segmentErrors.FlatNetworkInUse({ physical_network });
  if (network_type === 'vlan') return segmentErrors.VlanIdInUse({ vlan_id: segmentation_id ?? 0, physical_network });
  return segmentErrors.TunnelIdInUse({ tunnel_id: segmentation_id ?? 0 });
}

/** A network has one segment of a type on a physical network. */
export function duplicate(networkId: string, { network_type, physical_network }: Omit<Described, 'segmentation_id'>): ApiError {
  return segmentErrors.NeutronDbObjectDuplicateEntry({
    object_type: 'NetworkSegment',
    attributes: "['network_id', 'network_type', 'physical_network']",
    values: `${networkId}-${network_type}-${physical_network}`,
  });
}

/** Which of its reasons a constraint had to refuse a segment. */
export const refusedSegment = (networkId: string, segment: Described, { constraint }: ConstraintViolation): ApiError =>
  /network_segments_once|network_segments\.network_type/.test(constraint) ? duplicate(networkId, segment) : inUse(segment);

/** Makes a segment a network's: the first one, or one more. */
export async function storeSegment(tx: Tx, networkId: string, index: number, wanted: ChosenSegment, now: string): Promise<void> {
  try {
    await tx.run(
      `INSERT INTO network_segments (id, network_id, segment_index, name, description, network_type, physical_network, segmentation_id,
         revision_number, created_at, updated_at) VALUES (?, ?, ?, NULL, '', ?, ?, ?, 0, ?, ?)`,
      randomUUID(),
      networkId,
      index,
      wanted.network_type,
      wanted.physical_network || null,
      wanted.segmentation_id,
      now,
      now,
    );
  } catch (error) {
    if (error instanceof ConstraintViolation) throw refusedSegment(networkId, wanted, error);
    throw error;
  }
}

const COLUMNS = "id, network_type, COALESCE(physical_network, '') AS physical_network, segmentation_id";

export const segmentsOf = (tx: Pick<Tx, 'all'>, networkId: string): Promise<Segment[]> =>
  tx.all<Segment>(`SELECT ${COLUMNS} FROM network_segments WHERE network_id = ? ORDER BY segment_index`, networkId);

/** Gives a segment another number. */
export async function renumberSegment(
  tx: Tx,
  networkId: string,
  segment: Segment,
  segmentation_id: number,
  settings: Settings,
  now: string,
): Promise<void> {
  const wanted = await providerSegment(tx, { ...segment, segmentation_id }, settings);
  try {
    await tx.run(
      'UPDATE network_segments SET segmentation_id = ?, revision_number = revision_number + 1, updated_at = ? WHERE id = ?',
      segmentation_id,
      now,
      segment.id,
    );
  } catch (error) {
    if (error instanceof ConstraintViolation) throw refusedSegment(networkId, wanted, error);
    throw error;
  }
  await releaseSegment(tx, segment);
}

/** Gives the number of a segment that goes back to where it came from. */
export async function releaseSegment(tx: Tx, { network_type, physical_network, segmentation_id }: Described): Promise<void> {
  if (segmentation_id !== null) await giveBack(tx, { network_type, physical_network: physical_network || null }, segmentation_id);
}
