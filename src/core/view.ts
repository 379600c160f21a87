// What one caller may see of one resource: which rows, as SQL, and which attributes. Reduced from the policy once per caller and kept
// as long as the caller's token is.
import type { Actor } from '#identity/actor.ts';
import type { Dialect } from '#store/store.ts';
import { type Policy, type Residual, toSql } from './policy.ts';
import type { Registry } from './registry.ts';
import type { Field, Resource } from './resource.ts';
import { decoder, join, rowsFrom, type Sql, type StoredRow, selection, sql, withProject } from './sql.ts';
import { type Write, writer } from './write.ts';

export interface View {
  /** What is shown. More may be read, to judge, page or compute. */
  readonly fields: readonly Field[];
  readonly computed: readonly Field[];
  /** Shown only where the rule holds for the row; whether it does, the row says under {@link mayOf} the attribute. */
  readonly judged: readonly (readonly [Field, Sql])[];
  /** The same, where SQL cannot tell. */
  readonly conditional: readonly (readonly [Field, Residual])[];
  /** The rule `get_<resource>` as far as it still depends on the row. */
  readonly residual: Residual;
  /** For one row found by id. */
  readonly row: Sql | undefined;
  /** For lists: one index look-up per way of being allowed. Undefined: SQL cannot tell, ask each row. */
  readonly rows: Sql | undefined;
  /** What is read of a row `r`. */
  readonly columns: Sql;
  /** `SELECT … FROM … r`. */
  readonly select: Sql;
  readonly decode: (row: StoredRow) => StoredRow;
  /** A row, as stored or decoded, as JSON text. */
  readonly write: Write;
}

/** The column of a row that says whether an attribute may be shown. */
export const mayOf = ({ name }: Field): string => `may ${name}`;

type Reading = Pick<View, 'columns' | 'select' | 'decode'>;

function once<T>(known: WeakMap<Actor, Map<Resource, T>>, actor: Actor, resource: Resource, make: () => T): T {
  let mine = known.get(actor);
  if (!mine) known.set(actor, (mine = new Map()));
  let found = mine.get(resource);
  if (!found) mine.set(resource, (found = make()));
  return found;
}

export class Views {
  readonly #policy: Policy;
  readonly #registry: Registry;
  readonly #dialect: Dialect;
  readonly #known = new WeakMap<Actor, Map<Resource, View>>();
  readonly #whole = new WeakMap<Actor, Map<Resource, Reading>>();

  constructor(policy: Policy, registry: Registry, dialect: Dialect) {
    this.#policy = policy;
    this.#registry = registry;
    this.#dialect = dialect;
  }

  of(resource: Resource, actor: Actor): View {
    return once(this.#known, actor, resource, () => this.#make(resource, actor));
  }

  /** Everything that rules may ask about a row, shown or not. */
  whole(resource: Resource, actor: Actor): Reading {
    return once(this.#whole, actor, resource, () => this.#reading(resource, actor, resource.fields));
  }

  /**
   * As {@link of}, but only the named attributes are shown, and only what that needs is read: see {@link asAsked}. Unknown and invisible names
   * are passed over.
   */
  narrowed(view: View, resource: Resource, actor: Actor, names: readonly string[]): View {
    const wanted = new Set(names.map((name) => (name === 'tenant_id' ? 'project_id' : name)));
    const fields = view.fields.filter((field) => wanted.has(field.name));
    const conditional = view.conditional.filter(([field]) => wanted.has(field.name));
    const judged = view.judged.filter(([field]) => wanted.has(field.name));
    return { ...view, ...this.#showing(resource, actor, fields, judged), conditional, write: writer(fields, names) };
  }

  /** Of which rows the caller may know the attribute: all, none, or those that a condition names. None as well where SQL cannot say which. */
  knows(resource: Resource, actor: Actor, field: Field): boolean | Sql {
    const rule = `get_${resource.name}:${field.name}`;
    const open = this.#policy.has(rule) ? this.#policy.reduce(rule, actor) : true;
    if (typeof open === 'boolean') return open;
    return toSql(open, resource, (name) => this.#registry.byName(name), actor.projectId) ?? false;
  }

  /** What showing these attributes takes: those that others are computed of, and the id and the item's name, by which rows are judged and paged. */
  #showing(resource: Resource, actor: Actor, fields: readonly Field[], judged: View['judged']) {
    const computed = fields.filter((field) => field.computed);
    const needed = new Set([
      ...fields.map(({ name }) => name),
      ...computed.flatMap((field) => field.computed?.from ?? []),
      'id',
      resource.item,
    ]);
    const read = resource.fields.filter(({ name }) => needed.has(name));
    return { fields, computed, judged, ...this.#reading(resource, actor, read, judged) };
  }

  #reading(resource: Resource, actor: Actor, fields: readonly Field[], judged: View['judged'] = []): Reading {
    const verdicts = judged.map(([field, { text, params }]) => sql(`CASE WHEN ${text} THEN 1 ELSE 0 END AS "${mayOf(field)}"`, ...params));
    const columns = join([withProject(selection(fields, this.#dialect), actor.projectId), ...verdicts], ', ');
    const from = rowsFrom(resource.table, actor.projectId);
    return { columns, select: sql(`SELECT ${columns.text} ${from.text}`, ...columns.params, ...from.params), decode: decoder(fields) };
  }

  #make(resource: Resource, actor: Actor): View {
    const get = `get_${resource.name}`;
    const residual = this.#policy.reduce(get, actor);
    const fields: Field[] = [];
    const judged: [Field, Sql][] = [];
    const conditional: [Field, Residual][] = [];
    const byName = (name: string): Resource | undefined => this.#registry.byName(name);
    for (const field of resource.fields) {
      if (!field.visible) continue;
      const rule = `${get}:${field.name}`;
      const open = this.#policy.has(rule) ? this.#policy.reduce(rule, actor) : true;
      if (open === false) continue;
      fields.push(field);
      // Whoever sees the row by the same rule sees the attribute.
      if (open === true || JSON.stringify(open) === JSON.stringify(residual)) continue;
      const told = toSql(open, resource, byName, actor.projectId);
      if (told) judged.push([field, told]);
      else conditional.push([field, open]);
    }
    const row = toSql(residual, resource, byName, actor.projectId);
    return {
      ...this.#showing(resource, actor, fields, judged),
      conditional,
      residual,
      row,
      rows: row && this.#byIndex(residual, resource, actor, row),
      write: writer(fields),
    };
  }

  /** `a OR b` as a union of two look-ups, because one look-up cannot use two indexes. */
  #byIndex(residual: Residual, resource: Resource, actor: Actor, row: Sql): Sql {
    if (typeof residual === 'boolean' || residual.op !== 'or') return row;
    const byName = (name: string): Resource | undefined => this.#registry.byName(name);
    const ways = residual.of.map((way) => toSql(way, resource, byName, actor.projectId) as Sql);
    const from = rowsFrom(resource.table, actor.projectId);
    const union = join(
      ways.map((way) => sql(`SELECT r.id ${from.text} WHERE ${way.text}`, ...from.params, ...way.params)),
      ' UNION ',
    );
    return sql(`r.id IN (${union.text})`, ...union.params);
  }
}

/** Rows as a client asked for them: without what was read only to judge, page or compute. */
export function asAsked({ fields }: View, rows: readonly StoredRow[], names: readonly string[] = []): void {
  const shown = new Set(fields.map(({ name }) => name));
  if (shown.has('project_id')) shown.add('tenant_id');
  const asked = (name: string): boolean => shown.has(name) && (names.length === 0 || names.includes(name));
  for (const row of rows) for (const name of Object.keys(row)) if (!asked(name)) delete row[name];
}
