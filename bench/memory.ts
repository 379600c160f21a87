// What `isospin up` occupies when nothing happens: its proportional share of memory (PSS) five seconds after it is ready, against the bare program's.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { makeHost } from '#test/kernel/host.ts';
import { type Benchmark, compared, scaled } from './figures.ts';
import { startBare, startUp } from './servers.ts';

export const memory: Benchmark = {
  name: 'memory',
  doc: 'idle memory of isospin up',
  async run(sizes) {
    const host = await makeHost('bench');
    try {
      const [up, bare] = [await startUp(host), await startBare()];
      try {
        await pause(scaled(sizes, 5_000, 500));
        const turn = { value: pss(up.pid), limit: pss(bare.pid) };
        return [compared('isospin up, idle', 'MiB', [turn], 'bare', { of: 'value', most: 100 })];
      } finally {
        await up.close();
        await bare.close();
      }
    } finally {
      await host.close();
    }
  },
};

/** MiB of a process; pages that processes share count in parts. */
function pss(pid: number): number {
  const kib = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
