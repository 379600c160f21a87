// The test's end of host-probe.ts: a probe on a throw-away host, asked and answered in HostLinks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostLinks, Link } from '#host/links.ts';
import type { Step } from '#host/steps.ts';
import type { TestHost } from '../kernel/host.ts';

export interface Sighting {
  /** Index of the step → why it was refused. */
  readonly refused: ReadonlyMap<number, string>;
  readonly host: HostLinks;
}

export interface Probe {
  apply(steps: readonly Step[]): Promise<Sighting>;
  close(): Promise<void>;
}

/** Starts a probe on a host. */
export function startProbe(host: TestHost): Probe {
  const [file = '', ...args] = host.on([process.execPath, fileURLToPath(new URL('host-probe.ts', import.meta.url))]);
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async apply(steps) {
      child.stdin.write(`${JSON.stringify(steps)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the probe ended');
      return sightingOf(value);
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

function sightingOf(line: string): Sighting {
  const raw = JSON.parse(line) as {
    refused: [number, string][];
    links: Link[];
    tunnels: [string, [string, string[]][], string[]][];
    neighbours: [string, [string, string][]][];
    addressed: string[];
  };
  return {
    refused: new Map(raw.refused),
    host: {
      links: new Map(raw.links.map((link) => [link.name, link])),
      tunnels: new Map(
        raw.tunnels.map(([name, remotes, pinned]) => [
          name,
          { remotes: new Map(remotes.map(([mac, to]) => [mac, new Set(to)])), pinned: new Set(pinned) },
        ]),
      ),
      neighbours: new Map(raw.neighbours.map(([bridge, of]) => [bridge, new Map(of)])),
      addressed: new Set(raw.addressed),
    },
  };
}
