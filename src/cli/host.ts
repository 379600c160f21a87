// Commands about this host and those that may join: `host add`, `agent show`, `agent plan`, `clean`.
import { existsSync, readFileSync } from 'node:fs';
import { askControl, removeControl } from '#agents/control.ts';
import { hostExecutor } from '#host/apply.ts';
import { runProgram } from '#host/process.ts';
import { stepText } from '#host/steps.ts';
import { addHost } from '#identity/hosts.ts';
import { openMigrated } from '#main/cloud.ts';
import { ConfigError, loadConfig, options } from '#main/config.ts';
import { type HostPlan, type HostView, hostTargets, needRoot } from '#main/host.ts';
import type { Command, Given } from './command.ts';
import { PLUGGED } from './plug.ts';
import { print, printJson, printRows } from './print.ts';

const runOption = {
  'run-directory': { value: 'DIR', doc: `where this host's agents are asked (default ${options.run_directory.fallback})` },
};
const json = { json: { doc: 'print JSON' } };
const runDirectory = (given: Given): string => given.text('run-directory') ?? options.run_directory.fallback;

export const hostAdd: Command = {
  name: 'host add',
  args: 'NAME',
  doc: 'Lets a host join: prints the credential that `isospin agent --credential FILE` needs, this once. A second call gives a new one and ends the old.',
  options: {
    state: { value: 'DIR', doc: `state directory of the server (default ${options.state.fallback})` },
    config: { value: 'FILE', doc: "the server's configuration, where it keeps everything in PostgreSQL" },
    ...json,
  },
  async run(given) {
    const flags = ['state', 'config'].flatMap((name) => (given.text(name) === undefined ? [] : [`--${name}`, String(given.text(name))]));
    const config = loadConfig('server', flags);
    if (config.database === undefined && !existsSync(config.state))
      throw new ConfigError(`no server has run with the state directory ${config.state}`);
    const store = await openMigrated(config);
    try {
      const credential = await addHost(store, given.args[0] ?? '');
      if (given.on('json')) printJson({ host: given.args[0], credential });
      else print(credential);
    } finally {
      await store.close();
    }
  },
};

export const agentShow: Command = {
  name: 'agent show',
  doc: "What this host's agents hold: what is desired, what they reported of it, and what they did so far.",
  options: { ...runOption, ...json },
  async run(given) {
    const view = await asked<HostView>(given, 'show');
    if (given.on('json')) return printJson(view);
    print(`host ${view.host}, process ${view.pid}, cursor ${view.cursor ?? 'none yet'}`);
    for (const [name, counters] of Object.entries(view.loops)) print(`${name}: ${JSON.stringify(counters)}`);
    const reports = new Map(view.reports.map((report) => [report.key, report]));
    const rows = view.desired.map(({ key, digest }) => {
      const report = reports.get(key);
      const state = report === undefined ? 'not reported' : report.digest === digest ? (report.error ?? 'applied') : 'changing';
      return { object: key, digest, state };
    });
    printRows(rows, ['object', 'digest', 'state'], false);
  },
};

export const agentPlan: Command = {
  name: 'agent plan',
  doc: "The steps this host's agents would take now: none when everything is as desired.",
  options: { ...runOption, ...json },
  async run(given) {
    const plans = await asked<readonly HostPlan[]>(given, 'plan');
    if (given.on('json')) return printJson(plans);
    for (const { target, steps, waiting } of plans) {
      print(`${target}: ${steps.length} steps`);
      for (const step of steps) print(`  ${step}`);
      for (const [key, why] of Object.entries(waiting)) print(`  waiting: ${key}: ${why}`);
    }
  },
};

async function asked<T>(given: Given, question: string): Promise<T> {
  const answer = await askControl<T>(runDirectory(given), question);
  if (answer === undefined) throw new Error(`no agents run on this host with the run directory ${runDirectory(given)}`);
  return answer;
}

export const clean: Command = {
  name: 'clean',
  doc: "Removes everything that is Isospin's from this host, and only that: bridges, tunnels, DHCP servers, plugged devices. The database stays, and so do the network namespaces of instances.",
  options: {
    state: { value: 'DIR', doc: `state directory: its server must not be running (default ${options.state.fallback})` },
    ...runOption,
    ...json,
  },
  async run(given) {
    needRoot();
    const state = given.text('state') ?? options.state.fallback;
    const running = runningServer(state);
    if (running !== undefined) throw new ConfigError(`the server of ${state} is running (process ${running}): stop it first`);
    if ((await askControl(runDirectory(given), 'show')) !== undefined)
      throw new ConfigError('the agents of this host are running: stop them first');
    const config = { run_directory: runDirectory(given), physical_networks: {} };
    const removed: string[] = [];
    for (const device of await pluggedDevices()) {
      await runProgram(['ip', 'link', 'del', device]);
      removed.push(`ip link del ${device}`);
    }
    // The plan for a host that must have nothing is the removal of all that is ours.
    for (const target of hostTargets(config)) {
      for (let round = 0; round < 5; round++) {
        const { signal } = new AbortController();
        const { steps } = target.plan(new Map(), await target.observe('all', signal), 'all');
        if (steps.length === 0) break;
        const { failures } = await hostExecutor.apply(steps, signal);
        target.applied?.(steps, failures);
        for (const step of steps) if (!failures.has(step)) removed.push(stepText(step));
        const [first] = failures;
        if (round === 4 && first) throw new Error(`${stepText(first[0])}: ${first[1]}`);
      }
    }
    removeControl(config.run_directory);
    if (given.on('json')) return printJson(removed);
    for (const line of removed) print(line);
    print(removed.length === 0 ? 'nothing of Isospin was on this host' : 'nothing of Isospin is left on this host');
  },
};

/** The process of the server that uses a state directory, if it is running. */
function runningServer(state: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(`${state}/server.json`, 'utf8')) as { pid: number };
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/cli/main.ts') ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function pluggedDevices(): Promise<string[]> {
  const { stdout } = await runProgram(['ip', '-json', 'link', 'show']);
  const links = JSON.parse(stdout || '[]') as { ifname: string; ifalias?: string }[];
  return links.filter(({ ifalias }) => ifalias === PLUGGED).map(({ ifname }) => ifname);
}
