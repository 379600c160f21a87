// The attribute language: everything there is to say of one attribute, in one place. Types, validation, policy, filters, SQL, OpenAPI
// and reference pages are derived from what is declared here. Used by resources' schema.ts and by packs; read by the engine.
import type { Dialect } from '#store/store.ts';
import * as convert from './convert.ts';
import type { Resource } from './resource.ts';
import type { Settings } from './settings.ts';
import { rowsOf } from './sql.ts';
import * as check from './validate.ts';

/** A fragment of JSON Schema 2020-12 for the canonical form of a value. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** How a value is kept in its row: bool as 0/1, json as text. */
export type ColumnType = 'text' | 'int' | 'bool' | 'json';

/** What becomes of a row when the one it refers to is deleted. */
export type OnDelete = 'restrict' | 'delete' | 'clear';

export interface AttributeSpec {
  readonly doc: string;
  /** Alias of the extension that brings the attribute; null for the core API. */
  readonly extension: string | null;
  readonly post: boolean;
  readonly put: boolean;
  readonly required: boolean;
  /** The value a create without it gets; undefined leaves the choice to the resource's rules. */
  readonly default: unknown;
  readonly convert: convert.Convert | undefined;
  readonly validate: check.Validate | undefined;
  readonly visible: boolean;
  readonly filter: boolean;
  readonly sort: boolean;
  /** Has rules of its own: `create_port:mac_address`. */
  readonly policy: boolean;
  /** Shown in the tables of the command line. */
  readonly list: boolean;
  readonly column: ColumnType | null;
  /** Name of its column where it is not the attribute's. */
  readonly storedAs: string | undefined;
  /** Computed by the database instead of stored: an expression over the row `r`; `:project` stands for the caller's project. */
  readonly derived: ((dialect: Dialect) => string) | undefined;
  /** How the stored form of a value reads: as {@link ColumnType}, or `digits`: kept as a number, written as text. */
  readonly reads: ColumnType | 'digits';
  /** Made of other attributes when a row is shown, outside the database. */
  readonly computed: Computed | undefined;
  /** For derived booleans that visibility depends on: a SELECT of the ids for which it holds, by index. */
  readonly holdsFor: string | undefined;
  /** The attribute that answers policy rules which ask for this one: what holds of a row may hold for some callers only. */
  readonly ruledBy: string | undefined;
  /** For lists of texts: a table with a row per element, kept in step with the row, by whose index elements are found. */
  readonly keptIn: KeptIn | undefined;
  readonly ref: { readonly resource: string; readonly onDelete: OnDelete } | undefined;
  readonly schema: JsonSchema;
  /** Names the table and column that a list filter looks in when it is not the row's own column: see list.ts. */
  readonly filterSql: FilterSql | undefined;
  /** The filter is asked of no values where a client does not name it. */
  readonly always: boolean;
}

export interface Computed {
  readonly from: readonly string[];
  /** `row` has the attributes named, as far as its reader may know them. */
  readonly value: (row: Readonly<Record<string, unknown>>, settings: Settings) => unknown;
}

export interface KeptIn {
  readonly table: string;
  /** Column that holds the id of the row whose list it is. */
  readonly owner: string;
  readonly value: string;
}

/** Turns filter values into an SQL condition over the row `r`. */
export type FilterSql = (values: readonly string[]) => { readonly sql: string; readonly params: readonly string[] } | undefined;

export type Use = 'required' | 'optional' | 'readonly';

/** An attribute whose value has type V, and whether a create must, may or must not give it. Immutable: every method answers a new one. */
export class Attribute<V, U extends Use> {
  declare readonly value: V;
  declare readonly use: U;
  readonly spec: AttributeSpec;
  constructor(spec: AttributeSpec) {
    this.spec = spec;
  }
  #with<W = V, X extends Use = U>(change: Partial<AttributeSpec>): Attribute<W, X> {
    return new Attribute<W, X>({ ...this.spec, ...change });
  }
  /** May be left out of a create; the resource's rules choose the value. */
  optional(): Attribute<V, 'optional'> {
    return this.#with({ required: false });
  }
  /** May be left out of a create; this value is taken. */
  default(value: V): Attribute<V, 'optional'> {
    return this.#with({ required: false, default: value });
  }
  readOnly(): Attribute<V, 'readonly'> {
    return this.#with({ required: false, post: false, put: false });
  }
  /** May be changed by an update. */
  mutable(): Attribute<V, U> {
    return this.#with({ put: true });
  }
  /** May be set by an update alone. */
  updateOnly(): Attribute<V, 'readonly'> {
    return this.#with({ required: false, post: false, put: true });
  }
  nullable(): Attribute<V | null, U> {
    const { convert: converter, validate, schema } = this.spec;
    return this.#with<V | null, U>({
      convert: converter && convert.orNull(converter),
      validate: validate && check.orNull(validate),
      schema: { anyOf: [schema, { type: 'null' }] },
    });
  }
  filter(how?: FilterSql): Attribute<V, U> {
    return this.#with({ filter: true, filterSql: how });
  }
  /** Of an attribute that tells rows of one name apart: its filter also chooses the row where a client does not name it, by no values. */
  always(): Attribute<V, U> {
    return this.#with({ always: true });
  }
  sort(): Attribute<V, U> {
    return this.#with({ sort: true });
  }
  list(): Attribute<V, U> {
    return this.#with({ list: true });
  }
  storedAs(column: string): Attribute<V, U> {
    return this.#with({ storedAs: column });
  }
  /** Policy rules that ask for it are answered by the attribute named, which knows who the caller is. */
  ruledBy(name: string): Attribute<V, U> {
    return this.#with({ ruledBy: name });
  }
  /** Gets rules of its own beside the resource's. */
  policy(): Attribute<V, U> {
    return this.#with({ policy: true });
  }
  /** Accepted, never answered. */
  hidden(): Attribute<V, U> {
    return this.#with({ visible: false });
  }
  /**
   * Of a list of texts: its elements also stand in a table of their own (columns `owner` and `value`), so that filters and references go by
   * its index.
   */
  keptIn(table: string, owner: string, value: string): Attribute<V, U> {
    return this.#with({ keptIn: { table, owner, value } });
  }
  ref(resource: string, onDelete: OnDelete): Attribute<V, U> {
    return this.#with({ ref: { resource, onDelete } });
  }
  /** Not stored, never answered: input for the rules. */
  virtual(): Attribute<V, U> {
    return this.#with({ column: null });
  }
  derived(sql: string | ((dialect: Dialect) => string), holdsFor?: string): Attribute<V, U> {
    return this.#with({ column: null, derived: typeof sql === 'string' ? () => sql : sql, holdsFor });
  }
  computed(from: readonly string[], value: Computed['value']): Attribute<V, U> {
    return this.#with({ column: null, computed: { from, value } });
  }
  convert(converter: convert.Convert): Attribute<V, U> {
    return this.#with({ convert: converter });
  }
  validate(validator: check.Validate): Attribute<V, U> {
    return this.#with({ validate: validator });
  }
  extension(alias: string): Attribute<V, U> {
    return this.#with({ extension: alias });
  }
}

export type AnyAttribute = Attribute<unknown, Use>;
export type Attributes = Readonly<Record<string, AnyAttribute>>;

/** The row as the API shows it. */
export type Row<A extends Attributes> = { -readonly [K in keyof A]: A[K]['value'] };
type KeysOf<A extends Attributes, U extends Use> = { [K in keyof A]: A[K]['use'] extends U ? K : never }[keyof A];
/** What a create hands to the rules: required attributes and defaults are there, the rest may be. */
export type Create<A extends Attributes> = { [K in KeysOf<A, 'required'>]: A[K]['value'] } & {
  [K in KeysOf<A, 'optional'>]?: A[K]['value'];
};
/** What an update hands to the rules: only what the client gave. */
export type Update<A extends Attributes> = { -readonly [K in keyof A]?: A[K]['value'] };

const plain: AttributeSpec = {
  doc: '',
  extension: null,
  post: true,
  put: false,
  required: true,
  default: undefined,
  convert: undefined,
  validate: undefined,
  visible: true,
  filter: false,
  sort: false,
  policy: false,
  list: false,
  column: 'text',
  storedAs: undefined,
  derived: undefined,
  computed: undefined,
  reads: 'text',
  holdsFor: undefined,
  ruledBy: undefined,
  keptIn: undefined,
  ref: undefined,
  schema: { type: 'string' },
  filterSql: undefined,
  always: false,
};

const make = <V>(doc: string, change: Partial<AttributeSpec>): Attribute<V, 'required'> =>
  new Attribute<V, 'required'>({ ...plain, doc, reads: change.column ?? 'text', ...change });

/** A row as the API shows it, or only the attributes named. */
const rowSchema = ({ fields }: Resource, names: readonly string[] | undefined): JsonSchema => {
  const shown = fields.filter((one) => one.visible && (names?.includes(one.name) ?? true));
  const properties = Object.fromEntries(shown.map(({ name, schema }) => [name, schema]));
  return { type: 'object', properties: { ...properties, ...(properties.project_id && { tenant_id: properties.project_id }) } };
};

/** Builders, one per type of value. Each value's canonical form is what its `schema` says. */
export const t = {
  id: (doc: string) => make<string>(doc, { validate: check.uuid, schema: { type: 'string', format: 'uuid' } }),
  name: (doc: string) => make<string>(doc, { validate: check.nameText(255), schema: { type: 'string', maxLength: 255 } }).default(''),
  text: (doc: string, max = 255) => make<string>(doc, { validate: check.text(max), schema: { type: 'string', maxLength: max } }),
  /** Text that nothing is asked of. */
  free: (doc: string) => make<string>(doc, {}),
  bool: (doc: string) => make<boolean>(doc, { column: 'bool', convert: convert.toBoolean, schema: { type: 'boolean' } }),
  int: (doc: string, validate?: check.Validate) =>
    make<number>(doc, { column: 'int', convert: convert.toInt, validate, schema: { type: 'integer' } }),
  /** A whole number, kept as one, that answers write as text. */
  digits: (doc: string, validate: check.Validate = check.nonNegative) =>
    make<string>(doc, {
      column: 'int',
      reads: 'digits',
      convert: (value) => String(convert.toInt(value)),
      validate,
      schema: { type: 'string', pattern: '^[0-9]+$' },
    }),
  oneOf: <const V>(doc: string, values: readonly V[]) => make<V>(doc, { validate: check.oneOf(values), schema: { enum: values } }),
  ip: (doc: string) =>
    make<string>(doc, {
      convert: convert.canonicalIp,
      validate: check.ipAddress,
      schema: { type: 'string', anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] },
    }),
  cidr: (doc: string) => make<string>(doc, { convert: convert.canonicalCidr, validate: check.cidr, schema: { type: 'string' } }),
  mac: (doc: string) =>
    make<string>(doc, {
      convert: convert.sanitizedMac,
      validate: check.mac,
      schema: { type: 'string', pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' },
    }),
  /** A list or object kept as JSON. */
  json: <V>(doc: string, schema: JsonSchema, validate?: check.Validate, converter?: convert.Convert) =>
    make<V>(doc, { column: 'json', validate, convert: converter, schema }),
  /** The rows of another resource that refer to this one by `field`, as the API shows them, or only the attributes named. */
  rows: <A extends Attributes, N extends keyof A & string = keyof A & string>(
    doc: string,
    child: Resource<A>,
    field: keyof A & string,
    names?: readonly N[],
  ) =>
    make<Pick<Row<A>, N>[]>(doc, { column: 'json', schema: { type: 'array', items: rowSchema(child as unknown as Resource, names) } })
      .readOnly()
      .derived((dialect) => rowsOf(child as unknown as Resource, field, names, dialect)),
  /** Seconds-precise UTC: `2026-01-01T00:00:00Z`. */
  time: (doc: string) => make<string>(doc, { schema: { type: 'string', format: 'date-time' } }).readOnly(),
};
