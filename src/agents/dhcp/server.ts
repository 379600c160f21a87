// One network's DHCP server: its directory, its device, its files and its process, as steps. Pure; called by the DHCP plan.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { claimsOf, isTagged } from '#host/dnsmasq.ts';
import { busAddress } from '#host/lease-bus.ts';
import type { Step } from '#host/steps.ts';
import { configOf, filesOf } from './files.ts';
import { busName, busPaths, configName, FILE_KINDS, innerDevice, namespaceName, serverPaths } from './names.ts';
import type { DhcpActual, InnerDevice, Phases, ServerSight, ServerWish } from './sight.ts';

const NOTHING: ServerSight = {
  directory: false,
  complete: false,
  namespace: false,
  husk: false,
  inner: [],
  running: null,
  offBus: false,
  files: new Map(),
  pending: null,
  leased: [],
  quiet: 0,
};
const HELD_BACK = 'the DHCP server must first forget what it knew; it is told at most once in 200 ms';

/** What of the ports' files is not as it must be. */
interface Difference {
  /** What a running server takes up by itself. */
  readonly added: readonly Step[];
  readonly gone: readonly string[];
  /** What must wait until the server forgets: changed files, and new ones that claim what a file to go has claimed. */
  readonly later: readonly { readonly step: Step; readonly key: string }[];
  /** Addresses to forget. */
  readonly forget: readonly string[];
  /** The server must be told: of anything but additions. */
  readonly tells: boolean;
}

/** Brings a network's server to what is wished. */
export function planServer(
  wish: ServerWish,
  actual: DhcpActual,
  phases: Phases,
  waiting: Map<string, string>,
  again: Map<string, number>,
): void {
  const { dhcp, key } = wish;
  const sight = actual.servers.get(dhcp.network_id) ?? NOTHING;
  const paths = serverPaths(actual.runDirectory, dhcp.network_id);
  const config = configOf(dhcp, actual.runDirectory, actual.user);
  const inner =
    sight.namespace && actual.devices.has(dhcp.device) ? sight.inner.find(({ name }) => name === innerDevice(dhcp.port_id)) : undefined;
  // A server is bound to its device and watches its directories: it does not survive either. It joins the bus at its start alone.
  const isSound = sight.running === config.digest && inner !== undefined && sight.complete && actual.bus.running && !sight.offBus;
  const difference = compareFiles(wish, actual.runDirectory, sight, waiting);
  const isHeld = isSound && difference.tells && sight.quiet > 0;
  // One that a signal would kill is started anew instead.
  const isFragile = difference.tells && !isHeld && [...sight.files].some(([file, text]) => file.startsWith('hosts/') && isTagged(text));
  const serves = isSound && !isFragile;
  if (sight.running !== null && !serves) {
    phases.stop.push({ tool: 'signal', pidFile: paths.pid, match: `${paths.directory}/`, signal: 'SIGTERM', keys: [key] });
  }
  if (!sight.complete) {
    for (const kind of FILE_KINDS) phases.make.push({ tool: 'directory', path: paths.file(kind), present: true, keys: [key] });
  }
  planDevice(wish, sight, inner, actual, phases);
  const name = configName(config.digest);
  for (const file of sight.files.keys()) {
    if (file.endsWith('.conf') && file !== name) phases.write.push({ tool: 'file', path: paths.file(file), content: null, keys: [key] });
  }
  if (sight.files.get(name) !== config.text) phases.write.push({ tool: 'file', path: paths.file(name), content: config.text, keys: [key] });
  phases.write.push(...difference.added);
  if (isHeld) {
    again.set(dhcp.network_id, sight.quiet);
    for (const file of difference.later) waiting.set(file.key, HELD_BACK);
  } else if (difference.tells) planTelling(wish, actual.runDirectory, sight, difference, serves, phases);
  if (serves) return;
  const environment = `DBUS_SYSTEM_BUS_ADDRESS=${busAddress(busPaths(actual.runDirectory).socket)}`;
  phases.start.push({
    tool: 'start',
    netns: namespaceName(dhcp.network_id),
    argv: ['env', environment, 'dnsmasq', `--conf-file=${paths.config(config.digest)}`, `--pid-file=${paths.pid}`],
    pidFile: paths.pid,
    keys: [key, ...wish.leases.map((lease) => lease.key)],
  });
}

/** The namespace and the device in it: a veth whose other end the bridge target wires as it wires any port. */
function planDevice(
  { dhcp, key }: ServerWish,
  sight: ServerSight,
  inner: InnerDevice | undefined,
  { ipv6, devices }: DhcpActual,
  phases: Phases,
): void {
  const netns = namespaceName(dhcp.network_id);
  const name = innerDevice(dhcp.port_id);
  const keys = [key];
  const mtu = String(dhcp.mtu);
  const inside = (...args: string[]) => phases.inside.push({ tool: 'ip', netns, args, keys });
  if (sight.husk) phases.stop.push({ tool: 'ip', args: ['netns', 'del', netns], keys });
  if (!sight.namespace) phases.link.push({ tool: 'ip', args: ['netns', 'add', netns], keys });
  for (const other of sight.inner) {
    if (other.name !== inner?.name) phases.stop.push({ tool: 'ip', netns, args: ['link', 'del', 'dev', other.name], keys });
  }
  if (inner === undefined) {
    // Without its other end it is nobody's: what a crash or a namespace that went has left.
    if (devices.has(dhcp.device) && !sight.inner.some((other) => other.name === name)) {
      phases.stop.push({ tool: 'ip', args: ['link', 'del', 'dev', dhcp.device], keys });
    }
    const peer = ['peer', 'name', name, 'mtu', mtu, 'address', dhcp.mac_address, 'netns', netns];
    phases.link.push({ tool: 'ip', args: ['link', 'add', 'name', dhcp.device, 'mtu', mtu, 'type', 'veth', ...peer], keys });
  } else {
    if (inner.mac !== dhcp.mac_address) inside('link', 'set', 'dev', name, 'address', dhcp.mac_address);
    if (inner.mtu !== dhcp.mtu) inside('link', 'set', 'dev', name, 'mtu', mtu);
  }
  if (inner?.up !== true) {
    // It hears no tenant's router advertisements, and its addresses are its own without asking around for a second.
    for (const [setting, value] of ipv6
      ? ([
          ['accept_ra', '0'],
          ['dad_transmits', '0'],
        ] as const)
      : []) {
      phases.inside.push({ tool: 'sysctl', netns, name: `net/ipv6/conf/${name}/${setting}`, value, keys });
    }
    inside('link', 'set', 'dev', 'lo', 'up');
    inside('link', 'set', 'dev', name, 'up');
  }
  const lengths = new Map(dhcp.subnets.map(({ subnet_id, cidr }) => [subnet_id, cidr.split('/')[1]]));
  const wanted = new Set<string>();
  for (const { ip_address, subnet_id } of dhcp.ip_addresses) {
    const length = lengths.get(subnet_id);
    if (length !== undefined && (ipv6 || !ip_address.includes(':'))) wanted.add(`${ipaddr.parse(ip_address).toString()}/${length}`);
  }
  for (const address of inner?.addresses ?? []) if (!wanted.has(address)) inside('addr', 'del', address, 'dev', name);
  for (const address of wanted) {
    if (!inner?.addresses.includes(address)) inside('addr', 'add', address, 'dev', name, ...(address.includes(':') ? ['nodad'] : []));
  }
}

/** Compares the files of the ports. What is new can be written at once, unless it claims the MAC or address of what changes or goes. */
function compareFiles({ dhcp, leases }: ServerWish, runDirectory: string, sight: ServerSight, waiting: Map<string, string>): Difference {
  const paths = serverPaths(runDirectory, dhcp.network_id);
  const wanted = new Set<string>();
  const added: { readonly step: Step; readonly claims: readonly string[]; readonly key: string }[] = [];
  const changed: { readonly step: Step; readonly key: string }[] = [];
  const stale: string[] = [];
  for (const lease of leases) {
    let files: ReturnType<typeof filesOf>;
    try {
      files = filesOf(dhcp, lease.value);
    } catch (error) {
      waiting.set(lease.key, `this port cannot be served: ${(error as Error).message}`);
      continue;
    }
    for (const kind of FILE_KINDS) {
      const content = files[kind];
      if (content === undefined) continue;
      const name = `${kind}/${lease.value.port_id}`;
      wanted.add(name);
      const before = sight.files.get(name);
      if (before === content) continue;
      const step: Step = { tool: 'file', path: paths.file(name), content, keys: [lease.key] };
      if (before === undefined) added.push({ step, claims: kind === 'hosts' ? claimsOf(content) : [], key: lease.key });
      else {
        changed.push({ step, key: lease.key });
        stale.push(name);
      }
    }
  }
  const gone = [...sight.files.keys()].filter((name) => name.includes('/') && !wanted.has(name));
  const claimed = new Set(
    [...gone, ...stale].filter((name) => name.startsWith('hosts/')).flatMap((name) => claimsOf(sight.files.get(name) ?? '')),
  );
  const owned = new Set(
    sight.leased.length === 0 ? [] : leases.flatMap(({ value }) => value.ip_addresses.map(({ ip_address }) => ip_address)),
  );
  const lost = sight.leased.filter((address) => !owned.has(address));
  const blocked = new Set(added.filter(({ claims }) => claims.some((claim) => claimed.has(claim))).map((file) => file.key));
  const later = [...changed, ...added.filter((file) => blocked.has(file.key))];
  const before = (sight.pending ?? '').split('\n').filter((address) => address !== '');
  return {
    added: added.filter((file) => !blocked.has(file.key)).map(({ step }) => step),
    gone,
    later,
    forget: [...new Set([...before, ...lost, ...claimed])].filter((claim) => isIP(claim) !== 0).sort(),
    tells: gone.length > 0 || later.length > 0 || sight.pending !== null || lost.length > 0,
  };
}

/** Removes and writes what the server must be told of, and tells it. One that is yet to start reads what is there then. */
function planTelling(
  { dhcp, key }: ServerWish,
  runDirectory: string,
  sight: ServerSight,
  { gone, later, forget }: Difference,
  serves: boolean,
  phases: Phases,
): void {
  const paths = serverPaths(runDirectory, dhcp.network_id);
  // Written before the first file goes and removed when all is done: after a crash in between, the next plan goes on from here.
  const content = forget.map((address) => `${address}\n`).join('');
  const keys = [key];
  (serves ? phases.settle : phases.write).push(
    ...(sight.pending === content ? [] : [{ tool: 'file' as const, path: paths.pending, content, keys }]),
    ...gone.map((name): Step => ({ tool: 'file', path: paths.file(name), content: null, keys })),
    ...later.map(({ step }) => step),
  );
  if (serves) phases.settle.push({ tool: 'signal', pidFile: paths.pid, match: `${paths.directory}/`, signal: 'SIGHUP', keys });
  if (forget.length > 0)
    phases.settle.push({ tool: 'forget', bus: busPaths(runDirectory).socket, server: busName(dhcp.network_id), addresses: forget, keys });
  phases.settle.push({ tool: 'file', path: paths.pending, content: null, keys });
}
