// Taking and giving back addresses. A free address is found in the pool's ranges; whether it is really ours is decided by the primary key
// of ip_allocations, never by having looked.
import { randomBytes } from 'node:crypto';
import type { Tx } from '#store/store.ts';
import { contains, parsePrefix, type Range, toNumber, toText } from './address.ts';
import { release, take, takeAny } from './ranges.ts';

export interface Holder {
  readonly port_id: string;
  readonly network_id: string;
}

export interface PooledSubnet {
  readonly id: string;
  readonly cidr: string;
  readonly allocation_pools: readonly { readonly start: string; readonly end: string }[];
}

/** The pool of free addresses of a subnet. */
export const freePool = (subnetId: string): string => `subnet/${subnetId}`;

export const poolRanges = (pools: PooledSubnet['allocation_pools']): Range[] =>
  pools.map(({ start, end }) => ({ first: toNumber(start), last: toNumber(end) }));

/** Any free address of the subnet's pools, by chance, so that addresses are not reused soon; undefined when there is none. */
export async function takeAddress(tx: Tx, subnet: PooledSubnet, holder: Holder): Promise<string | undefined> {
  const { version } = parsePrefix(subnet.cidr);
  const ranges = poolRanges(subnet.allocation_pools);
  for (;;) {
    const value = await takeAny(tx, freePool(subnet.id), anyOf(ranges));
    if (value === undefined) return undefined;
    const address = toText(value, version);
    if (await hold(tx, subnet.id, address, holder)) return address;
  }
}

/** This very address; false when another port has it. */
export async function takeThisAddress(tx: Tx, subnetId: string, address: string, holder: Holder): Promise<boolean> {
  if (!(await hold(tx, subnetId, address, holder))) return false;
  await take(tx, freePool(subnetId), toNumber(address));
  return true;
}

async function hold(tx: Tx, subnetId: string, address: string, holder: Holder): Promise<boolean> {
  const changed = await tx.run(
    'INSERT INTO ip_allocations (subnet_id, ip_address, port_id, network_id) VALUES (?, ?, ?, ?) ON CONFLICT (subnet_id, ip_address) DO NOTHING',
    subnetId,
    address,
    holder.port_id,
    holder.network_id,
  );
  return changed === 1;
}

/** Gives an address back; to the pool as well, if it came from there. */
export async function giveBack(tx: Tx, subnet: PooledSubnet, address: string): Promise<void> {
  await tx.run('DELETE FROM ip_allocations WHERE subnet_id = ? AND ip_address = ?', subnet.id, address);
  const value = toNumber(address);
  if (poolRanges(subnet.allocation_pools).some((range) => contains(range, value))) await release(tx, freePool(subnet.id), value);
}

/** A number from the ranges, each as likely as any other (to within 2^-64 of their sum). */
function anyOf(ranges: readonly Range[]): bigint {
  const total = ranges.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
  if (total === 0n) return 0n;
  let at =
    total <= 0x1_0000_0000n ? BigInt(Math.floor(Math.random() * Number(total))) : BigInt(`0x${randomBytes(24).toString('hex')}`) % total;
  for (const { first, last } of ranges) {
    const size = last - first + 1n;
    if (at < size) return first + at;
    at -= size;
  }
  return 0n;
}
