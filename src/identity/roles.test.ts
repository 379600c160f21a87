// Which roles a role implies, by example and for any graph of implications.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectiveRoles, standardImplications } from './roles.ts';

const standard = standardImplications.map(([priorId, impliedId]) => ({ priorId, impliedId }));

describe('effective roles', () => {
  test.each([
    ['admin', 'admin manager member reader'],
    ['manager', 'manager member reader'],
    ['member', 'member reader'],
    ['reader', 'reader'],
    ['service', 'service'],
    ['of the house', 'of the house'],
  ])('%s is %s', (given, all) => {
    expect([...effectiveRoles([given], standard).keys()].join(' ')).toBe(all);
  });

  test('name the role they follow from', () => {
    expect([...effectiveRoles(['member', 'service'], standard)]).toEqual([
      ['member', 'member'],
      ['service', 'service'],
      ['reader', 'member'],
    ]);
  });

  test('are closed under implication whatever the rules are, circles too, and hold nothing that does not follow', () => {
    const role: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const rules = fc.array(fc.record({ priorId: role, impliedId: role }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.uniqueArray(role), rules, (given, implications) => {
        const held = effectiveRoles(given, implications);
        for (const id of given) expect(held.get(id)).toBe(id);
        for (const { priorId, impliedId } of implications) if (held.has(priorId)) expect(held.has(impliedId)).toBe(true);
        for (const [impliedId, priorId] of held) {
          if (!given.includes(impliedId)) expect(implications).toContainEqual({ priorId, impliedId });
        }
      }),
    );
  });
});
