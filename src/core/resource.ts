// A resource: its attributes, its table, its errors and its rules, and what the engine derives from them once. Declared by
// src/resources/<name>/schema.ts; the engine knows resources only through this.

import type { ConstraintViolation, Reader } from '#store/store.ts';
import type { AttributeSpec, Attributes, Create, JsonSchema, Row, Update } from './attributes.ts';
import type { Caller, Context } from './context.ts';
import { type ApiError, HTTPNotFound } from './errors.ts';

/** Meaning, as opposed to shape: what a resource does inside the transaction of a write. All optional. */
export interface Rules<A extends Attributes> {
  /** Judges a client's create as a whole, one row or many, before the first is made. */
  creating?(context: Context, inputs: readonly Create<A>[]): Promise<void>;
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
  readonly standing?: Standing;
  /**
   * Before a client is shown the item of this name: makes it, where items are there for the asking. What it answers is shown instead. `fields`
   * are those asked for, attributes or not.
   */
  showing?(context: Context, name: string, fields: readonly string[]): Promise<Row<A> | undefined>;
}

/** Rows that a project has without asking, such as its default security group: made when it first lists them, if not before. */
export interface Standing {
  /** Asked before every list: one look-up by index. */
  missing(reader: Reader, projectId: string): Promise<boolean>;
  make(context: Context, projectId: string): Promise<unknown>;
}

/**
 * A resource's word in the changes of another one further down the list, executed in the same transaction: imports go down, effects
 * come up as declarations that `describe` lists.
 */
export interface Follow<A extends Attributes> {
  readonly resource: Resource<A>;
  /** One line: what happens, and when. */
  readonly what: string;
  /** Before the row is stored: refuses. */
  creating?(context: Context, draft: Row<A>): Promise<void>;
  created?(context: Context, row: Row<A>): Promise<void>;
  updated?(context: Context, before: Row<A>, after: Row<A>): Promise<void>;
  /** Before the row goes: refuses, or removes what goes with it. */
  deleting?(context: Context, row: Row<A>): Promise<void>;
  deleted?(context: Context, row: Row<A>): Promise<void>;
}

/** Declares what follows a change of another resource. The declaration knows that one's rows; the engine, which runs all of them, does not. */
export const follow = <A extends Attributes>(declared: Follow<A>): Follow<Attributes> => declared as unknown as Follow<Attributes>;

/**
 * A member call beside the five operations: `PUT /v2.0/routers/:id/add_router_interface`. The row is one the caller sees and, by the rule
 * named like the action, may do this to; unless the action only reads, it is locked for change.
 */
export interface Action<A extends Attributes> {
  readonly resource: Resource<A>;
  /** Last part of the path. */
  readonly name: string;
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** The path goes on with the name of what this is about. */
  readonly about?: boolean;
  /** Of the answer; 200 when left out. A DELETE's is 204. */
  readonly status?: 200 | 201;
  /** One line for its reader. */
  readonly doc: string;
  /** Properties of its body, for its reader; undefined: none. */
  readonly takes?: Readonly<Record<string, JsonSchema>>;
  /** Policy rule; the name when left out. */
  readonly rule?: string;
  /** Answers the whole body. `body` is what the client sent, of whatever shape; `about` what the path ends with. */
  run(context: Context, row: Row<A>, body: unknown, caller: Caller, about: string): Promise<unknown>;
}

/** Declares a member call. The declaration knows its resource's rows; the engine, which serves all of them, does not. */
export const action = <A extends Attributes>(declared: Action<A>): Action<Attributes> => declared as unknown as Action<Attributes>;

/** A resource as it is served: shape, meaning, what it does when others change, and what else can be asked of it. */
export interface Served {
  readonly resource: Resource;
  /** In the order they are run. */
  readonly rules: readonly Rules<Attributes>[];
  readonly follows: readonly Follow<Attributes>[];
  readonly actions: readonly Action<Attributes>[];
}

/** Puts a resource's parts together. Its rules, one or several, know their own rows' type; the engine, which serves all of them, does not. */
export function serve<A extends Attributes>(
  declared: Resource<A>,
  rules: Rules<A> | readonly Rules<A>[] = [],
  follows: readonly Follow<Attributes>[] = [],
  actions: readonly Action<Attributes>[] = [],
): Served {
  return {
    resource: declared as unknown as Resource,
    rules: [rules].flat() as unknown as Rules<Attributes>[],
    follows,
    actions,
  };
}

export interface Declaration<A extends Attributes> {
  /** Names the resource among all others and its policy rules: `create_floatingip_port_forwarding`. */
  readonly name: string;
  /** Singular in bodies, where it is not the name: `port_forwarding`. */
  readonly key?: string;
  readonly collection: string;
  /** Part of the path before the collection that clients may also leave out: `qos`. */
  readonly prefix?: string;
  /** The resource whose items it belongs to in its path, and the attribute set from there. */
  readonly parent?: { readonly resource: string; readonly field: string };
  /** As `parent`, of what policy rules call its `ext_parent` though its path does not. */
  readonly under?: Parent;
  /** Attributes that only a request for one item answers, and the rule which that asks besides. */
  readonly details?: { readonly attributes: readonly string[]; readonly rule: string; readonly refused: () => ApiError };
  /** Attribute that names an item in its path; `id` when left out. */
  readonly item?: string;
  readonly doc: string;
  /** A table, or for what is computed of others `(SELECT …)`, in which `:project` is the caller's project; with a column `id` in any case. */
  readonly table: string;
  readonly attributes: A;
  /** Alias of the extension that brings the resource; null for the core API. */
  readonly extension: string | null;
  /** The generic one when left out. Of a nested resource it also gets the id of the item that the path leads through. */
  readonly notFound?: (name: string, parentId?: string) => ApiError;
  /** What journal entries of this resource touch: `network:<id>`, `host:<name>`. */
  readonly scopes: (row: Row<A>) => readonly string[];
  /** Default quota; undefined: not counted. */
  readonly quota?: number;
  /** How much one row may hold of something, unless its project has a limit of its own by this name. */
  readonly limits?: Readonly<Record<string, number>>;
  /** All when left out; none: it is no client's to see, and has no routes. */
  readonly operations?: readonly Operation[];
  readonly bulk?: boolean;
  /**
   * Creates under one parent, and changes of what is nested in it, wait for each other, and for those of its other children: for what depends on all
   * children at once.
   */
  readonly oneByOne?: boolean;
  /** A page after a marker that the caller does not see is empty, unless the API refuses it with the marker's notFound. */
  readonly lostMarker?: 'notFound';
  /** Refusal when rows that restrict it still refer to a row about to be deleted. */
  readonly inUse?: (id: string, by: string, ids: readonly string[]) => ApiError;
  /** A create under a parent the caller cannot see is the parent's notFound, unless the API says otherwise. */
  readonly foreignParent?: 'forbidden';
  /** An update by whoever sees another project's row and may not change it is forbidden, unless the API says otherwise. */
  readonly foreignUpdate?: 'notFound';
  /** What a unique constraint that refused this row means to a client. */
  readonly conflict?: (row: Row<A>, violation: ConstraintViolation) => ApiError | undefined;
}

export type Operation = 'list' | 'show' | 'create' | 'update' | 'delete';
export const allOperations: readonly Operation[] = ['list', 'show', 'create', 'update', 'delete'];

/** One attribute with what the engine asks of it on every request, looked up once. */
export interface Field extends AttributeSpec {
  readonly name: string;
  /** Column name: if it has none of its own the attribute's, with `:` and `-` as `_`. */
  readonly sqlName: string;
}

export interface Resource<A extends Attributes = Attributes> extends Declaration<A> {
  readonly key: string;
  readonly item: string;
  readonly notFound: (name: string, parentId?: string) => ApiError;
  readonly operations: readonly Operation[];
  readonly fields: readonly Field[];
  readonly field: ReadonlyMap<string, Field>;
  /** Fields kept in columns of the table. */
  readonly columns: readonly Field[];
  /** Lists that have a table of their own beside the row, by which they are found: see `keptIn`. */
  readonly lists: readonly Field[];
  /** Parents that policy rules ask about, by the word they use: `network` of a port is the network of its `network_id`. */
  readonly parents: ReadonlyMap<string, Parent>;
}

export interface Parent {
  readonly resource: string;
  /** The attribute that refers to it. */
  readonly field: string;
}

const HOOKS = ['creating', 'create', 'created', 'update', 'updated', 'delete', 'deleted'] as const;

/** Several rules as one: each hook in the order given. */
export function together(rules: readonly Rules<Attributes>[]): Rules<Attributes> {
  const [only] = rules;
  if (rules.length < 2) return only ?? {};
  const whole: Record<string, (...given: unknown[]) => Promise<void>> = {};
  for (const hook of HOOKS) {
    const parts = rules.filter((one) => one[hook]) as Record<string, (...given: unknown[]) => Promise<void>>[];
    if (parts.length === 0) continue;
    whole[hook] = async (...given) => {
      for (const part of parts) await part[hook]?.(...given);
    };
  }
  const standing = rules.find((one) => one.standing)?.standing;
  const showing = rules.find((one) => one.showing)?.showing;
  return { ...(whole as Rules<Attributes>), ...(standing && { standing }), ...(showing && { showing }) };
}

export type RulesOf<R> = R extends Resource<infer A> ? Rules<A> : never;

/** Declares a resource. The order of its attributes is the order in answers. */
export function resource<const A extends Attributes>(declaration: Declaration<A>): Resource<A> {
  const fields = Object.entries(declaration.attributes).map(([name, attribute]) => ({
    ...attribute.spec,
    name,
    sqlName: attribute.spec.storedAs ?? name.replaceAll(/[:-]/g, '_'),
  }));
  const parents = new Map<string, Parent>();
  for (const { ref, name } of fields)
    if (ref && name === `${ref.resource}_id`) parents.set(ref.resource, { resource: ref.resource, field: name });
  const above = declaration.parent ?? declaration.under;
  if (above) parents.set('ext_parent', above);
  return {
    operations: allOperations,
    bulk: true,
    key: declaration.name,
    item: 'id',
    notFound: () => HTTPNotFound({}),
    ...declaration,
    fields,
    field: new Map(fields.map((field) => [field.name, field])),
    columns: fields.filter((field) => field.column !== null),
    lists: fields.filter((field) => field.keptIn !== undefined),
    parents,
  };
}
