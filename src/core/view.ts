// What one caller may see of one resource: which rows, as SQL, and which attributes. Reduced from the policy once per caller and kept
// as long as the caller's token is.
import type { Actor } from '#identity/actor.ts';
import type { Dialect } from '#store/store.ts';
import { type Policy, type Residual, toSql } from './policy.ts';
import type { Registry } from './registry.ts';
import type { Field, Resource } from './resource.ts';
import { decoder, join, type Sql, type StoredRow, selection, sql, withProject } from './sql.ts';

export interface View {
  readonly fields: readonly Field[];
  /** Shown only where the rule holds for the row. */
  readonly conditional: readonly (readonly [Field, Residual])[];
  /** The rule `get_<resource>` as far as it still depends on the row. */
  readonly residual: Residual;
  /** For one row found by id. */
  readonly row: Sql | undefined;
  /** For lists: one index look-up per way of being allowed. Undefined: SQL cannot tell, ask each row. */
  readonly rows: Sql | undefined;
  /** `SELECT … FROM … r`. */
  readonly select: Sql;
  readonly decode: (row: StoredRow) => StoredRow;
}

/** Whether a value is added when rows are presented: it is neither stored nor computed by the database. */
export const isPresented = (field: Field): boolean => field.column === null && field.derived === undefined;

type Reading = Pick<View, 'select' | 'decode'>;

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
   * As {@link of}, but only the named attributes are read, and the id, by which rows are judged and paged: see {@link asAsked}. Unknown and
   * invisible names are passed over.
   */
  narrowed(view: View, resource: Resource, actor: Actor, names: readonly string[]): View {
    const wanted = new Set(names.map((name) => (name === 'tenant_id' ? 'project_id' : name))).add('id').add(resource.item);
    // What presenting adds is made of other attributes.
    if (view.fields.some((field) => wanted.has(field.name) && isPresented(field))) return view;
    const fields = view.fields.filter((field) => wanted.has(field.name));
    const conditional = view.conditional.filter(([field]) => wanted.has(field.name));
    return { ...view, fields, conditional, ...this.#reading(resource, actor, fields) };
  }

  /** Of which rows the caller may know the attribute: all, none, or those that a condition names. None as well where SQL cannot say which. */
  knows(resource: Resource, actor: Actor, field: Field): boolean | Sql {
    const rule = `get_${resource.name}:${field.name}`;
    const open = this.#policy.has(rule) ? this.#policy.reduce(rule, actor) : true;
    if (typeof open === 'boolean') return open;
    return toSql(open, resource, (name) => this.#registry.byName(name), actor.projectId) ?? false;
  }

  #reading(resource: Resource, actor: Actor, fields: readonly Field[]): Reading {
    return {
      select: withProject(`SELECT ${selection(fields, this.#dialect)} FROM ${resource.table} r`, actor.projectId),
      decode: decoder(fields),
    };
  }

  #make(resource: Resource, actor: Actor): View {
    const get = `get_${resource.name}`;
    const residual = this.#policy.reduce(get, actor);
    const fields: Field[] = [];
    const conditional: [Field, Residual][] = [];
    for (const field of resource.fields) {
      if (!field.visible) continue;
      const rule = `${get}:${field.name}`;
      const open = this.#policy.has(rule) ? this.#policy.reduce(rule, actor) : true;
      if (open === false) continue;
      fields.push(field);
      // Whoever sees the row by the same rule sees the attribute.
      if (open !== true && JSON.stringify(open) !== JSON.stringify(residual)) conditional.push([field, open]);
    }
    const byName = (name: string): Resource | undefined => this.#registry.byName(name);
    const row = toSql(residual, resource, byName, actor.projectId);
    return {
      fields,
      conditional,
      residual,
      row,
      rows: row && this.#byIndex(residual, resource, actor, row),
      ...this.#reading(resource, actor, fields),
    };
  }

  /** `a OR b` as a union of two look-ups, because one look-up cannot use two indexes. */
  #byIndex(residual: Residual, resource: Resource, actor: Actor, row: Sql): Sql {
    if (typeof residual === 'boolean' || residual.op !== 'or') return row;
    const byName = (name: string): Resource | undefined => this.#registry.byName(name);
    const ways = residual.of.map((way) => toSql(way, resource, byName, actor.projectId) as Sql);
    const union = join(
      ways.map((way) => sql(`SELECT r.id FROM ${resource.table} r WHERE ${way.text}`, ...way.params)),
      ' UNION ',
    );
    return sql(`r.id IN (${union.text})`, ...union.params);
  }
}

/** Rows of a narrowed view as their client asked for them: without what was read only to judge, page or present them. */
export function asAsked(rows: readonly StoredRow[], names: readonly string[]): void {
  if (names.length === 0) return;
  for (const row of rows) for (const name of Object.keys(row)) if (!names.includes(name)) delete row[name];
}
