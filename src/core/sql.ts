// Rows and SQL text: what the engine reads and writes of a resource's table. Texts are built once per shape, because the store
// prepares each text once; values always travel as parameters.
import type { Dialect, SqlValue } from '#store/store.ts';
import type { Field, Resource } from './resource.ts';

/** A piece of SQL with its parameters, in order. */
export interface Sql {
  readonly text: string;
  readonly params: readonly SqlValue[];
}

export const sql = (text: string, ...params: SqlValue[]): Sql => ({ text, params });

/** Joins pieces with a separator; parameters keep the order of the text. */
export const join = (pieces: readonly Sql[], separator: string): Sql => ({
  text: pieces.map((piece) => piece.text).join(separator),
  params: pieces.flatMap((piece) => piece.params),
});

/** Fills in `:project`, the caller's project, which derived attributes may depend on. */
export function withProject(text: string, projectId: string): Sql {
  const parts = text.split(':project');
  return { text: parts.join('?'), params: parts.slice(1).map(() => projectId) };
}

/** Where a resource's rows are read. */
export const rowsFrom = (table: string, projectId: string): Sql => withProject(`FROM ${table} r`, projectId);

/** The expression that reads a field of the row `r`. */
export const expression = (field: Field, dialect: Dialect): string => (field.derived ? field.derived(dialect) : `r.${field.sqlName}`);

/** `SELECT` list that names each column as the API does, so that rows come back as answers need them. */
export function selection(fields: readonly Field[], dialect: Dialect): string {
  const readable = fields.filter((field) => field.column !== null || field.derived);
  const read = (field: Field): string =>
    field.reads === 'digits' ? `CAST(${expression(field, dialect)} AS TEXT)` : expression(field, dialect);
  return readable.map((field) => `${read(field)} AS "${field.name}"`).join(', ');
}

/** An expression for the JSON of all rows of `child` whose `field` is the id of the row `r`. */
export function rowsOf(child: Resource, field: string, names: readonly string[] | undefined, dialect: Dialect): string {
  const shown = child.fields.filter((one) => one.visible && (one.column !== null || one.derived) && (names?.includes(one.name) ?? true));
  const of = child.field.get(field);
  if (!of) throw new Error(`${child.name} has no ${field}`);
  const json = ({ name, reads }: Field): string => {
    if (reads === 'bool') return dialect.jsonBool(`c."${name}"`);
    return reads === 'json' ? dialect.json(`c."${name}"`) : `c."${name}"`;
  };
  const values = Object.fromEntries(shown.map((one) => [one.name, json(one)]));
  if (values.project_id !== undefined) values.tenant_id = values.project_id;
  const rows = `SELECT ${selection(shown, dialect)}, r.${of.sqlName} AS row_of FROM ${child.table} r`;
  return `(SELECT ${dialect.jsonArray(dialect.jsonObject(values))} FROM (${rows}) c WHERE c.row_of = r.id)`;
}

export type StoredRow = Record<string, unknown>;

/** Turns a stored row into the API's values in place: 0 and 1 to booleans, JSON text to lists and objects. */
export function decoder(fields: readonly Field[]): (row: StoredRow) => StoredRow {
  const readable = fields.filter((field) => field.column !== null || field.derived);
  const booleans = readable.filter((field) => field.reads === 'bool').map((field) => field.name);
  const json = readable.filter((field) => field.reads === 'json').map((field) => field.name);
  return (row) => {
    for (const name of booleans) if (row[name] !== null) row[name] = row[name] === 1;
    for (const name of json) {
      const text = row[name];
      row[name] = text === '[]' ? [] : text === '{}' ? {} : text === null ? null : JSON.parse(text as string);
    }
    return row;
  };
}

export function encode(field: Field, value: unknown): SqlValue {
  if (field.column === 'bool') return value === null ? null : value ? 1 : 0;
  if (field.reads === 'digits') return value == null ? null : Number(value);
  if (field.column === 'json') return value === null ? null : JSON.stringify(value);
  return (value ?? null) as SqlValue;
}

/** The statements every resource needs, made once per resource and dialect. */
export interface Statements {
  readonly insert: string;
  readonly insertParams: (row: StoredRow) => SqlValue[];
  readonly delete: string;
  /** `UPDATE` of the named fields by id. */
  readonly update: (fields: readonly Field[]) => string;
}

export function statements(resource: Resource): Statements {
  const { table, columns } = resource;
  const updates = new Map<string, string>();
  return {
    insert: `INSERT INTO ${table} (${columns.map((field) => field.sqlName).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    insertParams: (row) => columns.map((field) => encode(field, row[field.name])),
    delete: `DELETE FROM ${table} WHERE id = ?`,
    update: (fields) => {
      const key = fields.map((field) => field.sqlName).join();
      let text = updates.get(key);
      if (text === undefined) {
        text = `UPDATE ${table} SET ${fields.map((field) => `${field.sqlName} = ?`).join(', ')} WHERE id = ?`;
        updates.set(key, text);
      }
      return text;
    },
  };
}
