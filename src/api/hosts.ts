// The server's side of a host's link: what a host asks and says, whoever carries it. main hands it to the agents of this very process;
// agent.ts carries it over HTTP. A link answers for its one host and no other.
import { randomUUID } from 'node:crypto';
import type { ServerLink } from '#agents/link.ts';
import type { Bus } from '#bus/bus.ts';
import { EVERYTHING } from '#bus/bus.ts';
import type { Caller } from '#core/context.ts';
import type { Pipeline } from '#core/pipeline.ts';
import { heartbeat, hello } from '#desired/join.ts';
import { type DesiredDelta, PROTOCOL } from '#desired/objects.ts';
import { hostsOf, pull } from '#desired/pull.ts';
import { acceptReports } from '#desired/reports.ts';
import type { Write } from '#resources/agent/upkeep.ts';
import { fillDhcp } from '#resources/dhcp/upkeep.ts';
import { fillRouters } from '#resources/router/upkeep.ts';
import { latestCursor } from '#store/journal.ts';
import type { Reader } from '#store/store.ts';

/** Reports in one transaction: more would hold up its neighbours in the same commit. */
const REPORTS_AT_ONCE = 50;

export interface Hosts {
  /** The link of one host, which must have been recognised before. */
  of(host: string): ServerLink;
  close(): void;
}

/** Serves every host from one subscription to the bus: a wake costs one query however many hosts listen. */
export function serveHosts(pipeline: Pipeline, onError: (error: unknown) => void): Hosts {
  const { store, settings, bus } = pipeline.parts;
  const wakes = hostWakes(bus, store.read, onError);
  const config = { dnsDomain: settings.dnsDomain, leaseTime: settings.dhcpLeaseDuration };
  const beat = async () => ({ cursor: await latestCursor(store.read), protocol: PROTOCOL });
  return {
    of: (host) => ({
      async hello(agents, startedAt) {
        await pipeline.write(hostCaller(host), (work) => hello(work, host, agents, startedAt));
        const write: Write = (work) => pipeline.write(hostCaller(host), work);
        await fillDhcp(store.read, write);
        await fillRouters(store.read, write);
        return beat();
      },
      async heartbeat() {
        await pipeline.write(hostCaller(host), (work) => heartbeat(work, host));
        return beat();
      },
      pull: (cursor): Promise<DesiredDelta> => pull(store.read, host, cursor, config),
      async report(reports) {
        for (let from = 0; from < reports.length; from += REPORTS_AT_ONCE) {
          const some = reports.slice(from, from + REPORTS_AT_ONCE);
          await pipeline.write(hostCaller(host), (work) => acceptReports(work, host, some));
        }
      },
      listen: (wake, signal) => wakes.listen(host, wake, signal),
    }),
    close: wakes.close,
  };
}

/** Who a host is in the journal. It acts for the system: policy and quota are about clients. */
const hostCaller = (host: string): Caller => ({
  actor: { userId: `host:${host}`, userName: host, projectId: '', projectName: '', domainId: '', roles: ['admin'] },
  requestId: `req-${randomUUID()}`,
});

function hostWakes(bus: Bus, reader: Reader, onError: (error: unknown) => void) {
  const listeners = new Map<string, Set<() => void>>();
  const wakeHosts = (hosts: Iterable<string>): void => {
    for (const host of hosts) for (const wake of listeners.get(host) ?? []) wake();
  };
  const stop = bus.subscribe((scopes) => {
    if (listeners.size === 0) return;
    if (scopes.includes(EVERYTHING)) return wakeHosts(listeners.keys());
    // When the database does not answer, everybody looks again: a wake too many harms nobody.
    hostsOf(reader, scopes).then(wakeHosts, (error: unknown) => {
      onError(error);
      wakeHosts(listeners.keys());
    });
  });
  return {
    listen(host: string, wake: () => void, signal: AbortSignal): void {
      const mine = listeners.get(host) ?? new Set();
      listeners.set(host, mine.add(wake));
      signal.addEventListener(
        'abort',
        () => {
          mine.delete(wake);
          if (mine.size === 0 && listeners.get(host) === mine) listeners.delete(host);
        },
        { once: true },
      );
    },
    close: stop,
  };
}
