// `npm test [-- TIER… --all]`: sets up what tests need, checks the tree, then runs each tier that this machine can run. Closes with a line a tier,
// every skipped test with its reason, every failure, and the line `N passed, N failed, N skipped`. Tiers that are named run alone, without
// the check; `check` can be named too. With `--all` a tier runs what it otherwise runs a part of.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runChecks } from '../check/checks.ts';
import { root } from '../check/tree.ts';
import type { Outcome } from './outcome.ts';
import { filesOf, runTier } from './run.ts';
import { type Tier, tiers } from './tiers.ts';

/** What stands in the summary: a tier, the check or the set-up. */
interface Line extends Outcome {
  readonly name: string;
  readonly seconds: number;
}

const names = ['check', ...tiers.map(({ name }) => name)];
const named = process.argv.slice(2).filter((word) => word !== '--all');
/** Read by test/compat/tempest.test.ts. */
if (process.argv.includes('--all')) process.env.ISOSPIN_TEMPEST = 'all';
const unknown = named.find((name) => !names.includes(name));
if (named.includes('--help') || named.includes('-h'))
  console.log(
    `npm test [-- TIER… --all]\n\nTiers: ${names.join(', ')}. Without a name, all. With --all, the whole of tempest and not half of it.`,
  );
else if (unknown !== undefined) {
  console.error(`npm test: no tier '${unknown}' (${names.join(', ')})`);
  process.exitCode = 2;
} else process.exitCode = await test(named.length === 0 ? names : named);

async function test(wanted: readonly string[]): Promise<number> {
  const lines: Line[] = [];
  let interrupted: string | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => (interrupted = signal));
  const add = async (name: string, run: () => Outcome | Promise<Outcome>) => {
    const start = performance.now();
    const outcome = interrupted === undefined ? await attempt(run) : failed(`not run: ${interrupted}`);
    lines.push({ name, ...outcome, seconds: (performance.now() - start) / 1_000 });
  };
  await add('set-up', setUp);
  // A build machine must be able to run everything; elsewhere, what can run without the missing packages does.
  const hopeless = process.env.CI === 'true' && lines.some(({ failures }) => failures.length > 0);
  if (!hopeless && wanted.includes('check')) await add('check', check);
  for (const tier of hopeless ? [] : tiers.filter(({ name }) => wanted.includes(name))) await add(tier.name, () => runOrSkip(tier));
  return summarise(lines);
}

/** Whatever goes wrong in running a tier is a failure of that tier: the others run, and the last line is printed. */
async function attempt(run: () => Outcome | Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    return failed(`could not be run: ${(error as Error).message}`);
  }
}

function setUp(): Outcome {
  const { status, error } = spawnSync(join(root, 'tools/setup/packages'), ['test'], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return { passed: 0, failures: [], skips: [] };
  return failed(error?.message ?? 'tools/setup/packages test could not install what is missing (its reason stands above)');
}

async function check(): Promise<Outcome> {
  const results = await runChecks();
  const failures = results.flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`));
  for (const failure of failures) console.error(failure);
  return { passed: results.filter(({ failures }) => failures.length === 0).length, failures, skips: [] };
}

async function runOrSkip(tier: Tier): Promise<Outcome> {
  const files = filesOf(tier);
  if (files.length === 0) return skipped(tier, `there are no test files in ${tier.folders.join(' and ')}`);
  const obstacle = tier.obstacle?.();
  return obstacle === undefined ? await runTier(tier, files) : skipped(tier, obstacle);
}

function failed(why: string): Outcome {
  return { passed: 0, failures: [why], skips: [] };
}

function skipped(tier: Tier, why: string): Outcome {
  return { passed: 0, failures: [], skips: [{ name: `all of ${tier.name}`, why }] };
}

/** Prints the end of the run; answers the exit status. */
function summarise(lines: readonly Line[]): number {
  const count = (of: (line: Line) => number) => lines.reduce((sum, line) => sum + of(line), 0);
  console.log('');
  for (const line of lines) for (const { name, why } of line.skips) console.log(`skipped  ${line.name}: ${name}: ${why}`);
  for (const line of lines) for (const failure of line.failures) console.log(`FAILED   ${line.name}: ${failure}`);
  console.log('');
  for (const { name, passed, failures, skips, seconds } of lines) {
    const word = failures.length > 0 ? 'FAILED' : passed === 0 && skips.length > 0 ? 'skipped' : 'ok';
    const counts = `${passed} passed, ${failures.length} failed, ${skips.length} skipped`;
    console.log(`${name.padEnd(9)}${word.padEnd(9)}${counts}, ${seconds.toFixed(1)} s`);
  }
  const broken = count(({ failures }) => failures.length);
  console.log(`${count(({ passed }) => passed)} passed, ${broken} failed, ${count(({ skips }) => skips.length)} skipped`);
  return broken === 0 ? 0 : 1;
}
