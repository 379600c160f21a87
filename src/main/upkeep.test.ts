// When a running server looks after what agents serve: in a steady rhythm, and never right after it or its database was away.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Pipeline } from '#core/pipeline.ts';
import { defaultSettings } from '#core/settings.ts';
import { sqliteDialect } from '#store/dialect.ts';
import { keepScheduled } from './upkeep.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Seconds between rounds, for hosts that are dead after a minute. */
const EVERY = 30;

/** A server whose database has nothing, and what was asked of it: F for networks that want for servers, D for dead hosts. */
function started() {
  const seen = { asked: '', away: false, warned: 0 };
  const read = {
    dialect: sqliteDialect,
    get: async () => undefined,
    all: async (query: string) => {
      if (seen.away) throw new Error('the database is away');
      seen.asked += query.includes('dhcp_wanting') ? 'F' : query.includes('alive_until < ?') ? 'D' : '';
      return [];
    },
  };
  const pipeline = { parts: { store: { read }, settings: { ...defaultSettings, agentDownTime: 2 * EVERY } } } as unknown as Pipeline;
  const log = { warn: () => seen.warned++ } as never;
  return { seen, upkeep: keepScheduled(pipeline, log) };
}

const rounds = (count: number) => vi.advanceTimersByTimeAsync(count * EVERY * 1000);

test('the first round leaves dead hosts their networks, later ones do not', async () => {
  const { seen, upkeep } = started();
  await rounds(1);
  expect(seen.asked).toBe('F');
  await rounds(2);
  expect(seen.asked).toBe('FFDFD');
  await upkeep.stop();
  await rounds(3);
  expect(seen.asked).toBe('FFDFD');
});

test('after a database that was away, a round passes before hosts count as dead', async () => {
  const { seen, upkeep } = started();
  await rounds(2);
  seen.away = true;
  await rounds(2);
  expect([seen.asked, seen.warned]).toEqual(['FFD', 2]);
  seen.away = false;
  await rounds(2);
  expect(seen.asked).toBe('FFDFFD');
  await upkeep.stop();
});

test('after a machine that slept, too', async () => {
  const { seen, upkeep } = started();
  await rounds(2);
  vi.setSystemTime(Date.now() + 3_600_000);
  await rounds(2);
  expect(seen.asked).toBe('FFDFFD');
  await upkeep.stop();
});
