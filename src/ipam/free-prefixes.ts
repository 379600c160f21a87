// Which prefixes of a subnet pool are free, in SQL: as the largest blocks there are (a block is a prefix; two halves that are both free are one
// block), so that taking and giving back cost a few look-ups for each bit of a prefix's length, however many subnets the pool has.
// Whoever calls holds the pool's row: these statements alone are no referee of races.
import type { Tx } from '#store/store.ts';
import { bits, contains, type IpVersion, type Prefix } from './address.ts';
import { prefixAt } from './prefixes.ts';

interface Stored {
  readonly first: string;
  readonly length: number;
}

const hex = (value: bigint): string => value.toString(16).padStart(32, '0');

const SMALLEST = 'SELECT first, length FROM free_prefixes WHERE subnetpool_id = ? AND length <= ? ORDER BY length DESC, first LIMIT 1';
const AT_OR_BELOW = 'SELECT first, length FROM free_prefixes WHERE subnetpool_id = ? AND first <= ? ORDER BY first DESC LIMIT 1';
const INSERT = 'INSERT INTO free_prefixes (subnetpool_id, first, length) VALUES (?, ?, ?)';
const DELETE = 'DELETE FROM free_prefixes WHERE subnetpool_id = ? AND first = ? AND length = ?';

const blockOf = ({ first, length }: Stored, version: IpVersion): Prefix => prefixAt(BigInt(`0x${first}`), length, version);

/** Takes a prefix of this length from the smallest block that has one, the lowest of several; undefined when there is none. */
export async function takeAnyPrefix(tx: Tx, poolId: string, length: number, version: IpVersion): Promise<Prefix | undefined> {
  const found = await tx.get<Stored>(SMALLEST, poolId, length);
  if (!found) return undefined;
  const block = blockOf(found, version);
  const prefix = prefixAt(block.first, length, version);
  await cut(tx, poolId, block, prefix);
  return prefix;
}

/** Takes this prefix; false when it is not free as a whole. */
export async function takePrefix(tx: Tx, poolId: string, prefix: Prefix): Promise<boolean> {
  const found = await tx.get<Stored>(AT_OR_BELOW, poolId, hex(prefix.first));
  const block = found && blockOf(found, prefix.version);
  if (!block || !contains(block, prefix.last)) return false;
  await cut(tx, poolId, block, prefix);
  return true;
}

/** Takes a prefix out of the block around it: of each half on the way down the other one stays. */
async function cut(tx: Tx, poolId: string, block: Prefix, prefix: Prefix): Promise<void> {
  await tx.run(DELETE, poolId, hex(block.first), block.length);
  for (let length = block.length + 1; length <= prefix.length; length++) {
    await tx.run(INSERT, poolId, hex(twin(prefixAt(prefix.first, length, prefix.version))), length);
  }
}

/** Makes a prefix free that was not, and joins it with its other half as long as that is free too. */
export async function freePrefix(tx: Tx, poolId: string, prefix: Prefix): Promise<void> {
  let block = prefix;
  while (block.length > 0 && (await tx.run(DELETE, poolId, hex(twin(block)), block.length)) === 1) {
    block = prefixAt(block.first, block.length - 1, block.version);
  }
  await tx.run(INSERT, poolId, hex(block.first), block.length);
}

/** Where the other half of the prefix one bit shorter begins. */
const twin = ({ first, length, version }: Prefix): bigint => first ^ (1n << BigInt(bits(version) - length));
