// Runs one tier as a vitest of its own: the human report goes to the terminal, the events to a file, and a run that overstays its limit is
// ended with everything it started. Called by main.ts.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../check/tree.ts';
import { type Ending, type Event, type Outcome, outcomeOf } from './outcome.ts';
import type { Tier } from './tiers.ts';

/** Seconds between asking a run to end and ending it. */
const GRACE = 15;

/** The test files of a tier, as repository paths. */
export function filesOf(tier: Tier): string[] {
  return tier.folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: root })).sort();
}

/** Runs a tier that has files. */
export async function runTier(tier: Tier, files: readonly string[]): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'isospin-tier-'));
  const report = join(directory, 'events');
  chmodSync(directory, 0o711); // PostgreSQL runs as a user of its own below it
  try {
    const ending = await vitest(tier, directory, report);
    const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n') : [];
    const events = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Event);
    return outcomeOf(events, files, ending);
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 20 }); // what was killed may still be writing
  }
}

function vitest(tier: Tier, directory: string, report: string): Promise<Ending> {
  const args = ['run', '--project', tier.name, '--allowOnly=false', '--reporter=default', '--reporter=./tools/tiers/reporter.ts'];
  const child = spawn(join(root, 'node_modules/.bin/vitest'), args, {
    cwd: root,
    env: { ...process.env, ISOSPIN_TIER_REPORT: report, TMPDIR: directory }, // so that a run which is killed leaves no files
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true, // a process group of its own, so that all of it can be ended
  });
  const end = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  let stopped: number | undefined;
  let hardEnd: NodeJS.Timeout | undefined;
  const stop = () => {
    end('SIGTERM');
    hardEnd ??= setTimeout(end, GRACE * 1_000, 'SIGKILL');
  };
  const limit = setTimeout(() => {
    stopped = tier.limit;
    stop();
  }, tier.limit * 1_000);
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return new Promise((resolve) => {
    const settle = (code: Ending['code']) => {
      clearTimeout(limit);
      clearTimeout(hardEnd);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      end('SIGKILL'); // what it left behind in its group
      resolve({ code, stopped });
    };
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) => settle(code ?? signal));
  });
}
