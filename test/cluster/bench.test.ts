// The benchmarks at their smallest: each runs to its end, every figure is a number, and what must hold at any size does. How fast anything was is not
// asked here: that is for `npm run bench` on a machine with nothing else to do.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '#host/process.ts';
import type { Figure } from '../../bench/figures.ts';
import { page, type Run } from '../../bench/page.ts';
import { scratch } from './program.ts';

const MAIN = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
const NAMES = ['api', 'whole', 'slow-disk', 'growth', 'neighbours', 'wiring', 'restart', 'memory'];

const directory = scratch();
let runs: Run[] = [];
let printed = '';
beforeAll(async () => {
  const file = directory.file('figures.json');
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', MAIN, '--scale', '0.01', '--repetitions', '1', '--json', file];
  const { code, stdout, stderr } = await runProgram(argv, { timeout: 110_000 });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  printed = stdout;
  runs = JSON.parse(readFileSync(file, 'utf8')).runs;
});
afterAll(() => directory.remove());

const figures = (): Figure[] => runs.flatMap((run) => run.figures);

test('each benchmark runs, or says why it cannot', () => {
  expect(runs.map(({ name }) => name)).toEqual(NAMES);
  for (const { name, figures: found, skipped } of runs) {
    if (skipped === undefined) expect(found.length, name).toBeGreaterThan(0);
    // Only the delayed disk needs a program that the tests do not ask for.
    else expect({ name, skipped }).toEqual({ name: 'slow-disk', skipped: expect.stringContaining('strace') });
  }
});

test('every figure is a number, and a limit is more than nothing', () => {
  for (const { what, value, limit, ratio } of figures()) {
    expect(Number.isFinite(value), what).toBe(true);
    // What a list adds to memory may be nothing.
    if (limit === undefined || what.startsWith('memory added')) continue;
    expect(limit.value, what).toBeGreaterThan(0);
    expect(ratio, what).toBeGreaterThan(0);
  }
});

test('no request is refused, no address is given out twice, no ping is lost, no restart does anything', () => {
  const counted = figures().filter(({ unit }) => unit === 'errors' || unit === 'lost');
  expect(counted.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
});

test('the page tells what was missed', () => {
  const missed: Figure = {
    what: 'a slow thing',
    value: 3,
    unit: 'ms',
    limit: { value: 1, of: 'bare' },
    ratio: 3,
    target: { of: 'ratio', most: 2 },
  };
  const text = page([{ name: 'one', doc: 'a thing', figures: [missed] }], { scale: 1, repetitions: 1 }, new Date(0));
  expect(text).toContain('missed: a slow thing.');
  expect(text).toContain('| a slow thing | 3 ms | 1 ms (bare) | 3.00 | ≤ 2 × **missed** |');
  expect(printed).toContain('POST to ACTIVE, alone on the host');
});

test('an unknown name is refused with those that are known', async () => {
  const { code, stdout } = await runProgram([process.execPath, '--disable-warning=ExperimentalWarning', MAIN, 'nothing']);
  expect(code).toBe(1);
  for (const name of NAMES) expect(stdout).toContain(name);
});
