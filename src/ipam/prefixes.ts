// Sets of addresses of one IP version, written as the fewest prefixes that make them up, in order. Pure. Subnet pools are such sets.
import { bits, type IpVersion, type Prefix, type Range } from './address.ts';

/** The prefix of this length that an address lies in. */
export function prefixAt(address: bigint, length: number, version: IpVersion): Prefix {
  const hostBits = BigInt(bits(version) - length);
  const first = (address >> hostBits) << hostBits;
  return { version, first, last: first + (1n << hostBits) - 1n, length };
}

/** The same addresses in the fewest prefixes: neighbours that make up a larger prefix become one. */
export const merged = (prefixes: readonly Prefix[]): Prefix[] => inPrefixes(joined(prefixes), prefixes);

/** What is left when the addresses of `taken` are taken out. */
export function minus(prefixes: readonly Prefix[], taken: readonly Prefix[]): Prefix[] {
  const out = joined(taken);
  const left: Range[] = [];
  let at = 0;
  for (const { first, last } of joined(prefixes)) {
    let from = first;
    while (at < out.length && (out[at] as Range).last < first) at++;
    for (let next = at; next < out.length && (out[next] as Range).first <= last; next++) {
      const hole = out[next] as Range;
      if (hole.first > from) left.push({ first: from, last: hole.first - 1n });
      from = hole.last + 1n;
    }
    if (from <= last) left.push({ first: from, last });
  }
  return inPrefixes(left, prefixes);
}

/** The addresses that both have. */
export const common = (prefixes: readonly Prefix[], others: readonly Prefix[]): Prefix[] => minus(prefixes, minus(prefixes, others));

/** Sorted, and joined where they overlap or touch. */
function joined(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const whole: { first: bigint; last: bigint }[] = [];
  for (const { first, last } of sorted) {
    const before = whole.at(-1);
    if (before === undefined || first > before.last + 1n) whole.push({ first, last });
    else if (last > before.last) before.last = last;
  }
  return whole;
}

function inPrefixes(ranges: readonly Range[], [like]: readonly Prefix[]): Prefix[] {
  return like === undefined ? [] : ranges.flatMap((range) => blocks(range, like.version));
}

/** A range as the fewest prefixes: at every address the largest that begins there and does not go beyond. */
function blocks({ first, last }: Range, version: IpVersion): Prefix[] {
  const found: Prefix[] = [];
  for (let at = first; at <= last; ) {
    let size = at === 0n ? 1n << BigInt(bits(version)) : at & -at;
    while (at + size - 1n > last) size >>= 1n;
    found.push({ version, first: at, last: at + size - 1n, length: bits(version) - (size.toString(2).length - 1) });
    at += size;
  }
  return found;
}
