// The choice among agents: the least loaded first, zones evenly.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, spread } from './schedule.ts';

const candidates = (...zones: readonly (string | null)[]): Candidate[] =>
  zones.map((zone, load) => ({ id: `${load}`, host: `host${load}`, zone, load }));
const hosts = async (...given: Parameters<typeof spread>) => (await spread(...given)).map(({ host }) => host);

test('zones take turns, and within each the first comes first', async () => {
  const some = candidates('a', 'a', 'b', 'a', 'c');
  expect(await hosts(some, 1, [])).toEqual(['host0']);
  expect(await hosts(some, 4, [])).toEqual(['host0', 'host2', 'host4', 'host1']);
  expect(await hosts(some, 9, [])).toHaveLength(5);
});

test('who serves already counts for its zone', async () => {
  expect(await hosts(candidates('a', 'b'), 1, ['a'])).toEqual(['host1']);
  expect(await hosts(candidates('a', 'b'), 1, ['a', 'b'])).toEqual(['host0']);
  expect(await hosts(candidates('a', 'a'), 1, ['a'])).toEqual(['host0']);
});

test('one that does not fit makes room for the next of its zone', async () => {
  const some = candidates('a', 'a', 'b');
  expect(await hosts(some, 2, [], async ({ host }) => host !== 'host0')).toEqual(['host1', 'host2']);
  expect(await hosts(some, 2, [], async () => false)).toEqual([]);
});

test('no zone has two more than another that could have had one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', null)), fc.nat(6), async (zones, count) => {
      const some = candidates(...zones);
      const chosen = await spread(some, count, []);
      expect(chosen).toHaveLength(Math.min(count, some.length));
      const inZone = (list: readonly Candidate[], zone: string | null) => list.filter((one) => one.zone === zone).length;
      for (const zone of new Set(zones)) {
        if (inZone(chosen, zone) === inZone(some, zone)) continue;
        for (const other of new Set(zones)) expect(inZone(chosen, other) - inZone(chosen, zone)).toBeLessThan(2);
      }
    }),
  );
});
