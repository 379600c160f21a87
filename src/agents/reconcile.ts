// The loop: desired → observe → plan → apply → report, for one target. A create, a restart, a lost wake and a device that comes back all
// take this one path. A round covers the networks touched since the last one; at start and on the resync timer it covers everything.
import type { DesiredObject } from '#desired/objects.ts';
import type { Executor } from '#host/apply.ts';
import { type Step, stepText } from '#host/steps.ts';
import type { Held } from './held.ts';
import type { Log } from './log.ts';
import type { Outbox } from './report.ts';
import type { Plan, Scope, Target } from './target.ts';

export interface LoopOptions {
  readonly target: Target<unknown>;
  readonly held: Held;
  readonly executor: Executor;
  readonly outbox: Outbox;
  readonly log: Log;
  /** Milliseconds between full rounds; each is drawn within a fifth of it. */
  readonly resync: number;
  readonly signal: AbortSignal;
}

/** What a loop has done since it started, for metrics and for tests. */
export interface LoopCounters {
  rounds: number;
  fullRounds: number;
  steps: number;
  /** Rounds that found the host other than the last round left it, with nothing having said so. */
  drift: number;
  failures: number;
}

export interface Loop {
  readonly name: string;
  readonly counters: Readonly<LoopCounters>;
  /** Asks for a round over these networks. Before the first complete desired state nothing runs. */
  touch(scope: Scope): void;
  deviceChanged(device: string): void;
  /** Resolves when no round runs and none is asked for. */
  idle(): Promise<void>;
  /** Ends timers; resolves when the running round has ended. The host stays as it is. */
  stop(): Promise<void>;
}

const RETRY_FIRST = 1_000;
const RETRY_LAST = 60_000;

/** Starts the loop of one target. */
export function startLoop(options: LoopOptions): Loop {
  const { target, held, executor, outbox, log, signal } = options;
  const counters: LoopCounters = { rounds: 0, fullRounds: 0, steps: 0, drift: 0, failures: 0 };
  const kinds = new Set(target.kinds);
  const attempts = new Map<string, number>();
  const timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  let pending: 'all' | Set<string> = new Set();
  let running: Promise<void> | undefined;
  let resyncTimer: NodeJS.Timeout | undefined;
  /** The coming full round was asked for by the timer: a plan that is not empty then is drift. */
  let byTimer = false;
  /** Reasons for which steps failed the last time. */
  let said: ReadonlySet<string> = new Set();

  function touch(scope: Scope): void {
    if (scope === 'all') pending = 'all';
    else if (pending !== 'all') for (const network of scope) pending.add(network);
    if (running !== undefined || held.cursor === undefined || signal.aborted || (pending !== 'all' && pending.size === 0)) return;
    running = rounds().finally(() => {
      running = undefined;
      if (!signal.aborted) touch(new Set());
    });
  }

  async function rounds(): Promise<void> {
    await Promise.resolve(); // events that arrive together share a round
    while (!signal.aborted && (pending === 'all' || pending.size > 0)) {
      const scope = pending;
      const expected = !byTimer;
      pending = new Set();
      if (scope === 'all') byTimer = false;
      try {
        await round(scope, expected);
      } catch (error) {
        if (signal.aborted) return;
        counters.failures++;
        log.error({ err: error, target: target.name }, 'a round failed and will be tried again');
        reportFailure(scope, (error as Error).message);
        for (const network of scope === 'all' ? ['*'] : scope) retry(network);
      }
    }
  }

  async function round(scope: Scope, expected: boolean): Promise<void> {
    counters.rounds++;
    if (scope === 'all') {
      counters.fullRounds++;
      armResync();
    }
    const started = performance.now();
    const actual = await target.observe(scope, signal);
    const desired = desiredOf(held, scope);
    const plan = target.plan(desired, actual, scope);
    if (scope === 'all' && !expected && plan.steps.length > 0) {
      counters.drift++;
      log.warn(
        { target: target.name, steps: plan.steps.slice(0, 20).map(stepText), count: plan.steps.length },
        'drift: the host was not as left',
      );
    }
    const failed = plan.steps.length === 0 ? new Map<string, string>() : await apply(plan.steps);
    report(desired, plan, failed, scope);
    for (const [network, wait] of plan.again ?? []) wakeIn(network, wait);
    if (plan.steps.length === 0) return;
    const took = Math.round((performance.now() - started) * 10) / 10;
    log.debug({ target: target.name, steps: plan.steps.length, failed: failed.size, ms: took }, 'round');
    // What a full round changed is looked at again: the kernel may have been told and not have done.
    if (scope === 'all' && failed.size === 0 && expected) {
      const left = target.plan(desiredOf(held, 'all'), await target.observe('all', signal), 'all').steps;
      if (left.length > 0) log.warn({ target: target.name, steps: left.slice(0, 20).map(stepText) }, 'steps had no effect');
    }
  }

  async function apply(steps: readonly Step[]): Promise<ReadonlyMap<string, string>> {
    counters.steps += steps.length;
    const { failed, failures } = await executor.apply(steps, signal);
    target.applied?.(steps, failures);
    counters.failures += failures.size;
    // One line a reason, and none for what was said the last time too: the rest of a refused batch fails for the same one.
    const reasons = new Map([...failures].reverse().map(([step, reason]) => [reason, step]));
    for (const [reason, step] of reasons) {
      if (!said.has(reason)) log.warn({ target: target.name, step: stepText(step), reason }, 'a step failed');
    }
    said = new Set(reasons.keys());
    return failed;
  }

  function report(desired: ReadonlyMap<string, DesiredObject>, plan: Plan, failed: ReadonlyMap<string, string>, scope: Scope): void {
    for (const [key, { digest, value }] of desired) {
      if (!kinds.has(value.kind)) continue;
      // What changed while the round ran is reported by the round that its own wake asks for.
      if (held.objects.get(key)?.digest !== digest) continue;
      const failure = failed.get(key);
      outbox.put({ key, digest, error: failure ?? plan.waiting.get(key) ?? null });
      if (failure === undefined) attempts.delete(key);
      else retry(value.network_id, key);
    }
    // The round as a whole has not failed: the next failure is a first one. Objects that are gone fail no more.
    if (scope === 'all') for (const key of attempts.keys()) if (!desired.has(key)) attempts.delete(key);
    if (scope !== 'all') for (const network of scope) attempts.delete(network);
  }

  /** A round that could not even look: what was made real before is believed to be so still, the rest waits for this reason. */
  function reportFailure(scope: Scope, error: string): void {
    for (const [key, { digest, value }] of desiredOf(held, scope)) {
      const before = outbox.said.get(key);
      if (kinds.has(value.kind) && (before?.digest !== digest || before.error !== null)) outbox.put({ key, digest, error });
    }
  }

  /** Another round for the network, later each time that the same object (or the round as a whole) fails. */
  function retry(network: string, key = network): void {
    const attempt = attempts.get(key) ?? 0;
    attempts.set(key, attempt + 1);
    wakeIn(network, Math.min(RETRY_FIRST * 2 ** attempt, RETRY_LAST) * (0.8 + 0.4 * Math.random()));
  }

  function wakeIn(network: string, wait: number): void {
    const at = Date.now() + wait;
    const before = timers.get(network);
    if (before !== undefined && before.at <= at) return;
    clearTimeout(before?.timer);
    const fire = () => {
      timers.delete(network);
      touch(network === '*' ? 'all' : new Set([network]));
    };
    timers.set(network, { at, timer: setTimeout(fire, wait) });
  }

  function armResync(): void {
    clearTimeout(resyncTimer);
    const fire = () => {
      byTimer = pending !== 'all' && pending.size === 0 && running === undefined;
      touch('all');
    };
    resyncTimer = setTimeout(fire, options.resync * (0.8 + 0.4 * Math.random()));
  }

  return {
    name: target.name,
    counters,
    touch,
    deviceChanged(device) {
      const networks = target.deviceChanged?.(device, held);
      if (networks !== undefined) touch(new Set(networks));
    },
    async idle() {
      while (running !== undefined) await running;
    },
    async stop() {
      clearTimeout(resyncTimer);
      for (const { timer } of timers.values()) clearTimeout(timer);
      timers.clear();
      await running;
    },
  };
}

/** The desired objects of a scope, as they are now: a pull that arrives while a round runs is the next round's. */
export function desiredOf(held: Held, scope: Scope): ReadonlyMap<string, DesiredObject> {
  if (scope === 'all') return new Map(held.objects);
  const desired = new Map<string, DesiredObject>();
  for (const network of scope) for (const [key, object] of held.ofNetwork(network)) desired.set(key, object);
  return desired;
}
