// Looks at the DHCP servers of a host: directories, namespaces, devices, processes. Decides nothing. Called by the DHCP target.
import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { daemonPid, findDaemon } from '#host/daemons.ts';
import { kernelHasIpv6 } from '#host/links.ts';
import { listNamespaces } from '#host/netns.ts';
import { runProgram } from '#host/process.ts';
import { readLeases } from './leases.ts';
import { busPaths, dhcpDirectory, FILE_KINDS, isId, namespaceName, serverPaths } from './names.ts';
import type { DhcpActual, InnerDevice, ServerSight } from './sight.ts';

/** Programs without which nothing can be served, and the Debian package of each. */
const PROGRAMS = { dnsmasq: 'dnsmasq-base', 'dbus-daemon': 'dbus-daemon' } as const;

/** What all servers of the host share. */
export async function readHostSight(runDirectory: string): Promise<Omit<DhcpActual, 'servers' | 'unseen'>> {
  const bus = busPaths(runDirectory);
  const [config, pid, isThere, unable, user, limit, devices, directories] = await Promise.all([
    readText(bus.config),
    daemonPid(bus.pid, bus.config),
    exists(bus.socket),
    whyUnable(),
    dnsmasqUser(),
    readText('/proc/sys/fs/inotify/max_user_instances'),
    list('/sys/class/net'),
    listServers(runDirectory),
  ]);
  return {
    runDirectory,
    user,
    unable,
    ipv6: kernelHasIpv6,
    devices: new Set(devices),
    bus: { config, running: pid !== undefined && isThere },
    inotifyLimit: Number(limit ?? Number.POSITIVE_INFINITY),
    directories,
  };
}

/** The networks that have a server's directory here. */
async function listServers(runDirectory: string): Promise<string[]> {
  return (await list(dhcpDirectory(runDirectory))).filter(isId);
}

/** The networks that have a server's namespace here, whoever made it. */
export async function listServerNamespaces(): Promise<string[]> {
  const prefix = namespaceName('');
  return (await listNamespaces(prefix)).map((name) => name.slice(prefix.length)).filter(isId);
}

/** Everything of one server but how long it may not be signalled. */
export async function readServer(runDirectory: string, id: string, signal: AbortSignal): Promise<Omit<ServerSight, 'quiet'>> {
  const paths = serverPaths(runDirectory, id);
  const entries = await list(paths.directory);
  const [files, inside, pending, leases] = await Promise.all([
    readFiles(paths.directory, entries),
    readNamespace(id, signal),
    readText(paths.pending),
    entries.includes('leases') ? readLeases(runDirectory, id) : [],
  ]);
  const directory = await exists(paths.directory);
  return {
    ...(await readLife(runDirectory, id, directory || inside.namespace)),
    ...inside,
    directory,
    complete: FILE_KINDS.every((kind) => entries.includes(kind)),
    files,
    pending,
    leased: leases.filter((address) => address.includes(':')),
  };
}

/** Which configuration the living server has read, and whether it is older than the bus. Two reads of /proc; all of it when the pid file is gone. */
export async function readLife(runDirectory: string, id: string, isMade = true): Promise<Pick<ServerSight, 'running' | 'offBus'>> {
  const paths = serverPaths(runDirectory, id);
  const pid = isMade ? await findDaemon(paths.pid, `${paths.directory}/`) : undefined;
  if (pid === undefined) return { running: null, offBus: false };
  const bus = busPaths(runDirectory);
  const [commandLine, busPid] = await Promise.all([readText(`/proc/${pid}/cmdline`), daemonPid(bus.pid, bus.config)]);
  const running = /dnsmasq-([0-9a-f]+)\.conf/.exec(commandLine ?? '')?.[1] ?? '';
  const [own, others] = await Promise.all([startOf(pid), busPid === undefined ? undefined : startOf(busPid)]);
  return { running, offBus: others !== undefined && own !== undefined && own < others };
}

/** When a process started, in clock ticks since boot: field 22 of its stat, counted after the name in brackets. */
async function startOf(pid: number): Promise<number | undefined> {
  const text = await readText(`/proc/${pid}/stat`);
  return text === null ? undefined : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]);
}

/** The namespace and what is in it besides loopback. */
export async function readNamespace(id: string, signal: AbortSignal): Promise<Pick<ServerSight, 'namespace' | 'husk' | 'inner'>> {
  const netns = namespaceName(id);
  if (!(await listNamespaces(netns)).includes(netns)) return { namespace: false, husk: false, inner: [] };
  const { code, stdout, stderr } = await runProgram(['ip', '-n', netns, '-j', 'addr', 'show'], { signal });
  if (code !== 0 && /setting the network namespace .*: Invalid argument/.test(stderr)) return { namespace: false, husk: true, inner: [] };
  if (code !== 0) throw new Error(`cannot look into ${netns}: ${stderr.trim()}`);
  const inner = (JSON.parse(stdout) as RawDevice[]).filter(({ ifname }) => ifname !== 'lo').map(toInner);
  return { namespace: true, husk: false, inner };
}

interface RawDevice {
  readonly ifname: string;
  readonly address?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number; readonly scope?: string }[];
}

const toInner = (raw: RawDevice): InnerDevice => ({
  name: raw.ifname,
  mac: raw.address ?? '',
  mtu: raw.mtu,
  up: raw.flags.includes('UP'),
  addresses: (raw.addr_info ?? []).filter(({ scope }) => scope !== 'link').map(({ local, prefixlen }) => `${local}/${prefixlen}`),
});

/** Ports' files and configurations, by name. */
async function readFiles(directory: string, entries: readonly string[]): Promise<Map<string, string>> {
  const names = entries.filter((name) => /^dnsmasq-[0-9a-f]+\.conf$/.test(name));
  for (const kind of FILE_KINDS) {
    if (!entries.includes(kind)) continue;
    for (const name of await list(join(directory, kind))) if (isId(name)) names.push(`${kind}/${name}`);
  }
  const files = new Map<string, string>();
  for (let start = 0; start < names.length; start += 64) {
    const some = names.slice(start, start + 64);
    const texts = await Promise.all(some.map((name) => readText(join(directory, name))));
    for (const [i, name] of some.entries()) files.set(name, texts[i] ?? '');
  }
  return files;
}

let ableAt: string | undefined;

async function whyUnable(): Promise<string | null> {
  const path = process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin';
  if (ableAt === path) return null; // found once, and looked for again only when it could be elsewhere
  for (const [program, debian] of Object.entries(PROGRAMS)) {
    const found = await Promise.all(path.split(':').map((directory) => exists(join(directory, program), constants.X_OK)));
    if (!found.includes(true)) return `${program} is not installed on this host (Debian package ${debian})`;
  }
  const { stdout } = await runProgram(['dnsmasq', '--version']);
  for (const need of ['DHCP', 'DHCPv6', 'inotify', 'DBus']) {
    if (!stdout.split(/\s/).includes(need)) return `dnsmasq on this host was built without ${need}`;
  }
  ableAt = path;
  return null;
}

/** dnsmasq's own user where the package made one. */
async function dnsmasqUser(): Promise<string> {
  return /^dnsmasq:/m.test((await readText('/etc/passwd')) ?? '') ? 'dnsmasq' : 'nobody';
}

const exists = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
