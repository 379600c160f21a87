// Passwords kept as scrypt hashes: what verifies, for how long it takes, and what a storm of logins does to the event loop.
import { describe, expect, test } from 'vitest';
import { parallelHashes, type ScryptCost, scryptPasswords } from './passwords.ts';

const cheap: ScryptCost = { log2n: 4, r: 1, p: 1 };

describe('passwords', () => {
  test('are verified by their hash, and nothing else is', async () => {
    const passwords = scryptPasswords(cheap);
    const hash = await passwords.hash('päss\0wörd');
    expect(hash).toMatch(/^scrypt\$4\$1\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(hash).not.toContain('wörd');
    expect(await passwords.verify('päss\0wörd', hash)).toBe(true);
    for (const wrong of ['', 'päss', 'päss\0wörd ', 'PÄSS\0WÖRD']) expect(await passwords.verify(wrong, hash)).toBe(false);
    for (const nobody of [null, undefined]) expect(await passwords.verify('', nobody)).toBe(false);
  });

  test('get a salt each', async () => {
    const passwords = scryptPasswords(cheap);
    expect(await passwords.hash('same')).not.toBe(await passwords.hash('same'));
  });

  test('outlive a change of the cost', async () => {
    const hash = await scryptPasswords({ log2n: 5, r: 2, p: 3 }).hash('old');
    expect(await scryptPasswords(cheap).verify('old', hash)).toBe(true);
    expect(await scryptPasswords(cheap).verify('new', hash)).toBe(false);
  });

  test('a hash of another scheme is an error, not a wrong password', async () => {
    await expect(scryptPasswords(cheap).verify('x', '$2b$12$abc')).rejects.toThrow(/known form/);
  });

  test('take as long for an unknown user as for a wrong password', async () => {
    const passwords = scryptPasswords();
    const hash = await passwords.hash('right');
    const fastest = async (stored: string | undefined) => {
      const times: number[] = [];
      for (let round = 0; round < 3; round++) {
        const start = performance.now();
        await passwords.verify('wrong', stored);
        times.push(performance.now() - start);
      }
      return Math.min(...times);
    };
    const [known, unknown] = [await fastest(hash), await fastest(undefined)];
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });

  test('a storm of logins leaves the event loop free, and is served in order', async () => {
    const passwords = scryptPasswords({ log2n: 13, r: 8, p: 1 }, 1);
    const order: number[] = [];
    let longest = 0;
    const start = performance.now();
    let last = start;
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    await Promise.all(Array.from({ length: 12 }, (_, number) => passwords.hash('x').then(() => order.push(number))));
    clearInterval(timer);
    expect(order).toEqual(Array.from({ length: 12 }, (_, number) => number));
    // Hashing on the loop would stop it from the first to the last.
    expect(longest).toBeLessThan((performance.now() - start) / 2);
  });

  test('leave a thread for tokens and names, however many processors there are', async () => {
    const passwords = scryptPasswords({ log2n: 16, r: 8, p: 1 }, parallelHashes(64));
    let hashed = 0;
    const storm = Array.from({ length: 4 }, () => passwords.hash('x').then(() => hashed++));
    await crypto.subtle.digest('SHA-256', new Uint8Array(1));
    expect(hashed).toBe(0);
    await Promise.all(storm);
    expect([1, 2, 3].map(parallelHashes)).toEqual([1, 1, 2]);
  });

  test('are refused when so many wait that nobody would wait for the next', async () => {
    const passwords = scryptPasswords(cheap, 1);
    const all = await Promise.allSettled(Array.from({ length: 310 }, () => passwords.verify('x', undefined)));
    const refused = all.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused).toHaveLength(9);
    for (const { reason } of refused)
      expect(reason).toMatchObject({ status: 503, message: 'Too many logins are waiting: try again later.' });
    expect(await passwords.verify('x', undefined)).toBe(false);
  });
});
