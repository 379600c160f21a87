// Daemons that outlive the agent (dnsmasq and its like): started in a session of their own, known by their pid file, and never
// signalled before /proc/PID/cmdline has shown that the number still is theirs.
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const START_LIMIT = 10_000;
const STOP_LIMIT = 5_000;

/** Starts a daemon and waits until its pid file names a living process of this start, or its launcher has failed. */
export async function startDaemon(argv: readonly string[], pidFile: string, signal: AbortSignal): Promise<void> {
  const [file = '', ...args] = argv;
  rmSync(pidFile, { force: true }); // so that an old one is never taken for the new
  const complaints = anonymousFile(); // not a pipe: the daemon must not meet a broken one when we are gone
  let watching = true;
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'ignore', complaints], cwd: '/' });
    let ended: string | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      ended = error.code === 'ENOENT' ? `the program ${file} is not installed on this host` : error.message;
    });
    child.on('exit', (code, killed) => {
      if (watching && code !== 0) ended = `${killed ?? `ended with ${code}`}: ${readText(complaints)}`;
    });
    child.unref();
    for (const deadline = Date.now() + START_LIMIT; ; await pause(5, undefined, { signal })) {
      if (ended !== undefined) throw new Error(`${programName(argv)} did not start: ${ended}`);
      const pid = await pidIn(pidFile);
      if (pid !== undefined && isAlive(pid)) return;
      if (Date.now() > deadline) throw new Error(`${programName(argv)} did not write ${pidFile} within ${START_LIMIT / 1000} s`);
    }
  } finally {
    watching = false;
    closeSync(complaints);
  }
}

/**
 * Signals the daemon named by `pidFile` if its command line holds `match`. After SIGTERM or SIGKILL waits until it is gone; one that
 * is gone already is as wished. Throws when there is nobody to receive a SIGHUP, or a daemon does not end within 5 s.
 */
export async function signalDaemon(pidFile: string, match: string, name: NodeJS.Signals, signal: AbortSignal): Promise<void> {
  const pid = await findDaemon(pidFile, match);
  if (pid === undefined) {
    if (name === 'SIGHUP') throw new Error(`no daemon to signal: ${pidFile} names none whose command line holds ${match}`);
    return;
  }
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  if (name === 'SIGHUP') return;
  for (
    const deadline = Date.now() + STOP_LIMIT;
    (await daemonPid(pidFile, match, pid)) !== undefined;
    await pause(5, undefined, { signal })
  ) {
    if (Date.now() > deadline) throw new Error(`process ${pid} of ${pidFile} did not end within ${STOP_LIMIT / 1000} s of ${name}`);
  }
}

/** The process that `pidFile` names (or `pid`), if it lives and its command line (arguments joined by blanks) holds `match`. */
export async function daemonPid(pidFile: string, match: string, pid?: number): Promise<number | undefined> {
  const candidate = pid ?? (await pidIn(pidFile));
  return candidate !== undefined && (await commandLineOf(candidate)).includes(match) ? candidate : undefined;
}

/** Like `daemonPid`, for a daemon that was told its pid file as `--pid-file=…`: found by that when the file is gone. Reads all of /proc then. */
export async function findDaemon(pidFile: string, match: string): Promise<number | undefined> {
  if (await exists(pidFile)) return daemonPid(pidFile, match);
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const commandLine = `${await commandLineOf(Number(entry))} `;
    if (commandLine.includes(match) && commandLine.includes(` --pid-file=${pidFile} `)) return Number(entry);
  }
  return undefined;
}

/** Arguments joined by blanks; a zombie's are none. */
async function commandLineOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function pidIn(pidFile: string): Promise<number | undefined> {
  try {
    const pid = Number((await readFile(pidFile, 'utf8')).trim());
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}

/** A file without a name, open for reading and writing. */
function anonymousFile(): number {
  const directory = mkdtempSync(join(tmpdir(), 'isospin-start-'));
  try {
    return openSync(join(directory, 'stderr'), 'w+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readText(descriptor: number): string {
  const text = Buffer.alloc(Math.min(fstatSync(descriptor).size, 500));
  readSync(descriptor, text, 0, text.length, 0);
  return text.toString('utf8').trim().replaceAll('\n', '; ');
}

/** The program itself, without what runs it in a namespace or with an environment. */
function programName(argv: readonly string[]): string {
  const words = argv[0] === 'ip' && argv[1] === 'netns' ? argv.slice(4) : argv;
  return (words[0] === 'env' ? words.find((word, i) => i > 0 && !word.includes('=')) : words[0]) ?? 'daemon';
}
