// Pools of numbers in SQL: which are free, as ranges that never overlap. Taking any number, taking a given one and giving one back each cost
// a few index look-ups, whatever the pool's size and however much of it is used. Addresses, VLAN ids and tunnel ids are all taken here.
// Races: every change names the range it found, and looks again when somebody else was faster. Ranges do not touch either, but for
// neighbours that two servers gave back at the same moment: neither saw the other's.
import type { Tx } from '#store/store.ts';
import type { Range } from './address.ts';

interface Stored {
  readonly first: string;
  readonly last: string;
}

const hex = (value: bigint): string => value.toString(16).padStart(32, '0');
const number = (text: string): bigint => BigInt(`0x${text}`);

const AT_OR_BELOW = 'SELECT first, last FROM free_ranges WHERE pool = ? AND first <= ? ORDER BY first DESC LIMIT 1';
const ABOVE = 'SELECT first, last FROM free_ranges WHERE pool = ? AND first > ? ORDER BY first LIMIT 1';
const INSERT = 'INSERT INTO free_ranges (pool, first, last) VALUES (?, ?, ?)';
const DELETE = 'DELETE FROM free_ranges WHERE pool = ? AND first = ? AND last = ?';
const MOVE = 'UPDATE free_ranges SET first = ?, last = ? WHERE pool = ? AND first = ? AND last = ?';

/** Losing this many races in a row means that something else is wrong. */
const ATTEMPTS = 50;

/** Makes a pool hold exactly these free ranges, given in any order and not overlapping. */
export async function setFree(tx: Tx, pool: string, ranges: readonly Range[]): Promise<void> {
  await tx.run('DELETE FROM free_ranges WHERE pool = ?', pool);
  for (const { first, last } of ranges) await tx.run(INSERT, pool, hex(first), hex(last));
}

/** Takes the free number nearest at or above `near`, else the lowest; undefined when the pool is used up. */
export async function takeAny(tx: Tx, pool: string, near: bigint): Promise<bigint | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const below = await tx.get<Stored>(AT_OR_BELOW, pool, hex(near));
    if (below && number(below.last) >= near) {
      if (await cut(tx, pool, below, near)) return near;
      continue;
    }
    const range = (await tx.get<Stored>(ABOVE, pool, hex(near))) ?? (await tx.get<Stored>(ABOVE, pool, ''));
    if (!range) return undefined;
    const value = number(range.first);
    if (await cut(tx, pool, range, value)) return value;
  }
  throw new Error(`pool ${pool} changes faster than it can be read`);
}

/** Takes this number; false when it is not free, be it used or outside the pool. */
export async function take(tx: Tx, pool: string, value: bigint): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const range = await tx.get<Stored>(AT_OR_BELOW, pool, hex(value));
    if (!range || number(range.last) < value) return false;
    if (await cut(tx, pool, range, value)) return true;
  }
  throw new Error(`pool ${pool} changes faster than it can be read`);
}

async function cut(tx: Tx, pool: string, range: Stored, value: bigint): Promise<boolean> {
  const first = number(range.first);
  const last = number(range.last);
  if (first === last) return (await tx.run(DELETE, pool, range.first, range.last)) === 1;
  if (value === first) return (await tx.run(MOVE, hex(first + 1n), range.last, pool, range.first, range.last)) === 1;
  const kept = (await tx.run(MOVE, range.first, hex(value - 1n), pool, range.first, range.last)) === 1;
  if (kept && value < last) await tx.run(INSERT, pool, hex(value + 1n), range.last);
  return kept;
}

/** Gives a number back, joining it to its neighbours; nothing happens when it is free already. */
export async function release(tx: Tx, pool: string, value: bigint): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const below = await tx.get<Stored>(AT_OR_BELOW, pool, hex(value));
    if (below && number(below.last) >= value) return;
    const above = await tx.get<Stored>(ABOVE, pool, hex(value));
    const joinsBelow = below !== undefined && number(below.last) === value - 1n;
    const joinsAbove = above !== undefined && number(above.first) === value + 1n;
    if (joinsBelow && joinsAbove) {
      if ((await tx.run(DELETE, pool, above.first, above.last)) !== 1) continue;
      if ((await tx.run(MOVE, below.first, above.last, pool, below.first, below.last)) === 1) return;
      // Somebody changed the lower range in between: put the upper one back with the number joined to it.
      await tx.run(INSERT, pool, hex(value), above.last);
      return;
    }
    if (joinsBelow) {
      if ((await tx.run(MOVE, below.first, hex(value), pool, below.first, below.last)) === 1) return;
    } else if (joinsAbove) {
      if ((await tx.run(MOVE, hex(value), above.last, pool, above.first, above.last)) === 1) return;
    } else {
      await tx.run(INSERT, pool, hex(value), hex(value));
      return;
    }
  }
  throw new Error(`pool ${pool} changes faster than it can be read`);
}

/** Takes whatever is free between both ends. */
export async function withdraw(tx: Tx, pool: string, { first, last }: Range): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; ) {
    const range = await tx.get<Stored>(AT_OR_BELOW, pool, hex(last));
    if (!range || number(range.last) < first) return;
    const below = number(range.first) < first;
    const cut = below
      ? await tx.run(MOVE, range.first, hex(first - 1n), pool, range.first, range.last)
      : await tx.run(DELETE, pool, range.first, range.last);
    if (cut === 1 && number(range.last) > last) await tx.run(INSERT, pool, hex(last + 1n), range.last);
    if (cut !== 1) attempt++;
  }
  throw new Error(`pool ${pool} changes faster than it can be read`);
}

/** Makes these numbers free, whether they were or not, and joins them to their neighbours. */
export async function add(tx: Tx, pool: string, ranges: readonly Range[]): Promise<void> {
  for (const { first, last } of ranges) {
    await withdraw(tx, pool, { first, last });
    const below = await tx.get<Stored>(AT_OR_BELOW, pool, hex(first));
    const above = await tx.get<Stored>(ABOVE, pool, hex(last));
    const joinsBelow =
      below !== undefined && number(below.last) === first - 1n && (await tx.run(DELETE, pool, below.first, below.last)) === 1;
    const joinsAbove =
      above !== undefined && number(above.first) === last + 1n && (await tx.run(DELETE, pool, above.first, above.last)) === 1;
    await tx.run(INSERT, pool, joinsBelow ? below.first : hex(first), joinsAbove ? above.last : hex(last));
  }
}

/** What is left of `wanted` without `taken`, in order; either may overlap itself. */
export function subtract(wanted: readonly Range[], taken: readonly Range[]): Range[] {
  const holes = [...taken].sort((a, b) => (a.first < b.first ? -1 : 1));
  const left: Range[] = [];
  for (const { first, last } of without(wanted, [])) {
    let from = first;
    for (const hole of holes) {
      if (hole.last < from || hole.first > last) continue;
      if (hole.first > from) left.push({ first: from, last: hole.first - 1n });
      from = hole.last + 1n;
    }
    if (from <= last) left.push({ first: from, last });
  }
  return left;
}

/** What is left of `wanted`, which may overlap, when the numbers in `used` are taken out: in order, and no number twice. */
export function without(wanted: readonly Range[], used: Iterable<bigint>): Range[] {
  const ranges = [...wanted].sort((a, b) => (a.first < b.first ? -1 : 1));
  const taken = [...used].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const left: Range[] = [];
  let at = 0;
  /** The lowest number that no range before this one had. */
  let next = 0n;
  for (const range of ranges) {
    let first = range.first > next ? range.first : next;
    for (let value = taken[at]; value !== undefined && value <= range.last; value = taken[++at]) {
      if (value < first) continue;
      if (value > first) left.push({ first, last: value - 1n });
      first = value + 1n;
    }
    if (first <= range.last) left.push({ first, last: range.last });
    if (range.last >= next) next = range.last + 1n;
  }
  return left;
}
