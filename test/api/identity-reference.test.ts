// The reference page of the identity API is what its tables say.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { identityReference, PAGE } from '../../tools/identity-reference.ts';

test('docs/reference/identity.md is current (node tools/identity-reference.ts writes it)', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(identityReference());
});
