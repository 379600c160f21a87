// Sets of addresses as prefixes: joined, and taken apart.
import { expect, test } from 'vitest';
import { parsePrefix, prefixText } from './address.ts';
import { common, merged, minus } from './prefixes.ts';

const parse = (texts: readonly string[]) => texts.map(parsePrefix);

test.each([
  [
    ['10.10.0.0/16', '10.11.0.0/16', '10.9.0.0/16', '10.9.0.0/24'],
    ['10.9.0.0/16', '10.10.0.0/15'],
  ],
  [
    ['10.1.0.0/16', '10.2.0.0/16'],
    ['10.1.0.0/16', '10.2.0.0/16'],
  ],
  [['0.0.0.0/1', '128.0.0.0/1'], ['0.0.0.0/0']],
  [['::/0', '2001:db8::/32'], ['::/0']],
  [[], []],
])('%j is %j', (given, wanted) => {
  expect(merged(parse(given)).map(prefixText)).toEqual(wanted);
});

test.each([
  [['10.0.0.0/30'], ['10.0.0.1/32'], ['10.0.0.0/32', '10.0.0.2/31']],
  [['10.0.0.0/24', '10.0.2.0/24'], ['10.0.0.0/8'], []],
  [['10.0.0.0/24', '10.0.2.0/24'], ['10.0.1.0/24'], ['10.0.0.0/24', '10.0.2.0/24']],
  [['10.0.0.0/22'], ['10.0.0.0/24', '10.0.3.0/24'], ['10.0.1.0/24', '10.0.2.0/24']],
  [['2001:db8::/127'], ['2001:db8::1/128'], ['2001:db8::/128']],
  [[], ['10.0.0.0/8'], []],
])('%j without %j is %j', (given, taken, wanted) => {
  expect(minus(parse(given), parse(taken)).map(prefixText)).toEqual(wanted);
});

test('what two sets have in common', () => {
  const both = common(parse(['10.0.0.0/24', '10.0.1.0/25']), parse(['10.0.0.128/25', '10.0.1.0/24']));
  expect(both.map(prefixText)).toEqual(['10.0.0.128/25', '10.0.1.0/25']);
});
