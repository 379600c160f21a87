// Runs one short-lived program to its end: the only place in the host adapters that spawns. Never a shell; never without a deadline.
import { spawn } from 'node:child_process';

export interface Finished {
  /** Exit status; null when the program was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to standard input, which is then closed. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the program is killed; 30,000 when left out. */
  readonly timeout?: number;
}

/** Runs `argv` and answers how it ended. Throws when it cannot be started, overstays its time or is aborted; a non-zero exit is an answer. */
export function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file = '', ...args] = argv;
  const timeout = options.timeout ?? 30_000;
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) return reject(new Error(`${file} was not run: ${String(options.signal.reason)}`));
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    let stdout = '';
    let stderr = '';
    let stopped: string | undefined;
    const stop = (why: string) => {
      stopped ??= why;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => stop(`did not end within ${timeout} ms`), timeout);
    const abort = () => stop('was aborted');
    options.signal?.addEventListener('abort', abort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.stdin.on('error', () => {}); // a program that ends before it has read everything says why on stderr
    child.on('error', (error: NodeJS.ErrnoException) => {
      settle();
      reject(error.code === 'ENOENT' ? new Error(`the program ${file} is not installed on this host`) : error);
    });
    child.on('close', (code) => {
      settle();
      if (stopped !== undefined) reject(new Error(`${file} ${stopped}`));
      else resolve({ code, stdout, stderr });
    });
    child.stdin.end(options.input ?? '');
  });
}
