// The agents of one host: follows the server's desired state and the kernel's devices, and runs the loop of every target. Called by
// `isospin agent` and `isospin up`. When it stops, is killed or is upgraded, the data plane stays as it is.
import { setTimeout as pause } from 'node:timers/promises';
import { type DesiredObject, PROTOCOL } from '#desired/objects.ts';
import { type Executor, hostExecutor } from '#host/apply.ts';
import { monitorLinks } from '#host/link-monitor.ts';
import { whyPowerless } from '#host/privileges.ts';
import type { Step } from '#host/steps.ts';
import { createHeld } from './held.ts';
import type { AgentRecord, Heartbeat, Report, ServerLink } from './link.ts';
import type { Log } from './log.ts';
import { type LoopCounters, startLoop } from './reconcile.ts';
import { createOutbox } from './report.ts';
import type { Target } from './target.ts';

export interface AgentOptions {
  readonly link: ServerLink;
  /** What this host shows of itself in `GET /v2.0/agents`. */
  readonly agents: readonly AgentRecord[];
  readonly targets: readonly Target<unknown>[];
  readonly log: Log;
  /** Ends the agent; nothing of the data plane is taken down. */
  readonly signal: AbortSignal;
  readonly executor?: Executor;
  /** Milliseconds between full looks at the host; 60,000 when left out. */
  readonly resync?: number;
  /** Milliseconds between heartbeats, at most 5,000; 4,000 when left out. */
  readonly heartbeat?: number;
}

/** What an agent holds and has done. */
export interface AgentView {
  readonly cursor: string | undefined;
  readonly desired: readonly DesiredObject[];
  readonly reports: readonly Report[];
  readonly loops: Readonly<Record<string, Readonly<LoopCounters>>>;
}

export interface RunningAgent {
  /** Resolves when the agent has ended after `signal`. */
  readonly done: Promise<void>;
  show(): AgentView;
  /** Resolves when no round runs and no report is unsent. */
  idle(): Promise<void>;
}

/** Runs all agents of this host until `signal` aborts. Throws when the kernel would refuse every step. */
export function runAgent(options: AgentOptions): RunningAgent {
  const { link, log, signal, executor = hostExecutor, resync = 60_000, heartbeat = 4_000 } = options;
  const powerless = executor === hostExecutor ? whyPowerless() : undefined;
  if (powerless !== undefined) throw new Error(powerless);
  const startedAt = new Date();
  const held = createHeld();
  const outbox = createOutbox(link, log, signal);
  const loops = options.targets.map((target) => startLoop({ target, held, executor, outbox, log, resync, signal }));

  const pull = coalesced(async () => {
    await persist('pull', signal, log, async () => {
      const delta = await link.pull(held.cursor);
      const first = held.cursor === undefined;
      const { networks, gone } = held.take(delta);
      for (const key of gone) outbox.forget(key);
      if (delta.complete && !first) outbox.resend();
      for (const loop of loops) loop.touch(first ? 'all' : networks);
    });
  });
  const heed = (beat: Heartbeat) => {
    if (beat.protocol !== PROTOCOL && beat.protocol !== PROTOCOL + 1) {
      log.error({ server: beat.protocol, agent: PROTOCOL }, 'this server does not serve agents of this version');
    }
    if (beat.cursor !== held.cursor) pull();
  };

  async function beat(): Promise<void> {
    await persist('hello', signal, log, async () => heed(await link.hello(options.agents, startedAt)));
    let away = false;
    while (!signal.aborted) {
      await pause(heartbeat * (0.8 + 0.2 * Math.random()), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        heed(await link.heartbeat());
        if (away) log.info({}, 'the server is back');
        away = false;
      } catch (error) {
        if (!away && !signal.aborted) log.warn({ err: error }, 'the server is away; this host keeps what it has');
        away = true;
      }
    }
  }

  async function run(): Promise<void> {
    link.listen(pull, signal);
    pull();
    const monitor = monitorLinks({
      changed: (device) => {
        for (const loop of loops) loop.deviceChanged(device);
      },
      lost: () => {
        for (const loop of loops) loop.touch('all');
      },
      signal,
    });
    await Promise.all([beat(), monitor]);
    await Promise.all(loops.map((loop) => loop.stop()));
  }

  return {
    done: run(),
    show: () => ({
      cursor: held.cursor,
      desired: [...held.objects.values()],
      reports: [...outbox.said.values()],
      loops: Object.fromEntries(loops.map((loop) => [loop.name, { ...loop.counters }])),
    }),
    async idle() {
      await Promise.all(loops.map((loop) => loop.idle()));
      await outbox.idle();
    },
  };
}

/** What every target would do now, and what it waits for: pull, observe, plan, and nothing more. Needs no running agent. */
export async function planAgent(
  link: Pick<ServerLink, 'pull'>,
  targets: readonly Target<unknown>[],
  signal: AbortSignal,
): Promise<{ target: string; steps: readonly Step[]; waiting: ReadonlyMap<string, string> }[]> {
  const held = createHeld();
  held.take(await link.pull(undefined));
  const plans = [];
  for (const target of targets) {
    const { steps, waiting } = target.plan(held.objects, await target.observe('all', signal), 'all');
    const known = [...waiting].filter(([key]) => target.kinds.some((kind) => kind === held.objects.get(key)?.value.kind));
    plans.push({ target: target.name, steps, waiting: new Map(known) });
  }
  return plans;
}

/** Does `work` until it succeeds, waiting longer each time, or until `signal` aborts. Says so once. */
async function persist(what: string, signal: AbortSignal, log: Log, work: () => Promise<void>): Promise<void> {
  for (let wait = 100, said = false; !signal.aborted; wait = Math.min(wait * 2, 2_000)) {
    try {
      return await work();
    } catch (error) {
      if (!said && !signal.aborted) log.warn({ err: error, call: what }, 'the server did not answer; trying again');
      said = true;
      await pause(wait * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
    }
  }
}

/** At most one run at a time, and one more when it was asked for meanwhile. */
function coalesced(work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  const run = async () => {
    running = true;
    do {
      again = false;
      await work();
    } while (again);
    running = false;
  };
  return () => {
    again = true;
    if (!running) void run();
  };
}
