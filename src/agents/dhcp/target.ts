// The DHCP target: one dnsmasq per network, in a namespace of its own. Keeps what it saw of each server and folds its own writes into it, so
// that one port among thousands costs a look at the process and three files. Composition roots start `dropLeases` beside it.
import type { DesiredObject } from '#desired/objects.ts';
import type { Step } from '#host/steps.ts';
import type { Held } from '../held.ts';
import type { Scope, Target } from '../target.ts';
import { isId, networkOfStep, serverPaths } from './names.ts';
import { listServerNamespaces, readHostSight, readLife, readNamespace, readServer } from './observe.ts';
import { planDhcp } from './plan.ts';
import type { DhcpActual, ServerSight } from './sight.ts';

export interface DhcpOptions {
  /** Where servers' files lie: on a file system in memory, readable by every user (`/run/isospin`). */
  readonly runDirectory: string;
}

/** Milliseconds between two signals to one server, those that end it included: a start is no cheaper than a reload. */
const SIGNAL_PAUSE = 200;
/** Servers looked at side by side. */
const ABREAST = 8;

interface Memory {
  sight: Omit<ServerSight, 'quiet'>;
  readonly files: Map<string, string>;
  /** What is in the namespace may have changed since. */
  stale: boolean;
}

/** Makes DHCP servers and what they answer real with dnsmasq. */
export function dhcpTarget({ runDirectory }: DhcpOptions): Target<DhcpActual> {
  const seen = new Map<string, Memory>();
  const signalled = new Map<string, number>();

  /** What cannot be looked at is its own network's trouble alone. */
  async function lookAt(id: string, whole: boolean, unseen: Map<string, string>, signal: AbortSignal): Promise<void> {
    try {
      await look(id, whole, signal);
    } catch (error) {
      signal.throwIfAborted();
      seen.delete(id);
      unseen.set(id, (error as Error).message);
    }
  }

  async function look(id: string, whole: boolean, signal: AbortSignal): Promise<void> {
    const known = seen.get(id);
    if (whole || known === undefined) {
      const sight = await readServer(runDirectory, id, signal);
      seen.set(id, { sight, files: new Map(sight.files), stale: false });
      return;
    }
    const life = await readLife(runDirectory, id);
    const inside = known.stale ? await readNamespace(id, signal) : {};
    known.sight = { ...known.sight, ...life, ...inside, leased: [] };
    known.stale = false;
  }

  return {
    name: 'dhcp',
    kinds: ['dhcp', 'lease'],
    async observe(scope: Scope, signal: AbortSignal): Promise<DhcpActual> {
      const host = await readHostSight(runDirectory);
      const ids = new Set(
        // Namespaces too: one may be there before us, made by somebody else.
        scope === 'all' ? [...host.directories, ...(await listServerNamespaces()), ...seen.keys()] : [...scope].filter(isId),
      );
      const queue = [...ids];
      const unseen = new Map<string, string>();
      const workers = Array.from({ length: ABREAST }, async () => {
        for (let id = queue.pop(); id !== undefined; id = queue.pop()) await lookAt(id, scope === 'all', unseen, signal);
      });
      await Promise.all(workers);
      const servers = new Map<string, ServerSight>();
      for (const id of [...ids].sort()) {
        const memory = seen.get(id);
        if (memory === undefined) continue;
        const quiet = Math.max(0, (signalled.get(id) ?? 0) + SIGNAL_PAUSE - Date.now());
        servers.set(id, { ...memory.sight, files: memory.files, quiet });
        if (!memory.sight.directory) seen.delete(id);
      }
      return { ...host, servers, unseen };
    },
    plan: (desired: ReadonlyMap<string, DesiredObject>, actual: DhcpActual, scope: Scope) => planDhcp(desired, actual, scope),
    applied(steps: readonly Step[], failures: ReadonlyMap<Step, string>): void {
      for (const step of steps) {
        const id = networkOfStep(step);
        const memory = id === undefined ? undefined : seen.get(id);
        if (id === undefined) continue;
        if (step.tool === 'signal' && !failures.has(step)) signalled.set(id, Date.now());
        if (memory === undefined) continue;
        if (failures.has(step) || step.tool === 'directory') seen.delete(id);
        else if (step.tool === 'file') fold(memory, serverPaths(runDirectory, id).directory, step.path, step.content);
        else if (step.tool === 'ip' || step.tool === 'sysctl') memory.stale = true;
      }
    },
    deviceChanged(device: string, held: Held): Iterable<string> {
      const network = held.networkOfDevice(device);
      if (network === undefined) return [];
      const wish = held.ofNetwork(network).get(`dhcp/${network}`)?.value;
      if (wish?.kind !== 'dhcp' || wish.device !== device) return [];
      const memory = seen.get(network);
      if (memory !== undefined) memory.stale = true;
      return [network];
    },
  };
}

function fold(memory: Memory, directory: string, path: string, content: string | null): void {
  const name = path.slice(directory.length + 1);
  if (name === 'pending') memory.sight = { ...memory.sight, pending: content };
  else if (content === null) memory.files.delete(name);
  else memory.files.set(name, content);
}
