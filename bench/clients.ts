// The side of a benchmark that commands its clients: starts load.ts as a process, here or on a throw-away host, and hands it jobs one at a time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { endProgram, type TestHost } from '#test/kernel/host.ts';
import type { Call, Job, Measured } from './load.ts';

export interface Clients {
  run(job: Job): Promise<Measured>;
  /** A token of the admin, asked for where the clients are. */
  signIn(port: number, password: string): Promise<string>;
  /** As `run`; throws unless every answer was a success. */
  well(job: Job): Promise<Measured>;
  close(): Promise<void>;
}

/** What of a server a job needs. */
export interface Served {
  readonly port: number;
  readonly token: string;
}

/** Starts the clients' process. */
export async function startClients(host?: TestHost): Promise<Clients> {
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', fileURLToPath(new URL('load.ts', import.meta.url))];
  const [file = '', ...args] = host ? host.on(argv) : argv;
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(child, 'message');
  const run = async (job: Job): Promise<Measured> => {
    child.send(job);
    const [{ measured, failed }] = (await once(child, 'message')) as [{ measured?: Measured; failed?: string }];
    if (measured === undefined) throw new Error(`the clients failed: ${failed}`);
    return measured;
  };
  return {
    run,
    async signIn(port, password) {
      child.send({ signIn: { port, password } });
      const [{ token, failed }] = (await once(child, 'message')) as [{ token?: string; failed?: string }];
      if (token === undefined) throw new Error(`the clients cannot sign in: ${failed}`);
      return token;
    },
    async well(job) {
      const measured = await run(job);
      const bad = Object.keys(measured.statuses).filter((status) => !status.startsWith('2'));
      if (bad.length > 0)
        throw new Error(`${job.calls[0]?.method} ${job.calls[0]?.path} answered ${JSON.stringify(measured.statuses)}: ${measured.refusal}`);
      return measured;
    },
    close: () => (host ? endProgram(child) : ended(child)),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}

/** One request by one client; answers its body. */
export async function askOnce<T>(clients: Clients, served: Served, call: Call): Promise<T> {
  const { bodies } = await clients.well({ ...served, clients: 1, calls: [call], keep: true });
  return JSON.parse(bodies[0] || '{}') as T;
}

/** The ids in the answers to creates, one each or several for a bulk. */
export const idsIn = (bodies: readonly string[], name: string): string[] =>
  bodies.flatMap((body) => {
    const parsed = JSON.parse(body) as Record<string, { id: string } | { id: string }[]>;
    const made = parsed[name] ?? parsed[`${name}s`] ?? [];
    return (Array.isArray(made) ? made : [made]).map(({ id }) => id);
  });
