// The kernel's word that a device appeared, changed or went, or its addresses did: one long-lived `ip monitor` per agent. It says which
// device, never what: whoever cares looks again. When the program dies it is started anew and everything may have been missed: `lost` is called.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

export interface LinkMonitorOptions {
  /** Called with the name of a device within milliseconds of its change. */
  readonly changed: (device: string) => void;
  /** Called whenever events may have been missed (each start of the program, a full socket): look at everything. */
  readonly lost: () => void;
  readonly signal: AbortSignal;
  /** The program, for tests. */
  readonly argv?: readonly string[];
}

/** Follows the links of this namespace until `signal` aborts; answers then. */
export async function monitorLinks(options: LinkMonitorOptions): Promise<void> {
  const { signal } = options;
  for (let wait = 100; !signal.aborted; wait = Math.min(wait * 2, 5_000)) {
    const started = Date.now();
    await follow(options);
    if (Date.now() - started > 10_000) wait = 100;
    await pause(wait, undefined, { signal }).catch(() => {});
  }
}

function follow({
  changed,
  lost,
  signal,
  argv = ['ip', '-rcvbuf', '8388608', '-o', 'monitor', 'link', 'address'],
}: LinkMonitorOptions): Promise<void> {
  return new Promise((resolve) => {
    const [file = '', ...args] = argv;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
    const stop = () => child.kill('SIGKILL');
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const names = new Set<string>();
      for (const line of lines) {
        const name = deviceOf(line);
        if (name !== undefined) names.add(name);
      }
      for (const name of names) changed(name);
    });
    child.stderr.on('data', () => signal.aborted || lost()); // 'No buffer space available': the kernel dropped events
    child.on('error', () => {});
    let ended = false;
    child.on('spawn', async () => {
      while (!ended && !signal.aborted && !(await isSubscribed(child.pid))) await pause(2);
      if (!ended && !signal.aborted) lost();
    });
    child.on('close', () => {
      ended = true;
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
}

/** Whether the process listens to a multicast group of the kernel's routing socket: from then on it misses nothing. */
async function isSubscribed(pid: number | undefined): Promise<boolean> {
  for (const line of (await readFile('/proc/net/netlink', 'utf8')).split('\n')) {
    const [, protocol, port, groups] = line.trim().split(/\s+/);
    if (protocol === '0' && Number(port) === pid && Number.parseInt(groups ?? '0', 16) !== 0) return true;
  }
  return false;
}

/** The device that a line of `ip -o monitor` is about: `Deleted 6: tapb@NONE: <…`, `2: eth1    inet 192.0.2.7/24 …`. */
export function deviceOf(line: string): string | undefined {
  return /^(?:Deleted )?\d+: ([^@:\s]+)(?:[@:]|\s+inet)/.exec(line)?.[1];
}
