// The cache of checked tokens: its bound, and what it keeps within it.
import { describe, expect, test } from 'vitest';
import { tokenCache } from './token-cache.ts';

describe('the cache of tokens', () => {
  test('never holds more than it may, and keeps what is in use', () => {
    const cache = tokenCache<number>(100);
    for (let number = 0; number < 1_000; number++) {
      cache.set(`token ${number}`, number);
      expect(cache.get('token 0')).toBe(0);
    }
    const kept = Array.from({ length: 1_000 }, (_, number) => cache.get(`token ${number}`)).filter((value) => value !== undefined);
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept.length).toBeGreaterThan(40);
  });
});
