// A server made of hand-written desired objects, and the agents that ask it, each a process on a throw-away host.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AgentView } from '#agents/agent.ts';
import type { Report } from '#agents/link.ts';
import { type DesiredDelta, type DesiredObject, type DesiredValue, PROTOCOL } from '#desired/objects.ts';
import { desiredObject } from '#test/l2-wishes.ts';
import { endProgram, type TestHost } from './host.ts';

/** Where the agents of throw-away hosts keep their files. */
export const RUN_DIRECTORY = '/run/isospin';

/** What the server knows of one host. */
export interface TestServer {
  put(...values: readonly DesiredValue[]): void;
  drop(...keys: readonly string[]): void;
  /** Drops and puts at one moment. */
  change(drop: readonly string[], put: readonly DesiredValue[]): void;
  /** The last report of each object. */
  readonly reports: Map<string, Report>;
  /** What the host must have now, by key. */
  readonly objects: ReadonlyMap<string, DesiredObject>;
  /** What is not yet reported as made real, with the reason if there is one. */
  unsettled(): string[];
  pull(cursor: string | null): DesiredDelta;
  readonly cursor: string;
  readonly wakes: Set<() => void>;
}

export function makeServer(): TestServer {
  const journal: { drop: string[]; put: DesiredObject[] }[] = [];
  const objects = new Map<string, DesiredObject>();
  const wakes = new Set<() => void>();
  const reports = new Map<string, Report>();
  const wake = () => {
    for (const each of wakes) each();
  };
  const change = (drop: readonly string[], values: readonly DesiredValue[]) => {
    const put = values.map(desiredObject);
    for (const key of drop) {
      objects.delete(key);
      reports.delete(key);
    }
    for (const object of put) objects.set(object.key, object);
    journal.push({ drop: [...drop], put });
    wake();
  };
  return {
    reports,
    wakes,
    objects,
    unsettled: () =>
      [...objects].flatMap(([key, { digest }]) => {
        const report = reports.get(key);
        return report?.digest === digest && report.error === null ? [] : [`${key}: ${report?.error ?? 'no report'}`];
      }),
    get cursor() {
      return String(journal.length);
    },
    change,
    put: (...values) => change([], values),
    drop: (...keys) => change(keys, []),
    pull(cursor) {
      const now = String(journal.length);
      if (cursor === null) return { cursor: now, complete: true, drop: [], put: [...objects.values()] };
      const since = journal.slice(Number(cursor));
      const gone = new Set(since.flatMap((entry) => entry.drop));
      const put = new Map(since.flatMap((entry) => entry.put.map(({ key }) => [key, objects.get(key)] as const)));
      return {
        cursor: now,
        complete: false,
        drop: [...gone].filter((key) => !objects.has(key)),
        put: [...put.values()].filter((object) => object !== undefined),
      };
    },
  };
}

export interface AgentProcess {
  readonly child: ChildProcess;
  readonly logs: { readonly level: string; readonly message: string; readonly [detail: string]: unknown }[];
  show(): Promise<AgentView>;
  end(signal: NodeJS.Signals): Promise<void>;
}

export interface AgentSettings {
  /** Physical network → interface. */
  readonly physical?: Readonly<Record<string, string>>;
  /** Serves DHCP too. */
  readonly dhcp?: boolean;
  /** Milliseconds between full looks; ten minutes when left out, so that no test passes by their grace. */
  readonly resync?: number;
}

/** Starts the agent of a host. `environment` and `prefix` (a program that runs the rest of its arguments) are for faults. */
export function startAgent(
  host: TestHost,
  server: TestServer,
  settings: AgentSettings = {},
  { environment = {}, prefix = [] }: { environment?: Readonly<Record<string, string>>; prefix?: readonly string[] } = {},
): AgentProcess {
  const program = fileURLToPath(new URL('agent-on-host.ts', import.meta.url));
  const given = JSON.stringify({ resync: 600_000, ...settings });
  const [file = '', ...args] = host.on([...prefix, process.execPath, program, given]);
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, ...environment } });
  const logs: AgentProcess['logs'] = [];
  let shown: ((view: AgentView) => void) | undefined;
  const answer = (call: string, args: unknown[]): unknown => {
    if (call === 'pull') return server.pull(args[0] as string | null);
    if (call === 'report') for (const report of args[0] as Report[]) server.reports.set(report.key, report);
    return { cursor: server.cursor, protocol: PROTOCOL };
  };
  child.on('message', (message: { id?: number; call?: string; args?: unknown[]; log?: AgentProcess['logs'][number]; show?: AgentView }) => {
    if (message.log !== undefined) logs.push(message.log);
    else if (message.show !== undefined) shown?.(message.show);
    else if (message.call !== undefined) child.send({ id: message.id, answer: answer(message.call, message.args ?? []) }, () => {});
  });
  const wake = () => void (child.connected && child.send({ wake: true }, () => {}));
  server.wakes.add(wake);
  child.once('exit', () => server.wakes.delete(wake));
  return {
    child,
    logs,
    show: () =>
      new Promise((resolve) => {
        shown = resolve;
        child.send({ show: true });
      }),
    end: (signal) => endProgram(child, signal),
  };
}
