// What a host lacks for its DHCP servers, as steps: pure. Called by the DHCP target. A new port writes files and nothing else; what changes or
// goes costs one SIGHUP, at most one per network in 200 ms, and only then may an address serve another port. A server restarts for
// its own configuration, and in place of a SIGHUP where a port has options of its own.
import type { DesiredObject, DhcpObject, LeaseObject } from '#desired/objects.ts';
import { busConfig } from '#host/lease-bus.ts';
import type { Step } from '#host/steps.ts';
import type { Plan, Scope } from '../target.ts';
import { busPaths, dhcpDirectory, isId, namespaceName, serverPaths } from './names.ts';
import { planServer } from './server.ts';
import type { DhcpActual, Phases, ServerSight, ServerWish } from './sight.ts';

/** Milliseconds between looks at a server that should be alive: nothing tells when one dies. */
const WATCH = 2_000;
const INOTIFY_SPARE = 128;

/** Plans the servers of the scope: those of ours that nobody wishes go, and the lease bus with the last. */
export function planDhcp(desired: ReadonlyMap<string, DesiredObject>, actual: DhcpActual, scope: Scope): Plan {
  const waiting = new Map<string, string>();
  const again = new Map<string, number>();
  const wishes = wishesOf(desired, waiting);
  const phases: Phases = { stop: [], make: [], link: [], inside: [], write: [], start: [], settle: [] };
  for (const id of actual.unseen.keys()) again.set(id, WATCH);
  for (const [id, sight] of actual.servers) {
    if (!wishes.has(id) && (scope === 'all' || scope.has(id))) phases.stop.push(...removeServer(actual, id, sight));
  }
  if (wishes.size > 0 && actual.unable !== null) {
    for (const { dhcp, key, leases } of wishes.values()) {
      for (const each of [key, ...leases.map((lease) => lease.key)]) waiting.set(each, actual.unable);
      again.set(dhcp.network_id, WATCH);
    }
    return { steps: phases.stop, waiting, again };
  }
  planHost(actual, wishes, scope, phases);
  for (const wish of wishes.values()) {
    again.set(wish.dhcp.network_id, WATCH);
    let why = actual.unseen.get(wish.dhcp.network_id);
    try {
      if (why === undefined) planServer(wish, actual, phases, waiting, again);
    } catch (error) {
      why = `this network cannot be served: ${(error as Error).message}`;
    }
    if (why === undefined) continue;
    for (const key of [wish.key, ...wish.leases.map((lease) => lease.key)]) waiting.set(key, why);
  }
  return { steps: Object.values(phases).flat(), waiting, again };
}

function wishesOf(desired: ReadonlyMap<string, DesiredObject>, waiting: Map<string, string>): Map<string, ServerWish> {
  const leases = new Map<string, { key: string; value: LeaseObject }[]>();
  const servers: { key: string; value: DhcpObject }[] = [];
  for (const { key, value } of desired.values()) {
    if (value.kind === 'dhcp' && isId(value.network_id) && isId(value.port_id)) servers.push({ key, value });
    else if (value.kind === 'lease' && isId(value.port_id)) {
      const siblings = leases.get(value.network_id);
      if (siblings === undefined) leases.set(value.network_id, [{ key, value }]);
      else siblings.push({ key, value });
    } else if (value.kind === 'dhcp' || value.kind === 'lease') waiting.set(key, 'its id is none');
  }
  servers.sort((a, b) => (a.value.network_id < b.value.network_id ? -1 : 1));
  const wishes = new Map<string, ServerWish>();
  for (const { key, value } of servers) {
    wishes.set(value.network_id, { dhcp: value, key, leases: leases.get(value.network_id) ?? [] });
    leases.delete(value.network_id);
  }
  for (const orphans of leases.values()) {
    for (const { key, value } of orphans) waiting.set(key, `network ${value.network_id} has no DHCP server on this host`);
  }
  return wishes;
}

/** What all servers of the host share. The bus is there before the first server that joins it, and goes with the last. */
function planHost(
  { runDirectory, bus, inotifyLimit, servers, directories }: DhcpActual,
  wishes: ReadonlyMap<string, ServerWish>,
  scope: Scope,
  phases: Phases,
): void {
  const paths = busPaths(runDirectory);
  const keys = [...wishes.values()].map(({ key }) => key);
  if (wishes.size === 0) {
    const isLast = scope === 'all' || directories.every((id) => scope.has(id));
    if (!isLast || (bus.config === null && !bus.running)) return;
    phases.stop.push({ tool: 'signal', pidFile: paths.pid, match: paths.config, signal: 'SIGTERM', keys });
    phases.stop.push({ tool: 'directory', path: dhcpDirectory(runDirectory), present: false, keys });
    return;
  }
  const content = busConfig(paths.socket, paths.pid);
  if (!bus.running) {
    phases.make.push({ tool: 'directory', path: dhcpDirectory(runDirectory), present: true, keys });
    if (bus.config !== content) phases.make.push({ tool: 'file', path: paths.config, content, keys });
    phases.make.push({ tool: 'start', argv: ['dbus-daemon', `--config-file=${paths.config}`], pidFile: paths.pid, keys });
  }
  const needed = INOTIFY_SPARE + 2 * new Set([...servers.keys(), ...wishes.keys()]).size;
  if (inotifyLimit < needed) {
    phases.make.push({ tool: 'sysctl', name: 'fs/inotify/max_user_instances', value: String(Math.max(8_192, 2 * needed)), keys });
  }
}

/** Takes a server away with all that was made for it. Without our directory, what bears its name is not ours. */
function removeServer({ runDirectory }: DhcpActual, id: string, sight: ServerSight): Step[] {
  if (!sight.directory) return [];
  const paths = serverPaths(runDirectory, id);
  const netns = namespaceName(id);
  const steps: Step[] = [{ tool: 'signal', pidFile: paths.pid, match: `${paths.directory}/`, signal: 'SIGTERM', keys: [] }];
  // Its device would go with the namespace, but only some time later.
  for (const { name } of sight.inner) steps.push({ tool: 'ip', netns, args: ['link', 'del', 'dev', name], keys: [] });
  if (sight.namespace || sight.husk) steps.push({ tool: 'ip', args: ['netns', 'del', netns], keys: [] });
  steps.push({ tool: 'directory', path: paths.directory, present: false, keys: [] });
  return steps;
}
