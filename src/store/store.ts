// What every SQL engine offers to the rest of Isospin. Two implementations: sqlite.ts and postgres.ts.
// Statements are plain SQL with `?` placeholders that both engines understand; text is the cache key, so
// build a statement's text once. Nothing but the store may be awaited inside a transaction: on SQLite many
// transactions share one commit, and waiting for anything else would hold all of them up.

/** A value that can be bound to a placeholder. Booleans are stored as 0 and 1, JSON as text. */
export type SqlValue = string | number | bigint | null;

/** Read access. Rows are plain objects keyed by column name; integers come back as numbers. */
export interface Reader {
  /** The first row, or undefined. */
  get<Row = Record<string, SqlValue>>(sql: string, ...params: SqlValue[]): Promise<Row | undefined>;
  all<Row = Record<string, SqlValue>>(sql: string, ...params: SqlValue[]): Promise<Row[]>;
  /** Which engine this is, for the few expressions that differ (see dialect.ts). */
  readonly dialect: Dialect;
}

/**
 * A transaction in progress: sees its own writes. A statement that fails dooms the transaction on every engine: each later statement
 * rejects with the same error, and so does the transaction, even if `work` swallows it. To find out whether a row was there
 * already, use `ON CONFLICT … DO NOTHING` and the number of rows changed.
 */
export interface Tx extends Reader {
  /** Runs one statement; answers the number of rows it changed. */
  run(sql: string, ...params: SqlValue[]): Promise<number>;
}

export interface Store {
  readonly dialect: Dialect;
  /** Committed data only, on a connection of its own: a long read never waits for a writer. */
  readonly read: Reader;
  /**
   * Runs `work` in one transaction and answers its result once the commit is durable. When `work` throws, only its own
   * writes are undone. A conflict with another writer (PostgreSQL: serialization failure, deadlock) runs `work` again from the start,
   * so it must not act on anything outside the store. On SQLite `work` is refused when it waits for anything but its own Tx.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Runs several statements without parameters, as a migration has them, all or nothing: a transaction of its own. */
  exec(sql: string): Promise<void>;
  /** Waits for the transactions already begun, then lets go of the database; later calls reject. */
  close(): Promise<void>;
}

/** The few things that SQLite and PostgreSQL spell differently. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Column definition of an integer key that the engine numbers upwards and never uses twice. */
  readonly serial: string;
  /** Column type of a 64-bit integer. */
  readonly integer: string;
  /** Tail of a CREATE TABLE whose rows are short and found by their primary key alone: the key then holds the row, and a write touches one page less. */
  readonly keyed: string;
  /** Column definition that records the writing transaction's number; '' where there is one writer only. */
  readonly xid: string;
  /** `IN (…)` over one parameter that holds a JSON array of strings: `WHERE id ${d.inJson}`. */
  readonly inJson: string;
  /** Aggregates an expression over the rows of a group into the text of a JSON array; `[]` where there are none. */
  jsonArray(expression: string): string;
  /** An object of these expressions, for {@link jsonArray}. */
  jsonObject(values: Readonly<Record<string, string>>): string;
  /** Aggregates keys and values over the rows of a group into the text of a JSON object; `{}` where there are none. */
  jsonMap(key: string, value: string): string;
  /** Truth that is stored as 0 and 1, inside JSON. */
  jsonBool(expression: string): string;
  /** JSON that is stored as text, inside JSON. */
  json(expression: string): string;
  /** JSON as the text it would be stored as. */
  jsonText(expression: string): string;
  /** The present moment in UTC as agents' times are kept: `YYYY-MM-DD HH:MM:SS`. */
  readonly now: string;
  /** Tail of a SELECT that locks the rows it found until commit; '' where there is one writer only. */
  readonly forUpdate: string;
  /** As forUpdate, but others may still refer to the rows: they are changed, not removed. */
  readonly forChange: string;
  /** Others may lock the rows so as well, or change them, but not remove them: they are referred to. */
  readonly forShare: string;
}

/** A unique or foreign-key constraint refused a write: the referee of every race. Engines translate their own errors into this. */
export class ConstraintViolation extends Error {
  override readonly name = 'ConstraintViolation';
  readonly kind: 'unique' | 'reference';
  /**
   * Name of the constraint or index on PostgreSQL. On SQLite `table.column, table.column`, or the name of an index over expressions;
   * '' for a foreign key, which SQLite does not name.
   */
  readonly constraint: string;
  constructor(kind: 'unique' | 'reference', constraint: string, cause: unknown) {
    super(`${kind} constraint ${constraint}`, { cause });
    this.kind = kind;
    this.constraint = constraint;
  }
}

/**
 * The database cannot do its work: full disk, damaged file, lost connection, a version this program does not know. Nothing of the
 * transaction that got this error was written, unless the message says that it is not known. `message` is one line, fit to be shown
 * to a client; what the engine said is in `cause`, for the log.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}
