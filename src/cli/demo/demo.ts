// `demo`: shows the whole of Isospin on one machine, with real packets. Everything happens inside one throw-away host, in which inside.ts makes the
// others; this is the outside, which tells what they say and ends them. Nothing of it can be left: its files are in memory, and its processes and
// namespaces end with the throw-away host, however this process ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeHost } from '#host/throwaway.ts';
import { ConfigError } from '#main/config.ts';
import { needRoot } from '#main/host.ts';
import { lacking, needTools } from '#main/tools.ts';
import type { Command } from '../command.ts';
import { print, printJson } from '../print.ts';
import type { Said, Shown } from './shown.ts';

/** What the demo and the agents in it run, besides what wiring needs. */
const TOOLS = {
  unshare: { debian: 'util-linux' },
  nsenter: { debian: 'util-linux' },
  dnsmasq: { debian: 'dnsmasq-base' },
  'dbus-daemon': { debian: 'dbus-daemon' },
  udhcpc: { debian: 'udhcpc' },
  ping: { debian: 'iputils-ping' },
  openssl: { debian: 'openssl' },
};
/** All hosts share this setting of the machine: an agent may raise it, and it is put back. */
const INOTIFY = '/proc/sys/fs/inotify/max_user_instances';

export const demo: Command = {
  name: 'demo',
  doc: 'Two projects with the same addresses, on two hosts, with real packets, in throw-away namespaces: shows each step, and leaves nothing behind.',
  options: { json: { doc: 'print the steps as JSON, at the end' } },
  async run(given) {
    needRoot();
    needTools();
    const missing = lacking(TOOLS);
    if (missing !== '') throw new ConfigError(`this machine cannot show the demo: ${missing}`);
    const start = performance.now();
    const json = given.on('json');
    const steps: Shown[] = [];
    const show = (shown: Shown) => {
      steps.push(shown);
      if (!json) printStep(shown);
    };
    const stop = new AbortController();
    const interrupt = () => stop.abort();
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, interrupt);
    const inotify = readFileSync(INOTIFY, 'utf8');
    const world = await makeHost('demo');
    let closing = 0;
    try {
      await tell(
        world.on([process.execPath, ...process.execArgv, fileURLToPath(new URL('inside.ts', import.meta.url))]),
        show,
        stop.signal,
      );
    } finally {
      closing = performance.now();
      await world.close();
      if (readFileSync(INOTIFY, 'utf8') !== inotify) writeFileSync(INOTIFY, inotify);
    }
    const seconds = elapsed(closing);
    const lines = ['no process, namespace, device or file of the demo is left on this machine'];
    show({ number: steps.length + 1, title: 'The throw-away hosts end', seconds, lines, facts: { processes: 0 } });
    if (json) printJson({ steps, seconds: elapsed(start) });
    else print(`\nshown in ${elapsed(start)} s`);
  },
};

const elapsed = (since: number): number => Math.round((performance.now() - since) / 10) / 100;

function printStep({ number, title, seconds, lines }: Shown): void {
  print(`${String(number).padStart(2)}. ${title} (${seconds.toFixed(1)} s)`);
  for (const line of lines) print(`      ${line}`);
}

/** Runs the inside and shows what it says. Throws when it fails, and as soon as `signal` aborts. */
async function tell(argv: readonly string[], show: (shown: Shown) => void, signal: AbortSignal): Promise<void> {
  const interrupted = () => new Error('the demo was interrupted: nothing of it is left');
  if (signal.aborted) throw interrupted();
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnvironment(), detached: true });
  let failure: string | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as Said;
    if ('failure' in said) failure = said.failure;
    else if (!signal.aborted) show(said);
  });
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  const code = await ended(child, signal);
  if (signal.aborted) throw interrupted();
  if (code !== 0) throw new Error(`${failure ?? `the demo broke off: ${complaints.at(-1) ?? `status ${code}`}`}; nothing of it is left`);
}

/** Its exit status; null as soon as `signal` aborts, though it may still run. */
const ended = (child: ChildProcess, signal: AbortSignal): Promise<number | null> =>
  new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
    child.once('error', reject).once('close', (code) => resolve(code));
  });

/** Without what configures an Isospin or a client of this machine: the demo's world has its own. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ISOSPIN|OS)_/.test(name) || name === 'ISOSPIN_DEBUG'));
