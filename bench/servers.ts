// The servers that benchmarks measure, as processes: `isospin server` and `isospin up`, and the bare program beside them. Each keeps its
// files in a directory that is gone when it is closed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { databaseFile } from '#main/state.ts';
import { type Program, passwordOf, ready, scratch, start, tokenOf } from '#test/cluster/program.ts';
import { programOf, type TestHost } from '#test/kernel/host.ts';
import { askOnce, type Clients, type Served } from './clients.ts';

export interface BenchServer extends Served {
  readonly pid: number;
  close(): Promise<void>;
}

/** Nothing but the machine limits a benchmark. */
const LIMITED = ['port', 'network', 'subnet', 'router', 'floatingip', 'security_group', 'security_group_rule'];
const UNLIMITED = ['--quota', LIMITED.map((name) => `${name}:-1`).join(), '--log-level', 'warn'];

const portOf = (url: string): number => Number(new URL(url).port);

/** `isospin server` and the file it keeps its rows in. */
export interface BenchIsospin extends BenchServer {
  readonly database: string;
}

/** `isospin server`, signed in as its admin. `prefix` runs it under another program. */
export async function startIsospin(prefix: readonly string[] = []): Promise<BenchIsospin> {
  const directory = scratch();
  const program = start(['server', '--state', directory.file('state'), '--listen', '127.0.0.1:0', ...UNLIMITED], { prefix });
  const url = await ready(program);
  const pid = prefix.length === 0 ? Number(program.child.pid) : programOf(program.child);
  const token = await tokenOf(url, passwordOf(directory.file('state')));
  const database = databaseFile(directory.file('state'));
  return { port: portOf(url), token, pid, database, close: () => closed(program, pid, directory.remove) };
}

/** `isospin up` on a throw-away host. Its requests come from clients on that host. */
export async function startUp(
  host: TestHost,
  args: readonly string[] = [],
): Promise<Omit<BenchServer, 'token'> & { readonly state: string }> {
  const directory = scratch();
  const state = directory.file('state');
  const program = start(['up', '--state', state, '--listen', '127.0.0.1:0', ...UNLIMITED, ...args], { host });
  const url = await ready(program);
  const pid = programOf(program.child);
  return { port: portOf(url), state, pid, close: () => closed(program, pid, directory.remove) };
}

async function closed(program: Program, pid: number, remove: () => void): Promise<void> {
  const ended = program.ended();
  process.kill(pid, 'SIGTERM');
  await ended;
  remove();
}

/** The bare program, of ports. */
export const startBare = (prefix: readonly string[] = []): Promise<BenchServer> => startProgram('bare.ts', prefix);

/** The bare program of any kind. */
export const startBareKinds = (): Promise<BenchServer> => startProgram('bare-kinds.ts', []);

async function startProgram(name: string, prefix: readonly string[]): Promise<BenchServer> {
  const directory = scratch();
  const [file = '', ...args] = [
    ...prefix,
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(new URL(name, import.meta.url)),
    directory.file('bare.db'),
  ];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const pid = prefix.length === 0 ? Number(child.pid) : programOf(child);
  return {
    port: portOf(line.trim().replace('ready at ', '')),
    token: '',
    pid,
    async close() {
      const exit = once(child, 'exit');
      process.kill(pid, 'SIGTERM');
      await exit;
      directory.remove();
    },
  };
}

/** A network with one subnet; answers the network's id. */
export async function makeNetwork(clients: Clients, served: Served, cidr: string, dhcp = false): Promise<string> {
  const { network } = await askOnce<{ network: { id: string } }>(clients, served, {
    method: 'POST',
    path: '/v2.0/networks',
    body: { network: { name: 'bench' } },
  });
  const subnet = { network_id: network.id, ip_version: 4, cidr, enable_dhcp: dhcp };
  await askOnce(clients, served, { method: 'POST', path: '/v2.0/subnets', body: { subnet } });
  return network.id;
}
