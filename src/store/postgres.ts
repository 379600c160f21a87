// The Store over PostgreSQL, for clouds with more than one server. Opened by src/main when a connection string is configured.
// READ COMMITTED is enough and right: constraints and compare-and-set updates referee every race, not what was read before; a stricter
// level would turn each meeting on a busy row (a quota, a range of free addresses) into a retry instead of a short wait.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { postgresDialect } from './dialect.ts';
import { type Fate, fateOf, postgresError } from './postgres-errors.ts';
import { type SqlValue, type Store, StoreUnavailable, type Tx } from './store.ts';

export interface PostgresOptions {
  /** Connections for transactions and for reads: two pools, so that transactions can never starve the reads they may wait for. */
  readonly writers?: number;
  readonly readers?: number;
  /** How often a transaction is tried that conflicts with others, or whose connection broke before the commit. */
  readonly tries?: number;
}

/** A statement runs this long at most, and a transaction idles this long at most, milliseconds. A forgotten one would hold up the journal. */
const STATEMENT_MS = 30_000;
const IDLE_MS = 30_000;
/** Texts that are kept prepared on every connection; further ones are parsed each time. */
const STATEMENTS = 1_000;

/** What the statements of one transaction share: once `doom` is set, each further one rejects with it. */
interface Scope {
  doom: Error | undefined;
  fate: Fate;
}

/** Opens a pool on the database named by a connection string (URL form). Connects at the first use. */
export function openPostgres(connectionString: string, options: PostgresOptions = {}): Store {
  const { writers = 10, readers = 6, tries = 10 } = options;
  const writing = openPool(connectionString, writers);
  const reading = openPool(connectionString, readers);
  let closed = false;

  async function transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return again(tries, async (scope) => {
      if (closed) throw new StoreUnavailable('the database is closed');
      return runOnce(writing, scope, work);
    });
  }

  const rows = async <Row>(sql: string, params: SqlValue[]): Promise<Row[]> =>
    again(3, async (scope) => {
      if (closed) throw new StoreUnavailable('the database is closed');
      try {
        return (await reading.query(statement(sql, params))).rows as Row[];
      } catch (error) {
        scope.fate = fateOf(error);
        throw postgresError(error);
      }
    });

  return {
    dialect: postgresDialect,
    read: {
      dialect: postgresDialect,
      get: async <Row>(sql: string, ...params: SqlValue[]) => (await rows<Row>(sql, params))[0],
      all: <Row>(sql: string, ...params: SqlValue[]) => rows<Row>(sql, params),
    },
    transaction,
    async exec(sql) {
      if (closed) throw new StoreUnavailable('the database is closed');
      try {
        // Several statements in one message are one transaction.
        await writing.query(sql);
      } catch (error) {
        throw postgresError(error);
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([writing.end(), reading.end()]);
    },
  };
}

function openPool(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    // Statements are sent without waiting for the answer to the one before: BEGIN costs no round trip.
    pipeline: true,
    types: { getTypeParser: (oid: number) => parsers.get(oid) ?? String },
    application_name: 'isospin',
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_MS,
    query_timeout: STATEMENT_MS + 5_000,
    idle_in_transaction_session_timeout: IDLE_MS,
  });
  // An idle connection broke: the pool has dropped it already, and the next use opens another.
  pool.on('error', () => undefined);
  return pool;
}

/** Runs `attempt` again, after a pause that grows and varies, while what happened to it says that another try may succeed. */
async function again<T>(tries: number, attempt: (scope: Scope) => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    const scope: Scope = { doom: undefined, fate: 'final' };
    try {
      return await attempt(scope);
    } catch (error) {
      // A broken connection is tried anew a few times only: the server may be gone, and the caller wants to know soon.
      const enough = scope.fate === 'lost' ? Math.min(tries, 3) : tries;
      if (scope.fate === 'final' || count >= enough) throw error;
    }
    await delay(Math.random() * Math.min(400, 10 * 2 ** count));
  }
}

async function runOnce<T>(pool: pg.Pool, scope: Scope, work: (tx: Tx) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    scope.fate = fateOf(error);
    throw postgresError(error);
  });
  let broken = false;
  const onError = () => {
    broken = true;
  };
  client.on('error', onError);
  try {
    // Not awaited: when it fails, so does the next statement.
    client.query('BEGIN').catch(() => undefined);
    const value = await work(txOver(client, scope));
    if (scope.doom !== undefined) throw scope.doom;
    await commit(client, scope);
    return value;
  } catch (error) {
    if (!broken) await client.query('ROLLBACK').catch(onError);
    throw error;
  } finally {
    scope.doom ??= new Error('this transaction is over');
    client.off('error', onError);
    client.release(broken);
  }
}

async function commit(client: pg.PoolClient, scope: Scope): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query('COMMIT'));
  } catch (error) {
    const fate = fateOf(error);
    if (fate === 'lost') {
      throw new StoreUnavailable('the connection to the database broke during a commit: whether the change was made is not known', {
        cause: error,
      });
    }
    scope.fate = fate;
    throw postgresError(error);
  }
  // PostgreSQL answers so when a statement that nobody waited for had failed.
  if (command !== 'COMMIT') throw scope.doom ?? new Error('a statement of this transaction failed and nobody waited for it');
}

function txOver(client: pg.PoolClient, scope: Scope): Tx {
  const send = async (sql: string, params: SqlValue[]): Promise<pg.QueryResult> => {
    if (scope.doom !== undefined) throw scope.doom;
    try {
      return await client.query(statement(sql, params));
    } catch (error) {
      if (scope.doom === undefined) {
        scope.fate = fateOf(error);
        scope.doom = postgresError(error);
      }
      throw scope.doom;
    }
  };
  return {
    dialect: postgresDialect,
    get: async <Row>(sql: string, ...params: SqlValue[]) => (await send(sql, params)).rows[0] as Row | undefined,
    all: async <Row>(sql: string, ...params: SqlValue[]) => (await send(sql, params)).rows as Row[],
    run: async (sql, ...params) => (await send(sql, params)).rowCount ?? 0,
  };
}

const prepared = new Map<string, { readonly name?: string; readonly text: string }>();

/** The statement as pg wants it: `?` numbered, and a name under which each connection keeps it prepared. */
function statement(sql: string, values: SqlValue[]): pg.QueryConfig {
  let known = prepared.get(sql);
  if (known === undefined) {
    const text = numbered(sql);
    if (prepared.size >= STATEMENTS) return { text, values };
    known = { name: `s${prepared.size}`, text };
    prepared.set(sql, known);
  }
  return { ...known, values };
}

/** Writes the n-th `?` as `$n`, except inside quotes and comments. */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\?/g, (token) => (token === '?' ? `$${++count}` : token));
}

function exactNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`);
  return value;
}

/** Values come back as SQLite gives them: numbers, 0 and 1, text. By type oid: int8, int2, int4, float4, float8, numeric, bool. */
const parsers = new Map<number, (text: string) => SqlValue>([
  ...[20, 21, 23, 700, 701, 1700].map((oid) => [oid, exactNumber] as const),
  [16, (text) => (text === 't' ? 1 : 0)],
]);
