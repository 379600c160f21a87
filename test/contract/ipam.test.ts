// Addresses on real databases: pools of numbers against a model, every prefix length, the cost of an allocation, and many at once.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '#core/errors.ts';
import { contains, defaultPools, parsePrefix, type Range, toNumber } from '#ipam/address.ts';
import { freePool, poolRanges } from '#ipam/allocate.ts';
import { add, release, setFree, subtract, take, takeAny, withdraw } from '#ipam/ranges.ts';
import type { Reader, SqlValue, Store, Tx } from '#store/store.ts';
import { type Cloud, networks, openCloud, ports, refusal, subnets } from '#test/cloud.ts';
import { engines } from '#test/postgres.ts';

interface Fixed {
  readonly subnet_id: string;
  readonly ip_address: string;
}

const stored = async (reader: Reader, pool: string): Promise<Range[]> => {
  const rows = await reader.all<{ first: string; last: string }>('SELECT first, last FROM free_ranges WHERE pool = ? ORDER BY first', pool);
  return rows.map(({ first, last }) => ({ first: BigInt(`0x${first}`), last: BigInt(`0x${last}`) }));
};

/** All statements of a store's transactions, as they are sent. */
interface Sent {
  readonly sql: string;
  readonly params: readonly SqlValue[];
  readonly rows: number;
}

function watching(sent: Sent[]): (store: Store) => Store {
  const watched = (tx: Tx): Tx => ({
    dialect: tx.dialect,
    async get(sql, ...params) {
      const row = await tx.get(sql, ...params);
      sent.push({ sql, params, rows: row ? 1 : 0 });
      return row as never;
    },
    async all(sql, ...params) {
      const rows = await tx.all(sql, ...params);
      sent.push({ sql, params, rows: rows.length });
      return rows as never;
    },
    async run(sql, ...params) {
      const rows = await tx.run(sql, ...params);
      sent.push({ sql, params, rows });
      return rows;
    },
  });
  return (store) => ({ ...store, transaction: (work) => store.transaction((tx) => work(watched(tx))) });
}

describe.each(engines())('addresses on $name', (engine) => {
  const sent: Sent[] = [];
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, { watch: watching(sent) });
  });
  afterAll(() => cloud.close());

  const fixedIps = (row: object): readonly Fixed[] => (row as { fixed_ips: readonly Fixed[] }).fixed_ips;
  const newSubnet = async (cidr: string, more: object = {}) => {
    const { id: network_id } = await cloud.make(networks, {});
    const row = await cloud.make(subnets, { network_id, cidr, ip_version: cidr.includes(':') ? 6 : 4, enable_dhcp: false, ...more });
    return { network_id, row, pools: poolRanges(row.allocation_pools as { start: string; end: string }[]) };
  };
  /** What is free and what is used make up the pools, and nothing is both. */
  async function expectWhole(subnetId: string, pools: readonly Range[]): Promise<void> {
    const used = await cloud.store.read.all<{ ip_address: string; port_id: string }>(
      'SELECT ip_address, port_id FROM ip_allocations WHERE subnet_id = ?',
      subnetId,
    );
    const free = await stored(cloud.store.read, freePool(subnetId));
    const inPools = used.map(({ ip_address }) => toNumber(ip_address)).filter((value) => pools.some((range) => contains(range, value)));
    for (const value of inPools) expect(free.some((range) => contains(range, value))).toBe(false);
    const size = (ranges: readonly Range[]): bigint => ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
    expect(size(free) + BigInt(inPools.length)).toBe(size(pools));
    free.slice(1).forEach(({ first }, index) => {
      expect(first > (free[index]?.last ?? first)).toBe(true);
    });
    const shown = await cloud.store.read.all<{ id: string; fixed_ips: string }>(
      'SELECT id, fixed_ips FROM ports WHERE id IN (SELECT port_id FROM ip_allocations WHERE subnet_id = ?)',
      subnetId,
    );
    const held = shown.flatMap(({ id, fixed_ips }) =>
      (JSON.parse(fixed_ips) as Fixed[]).filter((one) => one.subnet_id === subnetId).map((one) => `${id} ${one.ip_address}`),
    );
    expect(held.sort()).toEqual(used.map(({ port_id, ip_address }) => `${port_id} ${ip_address}`).sort());
  }

  test('a pool gives each number once, by chance or by name, and takes it back', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('any' as const), number: fc.bigInt({ min: 0n, max: 40n }) }),
      fc.record({ do: fc.constant('this' as const), number: fc.bigInt({ min: 0n, max: 40n }) }),
      fc.record({ do: fc.constant('release' as const), number: fc.bigInt({ min: 5n, max: 30n }) }),
      fc.record({
        do: fc.constantFrom('add' as const, 'withdraw' as const),
        number: fc.bigInt({ min: 5n, max: 30n }),
        more: fc.bigInt({ min: 0n, max: 9n }),
      }),
    );
    const high = fc.constantFrom(0n, (1n << 128n) - 41n);
    await fc.assert(
      fc.asyncProperty(high, fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (base, steps) => {
        const free = new Set<bigint>();
        for (let number = 5n; number <= 30n; number++) if (number !== 12n) free.add(base + number);
        await cloud.store.transaction(async (tx) => {
          await setFree(tx, 'test', [
            { first: base + 13n, last: base + 30n },
            { first: base + 5n, last: base + 11n },
          ]);
          for (const one of steps) {
            const number = base + one.number;
            if (one.do === 'release') {
              if (one.number === 12n) continue;
              await release(tx, 'test', number);
              free.add(number);
            } else if (one.do === 'add' || one.do === 'withdraw') {
              const range = { first: number, last: number + one.more };
              if (one.do === 'add') await add(tx, 'test', [range]);
              else await withdraw(tx, 'test', range);
              for (let value = range.first; value <= range.last; value++) one.do === 'add' ? free.add(value) : free.delete(value);
            } else if (one.do === 'this') expect(await take(tx, 'test', number)).toBe(free.delete(number));
            else {
              const sorted = [...free].sort((a, b) => (a < b ? -1 : 1));
              expect(await takeAny(tx, 'test', number)).toBe(sorted.find((value) => value >= number) ?? sorted[0]);
              free.delete(sorted.find((value) => value >= number) ?? sorted[0] ?? -1n);
            }
          }
          const ranges = await stored(tx, 'test');
          const numbers = ranges.flatMap(({ first, last }) =>
            Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index)),
          );
          expect(numbers).toEqual([...free].sort((a, b) => (a < b ? -1 : 1)));
          // Ranges neither touch nor overlap.
          ranges.slice(1).forEach(({ first }, index) => {
            expect(first - (ranges[index]?.last ?? 0n)).toBeGreaterThan(1n);
          });
        });
      }),
      { numRuns: 40 },
    );
  });

  test('ranges without others are what is left of them', () => {
    const range = fc
      .tuple(fc.bigInt({ min: 0n, max: 30n }), fc.bigInt({ min: 0n, max: 9n }))
      .map(([first, more]): Range => ({ first, last: first + more }));
    const numbersOf = (ranges: readonly Range[]): Set<bigint> =>
      new Set(ranges.flatMap(({ first, last }) => Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 5 }), fc.array(range, { maxLength: 5 }), (wanted, taken) => {
        const left = subtract(wanted, taken);
        expect([...numbersOf(left)].length).toBe(left.reduce((sum, { first, last }) => sum + Number(last - first) + 1, 0));
        const gone = numbersOf(taken);
        expect(numbersOf(left)).toEqual(new Set([...numbersOf(wanted)].filter((one) => !gone.has(one))));
      }),
    );
  });

  test.each([
    ...[0, 1, 8, 24, 29, 30, 31, 32].map((length) => `10.128.0.0/${length}`),
    ...[0, 1, 32, 64, 65, 112, 125, 126, 127, 128].map((length) => `2001:db8::/${length}`),
  ])('%s gives addresses of its pools, until there are no more, and again what came back', async (cidr) => {
    const { network_id, row, pools } = await newSubnet(cidr);
    const prefix = parsePrefix(cidr);
    expect(pools).toEqual(defaultPools(prefix, toNumber(String(row.gateway_ip))));
    const room = pools.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
    const most = room < 12n ? Number(room) : 12;
    const made = [];
    for (let index = 0; index < most; index++) made.push(await cloud.make(ports, { network_id }));
    const addresses = made.map((one) => fixedIps(one)[0]?.ip_address ?? '');
    expect(new Set(addresses).size).toBe(most);
    for (const address of addresses) {
      const value = toNumber(address);
      expect(pools.some((range) => contains(range, value))).toBe(true);
      expect(address).not.toBe(row.gateway_ip);
      const reserved = prefix.version === 4 && prefix.length < 31 ? [prefix.first, prefix.last] : [];
      expect(reserved).not.toContain(value);
    }
    if (room < 12n) {
      expect((await refusal(cloud.make(ports, { network_id }))).type).toBe('IpAddressGenerationFailure');
      const [first] = made;
      if (first) {
        await cloud.pipeline.delete(ports, cloud.admin, first.id);
        expect(fixedIps(await cloud.make(ports, { network_id }))[0]?.ip_address).toBe(addresses[0]);
      }
    }
    await expectWhole(row.id, pools);
  });

  test('an address costs the same in a /8 with very many used ones as in an empty /24', async () => {
    const small = await newSubnet('10.1.0.0/24');
    const large = await newSubnet('10.0.0.0/8');
    // All used but 60,000 addresses that stand alone, each between used ones: the most ranges a pool can be in, and an allocation for many.
    const base = toNumber('10.0.0.2');
    const hex = (value: bigint): string => value.toString(16).padStart(32, '0');
    const insert = (tx: Tx, table: string, columns: string, rows: readonly string[]): Promise<number> =>
      tx.run(`INSERT INTO ${table} (${columns}) VALUES ${rows.join(', ')}`);
    const { id: holder } = await cloud.make(ports, { network_id: large.network_id, fixed_ips: [] });
    await cloud.store.transaction(async (tx) => {
      await tx.run('DELETE FROM free_ranges WHERE pool = ?', freePool(large.row.id));
      for (let part = 0; part < 60; part++) {
        const numbers = Array.from({ length: 1000 }, (_, index) => base + BigInt((part * 1000 + index) * 250));
        await insert(
          tx,
          'free_ranges',
          'pool, first, last',
          numbers.map((one) => `('${freePool(large.row.id)}', '${hex(one)}', '${hex(one)}')`),
        );
        await insert(
          tx,
          'ip_allocations',
          'subnet_id, ip_address, port_id, network_id',
          Array.from(
            { length: 1000 },
            (_, index) => `('${large.row.id}', '10.200.${part * 4 + (index >> 8)}.${index & 255}', '${holder}', '${large.network_id}')`,
          ),
        );
      }
    });
    await cloud.store.exec('ANALYZE free_ranges; ANALYZE ip_allocations');
    const cost = async (network_id: string): Promise<Sent[][]> => {
      const costs: Sent[][] = [];
      for (let index = 0; index < 20; index++) {
        sent.length = 0;
        await cloud.make(ports, { network_id });
        costs.push([...sent]);
      }
      return costs;
    };
    const most = (costs: readonly Sent[][], of: (one: readonly Sent[]) => number): number => Math.max(...costs.map(of));
    const [few, many] = [await cost(small.network_id), await cost(large.network_id)];
    const statements = (one: readonly Sent[]): number => one.length;
    const rows = (one: readonly Sent[]): number => one.reduce((sum, { rows: read }) => sum + read, 0);
    expect(most(few, statements)).toBeGreaterThan(5);
    // One look-up more where nothing lies at or below the number that chance named.
    expect(most(many, statements)).toBeLessThanOrEqual(most(few, statements) + 1);
    expect(most(many, rows)).toBeLessThanOrEqual(most(few, rows) + 1);
    // And each look-up is a step through an index, not a walk.
    for (const { sql, params } of many.flat().filter((one) => /^SELECT .* FROM (free_ranges|ip_allocations)/.test(one.sql))) {
      await expectByIndex(cloud.store.read, sql, params);
    }
    expect(many.flat().some(({ sql }) => sql.includes('FROM free_ranges'))).toBe(true);
  });

  test('250 ports made at once have 250 addresses, and give them back', { timeout: 60_000 }, async () => {
    const { network_id, row, pools } = await newSubnet('10.2.0.0/24');
    const made = await Promise.all(Array.from({ length: 250 }, () => cloud.make(ports, { network_id })));
    const addresses = made.map((one) => fixedIps(one)[0]?.ip_address);
    expect(new Set(addresses).size).toBe(250);
    expect(new Set(made.map((one) => one.mac_address)).size).toBe(250);
    await expectWhole(row.id, pools);
    // 253 less 250: of ten more, three find room and seven are told that there is none.
    const more = await Promise.allSettled(Array.from({ length: 10 }, () => cloud.make(ports, { network_id })));
    const refused = more.flatMap((one) => (one.status === 'rejected' ? [one.reason as ApiError] : []));
    expect(refused.map(({ type }) => type)).toEqual(Array(7).fill('IpAddressGenerationFailure'));
    await Promise.all(made.map(({ id }) => cloud.pipeline.delete(ports, cloud.admin, id)));
    await expectWhole(row.id, pools);
    expect((await cloud.store.read.all('SELECT port_id FROM ip_allocations WHERE subnet_id = ?', row.id)).length).toBe(3);
  });

  test('creates, wishes, moves and deletes at once never share an address, and the books balance', { timeout: 60_000 }, async () => {
    const { network_id, row, pools } = await newSubnet('10.3.0.0/27');
    const refused = new Set<string>();
    const alive: string[] = [];
    const attempt = async (call: () => Promise<unknown>): Promise<void> => {
      try {
        await call();
      } catch (error) {
        if (!(error instanceof ApiError) || error.status >= 500) throw error;
        refused.add(error.type);
      }
    };
    const address = (index: number): string => `10.3.0.${(index * 7) % 34}`;
    const worker = async (mine: number): Promise<void> => {
      for (let round = 0; round < 12; round++) {
        const index = mine * 12 + round;
        const fixed_ips = index % 3 === 0 ? { fixed_ips: [{ ip_address: address(index) }] } : {};
        await attempt(async () => alive.push((await cloud.make(ports, { network_id, ...fixed_ips })).id));
        const target = alive[index % Math.max(1, alive.length)];
        if (target === undefined) continue;
        if (index % 2 === 0) {
          await attempt(() =>
            cloud.pipeline.update(ports, cloud.admin, target, {
              port: { fixed_ips: [{ ip_address: address(index + 5) }, { subnet_id: row.id }] },
            }),
          );
        } else await attempt(() => cloud.pipeline.delete(ports, cloud.admin, target));
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, mine) => worker(mine)));
    await expectWhole(row.id, pools);
    const answers = ['IpAddressAlreadyAllocated', 'IpAddressGenerationFailure', 'InvalidIpForNetwork', 'PortNotFound'];
    for (const type of refused) expect(answers).toContain(type);
    expect(refused.size).toBeGreaterThan(1);
  });
});

/** The plan of a statement touches its table through an index alone. */
async function expectByIndex(reader: Reader, sql: string, params: readonly SqlValue[]): Promise<void> {
  const explain = reader.dialect.name === 'sqlite' ? 'EXPLAIN QUERY PLAN ' : 'EXPLAIN ';
  const plan = JSON.stringify(await reader.all(`${explain}${sql}`, ...params));
  expect(plan).toMatch(/SEARCH|Index/);
  expect(plan).not.toMatch(/SCAN |Seq Scan|Sort|TEMP B-TREE/);
}
