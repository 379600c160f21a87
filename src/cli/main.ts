// The command line: `bin/isospin COMMAND`. Finds the command, answers `--help`, and turns whatever goes wrong into one line and a status.
import { readFileSync } from 'node:fs';
import { ApiError } from '#core/errors.ts';
import { ConfigError, hint, type Program } from '#main/config.ts';
import { reachSbin } from '#main/tools.ts';
import { StoreUnavailable } from '#store/store.ts';
import { helpOf, readOptions } from './command.ts';
import { commands, overview, programHelp, programs } from './commands.ts';
import { print } from './print.ts';

async function main(argv: readonly string[]): Promise<void> {
  const words = argv.filter((word) => !word.startsWith('-'));
  const [first = '', second = ''] = words;
  const command = commands.find(({ name }) => name === `${first} ${second}`) ?? commands.find(({ name }) => name === first);
  const help = argv.includes('--help') || argv.includes('-h');
  if (first === '') {
    if (help) return print(overview());
    if (argv.includes('--version')) return print(version());
    throw new ConfigError('say a command: isospin --help lists them');
  }
  if (command) {
    if (help) return print(helpOf(command));
    const skipped = new Set(command.name.split(' '));
    const rest = argv.filter((word) => !skipped.delete(word));
    return command.run(readOptions(command, rest));
  }
  if (first === 'help') return print(overview());
  // `host`, or `agent shwo`: the first word of commands of two.
  const longer = commands.filter(({ name }) => name.startsWith(`${first} `)).map(({ name }) => `isospin ${name}`);
  const stray = second !== '' && argv[argv.indexOf(first) + 1] === second;
  if (longer.length > 0 && (stray || !Object.hasOwn(programs, first))) {
    throw new ConfigError(`there is no command ${`${first} ${second}`.trim()}: there is ${longer.join(' and ')}`);
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

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;

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
