// One write in progress: the transaction, who asked, and what rules may do to other resources inside it. Made anew for every attempt of
// a transaction; rules receive it and touch the store only through it.
import type { Actor } from '#identity/actor.ts';
import type { SqlValue, Tx } from '#store/store.ts';
import type { Attributes, Create, Row, Update } from './attributes.ts';
import type { Resource } from './resource.ts';
import type { Settings } from './settings.ts';
import type { StoredRow } from './sql.ts';

/** Who asks, and under which request id it is journalled. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

/**
 * What a row is wanted for, and so what nobody else may do to it until commit. `share`: to refer to it; others do not remove it. `change`: others
 * do not change it. `remove`: others do not refer to it either. Whoever needs rows of several resources locks the parent first.
 */
export type Lock = 'none' | 'share' | 'change' | 'remove';

export interface Context extends Caller {
  readonly tx: Tx;
  readonly settings: Settings;
  /** The moment of the write, `2026-01-01T00:00:00Z`. */
  readonly now: string;
  /** A row by id, whoever it belongs to; kept for the transaction. */
  load<A extends Attributes>(resource: Resource<A>, id: string, lock?: Lock): Promise<Row<A> | undefined>;
  /** A row by id that the caller may see; refuses with its notFound when there is none. */
  visible<A extends Attributes>(resource: Resource<A>, id: string, lock?: Lock): Promise<Row<A>>;
  /** Whether a policy rule lets the caller do this to the row. */
  permits<A extends Attributes>(rule: string, resource: Resource<A>, row: Row<A>): Promise<boolean>;
  /** The row as the API shows it to the caller: for the answers of actions. */
  shown<A extends Attributes>(resource: Resource<A>, row: Row<A>): Promise<StoredRow>;
  /** Rows by a condition over `r`, in the order of their ids. */
  find<A extends Attributes>(resource: Resource<A>, where: string, ...params: SqlValue[]): Promise<Row<A>[]>;
  /** As find, for rows that are to be changed or referred to. */
  findLocked<A extends Attributes>(resource: Resource<A>, lock: Lock, where: string, ...params: SqlValue[]): Promise<Row<A>[]>;
  /** Creates as a client would, rules and journal included; neither policy nor quota refuse what the system needs for itself. */
  create<A extends Attributes>(resource: Resource<A>, input: Create<A> & { project_id: string }): Promise<Row<A>>;
  update<A extends Attributes>(resource: Resource<A>, before: Row<A>, changes: Update<A>): Promise<Row<A>>;
  /** Stores changes as they are, past the resource's own rules; followers and journal have their part all the same. */
  store<A extends Attributes>(resource: Resource<A>, before: Row<A>, changes: Update<A>): Promise<Row<A>>;
  delete<A extends Attributes>(resource: Resource<A>, row: Row<A>): Promise<void>;
  /** Whether this very transaction is making the row. */
  isNew(resource: { readonly name: string }, id: string): boolean;
  /** Whether this very transaction is deleting the row. */
  isGoing(resource: { readonly name: string }, id: string): boolean;
  /** Whether the client asks for a change of this very row, or for its removal, and not for something that the row goes along with. */
  isSubject(resource: { readonly name: string }, id: string): boolean;
  /** Writes a journal entry of a kind that is no resource, and wakes its scopes after commit. */
  note(kind: string, id: string, action: string, scopes: readonly string[]): Promise<void>;
}

export type { StoredRow };
