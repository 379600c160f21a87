// Printed values against Python itself.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repr, str } from './python.ts';

test.each<[unknown, string]>([
  [null, 'None'],
  [true, 'True'],
  [false, 'False'],
  [5, '5'],
  [-1.5, '-1.5'],
  ['a', "'a'"],
  ['', "''"],
  ["it's", `"it's"`],
  [`it's "so"`, `'it\\'s "so"'`],
  ['"', `'"'`],
  ['a\nb\t\\', "'a\\nb\\t\\\\'"],
  ['\u0000\u007f\u00a0\u2028', "'\\x00\\x7f\\xa0\\u2028'"],
  ['Ünï 🦎', "'Ünï 🦎'"],
  [['network', 1, null], "['network', 1, None]"],
  [{ a: [], b: { c: true } }, "{'a': [], 'b': {'c': True}}"],
])('%j reads %s', (value, text) => {
  expect(repr(value)).toBe(text);
  expect(str(value)).toBe(typeof value === 'string' ? value : text);
});

const python = spawnSync('python3', ['--version']).status === 0;

test.skipIf(!python)('any JSON value reads as Python prints it (skipped where there is no python3)', () => {
  const plain = fc.oneof(
    fc.string({ unit: 'binary-ascii' }),
    fc.string({ unit: 'grapheme-ascii' }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const values = fc.sample(fc.oneof(plain, fc.array(plain), fc.dictionary(fc.string({ unit: 'binary-ascii' }), fc.array(plain))), 300);
  const program = 'import json,sys; print(json.dumps([repr(v) for v in json.load(sys.stdin)]))';
  const said = spawnSync('python3', ['-c', program], { input: JSON.stringify(values), encoding: 'utf8' });
  expect(values.map(repr)).toEqual(JSON.parse(said.stdout));
});
