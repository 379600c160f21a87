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
}

/** A transaction in progress: sees its own writes. */
export interface Tx extends Reader {
  /** Runs one statement; answers the number of rows it changed. */
  run(sql: string, ...params: SqlValue[]): Promise<number>;
  /** Which engine this is, for the few expressions that differ (see dialect.ts). */
  readonly dialect: Dialect;
}

export interface Store {
  readonly dialect: Dialect;
  /** Committed data only, on a connection of its own: a long read never waits for a writer. */
  readonly read: Reader;
  /**
   * Runs `work` in one transaction and answers its result once the commit is durable. When `work` throws, only its own
   * writes are undone. A conflict with another writer (PostgreSQL: serialization failure, deadlock) runs `work` again from the start,
   * so it must not act on anything outside the store.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Several statements, as a migration has them; autocommit. */
  exec(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** The few things that SQLite and PostgreSQL spell differently. */
export interface Dialect {
  readonly name: 'sqlite' | 'postgres';
  /** Column definition of an integer key that the engine numbers upwards and never uses twice. */
  readonly serial: string;
  /** Column type of a 64-bit integer. */
  readonly integer: string;
  /** Column definition that records the writing transaction's number; '' where there is one writer only. */
  readonly xid: string;
  /** `IN (…)` over one parameter that holds a JSON array of strings: `WHERE id ${d.inJson}`. */
  readonly inJson: string;
  /** Tail of a SELECT that locks the rows it found until commit; '' where there is one writer only. */
  readonly forUpdate: string;
}

/** A unique or foreign-key constraint refused a write: the referee of every race. Engines translate their own errors into this. */
export class ConstraintViolation extends Error {
  override readonly name = 'ConstraintViolation';
  readonly kind: 'unique' | 'reference';
  /** Name of the constraint or index on PostgreSQL, `table.column, table.column` on SQLite. */
  readonly constraint: string;
  constructor(kind: 'unique' | 'reference', constraint: string, cause: unknown) {
    super(`${kind} constraint ${constraint}`, { cause });
    this.kind = kind;
    this.constraint = constraint;
  }
}
