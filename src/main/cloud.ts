// The server's parts, put together from a configuration: store, identity, engine, hosts' interface, HTTP. Used by `up` and `server`.
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { type Hosts, serveHosts } from '#api/hosts.ts';
import { createMetrics } from '#api/metrics.ts';
import { createServer } from '#api/server.ts';
import type { Bus } from '#bus/bus.ts';
import { openMemoryBus } from '#bus/memory.ts';
import { openPostgresBus } from '#bus/postgres.ts';
import { Pipeline } from '#core/pipeline.ts';
import { limitedOf } from '#core/quota.ts';
import { registry } from '#core/registry.ts';
import { statusFollows } from '#desired/reports.ts';
import type { Identity } from '#identity/actor.ts';
import { bootstrap } from '#identity/bootstrap.ts';
import { type EmbeddedIdentity, embeddedIdentity } from '#identity/embedded.ts';
import { keystoneIdentity } from '#identity/keystone.ts';
import { preparePools } from '#ml2/pools.ts';
import { resources } from '#resources/index.ts';
import { pruneJournal } from '#store/journal.ts';
import { migrate } from '#store/migrate.ts';
import { openPostgres } from '#store/postgres.ts';
import { openSqlite } from '#store/sqlite.ts';
import { type Store, StoreUnavailable } from '#store/store.ts';
import { closable } from './closing.ts';
import { type Config, ConfigError, hint, readGiven, settingsOf } from './config.ts';
import { openPolicy } from './policy.ts';
import { databaseFile, firstPassword, forgetPassword, lockState, prepareState } from './state.ts';
import { keepScheduled } from './upkeep.ts';

export interface Cloud {
  readonly app: FastifyInstance;
  readonly pipeline: Pipeline;
  readonly hosts: Hosts;
  readonly embedded: boolean;
  /** Listens; answers the server's address as a URL. Throws {@link ConfigError} when it cannot. */
  listen(): Promise<string>;
  /** Answers what was asked, then lets go of everything. */
  close(): Promise<void>;
}

/** Milliseconds between removals of old journal entries. */
const PRUNE_EVERY = 60_000;

/** Opens everything a server is made of; nothing listens yet. */
export async function openCloud(config: Config, log: Logger): Promise<Cloud> {
  checkQuotas(config);
  const tls = readTls(config);
  const policy = openPolicy(config, (line) => log.warn(line));
  prepareState(config.state);
  const unlock = lockState(config.state);
  const onError = (err: unknown) => log.error({ err }, 'the bus');
  const metrics = createMetrics();
  let opening: Store | undefined;
  let bus: Bus | undefined;
  try {
    const store = (opening = openStore(config, metrics.committed));
    await migrated(store, config);
    bus = config.database === undefined ? openMemoryBus({ onError }) : await openPostgresBus(config.database, { onError });
    const settings = settingsOf(config);
    await store.transaction((tx) => preparePools(tx, settings));
    const { identity, embedded } = await openIdentity(config, store);
    const parts = { store, registry: registry(resources, statusFollows), policy, settings, bus };
    const pipeline = new Pipeline(parts);
    const hosts = serveHosts(pipeline, onError);
    const app = await createServer({
      pipeline,
      identity,
      embedded,
      publicUrl: config.public_url,
      hosts,
      metrics,
      log,
      tls,
      trustProxy: config.trusted_proxies.length > 0 ? config.trusted_proxies : undefined,
    });
    const pruning = setInterval(() => void prune(store, config.journal_keep, log), PRUNE_EVERY);
    pruning.unref();
    const keeping = keepScheduled(pipeline, log);
    const opened = bus;
    const closing = closable(app.server);
    return {
      app,
      pipeline,
      hosts,
      embedded: embedded !== undefined,
      listen: () => listen(app, config),
      async close() {
        clearInterval(pruning);
        await keeping.stop();
        const closed = closing();
        await app.close().finally(closed);
        hosts.close();
        await opened.close();
        await store.close();
        unlock();
      },
    };
  } catch (error) {
    await bus?.close();
    await opening?.close();
    unlock();
    throw error;
  }
}

/** The store alone, brought to this program's version: for commands that write beside a running server. */
export async function openMigrated(config: Config): Promise<Store> {
  prepareState(config.state);
  const store = openStore(config);
  try {
    await migrated(store, config);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Migrates; why a PostgreSQL cannot be used is said in its own words too, which clients never see. */
async function migrated(store: Store, { database }: Config): Promise<void> {
  try {
    await migrate(store);
  } catch (error) {
    const cause = error instanceof StoreUnavailable && database !== undefined ? (error.cause as Error | undefined) : undefined;
    const own = cause?.message || (cause as NodeJS.ErrnoException | undefined)?.code;
    throw own === undefined ? error : new ConfigError(`${(error as Error).message}: ${own.split('\n')[0]}`);
  }
}

const openStore = ({ database, state }: Config, onGroup?: (transactions: number) => void): Store =>
  database === undefined ? openSqlite(databaseFile(state), onGroup ? { onGroup } : {}) : openPostgres(database);

async function openIdentity(config: Config, store: Store): Promise<{ identity: Identity; embedded?: EmbeddedIdentity }> {
  if (config.keystone !== undefined) {
    const { keystone_user: user, keystone_project: project, keystone_domain: domain, keystone_password: password = '' } = config;
    return { identity: keystoneIdentity({ url: config.keystone, user, project, domain, password }) };
  }
  let asked = false;
  const adminPassword = (): string => {
    asked = true;
    return firstPassword(config.state);
  };
  const made = await bootstrap(store, { adminPassword });
  if (asked && !made) forgetPassword(config.state);
  const embedded = await embeddedIdentity(store, { tokenLifetime: config.token_lifetime * 1000 });
  return { identity: embedded, embedded };
}

function checkQuotas({ quota }: Config): void {
  const known = limitedOf(resources.map(({ resource }) => resource)).map(({ name }) => name);
  for (const name of Object.keys(quota)) {
    if (!known.includes(name)) throw new ConfigError(`quota: there is no resource ${name} with a quota${hint(name, known, '')}`);
  }
}

function readTls({ tls_cert, tls_key }: Config): { readonly cert: Buffer; readonly key: Buffer } | undefined {
  if (tls_cert === undefined || tls_key === undefined) return undefined;
  const tls = { cert: readGiven(tls_cert), key: readGiven(tls_key) };
  try {
    createSecureContext(tls);
    return tls;
  } catch (error) {
    const why = (error as Error).message.split(':').at(-1);
    throw new ConfigError(`${tls_cert} and ${tls_key} are no certificate with its key: ${why}`);
  }
}

async function listen(app: FastifyInstance, { listen: at, tls_cert }: Config): Promise<string> {
  try {
    await app.listen(at);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE' ? 'another program listens there' : code === 'EADDRNOTAVAIL' ? 'this machine has no such address' : message;
    throw new ConfigError(`cannot listen on ${at.host}:${at.port}: ${why}`);
  }
  const { port } = app.server.address() as AddressInfo;
  const wildcard = at.host === '0.0.0.0' || at.host === '::';
  const name = wildcard ? '127.0.0.1' : at.host.includes(':') ? `[${at.host}]` : at.host;
  return `${tls_cert === undefined ? 'http' : 'https'}://${name}:${port}`;
}

async function prune(store: Store, keepSeconds: number, log: Logger): Promise<void> {
  try {
    while ((await store.transaction((tx) => pruneJournal(tx, keepSeconds))) > 0);
  } catch (err) {
    log.warn({ err }, 'the journal was not pruned');
  }
}
