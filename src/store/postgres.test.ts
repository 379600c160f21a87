// Numbering of placeholders: pure, so tested without a server.
import { expect, test } from 'vitest';
import { numbered } from './postgres.ts';

test.each([
  ['SELECT 1', 'SELECT 1'],
  ['a = ? AND b = ?', 'a = $1 AND b = $2'],
  [Array.from({ length: 11 }, () => '?').join(), '$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11'],
  ["a = '?' AND b = ?", "a = '?' AND b = $1"],
  ["a = 'it''s ?' AND b = ?", "a = 'it''s ?' AND b = $1"],
  ['"what?" = ? AND "a""?" = ?', '"what?" = $1 AND "a""?" = $2'],
  ['SELECT ? -- why?\n, ?', 'SELECT $1 -- why?\n, $2'],
])('%s', (text, expected) => {
  expect(numbered(text)).toBe(expected);
});
