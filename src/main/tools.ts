// The programs of the machine that agents run. Asked at their start, so that what is missing is one line then, and no riddle later.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './values.ts';

interface Tool {
  /** Debian's package. */
  readonly debian: string;
  /** What a host lacks without it, as a sentence goes on; left out where it can do nothing. */
  readonly without?: string;
}

const TOOLS: Readonly<Record<string, Tool>> = {
  ip: { debian: 'iproute2' },
  bridge: { debian: 'iproute2' },
  sysctl: { debian: 'procps' },
  dnsmasq: { debian: 'dnsmasq-base', without: 'this host serves no DHCP' },
  'dbus-daemon': { debian: 'dbus-daemon', without: 'this host serves no DHCP' },
  nft: { debian: 'nftables', without: 'instances can send to services of this host' },
};

/** Lets programs below sbin be found even where the caller's PATH leaves these out, as `su` and cron do. */
export function reachSbin(env: NodeJS.ProcessEnv = process.env): void {
  const path = (env.PATH ?? '').split(':').filter((directory) => directory !== '');
  const more = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter((directory) => !path.includes(directory));
  env.PATH = [...path, ...more].join(':');
}

/** Throws {@link ConfigError} when a program is missing without which no port can be wired; answers a line for what else cannot be done. */
export function needTools(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const missing = Object.entries(TOOLS).filter(([name]) => !found(name, env));
  const wired = missing.filter(([, tool]) => tool.without === undefined);
  if (wired.length > 0) throw new ConfigError(`this host cannot wire networks: ${named(wired)}`);
  const without = [...new Set(missing.map(([, tool]) => tool.without))].join(', and ');
  return missing.length === 0 ? undefined : `${without} until it has them: ${named(missing)}`;
}

/** Those of `tools` that this machine lacks, in words; empty when there are all. */
export const lacking = (tools: Readonly<Record<string, Tool>>, env: NodeJS.ProcessEnv = process.env): string =>
  named(Object.entries(tools).filter(([name]) => !found(name, env)));

const named = (missing: readonly (readonly [string, Tool])[]): string =>
  missing.map(([name, { debian }]) => `${name} is not installed (Debian package ${debian})`).join(', ');

const found = (name: string, { PATH = '' }: NodeJS.ProcessEnv): boolean =>
  PATH.split(':').some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
