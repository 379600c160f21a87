// One connection to a SQLite file: opened safely, statements prepared once, errors in Isospin's own words.
// Used by sqlite.ts, once for writing and once for reading. Everything here is synchronous.
import { closeSync, openSync, statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { ConstraintViolation, type SqlValue, StoreUnavailable } from './store.ts';

/** Prepared statements a connection keeps; beyond it the ones unused for longest are dropped. */
const STATEMENTS = 400;
/** Page cache of one connection, KiB. Modest: the operating system caches the file as well. */
const CACHE_KIB = 8_192;
/** A checkpoint copies the write-ahead log into the file. Rarer than SQLite's 1,000 pages: a page written often is copied once. */
const CHECKPOINT_PAGES = 4_000;
/** Files up to this size, bytes, are checked from end to end when they are opened (about 1 s a GiB). */
const CHECKED_BYTES = 256 * 1024 * 1024;

/** A prepared statement. */
export interface Statement {
  /** Answers the number of rows changed. */
  run(...params: SqlValue[]): number;
  get<Row>(...params: SqlValue[]): Row | undefined;
  all<Row>(...params: SqlValue[]): Row[];
}

export interface SqliteConnection {
  readonly db: DatabaseSync;
  /** The prepared statement of this text, from the cache where it is there. */
  prepare(sql: string): Statement;
}

/** Opens the file that `openWriter` has prepared, for reading only. */
export function openReader(path: string): SqliteConnection {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  db.exec(`PRAGMA case_sensitive_like = ON; PRAGMA cache_size = -${CACHE_KIB};`);
  return { db, prepare: statementCache(db) };
}

/**
 * Opens or makes the file at `path`, readable by its owner alone. Throws StoreUnavailable, one line that names the path, when it cannot be
 * opened, is not a SQLite file or is damaged.
 */
export function openWriter(path: string): SqliteConnection {
  let db: DatabaseSync | undefined;
  try {
    makePrivate(path);
    // The loop must not stand still while another process writes: sqlite.ts waits for its turn by itself.
    db = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
    db.exec(`PRAGMA busy_timeout = 5000; PRAGMA case_sensitive_like = ON; PRAGMA cache_size = -${CACHE_KIB};`);
    const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    if (mode !== 'wal') throw new Error(`its file system cannot hold a write-ahead log (journal mode ${String(mode)})`);
    db.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = 67108864;`);
    if (statSync(path).size <= CHECKED_BYTES) {
      const verdict = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      if (verdict !== 'ok') throw new Error(`it is damaged (${String(verdict).replaceAll(/\s+/g, ' ')}); restore it from a backup`);
    }
    db.exec('PRAGMA busy_timeout = 0;');
    return { db, prepare: statementCache(db) };
  } catch (error) {
    db?.close();
    const translated = sqliteError(error);
    const why = translated instanceof StoreUnavailable ? translated.message : error instanceof Error ? error.message : String(error);
    throw new StoreUnavailable(`Cannot open the database ${path}: ${why}`, { cause: error });
  }
}

/** Makes the file before SQLite does, so that nobody else can ever read it; its log and index files take the same mode. */
function makePrivate(path: string): void {
  try {
    // Only a file that is not there is opened: closing a descriptor of one that is would drop SQLite's locks on it.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Two generations instead of a strict order of use: a hit costs one look-up and moves nothing. */
function statementCache(db: DatabaseSync): (sql: string) => Statement {
  let young = new Map<string, Statement>();
  let old = new Map<string, Statement>();
  return (sql) => {
    const hit = young.get(sql);
    if (hit !== undefined) return hit;
    const statement = old.get(sql) ?? statementOf(db.prepare(sql));
    if (young.size >= STATEMENTS / 2) {
      old = young;
      young = new Map();
    }
    young.set(sql, statement);
    return statement;
  };
}

/**
 * Takes rows as arrays and makes the objects itself: those that node:sqlite makes are dictionaries, in which every look-up costs twice as much, and a
 * list looks up each value of each row several times.
 */
function statementOf(statement: StatementSync): Statement {
  statement.setReturnArrays(true);
  let build: RowBuilder | undefined;
  const row = <Row>(values: unknown): Row => (build ??= rowBuilder(statement.columns().map(({ name }) => name)))(values) as Row;
  return {
    run: (...params) => Number(statement.run(...params).changes),
    get<Row>(...params: SqlValue[]) {
      const values: unknown = statement.get(...params);
      return values === undefined ? undefined : row<Row>(values);
    },
    all: <Row>(...params: SqlValue[]) => (statement.all(...params) as unknown[]).map((values) => row<Row>(values)),
  };
}

type RowBuilder = (values: unknown) => unknown;

/** An object literal as code, so that all rows of a statement have one shape. The names stand in our own SQL. */
function rowBuilder(names: readonly string[]): RowBuilder {
  const members = names.map((name, index) => `${JSON.stringify(name)}: values[${index}]`);
  return new Function('values', `return { ${members.join(', ')} };`) as RowBuilder;
}

/** SQLite's primary result codes that say the database cannot work now, and what to tell about them. */
const unavailable: Readonly<Record<number, string>> = {
  3: 'access to the database file is denied',
  5: 'another process holds the database for too long',
  6: 'another process holds the database for too long',
  7: 'the machine is out of memory',
  8: 'the database file is read-only',
  10: 'the disk that holds the database fails',
  11: 'the database file is damaged; restore it from a backup',
  13: 'the disk that holds the database is full',
  14: 'the database file cannot be opened',
  22: 'the database file is too large for its file system',
  26: 'the file is not a SQLite database',
};

const BUSY = 5;
const CONSTRAINT = 19;
const UNIQUE = new Set([1555, 2067, 2579]);
const FOREIGN_KEY = 787;

function codeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
}

/** Whether another process holds the write lock. */
export function isBusy(error: unknown): boolean {
  return (codeOf(error) & 0xff) === BUSY;
}

/** The error to pass on for one that SQLite threw: ConstraintViolation, StoreUnavailable, or the same. */
export function sqliteError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = codeOf(error);
  if ((code & 0xff) === CONSTRAINT) {
    const named = error.message.replace(/^.*constraint failed:? ?/, '').replace(/^index '(.*)'$/, '$1');
    if (UNIQUE.has(code)) return new ConstraintViolation('unique', named, error);
    if (code === FOREIGN_KEY) return new ConstraintViolation('reference', '', error);
    return error;
  }
  const why = unavailable[code & 0xff];
  if (why !== undefined) return new StoreUnavailable(why, { cause: error });
  if ('code' in error && error.code === 'ERR_INVALID_STATE') return new StoreUnavailable('the database is closed', { cause: error });
  return error;
}
