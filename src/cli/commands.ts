// Every command of `isospin`, and how `--help` and the reference page list them. The command line (main.ts) runs them; nothing runs by loading this.
import { keysOf, options, type Program } from '#main/config.ts';
import { flagOf, variableOf } from '#main/options.ts';
import { agent, server, up } from '#main/run.ts';
import { openrc, serverOptions } from './client.ts';
import { type Command, usage } from './command.ts';
import { demo } from './demo/demo.ts';
import { describe } from './describe.ts';
import { agentPlan, agentShow, clean, hostAdd } from './host.ts';
import { plug, unplug } from './plug.ts';
import { print } from './print.ts';

/** Programs that run until they are stopped; their options are the configuration's. */
export const programs: Readonly<Record<Program, { readonly doc: string; run(args: readonly string[]): Promise<void> }>> = {
  up: { doc: 'Runs API, identity and the agents of this host in one process, with SQLite inside.', run: up },
  server: { doc: 'Runs the API and identity alone.', run: server },
  agent: {
    doc: 'Runs the agents of one host alone, for a server elsewhere. While that is away or refuses it, the host keeps what it has and the agents try again.',
    run: agent,
  },
};

const openrcCommand: Command = {
  name: 'openrc',
  doc: 'Prints the OS_* variables for any OpenStack client: `eval "$(isospin openrc)"`. For another user than admin, OS_PASSWORD is yours to set.',
  options: {
    state: serverOptions.state ?? { doc: '' },
    user: { value: 'U', doc: 'user (default admin)' },
    project: { value: 'P', doc: 'project (default admin)' },
  },
  run: async (given) => print(openrc(given)),
};

/** Commands that do one thing and end. */
export const commands: readonly Command[] = [plug, unplug, openrcCommand, hostAdd, agentShow, agentPlan, clean, describe, demo];

/** `isospin --help`. */
export function overview(): string {
  const rows = [
    ...Object.entries(programs).map(([name, { doc }]) => [`${name} [OPTIONS]`, doc] as const),
    ...commands.map((command) => [usage(command), command.doc] as const),
  ];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    'isospin COMMAND [OPTIONS]; each command answers --help',
    '',
    ...rows.map(([left, doc]) => `  ${left.padEnd(width)}  ${doc}`),
  ].join('\n');
}

/** `--help` of a program: the settings it has. */
export function programHelp(name: Program): string {
  const rows: (readonly [string, string])[] = [
    [
      '--config FILE',
      'The configuration, as YAML; every option below is a key of it, with _ for - (--physical is physical_networks). Default: $ISOSPIN_CONFIG.',
    ],
  ];
  for (const key of keysOf(name)) {
    const { doc, value, fallback, fallbackText, secret } = options[key] as (typeof options)['host'];
    const shown = fallbackText ?? (typeof fallback === 'object' ? JSON.stringify(fallback) : String(fallback ?? 'none'));
    const left = secret ? `${key}: (file) or ${variableOf(key)}` : `--${flagOf(key)}${value ? ` ${value}` : ''}`;
    rows.push([left, `${doc} Default: ${shown}.`]);
  }
  const width = Math.max(...rows.map(([left]) => left.length));
  return [`isospin ${name} [OPTIONS]`, '', programs[name].doc, '', ...rows.map(([left, doc]) => `  ${left.padEnd(width)}  ${doc}`)].join(
    '\n',
  );
}
