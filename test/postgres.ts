// A private PostgreSQL for the tests, and the list of engines they run on. `setup` is vitest's globalSetup: one cluster a run, in a
// temporary directory, reached through a socket that only root and the cluster's user can open. Each `open()` makes a database of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '#store/migrate.ts';
import { openPostgres } from '#store/postgres.ts';
import { openSqlite } from '#store/sqlite.ts';
import type { Store } from '#store/store.ts';

/** Where the running test process finds the cluster that `setup` started. */
const ADDRESS = 'ISOSPIN_TEST_POSTGRES';

export interface PrivatePostgres {
  /** Connection string of the cluster's first database. */
  readonly url: string;
  readonly process: ChildProcess;
  /** Stops the server and removes its directory. */
  stop(): Promise<void>;
}

/** Directory of the server's programs, or why there is none. */
export function findPostgres(): { readonly bin: string } | { readonly missing: string } {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const bin = versions.map((version) => join(root, version, 'bin')).find((path) => existsSync(join(path, 'initdb')));
  return bin === undefined ? { missing: `no PostgreSQL server below ${root} (package postgresql)` } : { bin };
}

/** Starts a cluster of its own. With `fsync` it is as durable as a real one; without, it is fast. */
export async function privatePostgres(bin: string, options: { readonly fsync?: boolean } = {}): Promise<PrivatePostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'isospin-pg-'));
  // PostgreSQL refuses to run as root. The kernel stops the server should this process be killed.
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? ['--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  const wrap = (program: string, ...args: string[]) => [...user, '--pdeathsig=INT', join(bin, program), ...args];
  if (asRoot) {
    const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
    await chown(directory, id('-u'), id('-g'));
  }
  await chmod(directory, 0o700);
  const cluster = join(directory, 'cluster');
  const made = spawnSync(
    'setpriv',
    wrap('initdb', '-D', cluster, '-U', 'postgres', '-A', 'trust', '-N', '--locale=C.UTF-8', '-E', 'UTF8'),
    {
      cwd: '/',
      encoding: 'utf8',
    },
  );
  if (made.status !== 0) {
    rmSync(directory, { recursive: true, force: true });
    throw new Error(`initdb failed: ${made.stderr}`);
  }
  const settings = ['listen_addresses=', `fsync=${options.fsync === true ? 'on' : 'off'}`, 'max_connections=200', 'shared_buffers=32MB'];
  const server = spawn('setpriv', wrap('postgres', '-D', cluster, '-k', directory, ...settings.flatMap((setting) => ['-c', setting])), {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-4_000);
  });
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async () => {
    if (server.exitCode === null) server.kill('SIGINT');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const url = `postgresql:///postgres?host=${encodeURIComponent(directory)}&user=postgres`;
  for (let tries = 0; !(await answers(url)); tries++) {
    if (server.exitCode !== null || tries > 200) {
      await stop();
      throw new Error(`PostgreSQL did not start: ${log}`);
    }
    await delay(50);
  }
  return { url, process: server, stop };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** vitest's globalSetup: starts the run's cluster; answers its teardown. */
export async function setup(): Promise<() => Promise<void>> {
  const found = findPostgres();
  if ('missing' in found) {
    console.warn(`Tests on PostgreSQL are skipped: ${found.missing}`);
    return async () => undefined;
  }
  const cluster = await privatePostgres(found.bin);
  process.env[ADDRESS] = cluster.url;
  return () => cluster.stop();
}

/** A store with every migration, of a test's own. */
export interface OpenEngine {
  readonly store: Store;
  /** File path or connection string: what `reopen` and other processes use. */
  readonly location: string;
  /** Opens the same database once more, as a second process would. The caller closes it. */
  reopen(): Store;
  /** Closes the store and removes the database. */
  remove(): Promise<void>;
}

export interface Engine {
  readonly name: 'sqlite' | 'postgres';
  /** A fresh database; `migrated: false` leaves it empty. */
  open(options?: { readonly migrated?: boolean }): Promise<OpenEngine>;
}

/** The engines this machine can test on, for `describe.each(engines())('$name', …)`. */
export function engines(): readonly Engine[] {
  const url = process.env[ADDRESS];
  return [
    { name: 'sqlite', open: openFreshSqlite },
    ...(url === undefined ? [] : [{ name: 'postgres', open: freshPostgres(url) } as const]),
  ];
}

const openFreshSqlite: Engine['open'] = async ({ migrated = true } = {}) => {
  const directory = mkdtempSync(join(tmpdir(), 'isospin-db-'));
  const location = join(directory, 'state.db');
  const store = openSqlite(location);
  if (migrated) await migrate(store);
  const remove = async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { store, location, reopen: () => openSqlite(location), remove };
};

const freshPostgres =
  (url: string): Engine['open'] =>
  async ({ migrated = true } = {}) => {
    const database = `test_${randomBytes(8).toString('hex')}`;
    await administer(url, `CREATE DATABASE ${database}`);
    const location = url.replace('/postgres?', `/${database}?`);
    const store = openPostgres(location);
    if (migrated) await migrate(store);
    const remove = async () => {
      await store.close();
      await administer(url, `DROP DATABASE ${database} WITH (FORCE)`);
    };
    return { store, location, reopen: () => openPostgres(location), remove };
  };

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
