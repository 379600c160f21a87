// A socket on which the agents of this host tell root what they hold and would do: `isospin agent show` and `isospin agent plan` ask it. It is also what
// keeps a second process from steering the same host.
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

/** What can be asked, each answered by a value for JSON. */
export type Control = Readonly<Record<string, () => unknown>>;

const socketOf = (runDirectory: string): string => join(runDirectory, 'control', 'agent.sock');

/** Serves `control` until `signal` aborts. Throws when another process does so for this run directory already. */
export async function serveControl(runDirectory: string, control: Control, signal: AbortSignal): Promise<void> {
  const path = socketOf(runDirectory);
  if (await answers(path)) throw new Error(`the agents of another isospin process steer this host already (${path})`);
  // The directory, not the socket, keeps others out: there is no moment at which it is open.
  mkdirSync(dirname(dirname(path)), { recursive: true, mode: 0o755 });
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const server = http.createServer((request, response) => {
    const ask = control[(request.url ?? '').slice(1)];
    Promise.resolve(ask === undefined ? undefined : ask()).then(
      (answer) => response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? null)),
      (error: Error) => response.writeHead(500).end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  signal.addEventListener('abort', () => server.close(), { once: true });
}

/** Removes what the agents of a run directory have left of it: the socket's directory, and itself when nothing else is in it. */
export function removeControl(runDirectory: string): void {
  rmSync(dirname(socketOf(runDirectory)), { recursive: true, force: true });
  try {
    rmdirSync(runDirectory);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw error;
  }
}

/** Asks the agents of this host. Undefined when none run here. */
export async function askControl<T>(runDirectory: string, question: string): Promise<T | undefined> {
  const path = socketOf(runDirectory);
  return new Promise((resolve, reject) => {
    const request = http.get({ socketPath: path, path: `/${question}` }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const answer = JSON.parse(text) as T & { error?: string };
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(answer?.error ?? `the agents do not know ${question}`));
      });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined);
      else reject(error);
    });
  });
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
