// What a command of `isospin` is, and how its options are read. Every command is an entry of commands.ts; long-running programs read their options
// by main/config.ts instead.
import { parseArgs } from 'node:util';
import { ConfigError, hint } from '#main/config.ts';

export interface CommandOption {
  /** How its value is called in `--help`; left out for a switch. */
  readonly value?: string;
  readonly doc: string;
}

export interface Command {
  /** As typed: `agent plan`. */
  readonly name: string;
  /** Positional arguments as shown: `PORT`. */
  readonly args?: string;
  readonly doc: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  run(given: Given): Promise<void>;
}

/** Options and arguments of one call. */
export interface Given {
  readonly args: readonly string[];
  text(name: string): string | undefined;
  on(name: string): boolean;
}

/** Reads a command's options. Throws {@link ConfigError} that names what is wrong. */
export function readOptions(command: Command, args: readonly string[]): Given {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const wanted = command.args?.split(' ').length ?? 0;
  let read: { values: Record<string, string | boolean | undefined>; positionals: string[] };
  try {
    read = parseArgs({ args: [...args], options, strict: true, allowPositionals: true }) as typeof read;
  } catch (error) {
    const unknown = /^Unknown option '(?:--)?([^']+)'/.exec((error as Error).message)?.[1];
    const why = unknown
      ? `there is no option --${unknown}${hint(unknown, Object.keys(options), '--')}`
      : (error as Error).message.split('\n')[0];
    throw new ConfigError(`${command.name}: ${why}`);
  }
  if (read.positionals.length !== wanted) throw new ConfigError(`usage: isospin ${usage(command)}`);
  return {
    args: read.positionals,
    text: (name) => (typeof read.values[name] === 'string' ? read.values[name] : undefined),
    on: (name) => read.values[name] === true,
  };
}

export const usage = ({ name, args }: Command): string => [name, ...(args ? [args] : []), '[OPTIONS]'].join(' ');

/** `--help` of one command. */
export function helpOf(command: Command): string {
  const rows = Object.entries(command.options).map(([name, { value, doc }]) => [`--${name}${value ? ` ${value}` : ''}`, doc] as const);
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  const lines = rows.map(([left, doc]) => `  ${left.padEnd(width)}  ${doc}`);
  return [`isospin ${usage(command)}`, '', command.doc, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}
