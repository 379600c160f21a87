// Types, statuses and texts of errors are the published ones, but where deviations.ts says why not: clients match on them.
import { expect, test } from 'vitest';
import '#api/server.ts';
import { declaredErrors, statusOf } from '#core/errors.ts';
import '#resources/index.ts';
import { errorDeviations } from './deviations.ts';
import { errorFacts } from './facts.ts';
import { unreached } from './unreached.ts';

const isPublished = (type: string): boolean => {
  const declared = declaredErrors.get(type);
  return (errorFacts[type] ?? []).some(([status, text]) => declared && status === statusOf[declared.kind] && text === declared.message);
};

test('every error that is declared is as published', () => {
  const different = [...declaredErrors.keys()].filter((type) => !isPublished(type) && !errorDeviations[type]);
  expect(different.map((type) => ({ type, here: declaredErrors.get(type), there: errorFacts[type] }))).toEqual([]);
});

test('deviations are differences', () => {
  expect(Object.keys(errorDeviations).filter((type) => !declaredErrors.has(type) || isPublished(type))).toEqual([]);
});

test('every published error is declared, or known to reach no client', () => {
  const excused = new Set(Object.values(unreached).flat());
  const reaching = Object.keys(errorFacts).filter((type) => errorFacts[type]?.some(([status]) => status !== statusOf.bug));
  expect(reaching.filter((type) => !declaredErrors.has(type) && !excused.has(type))).toEqual([]);
  expect([...excused].filter((type) => declaredErrors.has(type) || !reaching.includes(type))).toEqual([]);
});
