// The loop's own time: when it tries again after a round that could not even look at its host.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DesiredValue } from '#desired/objects.ts';
import { fakeExecutor } from '#host/fake.ts';
import { noLinks } from '#host/links.ts';
import { desiredObject, networks } from '#test/l2-wishes.ts';
import { createHeld } from './held.ts';
import { startLoop } from './reconcile.ts';
import { createOutbox } from './report.ts';

const [network = ''] = networks;
const wish: DesiredValue = {
  kind: 'network',
  network_id: network,
  network_type: 'local',
  physical_network: null,
  segmentation_id: null,
  mtu: 1500,
  local_ip: null,
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A loop over one network, whose host can be looked at or not; `looks` are the moments at which it was tried. */
function loopOver() {
  const stop = new AbortController();
  const { signal } = stop;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const held = createHeld();
  held.take({ cursor: '1', complete: true, drop: [], put: [desiredObject(wish)] });
  const host = { dark: false, looks: [] as number[] };
  const target = {
    name: 'test',
    kinds: ['network' as const],
    observe: () => {
      host.looks.push(Date.now());
      return host.dark ? Promise.reject(new Error('dark')) : Promise.resolve(undefined);
    },
    plan: () => ({ steps: [], waiting: new Map<string, string>() }),
  };
  const outbox = createOutbox({ report: () => Promise.resolve() }, log, signal);
  const loop = startLoop({ target, held, executor: fakeExecutor(noLinks()), outbox, log, resync: 3_600_000, signal });
  return { loop, host, outbox, stop };
}

test.each(['all' as const, new Set([network])])(
  'after rounds that failed it waits longer each time, and from the beginning once one has not: %o',
  async (scope) => {
    const { loop, host, outbox, stop } = loopOver();
    const waits = async () => {
      host.looks.length = 0;
      host.dark = true;
      loop.touch(scope);
      await vi.advanceTimersByTimeAsync(20_000);
      host.dark = false;
      await vi.advanceTimersByTimeAsync(60_000);
      return host.looks.slice(1).map((at, i) => at - (host.looks[i] ?? 0));
    };
    for (let time = 0; time < 3; time++) {
      const [first = 0, second = 0, third = 0] = await waits();
      expect(first).toBeGreaterThanOrEqual(800);
      expect(first).toBeLessThanOrEqual(1_200);
      expect(second).toBeGreaterThan(first);
      expect(third).toBeGreaterThan(second);
    }
    expect(outbox.said.get(`network/${network}`)).toMatchObject({ error: null });
    stop.abort();
    await loop.stop();
  },
);
