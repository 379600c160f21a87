// The command line: `bin/isospin COMMAND`. Finds the command, answers `--help`, and turns whatever goes wrong into one line and a status.
import { ApiError } from '#core/errors.ts';
import { ConfigError, hint, keysOf, options, type Program } from '#main/config.ts';
import { flagOf, variableOf } from '#main/options.ts';
import { agent, server, up } from '#main/run.ts';
import { reachSbin } from '#main/tools.ts';
import { StoreUnavailable } from '#store/store.ts';
import { openrc, serverOptions } from './client.ts';
import { type Command, helpOf, readOptions, usage } from './command.ts';
import { demo } from './demo/demo.ts';
import { describe } from './describe.ts';
import { agentPlan, agentShow, clean, hostAdd } from './host.ts';
import { plug, unplug } from './plug.ts';
import { print } from './print.ts';

/** Programs that run until they are stopped; their options are the configuration's. */
const programs: Readonly<Record<Program, { readonly doc: string; run(args: readonly string[]): Promise<void> }>> = {
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

const commands: readonly Command[] = [plug, unplug, openrcCommand, hostAdd, agentShow, agentPlan, clean, describe, demo];

async function main(argv: readonly string[]): Promise<void> {
  const words = argv.filter((word) => !word.startsWith('-'));
  const [first = '', second = ''] = words;
  const command = commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  const help = argv.includes('--help') || argv.includes('-h');
  if (first === '') {
    if (help) return print(overview());
    throw new ConfigError('say a command: isospin --help lists them');
  }
  if (command) {
    if (help) return print(helpOf(command));
    const skipped = new Set(command.name.split(' '));
    const rest = argv.filter((word) => !skipped.delete(word));
    return command.run(readOptions(command, rest));
  }
  const program = Object.hasOwn(programs, first) ? programs[first as Program] : undefined;
  if (program === undefined) {
    const known = [...Object.keys(programs), ...commands.map(({ name }) => name)];
    throw new ConfigError(`there is no command ${first}${hint([first, second].join(' ').trim(), known, 'isospin ')}`);
  }
  if (help) return print(programHelp(first as Program));
  const at = argv.indexOf(first);
  return program.run([...argv.slice(0, at), ...argv.slice(at + 1)]);
}

function overview(): string {
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

function programHelp(name: Program): string {
  const rows: (readonly [string, string])[] = [
    ['--config FILE', 'The configuration, as YAML; every option below is a key of it (default $ISOSPIN_CONFIG).'],
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

/** Mistakes and refusals are one line; only what nobody foresaw shows where it came from. */
function explain(error: unknown): string {
  if (error instanceof ConfigError || error instanceof ApiError || error instanceof StoreUnavailable) return error.message;
  if (process.env.ISOSPIN_DEBUG) return String((error as Error).stack);
  return (error as Error).message.split('\n')[0] ?? 'failed';
}

// A reader that went away (`isospin describe | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
});
reachSbin();
try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`isospin: ${explain(error)}\n`);
  process.exitCode = 1;
}
