// Throw-away hosts, for `isospin demo` and the tests: a process in network, mount and process namespaces of its own, with its own /run (so that
// `ip netns` names do not collide), /sys and /proc. Whatever was started in one, daemons included, ends with its first process, and that ends when
// whoever made it does, however that happens: nothing is left on the machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, runProgram } from './process.ts';

const PREPARE = 'mount -t tmpfs -o mode=755 tmpfs /run && mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat';
const ISOLATE = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

export interface ThrowawayHost {
  readonly name: string;
  /** The first process of the host, as the machine counts processes. */
  readonly pid: number;
  /** The argument vector that runs `argv` on this host, or in a namespace of this host. */
  on(argv: readonly string[], netns?: string): string[];
  /** Runs a program on this host; throws when it fails. Answers its output. */
  run(argv: readonly string[], netns?: string): Promise<string>;
  /** Like `run`, but a failure is an answer. */
  attempt(argv: readonly string[], netns?: string): Promise<Finished>;
  /** A long-running program on this host; ended with the host. */
  start(argv: readonly string[], netns?: string): ChildProcess;
  /** One `ip -batch`. */
  batch(lines: readonly string[]): Promise<void>;
  /** A file of this host, as its maker can open it. */
  path(file: string): string;
  /** The command lines of the processes that live on this host, by the pid that they have there. */
  processes(): Map<number, string>;
  close(): Promise<void>;
}

/** Makes a host. */
export async function makeHost(name: string): Promise<ThrowawayHost> {
  // Detached from the terminal: Ctrl-C is for whoever made the host, who then ends it. It also ends when its standard input does.
  const keeper = spawn('unshare', [...ISOLATE, 'sh', '-c', PREPARE], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let complaints = ''; // not shown: unshare complains at each end by SIGKILL
  keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  await new Promise<void>((resolve, reject) => {
    keeper.stdout.once('data', () => resolve());
    keeper.once('exit', (code) => reject(new Error(`no throw-away host: unshare ended with ${code}: ${complaints}`)));
    keeper.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('the program unshare is not installed on this host') : error),
    );
  });
  const pid = programOf(keeper);
  const space = readlinkSync(`/proc/${pid}/ns/pid`);
  const on = (argv: readonly string[], netns?: string) => [
    ...['nsenter', '-t', String(pid), '-n', '-m', '-p'],
    ...(netns === undefined ? [] : ['ip', 'netns', 'exec', netns]),
    ...argv,
  ];
  const attempt = (argv: readonly string[], netns?: string) => runProgram(on(argv, netns), { timeout: 60_000 });
  const path = (file: string) => join(`/proc/${pid}/root`, file);
  return {
    name,
    pid,
    on,
    attempt,
    path,
    async run(argv, netns) {
      const { code, stdout, stderr } = await attempt(argv, netns);
      if (code !== 0) throw new Error(`${argv.join(' ')} on ${name} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    start(argv, netns) {
      const [file = '', ...args] = on(argv, netns);
      return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    },
    async batch(lines) {
      const { code, stderr } = await runProgram(on(['ip', '-batch', '-']), { input: `${lines.join('\n')}\n`, timeout: 60_000 });
      if (code !== 0) throw new Error(`ip -batch on ${name} ended with ${code}: ${stderr}`);
    },
    processes() {
      const found = new Map<number, string>();
      for (const entry of readdirSync(path('/proc'))) {
        if (!/^\d+$/.test(entry) || entry === '1') continue;
        try {
          const commandLine = readFileSync(path(`/proc/${entry}/cmdline`), 'utf8')
            .replaceAll('\0', ' ')
            .trim();
          if (commandLine !== '') found.set(Number(entry), commandLine); // a zombie's is empty
        } catch {
          // gone meanwhile
        }
      }
      return found;
    },
    async close() {
      if (keeper.exitCode === null && keeper.signalCode === null) {
        process.kill(pid, 'SIGKILL'); // with the first process the kernel ends all others, and only then is it gone
        await once(keeper, 'exit');
      }
      // Where unshare was ended first, the kernel may still be at it.
      await until(`no process is left of host ${name}`, () => processesIn(space).length === 0);
    },
  };
}

/** The program that runs behind `nsenter` or `unshare`, which fork to enter a process namespace. */
export function programOf(child: ChildProcess): number {
  const [first = ''] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ');
  if (first === '') throw new Error(`process ${child.pid} has started nothing`);
  return Number(first);
}

/** Signals a program that was started on a host, and waits until it has ended. */
export async function endProgram(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(programOf(child), signal);
  await ended;
}

/** The processes of the machine that live in a process namespace. */
function processesIn(space: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readlinkSync(`/proc/${entry}/ns/pid`) === space;
    } catch {
      return false;
    }
  });
}

/** Joins hosts by a switch of their own, `sw`; host N (from 1) has 10.99.0.N on `eth0`. Answers the switch. */
export async function joinHosts(hosts: readonly ThrowawayHost[], mtu = 1550): Promise<ThrowawayHost> {
  const fabric = await makeHost('fabric');
  await fabric.batch(['link add sw type bridge forward_delay 0 mcast_snooping 0', 'link set sw up']);
  for (const [i, host] of hosts.entries()) {
    // In the network namespace alone: the other host's pid means something only on the machine.
    const link = ['ip', 'link', 'add', `p${i + 1}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(host.pid)];
    const { code, stderr } = await runProgram(['nsenter', '-t', String(fabric.pid), '-n', ...link]);
    if (code !== 0) throw new Error(`cannot join ${host.name}: ${stderr}`);
    await fabric.batch([`link set p${i + 1} mtu ${mtu} master sw up`]);
    await host.batch([`addr add 10.99.0.${i + 1}/24 dev eth0`, `link set eth0 mtu ${mtu}`, 'link set eth0 up']);
  }
  return fabric;
}

/** Waits until `probe` answers something true; throws with `what` after `limit` ms. */
export async function until<T>(what: string, probe: () => T | Promise<T>, limit = 5_000): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + limit; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const answer = await probe();
    if (answer) return answer as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`);
  }
}
