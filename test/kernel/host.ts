// Throw-away hosts for tests: a process in a network and a mount namespace of its own, with its own /run (so that `ip netns` names
// do not collide) and its own /sys. Everything in one ends with its process; nothing is left on the machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Finished, runProgram } from '#host/process.ts';

const PREPARE = 'mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat';

export interface TestHost {
  readonly name: string;
  /** The process that keeps the namespaces: `ip link … netns PID`. */
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
  close(): Promise<void>;
}

/** Makes a host. */
export async function makeHost(name: string): Promise<TestHost> {
  const keeper = spawn('unshare', ['--net', '--mount', 'sh', '-c', PREPARE], { stdio: ['pipe', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    keeper.stdout.once('data', () => resolve());
    keeper.once('exit', (code) => reject(new Error(`no throw-away host: unshare ended with ${code}`)));
    keeper.once('error', reject);
  });
  const pid = keeper.pid ?? 0;
  const children = new Set<ChildProcess>();
  const on = (argv: readonly string[], netns?: string) => [
    ...['nsenter', '-t', String(pid), '-n', '-m'],
    ...(netns === undefined ? [] : ['ip', 'netns', 'exec', netns]),
    ...argv,
  ];
  const attempt = (argv: readonly string[], netns?: string) => runProgram(on(argv, netns), { timeout: 60_000 });
  return {
    name,
    pid,
    on,
    attempt,
    async run(argv, netns) {
      const { code, stdout, stderr } = await attempt(argv, netns);
      if (code !== 0) throw new Error(`${argv.join(' ')} on ${name} ended with ${code}: ${stderr}${stdout}`);
      return stdout;
    },
    start(argv, netns) {
      const [file = '', ...args] = on(argv, netns);
      const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    async batch(lines) {
      const { code, stderr } = await runProgram(on(['ip', '-batch', '-']), { input: `${lines.join('\n')}\n`, timeout: 60_000 });
      if (code !== 0) throw new Error(`ip -batch on ${name} ended with ${code}: ${stderr}`);
    },
    async close() {
      for (const child of children) {
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      keeper.kill('SIGKILL');
      if (keeper.exitCode === null && keeper.signalCode === null) await once(keeper, 'exit');
    },
  };
}

/** Joins hosts by a switch of their own; host N (from 1) has 10.99.0.N on `eth0`. Answers the switch. */
export async function joinHosts(hosts: readonly TestHost[]): Promise<TestHost> {
  const fabric = await makeHost('fabric');
  await fabric.batch(['link add sw type bridge forward_delay 0', 'link set sw up']);
  for (const [i, host] of hosts.entries()) {
    await fabric.batch([`link add p${i + 1} type veth peer name eth0 netns ${host.pid}`, `link set p${i + 1} master sw up`]);
    await host.batch([`addr add 10.99.0.${i + 1}/24 dev eth0`, 'link set eth0 mtu 1550', 'link set eth0 up']);
    await fabric.batch([`link set p${i + 1} mtu 1550`]);
  }
  return fabric;
}

/** Makes an instance on a host: a namespace whose `eth0` is the other end of `device`, with MAC and addresses set. */
export async function makeInstance(
  host: TestHost,
  netns: string,
  nic: { readonly device: string; readonly mac: string; readonly addresses: readonly string[]; readonly mtu?: number },
): Promise<void> {
  if (!(await host.run(['ip', 'netns', 'list'])).split(/\s/).includes(netns)) await host.run(['ip', 'netns', 'add', netns]);
  await host.batch([`link add ${nic.device} type veth peer name eth0 address ${nic.mac} netns ${netns}`]);
  await host.run(['ip', '-n', netns, 'link', 'set', 'eth0', 'mtu', String(nic.mtu ?? 1500)]);
  await host.run(['ip', '-n', netns, 'link', 'set', 'eth0', 'up']);
  for (const address of nic.addresses) {
    await host.run(['ip', '-n', netns, 'addr', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : [])]);
  }
}

/** How many of `count` pings from a namespace were answered. */
export async function ping(host: TestHost, netns: string, address: string, count = 1): Promise<number> {
  const { stdout } = await host.attempt(['ping', '-n', '-c', String(count), '-i', '0.05', '-W', '1', address], netns);
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
}

/** Waits until `probe` answers something true; throws with `what` after `limit` ms. */
export async function until<T>(what: string, probe: () => T | Promise<T>, limit = 5_000): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + limit; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const answer = await probe();
    if (answer) return answer as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`);
  }
}
