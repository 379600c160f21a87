// The Store over node:sqlite. `up` and `server` open it; one process owns the file.
// node:sqlite blocks the event loop at every fsync, so transactions that wait at the same time share one commit: each runs
// in a savepoint of its own, and nobody is answered before the group's COMMIT is on the disk.
import { setTimeout as delay } from 'node:timers/promises';
import { sqliteDialect } from './dialect.ts';
import { isBusy, openReader, openWriter, type SqliteConnection, sqliteError } from './sqlite-connection.ts';
import { type Reader, type SqlValue, type Store, StoreUnavailable, type Tx } from './store.ts';

export interface SqliteOptions {
  /** How long a transaction waits while another process writes to the same file, milliseconds. */
  readonly busyTimeout?: number;
  /** Told after every group how many transactions shared its commit, for the metrics. */
  readonly onGroup?: (transactions: number) => void;
}

/** A group takes in no more than this many transactions, and begins none after it has run this many milliseconds. */
const GROUP_SIZE = 64;
const GROUP_MS = 5;

interface Waiting {
  readonly work: (tx: Tx) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What the statements of one transaction share: once `doom` is set, each further one rejects with it. */
interface Scope {
  doom: Error | undefined;
}

/** Opens or makes the database file at `path`, readable by its owner alone. Throws StoreUnavailable with one clear line. */
export function openSqlite(path: string, options: SqliteOptions = {}): Store {
  const writer = openWriter(path);
  const reader = openReader(path);
  const queue: Waiting[] = [];
  let running = false;
  let closed = false;
  let drained: (() => void) | undefined;

  function transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (closed) return Promise.reject(new StoreUnavailable('the database is closed'));
    return new Promise<T>((resolve, reject) => {
      queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
      if (running) return;
      running = true;
      setImmediate(gather, 0);
    });
  }

  /** Starts a group once a turn of the event loop has brought no further transaction: requests read from the network together commit together. */
  function gather(seen: number): void {
    if (queue.length > seen && queue.length < GROUP_SIZE) {
      setImmediate(gather, queue.length);
      return;
    }
    void runGroup(writer, queue, options).then(() => {
      if (queue.length > 0) {
        setImmediate(gather, 0);
        return;
      }
      running = false;
      drained?.();
    });
  }

  return {
    dialect: sqliteDialect,
    read: readerOver(reader),
    transaction,
    exec: (sql) =>
      transaction(async () => {
        try {
          writer.db.exec(sql);
        } catch (error) {
          throw sqliteError(error);
        }
      }),
    async close() {
      if (closed) return;
      closed = true;
      if (running) await new Promise<void>((resolve) => (drained = resolve));
      reader.db.close();
      writer.db.close();
    },
  };
}

/** Runs the transactions waiting in `queue` as one group, commits, then answers them. Never rejects. */
async function runGroup(writer: SqliteConnection, queue: Waiting[], options: SqliteOptions): Promise<void> {
  const group: { readonly waiting: Waiting; readonly answer: () => void }[] = [];
  try {
    await begin(writer, options.busyTimeout ?? 5_000);
    const watch = watchForStrays();
    const started = performance.now();
    // A transaction that is alone needs no savepoint: the group's own BEGIN is its beginning.
    const alone = queue.length === 1;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const waiting = next;
      const scope: Scope = { doom: undefined };
      try {
        if (!alone) writer.prepare('SAVEPOINT work').run();
        const value = await Promise.race([waiting.work(txOver(writer, scope)), watch.strayed]);
        if (scope.doom !== undefined) throw scope.doom;
        if (!alone) writer.prepare('RELEASE work').run();
        group.push({ waiting, answer: () => waiting.resolve(value) });
      } catch (error) {
        group.push({ waiting, answer: () => waiting.reject(error) });
        // A full or failing disk may make SQLite roll back everything, the neighbours' work as well.
        if (!writer.db.isTransaction) throw error;
        writer.db.exec(alone ? 'ROLLBACK' : 'ROLLBACK TO work; RELEASE work');
      } finally {
        scope.doom = new Error('this transaction is over');
      }
      if (alone || watch.fired() || group.length >= GROUP_SIZE || performance.now() - started > GROUP_MS) break;
    }
    watch.end();
    if (writer.db.isTransaction) writer.prepare('COMMIT').run();
  } catch (error) {
    const failure = sqliteError(error);
    if (writer.db.isTransaction) writer.db.exec('ROLLBACK');
    // Nothing was written. Where not even BEGIN worked, everybody who waits learns why.
    for (const { waiting } of group) waiting.reject(failure);
    if (group.length === 0) for (const waiting of queue.splice(0)) waiting.reject(failure);
    return;
  }
  options.onGroup?.(group.length);
  for (const { answer } of group) answer();
}

/** Begins a transaction; while another process writes, waits its turn without holding up the event loop. */
async function begin(writer: SqliteConnection, busyTimeout: number): Promise<void> {
  const deadline = performance.now() + busyTimeout;
  for (;;) {
    try {
      writer.prepare('BEGIN IMMEDIATE').run();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
      await delay(5);
    }
  }
}

/**
 * Statements answer at once, so a whole group runs before the event loop turns again. When it does turn while a transaction is
 * open, that one waits for something else (a timer, the network, another transaction): it is refused before it holds up the others.
 */
function watchForStrays(): { readonly strayed: Promise<never>; fired(): boolean; end(): void } {
  const { promise: strayed, reject } = Promise.withResolvers<never>();
  strayed.catch(() => undefined);
  let fired = false;
  const turn = setImmediate(() => {
    fired = true;
    reject(new Error('a transaction waited for something other than its own statements'));
  });
  return { strayed, fired: () => fired, end: () => clearImmediate(turn) };
}

function attempt<T>(scope: Scope, statement: () => T): Promise<T> {
  if (scope.doom !== undefined) return Promise.reject(scope.doom);
  try {
    return Promise.resolve(statement());
  } catch (error) {
    scope.doom = sqliteError(error);
    return Promise.reject(scope.doom);
  }
}

function txOver(connection: SqliteConnection, scope: Scope): Tx {
  return {
    dialect: sqliteDialect,
    get: <Row>(sql: string, ...params: SqlValue[]) => attempt(scope, () => connection.prepare(sql).get<Row>(...params)),
    all: <Row>(sql: string, ...params: SqlValue[]) => attempt(scope, () => connection.prepare(sql).all<Row>(...params)),
    run: (sql, ...params) => attempt(scope, () => connection.prepare(sql).run(...params)),
  };
}

function readerOver(connection: SqliteConnection): Reader {
  const answer = async <T>(statement: () => T): Promise<T> => {
    try {
      return statement();
    } catch (error) {
      throw sqliteError(error);
    }
  };
  return {
    dialect: sqliteDialect,
    get: <Row>(sql: string, ...params: SqlValue[]) => answer(() => connection.prepare(sql).get<Row>(...params)),
    all: <Row>(sql: string, ...params: SqlValue[]) => answer(() => connection.prepare(sql).all<Row>(...params)),
  };
}
