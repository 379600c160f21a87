// A resource: its attributes, its table, its errors and its rules, and what the engine derives from them once. Declared by
// src/resources/<name>/schema.ts; the engine knows resources only through this.

import type { ConstraintViolation } from '#store/store.ts';
import type { AttributeSpec, Attributes, Create, Row, Update } from './attributes.ts';
import type { Context } from './context.ts';
import type { ApiError } from './errors.ts';
import type { Settings } from './settings.ts';

/** Meaning, as opposed to shape: what a resource does inside the transaction of a write. All optional. */
export interface Rules<A extends Attributes> {
  /** Completes what the client gave to the row to store. The engine has set id, project_id, timestamps, revision and defaults. */
  create?(context: Context, draft: Row<A>, input: Create<A>): Promise<void>;
  /** After the row is stored: rows of other tables that refer to it. */
  created?(context: Context, row: Row<A>, input: Create<A>): Promise<void>;
  /** Completes the changes to store in place: they hold what the client gave. Throws to refuse. */
  update?(context: Context, before: Row<A>, changes: Update<A>): Promise<void>;
  updated?(context: Context, before: Row<A>, after: Row<A>): Promise<void>;
  /** Before the row goes: refuses, or removes what goes with it. */
  delete?(context: Context, row: Row<A>): Promise<void>;
  deleted?(context: Context, row: Row<A>): Promise<void>;
}

/**
 * A resource's word in the changes of another one further down the list, executed in the same transaction: imports go down, effects
 * come up as declarations that `describe` lists.
 */
export interface Follow<A extends Attributes> {
  readonly resource: Resource<A>;
  /** One line: what happens, and when. */
  readonly what: string;
  created?(context: Context, row: Row<A>): Promise<void>;
  updated?(context: Context, before: Row<A>, after: Row<A>): Promise<void>;
  /** Before the row goes: refuses, or removes what goes with it. */
  deleting?(context: Context, row: Row<A>): Promise<void>;
  deleted?(context: Context, row: Row<A>): Promise<void>;
}

/** Declares what follows a change of another resource. The declaration knows that one's rows; the engine, which runs all of them, does not. */
export const follow = <A extends Attributes>(declared: Follow<A>): Follow<Attributes> => declared as unknown as Follow<Attributes>;

/** A resource as it is served: shape, meaning, and what it does when others change. */
export interface Served {
  readonly resource: Resource;
  readonly rules: Rules<Attributes>;
  readonly follows: readonly Follow<Attributes>[];
}

/** Puts a resource's parts together. Its rules know their own rows' type; the engine, which serves all of them, does not. */
export function serve<A extends Attributes>(
  declared: Resource<A>,
  rules: Rules<A> = {},
  follows: readonly Follow<Attributes>[] = [],
): Served {
  return {
    resource: declared as unknown as Resource,
    rules: rules as unknown as Rules<Attributes>,
    follows,
  };
}

export interface Declaration<A extends Attributes> {
  readonly name: string;
  readonly collection: string;
  readonly doc: string;
  readonly table: string;
  readonly attributes: A;
  /** Alias of the extension that brings the resource; null for the core API. */
  readonly extension: string | null;
  readonly notFound: (id: string) => ApiError;
  /** What journal entries of this resource touch: `network:<id>`, `host:<name>`. */
  readonly scopes: (row: Row<A>) => readonly string[];
  /** Default quota; undefined: not counted. */
  readonly quota?: number;
  readonly operations?: readonly Operation[];
  readonly bulk?: boolean;
  /** Creates under one parent wait for each other, and for those of its other children: for what depends on all children at once. */
  readonly oneByOne?: boolean;
  /** Refusal when rows that restrict it still refer to a row about to be deleted. */
  readonly inUse?: (id: string, by: string, ids: readonly string[]) => ApiError;
  /** A create under a parent the caller cannot see is the parent's notFound, unless the API says otherwise. */
  readonly foreignParent?: 'forbidden';
  /** What a unique constraint that refused this row means to a client. */
  readonly conflict?: (row: Row<A>, violation: ConstraintViolation) => ApiError | undefined;
  /** Adds what is computed outside the database to a row about to be shown. */
  readonly present?: (row: Row<A>, settings: Settings) => void;
}

export type Operation = 'list' | 'show' | 'create' | 'update' | 'delete';
export const allOperations: readonly Operation[] = ['list', 'show', 'create', 'update', 'delete'];

/** One attribute with what the engine asks of it on every request, looked up once. */
export interface Field extends AttributeSpec {
  readonly name: string;
  /** Column name: the attribute's, with `:` and `-` as `_`. */
  readonly sqlName: string;
}

export interface Resource<A extends Attributes = Attributes> extends Declaration<A> {
  readonly operations: readonly Operation[];
  readonly fields: readonly Field[];
  readonly field: ReadonlyMap<string, Field>;
  /** Fields kept in columns of the table. */
  readonly columns: readonly Field[];
  /** Attributes that refer to a parent whose owner the policy rules ask for: `network` → `network_id`. */
  readonly parents: ReadonlyMap<string, string>;
}

export type RulesOf<R> = R extends Resource<infer A> ? Rules<A> : never;

/** Declares a resource. The order of its attributes is the order in answers. */
export function resource<const A extends Attributes>(declaration: Declaration<A>): Resource<A> {
  const fields = Object.entries(declaration.attributes).map(([name, attribute]) => ({
    ...attribute.spec,
    name,
    sqlName: name.replaceAll(/[:-]/g, '_'),
  }));
  const parents = new Map<string, string>();
  for (const field of fields) if (field.ref && field.name.endsWith('_id')) parents.set(field.ref.resource, field.name);
  return {
    operations: allOperations,
    bulk: true,
    ...declaration,
    fields,
    field: new Map(fields.map((field) => [field.name, field])),
    columns: fields.filter((field) => field.column !== null),
    parents,
  };
}
