// Which numbers segments get: pools of what is free, for everybody or for one project, made of the ranges that the configuration and
// administrators give. Pools only say where to look: the unique index on network_segments is the referee. Called by segments.ts and by the rules
// of network segment ranges.
import { randomInt, randomUUID } from 'node:crypto';
import type { Settings } from '#core/settings.ts';
import { timestamp } from '#core/work.ts';
import type { Range } from '#ipam/address.ts';
import { add, release, setFree, subtract, take, takeAny, withdraw, without } from '#ipam/ranges.ts';
import type { Tx } from '#store/store.ts';
import type { NetworkType, TypeDriver } from './segment.ts';
import { typeDrivers } from './types/index.ts';

/** A range of numbers of one type, on a physical network where the type has those. */
export interface NumberRange {
  readonly id: string;
  readonly network_type: string;
  readonly physical_network: string | null;
  readonly minimum: number;
  readonly maximum: number;
  /** False: for one project alone. */
  readonly shared: boolean;
}

type Kind = Pick<NumberRange, 'network_type' | 'physical_network'>;
type StoredRange = Omit<NumberRange, 'shared'> & { readonly shared: number };

/** The pool for everybody who has no range of its own. */
const commonPool = ({ network_type, physical_network }: Kind): string =>
  network_type === 'vlan' ? `vlan/${physical_network}` : network_type;
/** The pool that a range's numbers are given from. */
const poolOf = (range: NumberRange): string => (range.shared ? commonPool(range) : `range/${range.id}`);
const span = ({ minimum, maximum }: Pick<NumberRange, 'minimum' | 'maximum'>): Range => ({ first: BigInt(minimum), last: BigInt(maximum) });

const RANGES = 'SELECT id, network_type, physical_network, minimum, maximum, shared FROM network_segment_ranges';
/** Of one kind: as the indexes of both tables have it. */
const OF_KIND = "network_type = ? AND COALESCE(physical_network, '') = ?";
/** As the index of their numbers has it, which leaves out those without one. */
const NUMBERED = `${OF_KIND} AND network_type <> 'local'`;
const kindParams = ({ network_type, physical_network }: Kind): [string, string] => [network_type, physical_network ?? ''];
const decoded = (row: StoredRange): NumberRange => ({ ...row, shared: row.shared === 1 });

/** Numbers of a kind that networks have, within a range or at all. */
async function usedOf(tx: Tx, kind: Kind, within?: Range): Promise<bigint[]> {
  const rows = await tx.all<{ id: number }>(
    `SELECT segmentation_id AS id FROM network_segments WHERE ${NUMBERED} AND COALESCE(segmentation_id, 0) BETWEEN ? AND ?`,
    ...kindParams(kind),
    Number(within?.first ?? 1n),
    Number(within?.last ?? 0xffff_ffffn),
  );
  return rows.map(({ id }) => BigInt(id));
}

/** The ranges of the configuration, as far as their type has such numbers. */
function configured(settings: Settings): Omit<NumberRange, 'id'>[] {
  const of = (network_type: NetworkType, physical_network: string | null, ranges: readonly (readonly [number, number])[]) => {
    const [low = 1, high = 1] = typeDrivers.get(network_type)?.ids ?? [];
    return ranges
      .map(([first, last]) => ({ minimum: Math.max(first, low), maximum: Math.min(last, high) }))
      .filter(({ minimum, maximum }) => minimum <= maximum)
      .map((range) => ({ network_type, physical_network, ...range, shared: true }));
  };
  return [
    ...(['gre', 'vxlan', 'geneve'] as const).flatMap((type) => of(type, null, settings.tunnelIds)),
    ...[...settings.vlanRanges].flatMap(([name, ranges]) => of('vlan', name, ranges)),
  ];
}

/** Makes the default ranges those of the configuration, and every pool hold what its ranges give and no network has. Once at start. */
export async function preparePools(tx: Tx, settings: Settings): Promise<void> {
  // Other servers may be starting or at work: what they have taken must be committed, and so be seen below, before a pool is made anew.
  if (tx.dialect.name === 'postgres') await tx.run('LOCK TABLE free_ranges, network_segment_ranges IN EXCLUSIVE MODE');
  await setDefaults(tx, configured(settings));
  const ranges = (await tx.all<StoredRange>(RANGES)).map(decoded);
  const kinds = new Map(ranges.map((range) => [commonPool(range), range]));
  for (const [pool, kind] of kinds) {
    const mine = ranges.filter((range) => commonPool(range) === pool);
    const used = await usedOf(tx, kind);
    const own = mine.filter(({ shared }) => !shared);
    for (const range of own) await setFree(tx, poolOf(range), without([span(range)], used));
    const common = subtract(mine.filter(({ shared }) => shared).map(span), own.map(span));
    await setFree(tx, pool, without(common, used));
  }
  // What the configuration no longer gives is given no more.
  const pools = await tx.all<{ pool: string }>("SELECT DISTINCT pool FROM free_ranges WHERE pool NOT LIKE 'subnet/%'");
  const known = new Set([...kinds.keys(), ...ranges.map(poolOf)]);
  for (const { pool } of pools) if (!known.has(pool)) await setFree(tx, pool, []);
}

async function setDefaults(tx: Tx, wanted: readonly Omit<NumberRange, 'id'>[]): Promise<void> {
  const now = timestamp(new Date());
  const key = (range: Omit<NumberRange, 'id' | 'shared'>): string =>
    JSON.stringify([range.network_type, range.physical_network, range.minimum, range.maximum]);
  const there = new Map((await tx.all<StoredRange>(`${RANGES} WHERE is_default = 1`)).map((row) => [key(row), row.id]));
  const left = new Set(there.values());
  for (const range of new Map(wanted.map((one) => [key(one), one])).values()) {
    const id = there.get(key(range));
    if (id !== undefined) {
      left.delete(id);
      continue;
    }
    await tx.run(
      `INSERT INTO network_segment_ranges (id, name, description, is_default, shared, project_id, network_type, physical_network, minimum,
         maximum, tags, revision_number, created_at, updated_at) VALUES (?, '', '', 1, 1, NULL, ?, ?, ?, ?, '[]', 0, ?, ?)`,
      randomUUID(),
      range.network_type,
      range.physical_network,
      range.minimum,
      range.maximum,
      now,
      now,
    );
  }
  for (const id of left) await tx.run('DELETE FROM network_segment_ranges WHERE id = ?', id);
}

/** Lets a new range's numbers be given: to its project alone, or to everybody. */
export async function open(tx: Tx, range: NumberRange): Promise<void> {
  const free = without([span(range)], await usedOf(tx, range, span(range)));
  await withdraw(tx, commonPool(range), span(range));
  await add(tx, poolOf(range), free);
}

/** Lets a range's numbers be given no more, but for those that others give too. */
export async function close(tx: Tx, range: NumberRange): Promise<void> {
  if (!range.shared) await setFree(tx, poolOf(range), []);
  else await withdraw(tx, commonPool(range), span(range));
  const others = (
    await tx.all<StoredRange>(
      `${RANGES} WHERE ${OF_KIND} AND minimum <= ? AND maximum >= ? AND shared = 1 AND id <> ?`,
      ...kindParams(range),
      range.maximum,
      range.minimum,
      range.id,
    )
  ).map(span);
  const given = subtract([span(range)], subtract([span(range)], others));
  await add(tx, commonPool(range), without(given, await usedOf(tx, range, span(range))));
}

/** The pool that a number belongs to; undefined: nothing gives it. */
async function owning(tx: Tx, kind: Kind, id: number): Promise<string | undefined> {
  const [range] = await tx.all<StoredRange>(
    `${RANGES} WHERE ${OF_KIND} AND minimum <= ? AND maximum >= ? ORDER BY shared, id LIMIT 1`,
    ...kindParams(kind),
    id,
    id,
  );
  return range && poolOf(decoded(range));
}

/** Takes this number out of whichever pool has it. */
export async function claim(tx: Tx, kind: Kind, id: number): Promise<void> {
  const pool = await owning(tx, kind, id);
  if (pool !== undefined) await take(tx, pool, BigInt(id));
}

/** Gives a number back to where it is given from. */
export async function giveBack(tx: Tx, kind: Kind, id: number): Promise<void> {
  const pool = await owning(tx, kind, id);
  if (pool !== undefined) await release(tx, pool, BigInt(id));
}

/** The ranges that a project has to itself, of one type. */
export const ownRanges = async (tx: Tx, projectId: string, network_type: string): Promise<NumberRange[]> =>
  (
    await tx.all<StoredRange>(`${RANGES} WHERE project_id = ? AND network_type = ? AND shared = 0 ORDER BY id`, projectId, network_type)
  ).map(decoded);

/** Physical networks that have VLANs to give. */
export async function vlanNetworks(tx: Tx): Promise<string[]> {
  const rows = await tx.all<{ name: string }>(
    "SELECT DISTINCT physical_network AS name FROM network_segment_ranges WHERE network_type = 'vlan' ORDER BY physical_network",
  );
  return rows.map(({ name }) => name);
}

/** Any free number of a kind, or of one project's range; one that a network turns out to have is dropped from the pool and another one taken. */
export async function freeId(tx: Tx, driver: TypeDriver, from: Kind | NumberRange): Promise<number | undefined> {
  const pool = 'id' in from ? poolOf(from) : commonPool(from);
  const [low = 1, high = 1] = 'id' in from ? [from.minimum, from.maximum] : (driver.ids ?? []);
  for (;;) {
    const value = await takeAny(tx, pool, BigInt(randomInt(low, high + 1)));
    if (value === undefined) return undefined;
    const used = await tx.get(
      `SELECT 1 AS used FROM network_segments WHERE ${NUMBERED} AND COALESCE(segmentation_id, 0) = ?`,
      ...kindParams(from),
      Number(value),
    );
    if (!used) return Number(value);
  }
}
