// Cutting scopes into payloads that PostgreSQL takes: pure, so tested without a server.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { payloadsOf } from './postgres.ts';

test('every scope is in a payload, every payload below 8,000 bytes, and few of them', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 200 }), (scopes) => {
      const payloads = payloadsOf('sender', scopes);
      const bytes = payloads.map((payload) => Buffer.byteLength(payload));
      expect(Math.max(0, ...bytes)).toBeLessThan(8_000);
      expect(payloads.flatMap((payload) => (JSON.parse(payload) as string[]).slice(1))).toEqual(scopes);
      // Two neighbours would not have fitted into one.
      for (let index = 1; index < bytes.length; index++) expect((bytes[index - 1] ?? 0) + (bytes[index] ?? 0)).toBeGreaterThan(7_000);
    }),
  );
});

test('a scope too long for any payload wakes everybody', () => {
  expect(payloadsOf('sender', ['network:1', 'x'.repeat(8_000)])).toEqual(['["sender","*"]']);
});
