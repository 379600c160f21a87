// The configuration of one program: defaults, under the file, under variables, under flags. Whatever is wrong is one line that names the place.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import type { Settings } from '#core/settings.ts';
import { type Config, flagOf, type Key, keysOf, type Option, options, type Program, variableOf } from './options.ts';
import { ConfigError } from './values.ts';

export { type Config, type Key, keysOf, type Option, options, type Program } from './options.ts';
export { ConfigError } from './values.ts';

/** Reads a program's configuration. Throws {@link ConfigError}. */
export function loadConfig(program: Program, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Config {
  const keys = keysOf(program);
  const flags = parseFlags(keys, args);
  checkVariables(env);
  const file = (flags.config ?? env.ISOSPIN_CONFIG) as string | undefined;
  const written = file === undefined ? {} : readFile(file);
  const config: Record<string, unknown> = {};
  for (const key of Object.keys(options) as Key[]) {
    const { fallback, read } = options[key] as Option<unknown>;
    config[key] = fallback;
    const places: [string, unknown][] = [
      [`${file}: ${key}`, written[key]],
      [variableOf(key), env[variableOf(key)] || undefined],
      [`--${flagOf(key)}`, flags[flagOf(key)]],
    ];
    for (const [place, value] of places) {
      if (value === undefined || value === null || !keys.includes(key)) continue;
      try {
        config[key] = read(value);
      } catch (error) {
        throw new ConfigError(`${place} ${(error as Error).message}`);
      }
    }
  }
  return checked(config as unknown as Config, program);
}

function parseFlags(keys: readonly Key[], args: readonly string[]): Record<string, unknown> {
  const spec: Record<string, { type: 'string' | 'boolean'; multiple?: boolean }> = { config: { type: 'string' } };
  for (const key of keys) {
    const one: Option<unknown> = options[key];
    if (one.secret) continue;
    const several = typeof one.fallback === 'object' && key !== 'listen';
    spec[flagOf(key)] = { type: one.value === '' ? 'boolean' : 'string', ...(several && { multiple: true }) };
  }
  try {
    const { values } = parseArgs({ args: [...args], options: spec, strict: true, allowPositionals: false });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]));
  } catch (error) {
    const unknown = /^Unknown option '(?:--)?([^']+)'/.exec((error as Error).message)?.[1];
    if (unknown === undefined) throw new ConfigError((error as Error).message.split('\n')[0] ?? 'bad option');
    throw new ConfigError(`there is no option --${unknown}${hint(unknown, Object.keys(spec), '--')}`);
  }
}

/** A variable that is nearly one of ours is a slip of the pen; any other may be somebody else's. */
function checkVariables(env: NodeJS.ProcessEnv): void {
  const known = [...Object.keys(options), 'config', 'admin_password', 'debug'];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('ISOSPIN_')) continue;
    const key = name.slice('ISOSPIN_'.length).toLowerCase();
    const meant = known.includes(key) ? '' : hint(key, known, 'ISOSPIN_');
    if (meant !== '') throw new ConfigError(`there is no variable ${name}${meant.replace(/ISOSPIN_\w+/, (found) => found.toUpperCase())}`);
  }
}

function readFile(path: string): Record<string, unknown> {
  const text = readGiven(path).toString('utf8');
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new ConfigError(`${path} must hold keys and values`);
  for (const key of Object.keys(content)) {
    if (Object.hasOwn(options, key)) continue;
    const byFlag = (Object.keys(options) as Key[]).find((one) => flagOf(one) === key.replaceAll('_', '-'));
    throw new ConfigError(`${path}: there is no key ${key}${byFlag ? `; do you mean ${byFlag}?` : hint(key, Object.keys(options), '')}`);
  }
  return content as Record<string, unknown>;
}

/** What no single value shows. */
function checked(config: Config, program: Program): Config {
  if ((config.tls_cert === undefined) !== (config.tls_key === undefined)) throw new ConfigError('tls_cert and tls_key go together');
  if (program === 'agent' && config.server === undefined) throw new ConfigError('an agent needs --server URL');
  if (program === 'agent' && config.credential === undefined) throw new ConfigError('an agent needs --credential FILE');
  if (config.keystone !== undefined && config.keystone_password === undefined) {
    throw new ConfigError('keystone needs keystone_password (in the configuration file or as ISOSPIN_KEYSTONE_PASSWORD)');
  }
  return config;
}

/** A file that the configuration names. Throws {@link ConfigError}. */
export function readGiven(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${(error as Error).message.split(',')[0]}`);
  }
}

/** `; do you mean X?` for the nearest known name, when one is near. */
export function hint(name: string, known: readonly string[], prefix: string): string {
  const scored = known.map((other) => [distance(name, other), other] as const).sort(([a], [b]) => a - b);
  const [best] = scored;
  return best !== undefined && best[0] <= Math.max(2, name.length / 3) ? `; do you mean ${prefix}${best[1]}?` : '';
}

/** How many letters must be changed, added or left out (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** What the engine and the rules decide by. */
export function settingsOf(config: Config): Settings {
  return {
    quota: config.quota,
    networkTypes: config.network_types,
    flatNetworks: config.flat_networks,
    vlanRanges: new Map(Object.entries(config.vlan_ranges)),
    tunnelIds: config.tunnel_ids,
    globalPhysnetMtu: config.global_physnet_mtu,
    pathMtu: config.path_mtu,
    dnsDomain: config.dns_domain.endsWith('.') ? config.dns_domain : `${config.dns_domain}.`,
    maxDnsNameservers: config.max_dns_nameservers,
    maxSubnetHostRoutes: config.max_subnet_host_routes,
    maxAllowedAddressPairs: config.max_allowed_address_pair,
    paginationMaxLimit: config.pagination_max_limit,
    quotaCheckLimit: config.quota_check_limit,
    agentDownTime: config.agent_down_time,
    defaultAvailabilityZones: config.default_availability_zones,
    dhcpAgentsPerNetwork: config.dhcp_agents_per_network,
    l3AgentsPerRouter: config.max_l3_agents_per_router,
    dhcpLeaseDuration: config.dhcp_lease_duration,
  };
}
