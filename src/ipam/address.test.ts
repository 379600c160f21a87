// Laws of address arithmetic, for both versions and every prefix length, and the RFCs' own examples.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalAddress } from '#core/convert.ts';
import {
  contains,
  defaultGateway,
  defaultPools,
  eui64,
  type IpVersion,
  overlaps,
  type Prefix,
  parsePrefix,
  prefixText,
  type Range,
  toNumber,
  toText,
  versionOf,
} from './address.ts';
import { without } from './ranges.ts';

const BITS = { 4: 32, 6: 128 } as const;
const version = fc.constantFrom<IpVersion>(4, 6);
const anyNumber = (of: IpVersion) => fc.bigInt({ min: 0n, max: (1n << BigInt(BITS[of])) - 1n });
const address = version.chain((of) => fc.tuple(fc.constant(of), anyNumber(of)));
const prefix: fc.Arbitrary<Prefix> = version.chain((of) =>
  fc.tuple(anyNumber(of), fc.nat(BITS[of])).map(([number, length]) => parsePrefix(`${toText(number, of)}/${length}`)),
);
const size = ({ first, last }: Range): bigint => last - first + 1n;
const mac = fc
  .array(fc.nat(255), { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((one) => one.toString(16).padStart(2, '0')).join(':'));

describe('addresses', () => {
  test('are the same number after being text, and that text is the canonical one', () => {
    fc.assert(
      fc.property(address, ([of, number]) => {
        const text = toText(number, of);
        expect(toNumber(text)).toBe(number);
        expect(versionOf(text)).toBe(of);
        expect(canonicalAddress(text)).toBe(text);
      }),
    );
  });

  test.each([
    ['0.0.0.0', 0n],
    ['255.255.255.255', 0xffff_ffffn],
    ['10.0.0.1', 0x0a00_0001n],
    ['::', 0n],
    ['::1', 1n],
    ['2001:db8::1', 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', (1n << 128n) - 1n],
    ['::ffff:10.0.0.1', 0xffff_0a00_0001n],
  ])('%s is %d', (text, number) => {
    expect(toNumber(text)).toBe(number);
  });
});

describe('prefixes', () => {
  test('of every length hold 2 to the host bits, their text is a fixed point, and host bits are dropped', () => {
    fc.assert(
      fc.property(prefix, (one) => {
        expect(size(one)).toBe(1n << BigInt(BITS[one.version] - one.length));
        expect(parsePrefix(prefixText(one))).toEqual(one);
        expect(parsePrefix(`${toText(one.last, one.version)}/${one.length}`)).toEqual(one);
      }),
    );
  });

  test('overlap exactly when they share an address, and then one holds the other', () => {
    fc.assert(
      fc.property(prefix, prefix, (one, other) => {
        const shared = contains(one, other.first) || contains(other, one.first);
        expect(overlaps(one, other)).toBe(shared);
        expect(overlaps(other, one)).toBe(shared);
        const holds = (outer: Prefix, inner: Prefix): boolean => contains(outer, inner.first) && contains(outer, inner.last);
        if (shared && one.version === other.version) expect(holds(one, other) || holds(other, one)).toBe(true);
      }),
    );
  });

  test.each([
    ['0.0.0.0/0', '0.0.0.1', [['0.0.0.2', '255.255.255.254']]],
    ['10.0.0.0/8', '10.0.0.1', [['10.0.0.2', '10.255.255.254']]],
    ['192.0.2.0/30', '192.0.2.1', [['192.0.2.2', '192.0.2.2']]],
    ['192.0.2.0/31', '192.0.2.0', [['192.0.2.1', '192.0.2.1']]],
    ['192.0.2.7/32', '192.0.2.8', [['192.0.2.7', '192.0.2.7']]],
    ['255.255.255.255/32', '255.255.255.255', []],
    ['::/0', '::', [['::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']]],
    ['2001:db8::/64', '2001:db8::', [['2001:db8::1', '2001:db8::ffff:ffff:ffff:ffff']]],
    ['2001:db8::/126', '2001:db8::', [['2001:db8::1', '2001:db8::3']]],
    ['2001:db8::/127', '2001:db8::', [['2001:db8::1', '2001:db8::1']]],
    ['2001:db8::5/128', '2001:db8::5', []],
  ])('%s has its gateway at %s and gives out the rest', (cidr, gateway, pools) => {
    const one = parsePrefix(cidr);
    expect(toText(defaultGateway(one), one.version)).toBe(gateway);
    const given = defaultPools(one, defaultGateway(one)).map(({ first, last }) => [toText(first, one.version), toText(last, one.version)]);
    expect(given).toEqual(pools);
  });

  test('give out everything but what is reserved, wherever the gateway is', () => {
    fc.assert(
      fc.property(prefix, fc.option(fc.bigInt({ min: -2n, max: 1n << 129n }), { nil: undefined }), (one, offset) => {
        const gateway = offset === undefined ? undefined : one.first + (offset % (size(one) + 2n));
        const pools = defaultPools(one, gateway);
        const tiny = one.length >= BITS[one.version] - 1;
        const reserved = new Set<bigint>(tiny ? [] : one.version === 4 ? [one.first, one.last] : [one.first]);
        if (gateway !== undefined && contains(one, gateway)) reserved.add(gateway);
        for (const pool of pools) {
          expect(size(pool) > 0n && contains(one, pool.first) && contains(one, pool.last)).toBe(true);
          for (const taboo of reserved) expect(contains(pool, taboo)).toBe(false);
        }
        expect(pools.reduce((sum, pool) => sum + size(pool), 0n)).toBe(size(one) - BigInt(reserved.size));
      }),
    );
  });
});

describe('EUI-64', () => {
  test.each([
    ['2001:db8::/64', '34:56:78:9a:bc:de', '2001:db8::3656:78ff:fe9a:bcde'],
    ['fe80::/64', '00:00:5e:00:53:01', 'fe80::200:5eff:fe00:5301'],
    ['2001:db8:1:2::/64', 'fa:16:3e:00:00:01', '2001:db8:1:2:f816:3eff:fe00:1'],
  ])('%s and %s make %s', (cidr, hardware, wanted) => {
    expect(toText(eui64(parsePrefix(cidr), hardware), 6)).toBe(wanted);
  });

  test('stays inside the prefix, and two MACs never make one address', () => {
    fc.assert(
      fc.property(anyNumber(6), mac, mac, (number, one, other) => {
        const of = parsePrefix(`${toText(number, 6)}/64`);
        expect(contains(of, eui64(of, one))).toBe(true);
        expect(eui64(of, one) === eui64(of, other)).toBe(one === other);
      }),
    );
  });
});

describe('ranges without what is used', () => {
  const spans = fc.array(fc.tuple(fc.nat(60), fc.nat(10)), { maxLength: 5 });

  test('hold exactly the wanted numbers that are not used, each once, and are in order', () => {
    fc.assert(
      fc.property(spans, fc.array(fc.nat(80)), (wanted, used) => {
        const ranges = wanted.map(([first, more]) => ({ first: BigInt(first), last: BigInt(first + more) }));
        const left = without(
          ranges,
          used.map((one) => BigInt(one)),
        );
        const expected: number[] = [];
        for (let number = 0; number <= 80; number++) {
          if (ranges.some((range) => contains(range, BigInt(number))) && !used.includes(number)) expected.push(number);
        }
        const numbers = left.flatMap(({ first, last }) =>
          Array.from({ length: Number(last - first) + 1 }, (_, index) => Number(first) + index),
        );
        expect(numbers).toEqual(expected);
      }),
    );
  });

  test('an upside-down range is none', () => {
    expect(without([{ first: 5n, last: 4n }], [])).toEqual([]);
  });
});
