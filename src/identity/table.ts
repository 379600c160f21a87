// The few statements that every table with an id needs, from its columns. Used by tables.ts. Column names come from code, values are bound.
import type { Reader, SqlValue, Tx } from '#store/store.ts';

/** One table. `insert` and `update` throw ConstraintViolation when a name is taken or what the row refers to is gone. */
export interface Table<Row> {
  find(reader: Reader, id: string): Promise<Row | undefined>;
  /** Rows equal in every attribute of `filter` that is not undefined, by name. */
  list(reader: Reader, filter: Partial<Row>): Promise<Row[]>;
  /** Those of these ids that are there, by name. */
  listIds(reader: Reader, ids: readonly string[]): Promise<Row[]>;
  insert(tx: Tx, row: Row): Promise<void>;
  update(tx: Tx, row: Row): Promise<void>;
  /** Answers whether there was such a row. */
  remove(tx: Tx, id: string): Promise<boolean>;
}

/** `columns` names every attribute of the row; `id` and `name` must be among them. */
export function table<Row extends { readonly [Column in keyof Row]: SqlValue } & { readonly id: string; readonly name: string }>(
  name: string,
  columns: readonly (keyof Row & string)[],
): Table<Row> {
  const select = `SELECT ${columns.join(', ')} FROM ${name}`;
  const insert = `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
  const update = `UPDATE ${name} SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`;
  const values = (row: Row) => columns.map((column): SqlValue => row[column]);
  return {
    find: (reader, id) => reader.get<Row>(`${select} WHERE id = ?`, id),
    list(reader, filter) {
      const used = columns.filter((column) => filter[column] !== undefined);
      const where = used.length === 0 ? '' : ` WHERE ${used.map((column) => `${column} = ?`).join(' AND ')}`;
      return reader.all<Row>(`${select}${where} ORDER BY name, id`, ...used.map((column): SqlValue => filter[column] ?? null));
    },
    listIds: (reader, ids) => reader.all<Row>(`${select} WHERE id ${reader.dialect.inJson} ORDER BY name, id`, JSON.stringify(ids)),
    async insert(tx, row) {
      await tx.run(insert, ...values(row));
    },
    async update(tx, row) {
      await tx.run(update, ...values(row), row.id);
    },
    remove: async (tx, id) => (await tx.run(`DELETE FROM ${name} WHERE id = ?`, id)) > 0,
  };
}
