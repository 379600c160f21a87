// Steps 4 to 7 of a request's way: everything that happens inside one transaction. Implements Context for the rules, so that a write by a
// client and a write by a rule take the same path: rules, row, followers, references, journal.
import { randomUUID } from 'node:crypto';
import type { Actor } from '#identity/actor.ts';
import { appendJournal } from '#store/journal.ts';
import { ConstraintViolation, type SqlValue, type Tx } from '#store/store.ts';
import type { Attributes, Create, Row, Update } from './attributes.ts';
import type { Caller, Context, Lock } from './context.ts';
import { countUsage } from './quota.ts';
import type { Registry } from './registry.ts';
import type { Field, Resource } from './resource.ts';
import type { Settings } from './settings.ts';
import { decoder, encode, type StoredRow, selection, withProject } from './sql.ts';

/** The reading of whole rows, without what only answers need; made once per resource. */
interface Loading {
  readonly select: { readonly text: string; readonly params: readonly SqlValue[] };
  readonly decode: (row: StoredRow) => StoredRow;
  /** Whether it reads other tables too. */
  readonly derives: boolean;
}

/** RFC 3339, whole seconds, UTC. */
export const timestamp = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** Who may see and do what, for the rules to ask. */
export interface Judge {
  visible(work: Work, resource: Resource, id: string, lock: Lock): Promise<StoredRow>;
  permits(work: Work, resource: Resource, row: StoredRow, rule: string): Promise<boolean>;
  shown(work: Work, resource: Resource, row: StoredRow): Promise<StoredRow>;
}

export class Work implements Context {
  readonly tx: Tx;
  readonly actor: Actor;
  readonly requestId: string;
  readonly settings: Settings;
  readonly now: string;
  /** What to wake after the commit. */
  readonly touched = new Set<string>();
  #subject: string | undefined;
  readonly #registry: Registry;
  readonly #judge: Judge;
  readonly #loaded = new Map<string, StoredRow>();
  /** Rows that stay until commit because of a lock taken already. */
  readonly #held = new Set<string>();
  readonly #new = new Set<string>();
  readonly #going = new Set<string>();

  constructor(tx: Tx, cause: Caller, registry: Registry, settings: Settings, judge: Judge) {
    this.tx = tx;
    this.actor = cause.actor;
    this.requestId = cause.requestId;
    this.settings = settings;
    this.now = timestamp(new Date());
    this.#registry = registry;
    this.#judge = judge;
  }

  async load<A extends Attributes>(resource: Resource<A>, id: string, lock: Lock = 'none'): Promise<Row<A> | undefined> {
    const key = `${resource.name}/${id}`;
    const known = this.#loaded.get(key);
    if (known && (lock === 'none' || (lock === 'share' && this.#held.has(key)))) return known as Row<A>;
    const { select, decode, derives } = loading(resource as unknown as Resource, this);
    const locking = this.#locking(lock);
    // A statement that waited for the row sees what it waited for, and other tables as they were before. What is computed of those is read once
    // the row is held.
    const apart = derives && locking !== '';
    if (apart && !(await this.tx.get(`SELECT r.id FROM ${resource.table} r WHERE r.id = ?${locking}`, id))) return undefined;
    const row = await this.tx.get<StoredRow>(`${select.text} WHERE r.id = ?${apart ? '' : locking}`, ...select.params, id);
    if (!row) return undefined;
    this.#loaded.set(key, decode(row));
    if (lock !== 'none') this.#held.add(key);
    return row as Row<A>;
  }

  async visible<A extends Attributes>(resource: Resource<A>, id: string, lock: Lock = 'none'): Promise<Row<A>> {
    return (await this.#judge.visible(this, resource as unknown as Resource, id, lock)) as Row<A>;
  }

  permits<A extends Attributes>(rule: string, resource: Resource<A>, row: Row<A>): Promise<boolean> {
    return this.#judge.permits(this, resource as unknown as Resource, row as StoredRow, rule);
  }

  shown<A extends Attributes>(resource: Resource<A>, row: Row<A>): Promise<StoredRow> {
    return this.#judge.shown(this, resource as unknown as Resource, row as StoredRow);
  }

  find<A extends Attributes>(resource: Resource<A>, where: string, ...params: SqlValue[]): Promise<Row<A>[]> {
    return this.findLocked(resource, 'none', where, ...params);
  }

  async findLocked<A extends Attributes>(resource: Resource<A>, lock: Lock, where: string, ...params: SqlValue[]): Promise<Row<A>[]> {
    const { select, decode, derives } = loading(resource as unknown as Resource, this);
    const locking = this.#locking(lock);
    let [found, asked] = [where, params];
    // As in load.
    const apart = derives && locking !== '';
    if (apart) {
      const held = await this.tx.all<{ id: string }>(
        `SELECT r.id FROM ${resource.table} r WHERE ${where} ORDER BY r.id${locking}`,
        ...params,
      );
      if (held.length === 0) return [];
      [found, asked] = [`r.id ${this.tx.dialect.inJson}`, [JSON.stringify(held.map(({ id }) => id))]];
    }
    const text = `${select.text} WHERE ${found} ORDER BY r.id${apart ? '' : locking}`;
    const rows = await this.tx.all<StoredRow>(text, ...select.params, ...asked);
    return rows.map(decode) as Row<A>[];
  }

  #locking(lock: Lock): string {
    const { forUpdate, forChange, forShare } = this.tx.dialect;
    return lock === 'none' ? '' : ` ${lock === 'remove' ? forUpdate : lock === 'change' ? forChange : forShare}`;
  }

  async create<A extends Attributes>(resource: Resource<A>, input: Create<A> & { project_id: string }): Promise<Row<A>> {
    const values: StoredRow = {};
    for (const field of (resource as unknown as Resource).fields) if (field.default !== undefined) values[field.name] = field.default;
    const row = await this.insert(resource as unknown as Resource, Object.assign(values, input));
    await this.count(resource as unknown as Resource, input.project_id, 1);
    return row as Row<A>;
  }

  /** Stores a new row from canonical values; `values` becomes the row. */
  async insert(resource: Resource, values: StoredRow): Promise<StoredRow> {
    const input = { ...values };
    const row = values;
    row.id ??= randomUUID();
    if (resource.field.has('revision_number')) row.revision_number = 0;
    if (resource.field.has('created_at')) {
      row.created_at = this.now;
      row.updated_at = this.now;
    }
    for (const { name } of resource.lists) row[name] ??= [];
    const rules = this.#registry.rules(resource);
    await rules.create?.(this, row as Row<Attributes>, input as Create<Attributes>);
    for (const follow of this.#registry.follows(resource)) await follow.creating?.(this, row as Row<Attributes>);
    this.#new.add(`${resource.name}/${String(row.id)}`);
    for (const { name } of resource.columns) row[name] ??= null;
    const { insert, insertParams } = this.#registry.statements(resource);
    await this.#refereed(resource, row, () => this.tx.run(insert, ...insertParams(row)));
    this.#loaded.set(`${resource.name}/${String(row.id)}`, row);
    for (const field of resource.lists) await this.#keep(field, String(row.id), [], row[field.name]);
    await rules.created?.(this, row as Row<Attributes>, input as Create<Attributes>);
    for (const follow of this.#registry.follows(resource)) await follow.created?.(this, row as Row<Attributes>);
    await this.#journal(resource, 'create', row, undefined);
    return row;
  }

  async update<A extends Attributes>(resource: Resource<A>, before: Row<A>, changes: Update<A>): Promise<Row<A>> {
    return (await this.change(resource as unknown as Resource, before as StoredRow, { ...changes } as StoredRow)) as Row<A>;
  }

  /** Applies changes to a row that was loaded with its lock. Nothing changes, and nothing is journalled, when every value is as before. */
  async change(resource: Resource, before: StoredRow, changes: StoredRow): Promise<StoredRow> {
    const rules = this.#registry.rules(resource);
    await rules.update?.(this, before as Row<Attributes>, changes as Update<Attributes>);
    return this.#store(resource, before, changes);
  }

  async store<A extends Attributes>(resource: Resource<A>, before: Row<A>, changes: Update<A>): Promise<Row<A>> {
    return (await this.#store(resource as unknown as Resource, before as StoredRow, changes as StoredRow)) as Row<A>;
  }

  async #store(resource: Resource, before: StoredRow, changes: StoredRow): Promise<StoredRow> {
    const rules = this.#registry.rules(resource);
    const fields = resource.columns.filter((field) => Object.hasOwn(changes, field.name) && differs(field, before, changes));
    const virtual = Object.keys(changes).some((name) => resource.field.get(name)?.column === null);
    if (fields.length === 0 && !virtual) return before;
    const after: StoredRow = { ...before, ...changes };
    const stored = [...fields];
    const revision = resource.field.get('revision_number');
    const updated = resource.field.get('updated_at');
    if (revision && updated) {
      after.revision_number = Number(before.revision_number) + 1;
      after.updated_at = this.now;
      stored.push(revision, updated);
    }
    const id = String(before.id);
    // A change of what is kept elsewhere, in a row without a revision, leaves the row as it is.
    if (stored.length > 0) {
      const text = this.#registry.statements(resource).update(stored);
      const changed = await this.#refereed(resource, after, () =>
        this.tx.run(text, ...stored.map((field) => encode(field, after[field.name])), id),
      );
      if (changed === 0) throw resource.notFound(id);
    }
    this.#loaded.set(`${resource.name}/${id}`, after);
    for (const field of resource.lists) if (fields.includes(field)) await this.#keep(field, id, before[field.name], after[field.name]);
    await rules.updated?.(this, before as Row<Attributes>, after as Row<Attributes>);
    for (const follow of this.#registry.follows(resource)) {
      await follow.updated?.(this, before as Row<Attributes>, after as Row<Attributes>);
    }
    await this.#journal(resource, 'update', after, before);
    return after;
  }

  /** Keeps the table of a list's elements in step with the list. */
  async #keep({ keptIn }: Field, id: string, before: unknown, after: unknown): Promise<void> {
    if (!keptIn) return;
    const { table, owner, value } = keptIn;
    const [old, next] = [new Set((before ?? []) as string[]), new Set((after ?? []) as string[])];
    for (const one of old) if (!next.has(one)) await this.tx.run(`DELETE FROM ${table} WHERE ${owner} = ? AND ${value} = ?`, id, one);
    for (const one of next) if (!old.has(one)) await this.tx.run(`INSERT INTO ${table} (${owner}, ${value}) VALUES (?, ?)`, id, one);
  }

  isNew(resource: Pick<Resource, 'name'>, id: string): boolean {
    return this.#new.has(`${resource.name}/${id}`);
  }

  isGoing(resource: Pick<Resource, 'name'>, id: string): boolean {
    return this.#going.has(`${resource.name}/${id}`);
  }

  isSubject(resource: Pick<Resource, 'name'>, id: string): boolean {
    return this.#subject === `${resource.name}/${id}`;
  }

  /** Says which row a client's request is about. */
  about(resource: Pick<Resource, 'name'>, id: string): void {
    this.#subject = `${resource.name}/${id}`;
  }

  /** A constraint is the referee of every race; its verdict in the resource's own words. */
  async #refereed(resource: Resource, row: StoredRow, write: () => Promise<number>): Promise<number> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof ConstraintViolation)) throw error;
      throw resource.conflict?.(row as Row<Attributes>, error) ?? error;
    }
  }

  async delete<A extends Attributes>(resource: Resource<A>, row: Row<A>): Promise<void> {
    await this.remove(resource as unknown as Resource, row as StoredRow);
  }

  async remove(resource: Resource, row: StoredRow): Promise<void> {
    const id = String(row.id);
    this.#going.add(`${resource.name}/${id}`);
    for (const follow of this.#registry.follows(resource)) await follow.deleting?.(this, row as Row<Attributes>);
    const rules = this.#registry.rules(resource);
    await rules.delete?.(this, row as Row<Attributes>);
    for (const { from, field } of this.#registry.references(resource)) await this.#release(resource, id, from, field);
    for (const field of resource.lists) await this.#keep(field, id, row[field.name], []);
    if ((await this.tx.run(this.#registry.statements(resource).delete, id)) === 0) throw resource.notFound(id);
    this.#loaded.delete(`${resource.name}/${id}`);
    await rules.deleted?.(this, row as Row<Attributes>);
    for (const follow of this.#registry.follows(resource)) await follow.deleted?.(this, row as Row<Attributes>);
    await this.count(resource, String(row.project_id ?? ''), -1);
    await this.#journal(resource, 'delete', undefined, row);
  }

  /** Does what a reference says about the row it refers to going away. */
  async #release(resource: Resource, id: string, from: Resource, field: Field): Promise<void> {
    if (field.column === null) return;
    const { keptIn } = field;
    const onDelete = field.ref?.onDelete;
    if (onDelete === 'restrict') {
      const [table, owner, column] = keptIn ? [keptIn.table, keptIn.owner, keptIn.value] : [from.table, 'id', field.sqlName];
      const users = await this.tx.all<{ id: string }>(`SELECT ${owner} AS id FROM ${table} WHERE ${column} = ? LIMIT 10`, id);
      const ids = users.map((user) => user.id);
      if (ids.length > 0 && resource.inUse) throw resource.inUse(id, from.name, ids);
      return;
    }
    const refers = keptIn ? `r.id IN (SELECT ${keptIn.owner} FROM ${keptIn.table} WHERE ${keptIn.value} = ?)` : `r.${field.sqlName} = ?`;
    for (const row of await this.findLocked(from, onDelete === 'delete' ? 'remove' : 'change', refers, id)) {
      if (onDelete === 'delete') await this.remove(from, row as StoredRow);
      else
        await this.change(from, row as StoredRow, {
          [field.name]: keptIn ? (row[field.name] as string[]).filter((one) => one !== id) : null,
        });
    }
  }

  async count(resource: Resource, projectId: string, change: number, limit = -1): Promise<void> {
    if (resource.quota !== undefined && projectId !== '') await countUsage(this.tx, resource, projectId, change, limit);
  }

  async #journal(resource: Resource, action: string, after: StoredRow | undefined, before: StoredRow | undefined): Promise<void> {
    const scopes = new Set<string>();
    if (before) for (const scope of resource.scopes(before as Row<Attributes>)) scopes.add(scope);
    if (after) for (const scope of resource.scopes(after as Row<Attributes>)) scopes.add(scope);
    const row = (after ?? before) as StoredRow;
    await this.#append(resource.name, String(row.id), action, String(row.project_id ?? ''), [...scopes]);
  }

  async note(kind: string, id: string, action: string, scopes: readonly string[]): Promise<void> {
    await this.#append(kind, id, action, this.actor.projectId, scopes);
  }

  async #append(kind: string, id: string, action: string, projectId: string, scopes: readonly string[]): Promise<void> {
    for (const scope of scopes) this.touched.add(scope);
    await appendJournal(this.tx, { requestId: this.requestId, actor: this.actor.userId, projectId, kind, id, action, scopes });
  }
}

function differs(field: Field, before: StoredRow, changes: StoredRow): boolean {
  const [old, next] = [before[field.name], changes[field.name]];
  return field.column === 'json' ? JSON.stringify(old) !== JSON.stringify(next) : old !== next;
}

const loadings = new WeakMap<Resource, Map<string, Loading>>();

/** Whole rows: every column, and the derived booleans that policy rules ask about. */
function loading(resource: Resource, work: Work): Loading {
  const { dialect } = work.tx;
  const key = `${dialect.name} ${work.actor.projectId}`;
  let known = loadings.get(resource);
  if (!known) loadings.set(resource, (known = new Map()));
  let found = known.get(key);
  if (!found) {
    if (known.size > 1000) known.clear();
    const fields = resource.fields.filter((field) => field.column !== null || field.holdsFor !== undefined);
    const { text, params } = withProject(`SELECT ${selection(fields, dialect)} FROM ${resource.table} r`, work.actor.projectId);
    const derives = fields.some((field) => field.derived);
    known.set(key, (found = { select: { text, params }, decode: decoder(fields), derives }));
  }
  return found;
}
