// The three long-running programs: `up`, `server`, `agent`. Each runs in the foreground until SIGTERM or SIGINT, and leaves the data plane as it is.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { httpLink } from '#agents/http-link.ts';
import type { ServerLink } from '#agents/link.ts';
import { announced } from './announce.ts';
import { type Cloud, openCloud } from './cloud.ts';
import { type Config, ConfigError, loadConfig, options, readGiven } from './config.ts';
import { needRoot, type RunningHost, runHost } from './host.ts';
import { removeAddress, writeAddress } from './state.ts';

/** What the API accepts and no packet feels yet. Printed at every start; the status table of the README says the same. */
const notEnforced =
  "security groups, port security and QoS (every port may send and receive anything), routers and floating IPs, and a network's admin_state_up";

const openLog = ({ log_level, host }: Config): Logger =>
  pino({ level: log_level, base: { host }, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));

/** API, identity and the agents of this host in one process. */
export async function up(args: readonly string[]): Promise<void> {
  const given = loadConfig('up', args);
  // Tunnel networks that no host could carry would leave every port unbound.
  const tunnels = given.local_ip !== undefined || given.network_types !== options.network_types.fallback;
  const config: Config = tunnels ? given : { ...given, network_types: ['local'] };
  needRoot();
  const log = openLog(config);
  await serve(config, log, (cloud, signal) => runHost(config, cloud.hosts.of(config.host), log, signal));
}

/** The API alone. */
export async function server(args: readonly string[]): Promise<void> {
  const config = loadConfig('server', args);
  await serve(config, openLog(config));
}

/** The agents of one host alone. */
export async function agent(args: readonly string[]): Promise<void> {
  const config = loadConfig('agent', args);
  needRoot();
  const log = openLog(config);
  const { signal } = untilStopped();
  const running = await runHost(config, linkOf(config), log, signal);
  void running.joined.then(() => say(`isospin: the agents of ${config.host} have joined ${config.server}`));
  await running.done;
}

async function serve(config: Config, log: Logger, startHost?: (cloud: Cloud, signal: AbortSignal) => Promise<RunningHost>): Promise<void> {
  const { signal, stopped } = untilStopped();
  const cloud = await openCloud(config, log);
  let host: RunningHost | undefined;
  try {
    const url = await cloud.listen();
    host = await startHost?.(cloud, signal);
    await Promise.race([host?.joined, stopped]);
    if (signal.aborted) return;
    // Clients of this machine too: a certificate is for the public name.
    const reached = (config.public_url ?? url).replace(/\/+$/, '');
    writeAddress(config.state, { url: reached, pid: process.pid, embedded: cloud.embedded, ...(host && { host: config.host }) });
    process.stderr.write(`isospin: not enforced yet: ${notEnforced}\n`);
    say(`isospin: ready at ${url}`);
    await stopped;
  } finally {
    stop();
    await host?.done;
    await cloud.close();
    removeAddress(config.state);
  }
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const ending = new AbortController();
const stop = (): void => ending.abort();

/** The first SIGTERM or SIGINT ends the program in good order, the second one at once. */
function untilStopped(): { readonly signal: AbortSignal; readonly stopped: Promise<void> } {
  const { signal } = ending;
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, stop);
  return { signal, stopped: new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })) };
}

/** The link that the configuration describes. Throws {@link ConfigError} when it cannot be used whatever the server says. */
function linkOf({ server: url = '', host, credential = '', ca: caFile, insecure }: Config): ServerLink {
  let secret = readGiven(credential).toString('utf8').trim();
  if (!/^[\x21-\x7e]+$/.test(secret))
    throw new ConfigError(`${credential} does not hold a credential: isospin host add ${host} prints one`);
  const ca = caFile === undefined ? undefined : readGiven(caFile);
  try {
    if (ca !== undefined) new X509Certificate(ca);
  } catch {
    throw new ConfigError(`${caFile} does not hold a certificate (PEM)`);
  }
  /** What is in the file now; while it cannot be read, what was. */
  const current = (): string => {
    try {
      secret = readFileSync(credential, 'utf8').trim() || secret;
    } catch {
      // Being replaced: the next refusal looks again.
    }
    return secret;
  };
  try {
    const link = httpLink({ server: url, host, credential: current, insecure, ...(ca !== undefined && { ca }) });
    return announced(link, { server: url, host, credential }, (line) => void process.stderr.write(`isospin: ${line}\n`));
  } catch (error) {
    throw new ConfigError((error as Error).message.split('\n')[0] ?? 'no link');
  }
}
