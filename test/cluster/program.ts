// `isospin` as processes: started, asked, killed. Each test's programs keep everything in a directory of their own, on ports that the kernel gives.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endProgram, type TestHost, until } from '#test/kernel/host.ts';

/** What `bin/isospin` becomes, without its search for Node and packages. */
export const ISOSPIN: readonly string[] = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
];

export interface Surroundings {
  /** Variables besides those of the test run; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The throw-away host to run on; this machine when left out. */
  readonly host?: TestHost;
  /** A program that runs the rest of its arguments. */
  readonly prefix?: readonly string[];
  /** Text for standard input. */
  readonly input?: string;
}

/** A process that was started, and all it said. */
export interface Program {
  readonly child: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard error that are not JSON: what an operator reads. */
  readonly said: string[];
  /** Its exit status; null when a signal ended it. */
  ended(): Promise<number | null>;
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts `isospin ARGS`. */
export function start(args: readonly string[], { env = {}, host, prefix = [] }: Surroundings = {}): Program {
  const argv = [...prefix, ...ISOSPIN, ...args];
  const [file = '', ...rest] = host ? host.on(argv) : argv;
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } as NodeJS.ProcessEnv });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const closed = once(child, 'close');
  return {
    child,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get said() {
      return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    },
    async ended() {
      await closed;
      return child.exitCode;
    },
    async end(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (host) await endProgram(child, signal);
      else child.kill(signal);
      await closed;
    },
  };
}

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly said: string[];
}

/** Runs a command of `isospin` to its end. */
export async function isospin(args: readonly string[], surroundings: Surroundings = {}): Promise<Answer> {
  const program = start(args, surroundings);
  const timer = setTimeout(() => void program.end('SIGKILL'), 60_000);
  const code = await program.ended();
  clearTimeout(timer);
  return { code, stdout: program.stdout, stderr: program.stderr, said: program.said };
}

/** A server that is ready. */
export interface Server extends Program {
  readonly url: string;
  readonly state: string;
}

/** Starts `isospin server` and waits until it is ready; throws with what it said when it ends before. */
export async function startServer(state: string, args: readonly string[] = [], surroundings: Surroundings = {}): Promise<Server> {
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const program = start(['server', '--state', state, ...listen, ...args], surroundings);
  const url = await ready(program);
  return Object.assign(Object.create(program) as Program, { url, state });
}

/** Waits for the line with the address. */
export async function ready(program: Program): Promise<string> {
  return until(
    'the program is ready',
    () => {
      const url = /^isospin: ready at (\S+)$/m.exec(program.stdout)?.[1];
      const { exitCode, signalCode } = program.child;
      if (url === undefined && (exitCode !== null || signalCode !== null)) {
        throw new Error(`it ended with ${exitCode ?? signalCode}: ${program.stderr}`);
      }
      return url;
    },
    20_000,
  );
}

/** A directory that is gone when `remove` is called. */
export function scratch(): { readonly path: string; file(name: string): string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'isospin-cluster-'));
  return { path, file: (name) => join(path, name), remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const passwordOf = (state: string): string => readFileSync(join(state, 'admin-password'), 'utf8').trim();

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into, and a wrong guess fails the test
  readonly body: any;
}

/** A caller with a token. Answers statuses; throws only when nothing was answered. */
export type Api = (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Reply>;

/** One request, and its answer as JSON where it is JSON. */
export async function ask(url: string, method: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: /^[[{]/.test(text) ? JSON.parse(text) : text };
}

/** A token for a user of the domain `default`. */
export async function tokenOf(url: string, password: string, { user = 'admin', project = 'admin' } = {}): Promise<string> {
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: user, domain, password } } };
  const answer = await ask(`${url}/identity/v3/auth/tokens`, 'POST', { auth: { identity, scope: { project: { name: project, domain } } } });
  const token = answer.headers.get('x-subject-token');
  if (token === null) throw new Error(`no token for ${user}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return token;
}

/** Calls `url` with a token. */
export const apiWith =
  (url: string, token: string): Api =>
  (method, path, body, headers = {}) =>
    ask(url + path, method, body, { 'x-auth-token': token, ...headers });

/** Signs in as the admin of a server with an embedded identity. */
export const adminOf = async ({ url, state }: Pick<Server, 'url' | 'state'>): Promise<Api> =>
  apiWith(url, await tokenOf(url, passwordOf(state)));

/** As an Api, but anything but success throws. */
export const must =
  (api: Api) =>
  async (method: string, path: string, body?: unknown): Promise<Reply['body']> => {
    const reply = await api(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path} answered ${reply.status}: ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
