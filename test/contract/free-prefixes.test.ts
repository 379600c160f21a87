// The free prefixes of pools on real databases, against sets computed in memory: nothing is given twice, nothing is lost, halves are joined, and
// an allocation costs the same however many there were before.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { overlaps, type Prefix, parsePrefix, prefixText } from '#ipam/address.ts';
import { freePrefix, takeAnyPrefix, takePrefix } from '#ipam/free-prefixes.ts';
import { minus, prefixAt } from '#ipam/prefixes.ts';
import { migrate } from '#store/migrate.ts';
import type { Store, Tx } from '#store/store.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';

describe.each(engines())('free prefixes on $name', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  let pools = 0;
  beforeAll(async () => {
    opened = await engine.open();
    store = opened.store;
    await migrate(store);
  });
  afterAll(() => opened.remove());

  /** A pool of nothing but its row. */
  async function newPool(tx: Tx, prefixes: readonly Prefix[]): Promise<string> {
    const id = `pool-${++pools}`;
    await tx.run(
      `INSERT INTO subnetpools (id, project_id, name, description, ip_version, prefixes, min_prefixlen, max_prefixlen, default_prefixlen, is_default, tags, revision_number, created_at, updated_at)
       VALUES (?, 'p', '', '', 4, '[]', 1, 32, 24, 0, '[]', 0, '', '')`,
      id,
    );
    for (const prefix of prefixes) await freePrefix(tx, id, prefix);
    return id;
  }

  async function stored(tx: Tx, pool: string, version: 4 | 6): Promise<string[]> {
    const rows = await tx.all<{ first: string; length: number }>(
      'SELECT first, length FROM free_prefixes WHERE subnetpool_id = ? ORDER BY first',
      pool,
    );
    return rows.map(({ first, length }) => prefixText(prefixAt(BigInt(`0x${first}`), length, version)));
  }

  const SIZES = { '10.0.0.0/24': [24, 32], '2001:db8::/56': [56, 66] } as const;

  test.each(Object.entries(SIZES))('like a set, of %s', async (whole, [shortest, longest]) => {
    const all = parsePrefix(whole);
    const length = fc.integer({ min: shortest, max: longest });
    const step = fc.oneof(
      fc.record({ any: length }),
      fc.record({ at: fc.bigInt({ min: all.first, max: all.last }), length }),
      fc.record({ back: fc.nat() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
        store.transaction(async (tx) => {
          const pool = await newPool(tx, [all]);
          const taken: Prefix[] = [];
          for (const one of steps) {
            const free = minus([all], taken);
            if ('any' in one) {
              const fits = free.filter((block) => block.length <= one.any);
              const best = Math.max(...fits.map((block) => block.length));
              const got = await takeAnyPrefix(tx, pool, one.any, all.version);
              const block = fits.find((fit) => fit.length === best);
              expect(got && prefixText(got)).toBe(block && prefixText({ ...block, length: one.any }));
              if (got) taken.push(got);
            } else if ('at' in one) {
              const wanted = prefixAt(one.at, one.length, all.version);
              const got = await takePrefix(tx, pool, wanted);
              expect(got).toBe(!taken.some((other) => overlaps(other, wanted)));
              if (got) taken.push(wanted);
            } else if (taken.length > 0) {
              const [back] = taken.splice(one.back % taken.length, 1);
              await freePrefix(tx, pool, back as Prefix);
            }
          }
          expect(await stored(tx, pool, all.version)).toEqual(minus([all], taken).map(prefixText));
        }),
      ),
      { numRuns: 40 },
    );
  });

  test('the two-thousandth prefix costs as many statements as the tenth', async () => {
    let statements = 0;
    const counted = (tx: Tx): Tx => ({
      ...tx,
      get: (sql, ...params) => {
        statements++;
        return tx.get(sql, ...params);
      },
      run: (sql, ...params) => {
        statements++;
        return tx.run(sql, ...params);
      },
    });
    await store.transaction(async (tx) => {
      const pool = await newPool(tx, [parsePrefix('10.0.0.0/12')]);
      const costs: number[] = [];
      for (let count = 0; count < 2_000; count++) {
        statements = 0;
        expect(await takeAnyPrefix(counted(tx), pool, 28, 4)).toBeDefined();
        costs.push(statements);
      }
      // At most a look-up, a deletion, and a row for each bit between the pool's length and the prefix's.
      expect(Math.max(...costs)).toBeLessThanOrEqual(2 + (28 - 12));
      expect(costs.reduce((sum, one) => sum + one, 0) / costs.length).toBeLessThan(4);
    });
  });
});
