// Carries out the steps of a plan on this host: called by the reconcile loop and by nobody else. Consecutive steps of one kind
// share a process (`ip -batch`); a step that fails is told apart from its neighbours, which go on. Its twin for tests is fake.ts.
import { setImmediate } from 'node:timers/promises';
import { signalDaemon, startDaemon } from './daemons.ts';
import { writeDirectory, writeSetting, writeWhole } from './files.ts';
import { forgetLeases } from './lease-bus.ts';
import { inNamespace } from './netns.ts';
import { runProgram } from './process.ts';
import type { Step } from './steps.ts';

/** What became of a list of steps. */
export interface Applied {
  /** Per desired object: the first thing that went wrong with a step that serves it. */
  readonly failed: ReadonlyMap<string, string>;
  /** Every step that failed, those that serve nobody included. */
  readonly failures: ReadonlyMap<Step, string>;
}

/** Carries out steps in order. Answers failures, and throws only when `signal` aborts. */
export interface Executor {
  apply(steps: readonly Step[], signal: AbortSignal): Promise<Applied>;
}

/** The executor that changes this host: the network and mount namespace that the process runs in. */
export const hostExecutor: Executor = {
  async apply(steps, signal) {
    const failures = new Map<Step, string>();
    for (const batch of batches(steps)) {
      signal.throwIfAborted();
      const worthwhile = skipHopeless(batch, failures);
      try {
        await applyBatch(worthwhile, failures, signal);
      } catch (error) {
        signal.throwIfAborted();
        for (const step of worthwhile) if (!failures.has(step)) failures.set(step, (error as Error).message);
      }
    }
    return { failed: failedKeys(failures), failures };
  },
};

/** Per key, the first failure of a step that serves it. */
export function failedKeys(failures: ReadonlyMap<Step, string>): Map<string, string> {
  const failed = new Map<string, string>();
  for (const [step, message] of failures) for (const key of step.keys) if (!failed.has(key)) failed.set(key, message);
  return failed;
}

/** Leaves out, as failed for the same reason, the steps whose every object has failed already: no port joins a bridge that could not be made. */
export function skipHopeless(batch: readonly Step[], failures: Map<Step, string>): readonly Step[] {
  if (failures.size === 0) return batch;
  const failed = failedKeys(failures);
  return batch.filter((step) => {
    const reason = step.keys.length > 0 && step.keys.every((key) => failed.has(key)) ? failed.get(step.keys[0] ?? '') : undefined;
    if (reason !== undefined) failures.set(step, reason);
    return reason === undefined;
  });
}

/** Splits steps, in order, into runs that one process or one pass can carry out. */
export function batches(steps: readonly Step[]): Step[][] {
  const answer: Step[][] = [];
  let place: string | undefined;
  for (const step of steps) {
    const here = `${step.tool}\n${'netns' in step ? (step.netns ?? '') : ''}`;
    const last = answer.at(-1);
    if (last !== undefined && here === place) last.push(step);
    else answer.push([step]);
    place = here;
  }
  return answer;
}

async function applyBatch(batch: readonly Step[], failures: Map<Step, string>, signal: AbortSignal): Promise<void> {
  const first = batch[0];
  if (first === undefined) return;
  if (first.tool === 'ip' || first.tool === 'bridge') return applyLines(batch as Lines, failures, signal);
  if (first.tool === 'sysctl' && first.netns !== undefined) return applySettings(batch as Settings, first.netns, failures, signal);
  let count = 0;
  for (const step of batch) {
    if (++count % 64 === 0) await setImmediate(); // settings are written synchronously: let the heartbeat through
    signal.throwIfAborted();
    try {
      await applyOne(step, signal);
    } catch (error) {
      signal.throwIfAborted();
      failures.set(step, (error as Error).message);
    }
  }
}

async function applyOne(step: Step, signal: AbortSignal): Promise<void> {
  switch (step.tool) {
    case 'sysctl':
      return writeSetting(step.name, step.value);
    case 'file':
      return writeWhole(step.path, step.content, step.mode ?? 0o644);
    case 'directory':
      return writeDirectory(step.path, step.present);
    case 'forget':
      return forgetLeases(step.bus, step.server, step.addresses, signal);
    case 'start':
      return startDaemon(inNamespace(step.netns, step.argv), step.pidFile, signal);
    case 'signal':
      return signalDaemon(step.pidFile, step.match, step.signal, signal);
    case 'run': {
      const argv = inNamespace(step.netns, step.argv);
      const { code, stderr } = await runProgram(argv, { signal, timeout: 10_000 });
      if (code !== 0) throw new Error(`${step.argv[0]} ended with ${code}: ${oneLine(stderr)}`);
      return;
    }
    case 'ip':
    case 'bridge':
      throw new Error(`${step.tool} steps are applied in batches`);
  }
}

type Lines = readonly Extract<Step, { tool: 'ip' | 'bridge' }>[];
type Settings = readonly Extract<Step, { tool: 'sysctl' }>[];

/** A line that names no object of either program: refused in words that give its line number, without a question to the kernel. */
const MARK = 'mark';

/**
 * One `ip -batch` or `bridge -batch`. With -force the program goes on after most lines that the kernel refuses, but ends at one that it cannot
 * parse and at a refused neighbour. A mark before every line tells how far it came; what stands behind that line gets a program of its own.
 */
async function applyLines(given: Lines, failures: Map<Step, string>, signal: AbortSignal): Promise<void> {
  let lines = given.filter((step) => {
    const broken = step.args.find((text) => text === '' || /[\s'"#\\]/.test(text)); // words are split at blanks; there are no escapes
    if (broken !== undefined) failures.set(step, `not a word for a batch line: ${JSON.stringify(broken)}`);
    return broken === undefined;
  });
  const first = lines[0];
  if (first === undefined) return;
  const where = first.tool === 'ip' && first.netns !== undefined ? ['-n', first.netns] : [];
  while (lines.length > 0) {
    const input = [...lines.map((step) => `${MARK}\n${step.args.join(' ')}`), MARK, ''].join('\n');
    const { code, stderr } = await runProgram([first.tool, ...where, '-force', '-batch', '-'], { input, signal });
    const { refused, last } = parseFailures(stderr);
    let reached = 0;
    for (const { line, message } of refused) {
      const step = lines[line / 2 - 1];
      if (line % 2 === 1) reached++;
      else if (step !== undefined) failures.set(step, message);
    }
    if (reached > lines.length) return;
    const why = last || `${first.tool} ended with ${code}`;
    if (reached === 0) throw new Error(why); // it never began: no namespace of that name
    const stopped = lines[reached - 1];
    if (stopped !== undefined) failures.set(stopped, why);
    lines = lines.slice(reached);
  }
}

/** Reads `-batch -force` diagnostics: each `Command failed -:N` is preceded by the reason. `last` is what was said after the last of them. */
export function parseFailures(stderr: string): { refused: { line: number; message: string }[]; last: string } {
  const refused: { line: number; message: string }[] = [];
  let reason: string[] = [];
  for (const text of stderr.split('\n')) {
    const match = /^Command failed -:(\d+)$/.exec(text);
    if (match === null) {
      if (text.trim() !== '') reason.push(text);
      continue;
    }
    refused.push({ line: Number(match[1]), message: oneLine(reason.join('\n')) || 'refused by the kernel' });
    reason = [];
  }
  return { refused, last: oneLine(reason.join('\n')) };
}

/** One `sysctl -w` for the settings of a namespace; procps names the setting in each complaint. */
async function applySettings(settings: Settings, netns: string, failures: Map<Step, string>, signal: AbortSignal): Promise<void> {
  const argv = inNamespace(netns, ['sysctl', '-q', '-w', ...settings.map((step) => `${step.name}=${step.value}`)]);
  const { code, stderr } = await runProgram(argv, { signal });
  if (code === 0) return;
  const complaints = stderr.split('\n').filter((text) => text.trim() !== '');
  let blamed = false;
  for (const step of settings) {
    const complaint = complaints.find((text) => text.includes(step.name));
    if (complaint === undefined) continue;
    failures.set(step, complaint.trim());
    blamed = true;
  }
  if (!blamed) throw new Error(oneLine(stderr) || `sysctl ended with ${code}`);
}

function oneLine(text: string): string {
  return text
    .split('\n')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('; ')
    .slice(0, 500);
}
