// Tempest and neutron-tempest-plugin pass, whole, but for what tempest-exceptions.json names with a reason: no test may be skipped or fail that is not
// there, and none be there that is not skipped or does not fail. Half of the files are run, another half from commit to commit; all of them with
// ISOSPIN_TEMPEST=all, which is `npm run test:compat -- --all`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHost } from '#test/kernel/host.ts';
import { whyNoNamespaces } from '#test/machine.ts';
import { python } from './clients.ts';
import { fileOf, halvesOf, type Row, runSuites } from './suites.ts';

/** Why the suites do not run here. */
function obstacle(): string | undefined {
  for (const [module, from] of [
    ['tempest', 'python3-tempest'],
    ['neutron_tempest_plugin', 'neutron-tempest-plugin'],
    ['stestr', 'python3-stestr'],
  ]) {
    if (spawnSync(python, ['-c', `import ${module}`]).status !== 0) return `this machine has no ${module} (Debian's ${from})`;
  }
  return whyNoNamespaces();
}

interface Excepted {
  readonly why: string;
  readonly tests: readonly string[];
}

/** Tests that tempest skips by itself, and tests that fail. */
const exceptions = JSON.parse(readFileSync(new URL('tempest-exceptions.json', import.meta.url), 'utf8')) as Readonly<
  Record<'skipped' | 'failing', readonly Excepted[]>
>;

/** By the last bit of the commit, so that a change that one half would have found is found by the next commits. */
function halfOfCommit(): 0 | 1 {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', cwd: import.meta.dirname });
  return Number.parseInt((stdout ?? '').trim().at(-1) ?? '0', 16) % 2 === 1 ? 1 : 0;
}

test('two halves are everything, and about as much', () => {
  const tests = ['a.test_x.T.a', 'a.test_x.T.b', 'a.test_x.T.c', 'a.test_y.T.a', 'a.test_z.T.a', 'setUpClass (a.test_z.T)'];
  expect(halvesOf(tests)).toEqual([['a.test_x'], ['a.test_z', 'a.test_y']]);
});

test('tempest and neutron-tempest-plugin pass', { timeout: 1_500_000 }, async (context) => {
  const why = obstacle();
  context.skip(why !== undefined, why);
  const whole = process.env.ISOSPIN_TEMPEST === 'all';
  const half = halfOfCommit();
  const files = new Set<string>();
  const choose = (tests: readonly string[]) => {
    for (const file of whole ? halvesOf(tests).flat() : halvesOf(tests)[half]) files.add(file);
    return tests.filter((name) => files.has(fileOf(name)));
  };
  const home = mkdtempSync(join(tmpdir(), 'isospin-tempest-'));
  const host = await makeHost('node1');
  let rows: readonly Row[];
  try {
    rows = await runSuites(home, host, choose);
  } finally {
    await host.close();
    rmSync(home, { recursive: true, force: true });
  }
  const passed = rows.filter(({ status }) => status === 'success' || status === 'xfail');
  const skipped = rows.filter(({ status }) => status === 'skip');
  const failed = rows.filter(({ status }) => !['success', 'xfail', 'skip'].includes(status));
  console.log(
    `tempest: ${whole ? 'all' : `half ${half + 1} of 2`}, ${files.size} files: ${passed.length} passed, ${skipped.length} skipped, ${failed.length} failed`,
  );
  expect(passed.length).toBeGreaterThan(100);
  expect({ ...judged('skipped', skipped, files), ...judged('failing', failed, files) }).toEqual({
    'skipped, not listed': [],
    'listed as skipped, and not': [],
    'failing, not listed': [],
    'listed as failing, and not': [],
  });
});

/** Of the files that were run: tests that came out so and are not listed, and those that are listed and did not. */
function judged(kind: keyof typeof exceptions, rows: readonly Row[], files: ReadonlySet<string>): Record<string, string[]> {
  const listed = new Set(exceptions[kind].flatMap(({ tests }) => tests));
  const found = new Map(rows.map(({ name, why }) => [name, why]));
  return {
    [`${kind}, not listed`]: [...found].filter(([name]) => !listed.has(name)).map(([name, why]) => `${name}: ${why}`),
    [`listed as ${kind}, and not`]: [...listed].filter((name) => files.has(fileOf(name)) && !found.has(name)),
  };
}
