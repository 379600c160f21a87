// A list: filters, visibility, order and page as one SQL statement, so that what a caller may not see is neither counted nor paged.
// The query itself is parsed by api/query.ts.
import type { Dialect, Reader, SqlValue } from '#store/store.ts';
import type { KeptIn } from './attributes.ts';
import type { Caller } from './context.ts';
import { ApiError } from './errors.ts';
import { fits } from './input.ts';
import { type Item, itemIs, missing, type Pipeline, unasked, type Within } from './pipeline.ts';
import type { Field, Resource } from './resource.ts';
import { encode, expression, join, rowsFrom, type Sql, type StoredRow, sql, withProject } from './sql.ts';
import { asAsked, type View } from './view.ts';

type Direction = 'asc' | 'desc';
type Order = readonly (readonly [Field, Direction])[];

export interface Query {
  /** Converted values by attribute; several mean any of them. */
  readonly filters: readonly (readonly [Field, readonly unknown[]])[];
  /** Attributes to answer; empty: all. */
  readonly fields: readonly string[];
  readonly sort: Order;
  /** 0: no paging. */
  readonly limit: number;
  /** Means nothing where there are no pages. */
  readonly marker: string | undefined;
  readonly reverse: boolean;
}

/** Rows that one statement reads at most. A longer list is read in several, so that it holds up nobody and never stands whole in memory. */
const BATCH = 2_000;

/** A list as it is read: each batch once there is a reader for it, in the order of the query, as stored. Lists shorter than a batch come as one. */
export interface Found {
  readonly view: View;
  readonly batches: AsyncIterable<{ readonly rows: StoredRow[]; readonly last: boolean }>;
}

/** The rows a query finds, whole: for lists that are known to be short. */
export async function list(pipeline: Pipeline, resource: Resource, caller: Caller, query: Query, within?: Within): Promise<StoredRow[]> {
  const { view, batches } = await find(pipeline, resource, caller, query, { within, decoded: true });
  const rows: StoredRow[] = [];
  for await (const batch of batches) rows.push(...batch.rows);
  asAsked(view, rows, query.fields);
  return rows;
}

export interface How {
  readonly within?: Within | undefined;
  /** With values as the rules have them; else as they are stored, as {@link View.write} takes them. */
  readonly decoded?: boolean;
  readonly batch?: number;
}

export async function find(pipeline: Pipeline, resource: Resource, caller: Caller, query: Query, how: How = {}): Promise<Found> {
  const { within, decoded = false, batch = BATCH } = how;
  const { store, settings } = pipeline.parts;
  const { actor } = caller;
  if (within) await pipeline.enter(resource, caller, within);
  let view = pipeline.views.of(resource, actor);
  if (view.residual !== false) await makeStanding(pipeline, resource, caller, query);
  const details = resource.details?.attributes;
  if (query.fields.length > 0 || details) {
    const names = query.fields.length > 0 ? query.fields : view.fields.map(({ name }) => name);
    view = pipeline.views.narrowed(view, resource, actor, details ? names.filter((name) => !details.includes(name)) : names);
  }
  const conditions: Sql[] = [];
  if (within) conditions.push(sql(`r.${resource.field.get(within.field)?.sqlName} = ?`, within.id));
  for (const [field, values] of query.filters) {
    // What a row hides from the caller is no way to find it.
    const known = pipeline.views.knows(resource, actor, field);
    if (known !== true) conditions.push(known === false ? sql('1 = 0') : known);
    conditions.push(filter(field, values, actor.projectId, store.dialect));
  }
  const asked = new Set(query.filters.map(([field]) => field));
  conditions.push(...resource.fields.filter((field) => !asked.has(field)).flatMap((field) => unasked(field) ?? []));
  if (view.rows && view.rows.text !== '1 = 1') conditions.push(view.rows);
  const limit = bounded(query.limit, settings.paginationMaxLimit);
  const backwards = limit > 0 && query.reverse;
  // Nor does the order of rows tell what they hide.
  const sort = query.sort.filter(([field]) => pipeline.views.knows(resource, actor, field) === true);
  const order = ordering(resource, sort, backwards);
  const keys = order.map(([field]) => column(field, actor.projectId, store.dialect));
  const source = rowsFrom(resource.table, actor.projectId);
  let from: readonly SqlValue[] | undefined;
  if (limit > 0 && query.marker !== undefined && view.residual !== false) {
    const marker = within ? { name: query.marker, within } : query.marker;
    // Where a row stands that the caller may not see is nobody's to learn, nor whether there is one.
    const seen = await pipeline.show(resource, caller, marker, ['id']).catch((error: unknown) => {
      if (resource.lostMarker === 'notFound' || !(error instanceof ApiError) || error.kind !== 'notFound') throw error;
    });
    if (seen) from = await keysOf(store.read, source, resource, marker, keys);
    else conditions.push(sql('1 = 0'));
  }
  const by = join(
    order.map(([field, direction], index) => orderTerm(field, direction, keys[index] as Sql)),
    ', ',
  );
  // By id alone, a row is its own key.
  const extra = order.length > 1 ? keys : [];
  const columns = join([view.columns, ...extra.map(({ text, params }, index) => sql(`${text} AS key${index}`, ...params))], ', ');

  async function* read(): Found['batches'] {
    if (view.residual === false) return yield { rows: [], last: true };
    for (let left = limit > 0 ? limit : Number.POSITIVE_INFINITY; ; ) {
      const size = backwards ? left : Math.min(left, batch);
      const all = from === undefined ? conditions : [...conditions, after(order, keys, from)];
      const where = all.length > 0 ? join(all, ' AND ') : sql('1 = 1');
      const text = `SELECT ${columns.text} ${source.text} WHERE ${where.text} ORDER BY ${by.text} LIMIT ?`;
      const rows = await store.read.all<StoredRow>(text, ...columns.params, ...source.params, ...where.params, ...by.params, size);
      left -= size;
      const end = rows.at(-1);
      const last = rows.length < size || left <= 0 || end === undefined;
      if (!last) from = order.length > 1 ? keys.map((_, index) => end[`key${index}`] as SqlValue) : [end.id as SqlValue];
      if (backwards) rows.reverse();
      if (decoded) rows.forEach(view.decode);
      yield { rows: await pipeline.present(store.read, resource, actor, view, rows), last };
      if (last) return;
    }
  }
  return { view, batches: read() };
}

/** Makes what projects have without asking: the caller's own, or those that an administrator asks for. */
async function makeStanding(pipeline: Pipeline, resource: Resource, caller: Caller, { filters }: Query): Promise<void> {
  const { standing } = pipeline.parts.registry.rules(resource);
  if (!standing) return;
  const [field, asked] = filters.find(([{ name }]) => name === 'project_id') ?? [];
  const projects = field && pipeline.permits(caller, 'context_is_admin') ? asked?.filter((one) => fits(field, one)) : undefined;
  for (const project of new Set((projects as string[] | undefined) ?? [caller.actor.projectId])) {
    if (project === '' || !(await standing.missing(pipeline.parts.store.read, project))) continue;
    await pipeline.write(caller, (work) => standing.make(work, project));
  }
}

/** The page size in force; 0 for all. */
export const bounded = (limit: number, max: number): number => (max <= 0 ? limit : limit <= 0 ? max : Math.min(limit, max));

/** The client's sort keys, then the id, so that every order is total. */
function ordering(resource: Resource, sort: Order, reverse: boolean): Order {
  const id = resource.field.get('id');
  const order: (readonly [Field, Direction])[] = [...sort];
  if (id && !order.some(([field]) => field.name === 'id')) order.push([id, 'asc']);
  return reverse ? order.map(([field, direction]) => [field, direction === 'asc' ? 'desc' : 'asc'] as const) : order;
}

/** Null comes before every value. */
function orderTerm(field: Field, direction: Direction, { text, params }: Sql): Sql {
  const nulls = field.name === 'id' ? '' : direction === 'asc' ? ' NULLS FIRST' : ' NULLS LAST';
  return sql(`${text} ${direction.toUpperCase()}${nulls}`, ...params);
}

/** The value of a field of the row `r`, for use in a condition. */
const column = (field: Field, project: string, dialect: Dialect): Sql => withProject(expression(field, dialect), project);

function filter(field: Field, values: readonly unknown[], project: string, dialect: Dialect): Sql {
  if (field.filterSql) {
    const condition = field.filterSql(values.map(String));
    return condition ? sql(condition.sql, ...condition.params) : sql('1 = 1');
  }
  if (field.keptIn) return elements(field.keptIn, values);
  const { text, params } = column(field, project, dialect);
  const stored = values.filter((value) => value !== null && !isBeyond(field, value)).map((value) => storedForm(field, value));
  const terms: Sql[] = [];
  if (stored.length > 0) terms.push(sql(`${text} IN (${stored.map(() => '?').join(', ')})`, ...params, ...stored));
  if (values.includes(null)) terms.push(sql(`${text} IS NULL`, ...params));
  if (terms.length === 0) return sql('1 = 0');
  const any = join(terms, ' OR ');
  return terms.length === 1 ? any : sql(`(${any.text})`, ...any.params);
}

/** Rows whose list has one of the values. */
const elements = ({ table, owner, value }: KeptIn, values: readonly unknown[]): Sql =>
  sql(`r.id IN (SELECT ${owner} FROM ${table} WHERE ${value} IN (${values.map(() => '?').join(', ')}))`, ...values.map(String));

/** A number that no row can have, because no column can hold it. */
const isBeyond = (field: Field, value: unknown): boolean =>
  (field.reads === 'int' || field.reads === 'digits') && !Number.isSafeInteger(Number(value));

/** What the database holds or computes for a value: booleans as 0 and 1. */
const storedForm = (field: Field, value: unknown): SqlValue => {
  if (!field.derived) return encode(field, value);
  return field.reads === 'bool' ? (value ? 1 : 0) : (value as SqlValue);
};

/** Where a row stands in an order. */
async function keysOf(reader: Reader, source: Sql, resource: Resource, item: Item, keys: readonly Sql[]): Promise<SqlValue[]> {
  const selected = join(
    keys.map(({ text, params }, index) => sql(`${text} AS key${index}`, ...params)),
    ', ',
  );
  const { text, params } = itemIs(resource, item);
  const row = await reader.get<Record<string, SqlValue>>(
    `SELECT ${selected.text} ${source.text} WHERE ${text}`,
    ...selected.params,
    ...source.params,
    ...params,
  );
  if (!row) throw missing(resource, item);
  return keys.map((_, index) => row[`key${index}`] ?? null);
}

/** Rows that come after the one with these keys. */
function after(order: Order, keys: readonly Sql[], values: readonly SqlValue[]): Sql {
  const ways: Sql[] = [];
  const same: Sql[] = [];
  order.forEach(([, direction], index) => {
    const { text, params } = keys[index] as Sql;
    const value = values[index] ?? null;
    const beyond = next(text, params, direction, value);
    if (beyond) ways.push(join([...same, beyond], ' AND '));
    same.push(value === null ? sql(`${text} IS NULL`, ...params) : sql(`${text} = ?`, ...params, value));
  });
  const any = join(ways, ' OR ');
  return sql(`(${any.text || '1 = 0'})`, ...any.params);
}

/** Values strictly beyond this one in the direction given; undefined: there are none. */
function next(text: string, params: readonly SqlValue[], direction: Direction, value: SqlValue): Sql | undefined {
  if (value === null) return direction === 'asc' ? sql(`${text} IS NOT NULL`, ...params) : undefined;
  return direction === 'asc' ? sql(`${text} > ?`, ...params, value) : sql(`(${text} < ? OR ${text} IS NULL)`, ...params, value, ...params);
}
