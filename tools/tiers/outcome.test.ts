// What a tier's events add up to, above all that a run which says too little has failed.
import { expect, test } from 'vitest';
import { type Event, outcomeOf } from './outcome.ts';

const FILE = 'test/api/a.test.ts';
const report = (...tests: (Event & { kind: 'file' })['tests'][number][]): Event => ({ kind: 'file', file: FILE, errors: [], tests });
const END: Event = { kind: 'end', unhandled: [] };
const fine = { code: 0 };

test('counts what passed, failed and was skipped, and says why', () => {
  const events = [
    report(
      { name: 'a', state: 'passed' },
      { name: 'b', state: 'failed', why: '1 is not 2' },
      { name: 'c', state: 'skipped', why: 'no root' },
    ),
    END,
  ];
  expect(outcomeOf(events, [FILE], { code: 1 })).toEqual({
    passed: 1,
    failures: ['b: 1 is not 2'],
    skips: [{ name: 'c', why: 'no root' }],
  });
});

test('a skip without a reason is a failure', () => {
  expect(outcomeOf([report({ name: 'a', state: 'skipped' }), END], [FILE], fine).failures).toEqual(['a: skipped without a reason']);
});

test('errors outside tests are failures', () => {
  const events: Event[] = [
    { kind: 'file', file: FILE, errors: ['no such module'], tests: [] },
    { kind: 'end', unhandled: ['nobody awaited this'] },
  ];
  expect(outcomeOf(events, [FILE], { code: 1 }).failures).toEqual([`${FILE}: no such module`, 'outside any test: nobody awaited this']);
});

test('a file without tests, or one that was passed over, is a failure', () => {
  const expected = [`${FILE}: no test of it was run`];
  expect(outcomeOf([report(), END], [FILE], fine).failures).toEqual(expected);
  expect(outcomeOf([END], [FILE], fine).failures).toEqual(expected);
});

test('a run that ends early or is stopped has failed, and names what it was in', () => {
  const events: Event[] = [{ kind: 'started', name: 'a' }];
  expect(outcomeOf(events, [FILE], { code: 'SIGSEGV' }).failures).toEqual(['vitest ended early (SIGSEGV); what began last: a']);
  expect(outcomeOf([], [FILE], { code: 0 }).failures).toEqual(['vitest ended early (0); nothing had begun']);
  expect(outcomeOf(events, [FILE], { code: null, stopped: 60 }).failures).toEqual(['stopped after its limit of 60 s; what began last: a']);
});

test('an exit status that nothing explains is a failure', () => {
  expect(outcomeOf([report({ name: 'a', state: 'passed' }), END], [FILE], { code: 1 }).failures).toEqual(['vitest ended with 1']);
});
