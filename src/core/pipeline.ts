// A client's write, from body to committed row: shape → permission → quota → meaning → row and journal in one transaction → wake.
// And a client's read of one row. Every route of every resource ends here; lists are in list.ts.

import type { Bus } from '#bus/bus.ts';
import type { Actor } from '#identity/actor.ts';
import { ConstraintViolation, type Reader, type Store } from '#store/store.ts';
import type { Attributes } from './attributes.ts';
import type { Caller, Lock } from './context.ts';
import { type ApiError, errorTable } from './errors.ts';
import { createBodies, type Input, innerBody, parseCreate, parseUpdate, requestErrors } from './input.ts';
import { holds, type Policy, parentsAsked, type Residual, type Target } from './policy.ts';
import { checkRoom } from './quota.ts';
import type { Registry } from './registry.ts';
import type { Action, Field, Resource } from './resource.ts';
import type { Settings } from './settings.ts';
import { join, type Sql, type StoredRow, sql } from './sql.ts';
import { asAsked, mayOf, type View, Views } from './view.ts';
import { type Judge, Work } from './work.ts';

export const accessErrors = errorTable({
  PolicyNotAuthorized: ['forbidden', '{rules} is disallowed by policy'],
  RevisionNumberConstraintFailed: ['preconditionFailed', 'Constrained to {expected}, but current revision is {actual}'],
});

/** The item of a parent that a request's path leads through, as the child's attribute that refers to it. */
export interface Within {
  readonly field: string;
  readonly id: string;
}

/** One item of a resource as its path names it: `/ports/NAME`, or `/floatingips/ID/port_forwardings/NAME`. */
export type Item = string | { readonly name: string; readonly within: Within };

const nameOf = (item: Item): string => (typeof item === 'string' ? item : item.name);
const withinOf = (item: Item): Within | undefined => (typeof item === 'string' ? undefined : item.within);

/** The refusal of an item that is not there, or not the caller's to see. */
export const missing = (resource: Resource, item: Item): Error => resource.notFound(nameOf(item), withinOf(item)?.id);

export interface PipelineParts {
  readonly store: Store;
  readonly registry: Registry;
  readonly policy: Policy;
  readonly settings: Settings;
  readonly bus: Bus;
}

const NO_ROW = { field: new Map(), parents: new Map() };

export class Pipeline {
  readonly parts: PipelineParts;
  readonly views: Views;
  readonly #judge: Judge = {
    visible: (work, resource, id, lock) => this.#visible(work, resource, id, lock),
    permits: async (work, resource, row, rule) => {
      const residual = this.parts.policy.reduce(rule, work.actor);
      return holds(residual, resource, await this.#target(work, resource, row, [residual]));
    },
    shown: async (work, resource, row) => {
      const [shown] = await this.#presentAll(work.tx, resource, work.actor, [row]);
      return shown as StoredRow;
    },
  };

  constructor(parts: PipelineParts) {
    this.parts = parts;
    this.views = new Views(parts.policy, parts.registry, parts.store.dialect);
  }

  /** Answers what was created as its creator may see it: one row, or several for a bulk body: all or none. */
  async create(resource: Resource, caller: Caller, body: unknown, within?: Within): Promise<{ rows: StoredRow[]; bulk: boolean }> {
    const { policy, registry, settings } = this.parts;
    const { items, bulk } = createBodies(resource, body);
    const inputs = items.map((item) => parseCreate(resource, item, caller.actor, policy));
    if (within) for (const { values } of inputs) values[within.field] = within.id;
    const rows = await this.write(caller, async (work) => {
      for (const input of inputs) await this.#authorizeCreate(work, resource, input);
      const wanted = new Map<string, number>();
      if (resource.quota !== undefined) {
        for (const { values } of inputs) wanted.set(String(values.project_id), (wanted.get(String(values.project_id)) ?? 0) + 1);
      }
      const limits = new Map<string, number>();
      for (const [project, count] of wanted) limits.set(project, await checkRoom(work.tx, settings, resource, project, count));
      const made: StoredRow[] = [];
      await registry.rules(resource).creating?.(work, inputs.map(({ values }) => values) as never);
      for (const { values } of inputs) made.push(await work.insert(resource, { ...values }));
      for (const [project, count] of wanted) await work.count(resource, project, count, limits.get(project));
      return this.#presentAll(work.tx, resource, caller.actor, made);
    });
    return { rows, bulk };
  }

  async update(resource: Resource, caller: Caller, item: Item, body: unknown, revision?: number): Promise<StoredRow> {
    const input = parseUpdate(resource, innerBody(resource, body));
    return this.write(caller, async (work) => {
      const before = await this.writable(work, resource, item, `update_${resource.name}`, 'change', input);
      checkRevision(before, revision);
      const after = await work.change(resource, before, input.values);
      const [shown] = await this.#presentAll(work.tx, resource, caller.actor, [after]);
      return shown as StoredRow;
    });
  }

  async delete(resource: Resource, caller: Caller, item: Item, revision?: number): Promise<void> {
    await this.write(caller, async (work) => {
      const row = await this.writable(work, resource, item, `delete_${resource.name}`, 'remove');
      checkRevision(row, revision);
      await work.remove(resource, row);
    });
  }

  /** A member call; answers its body. */
  async act(action: Action<Attributes>, caller: Caller, item: Item, body: unknown, about = ''): Promise<unknown> {
    const { resource, name, rule = name, method } = action;
    return this.write(caller, async (work) => {
      const row = await this.writable(work, resource, item, rule, method === 'GET' ? 'share' : 'change');
      return action.run(work, row as never, body, caller, about);
    });
  }

  /** Refuses with the parent's notFound when the caller does not see the item of the parent that its path leads through. */
  async enter({ parent }: Resource, caller: Caller, { id }: Within): Promise<void> {
    const of = parent && this.parts.registry.byName(parent.resource);
    if (of) await this.show(of, caller, id, ['id']);
  }

  async show(resource: Resource, caller: Caller, item: Item, names: readonly string[] = []): Promise<StoredRow> {
    const { view, row } = await this.#read(resource, caller, item, names);
    view.decode(row);
    const [shown] = await this.present(this.parts.store.read, resource, caller.actor, view, [row]);
    if (!shown) throw missing(resource, item);
    asAsked(view, [shown], names);
    return shown;
  }

  /** As {@link show}, as JSON text. */
  async showText(resource: Resource, caller: Caller, item: Item, names: readonly string[] = []): Promise<string> {
    const { showing } = this.parts.registry.rules(resource);
    const instead = showing && (await this.write(caller, (work) => showing(work, nameOf(item), names)));
    if (instead) return this.views.of(resource, caller.actor).write(instead);
    const { view, row } = await this.#read(resource, caller, item, names);
    const [shown] = await this.present(this.parts.store.read, resource, caller.actor, view, [row]);
    if (!shown) throw missing(resource, item);
    return view.write(shown);
  }

  async #read(resource: Resource, caller: Caller, item: Item, names: readonly string[]): Promise<{ view: View; row: StoredRow }> {
    const { actor } = caller;
    const within = withinOf(item);
    if (within) await this.enter(resource, caller, within);
    let view = this.views.of(resource, actor);
    if (resource.details && view.residual !== false && !this.permits(caller, resource.details.rule)) throw resource.details.refused();
    if (names.length > 0) view = this.views.narrowed(view, resource, actor, names);
    const { select, row: scope } = view;
    const named = itemIs(resource, item);
    const where = scope && scope.text !== '1 = 1' ? join([named, scope], ' AND ') : named;
    const row = await this.parts.store.read.get<StoredRow>(`${select.text} WHERE ${where.text}`, ...select.params, ...where.params);
    if (!row) throw missing(resource, item);
    return { view, row };
  }

  /** One transaction and, once it is durable, the wakes it owes. For clients' writes, actions and the system's own. */
  async write<T>(caller: Caller, run: (work: Work) => Promise<T>): Promise<T> {
    const { store, registry, settings, bus } = this.parts;
    let touched: ReadonlySet<string> = new Set();
    const attempt = () =>
      store.transaction(async (tx) => {
        const work = new Work(tx, caller, registry, settings, this.#judge);
        touched = work.touched;
        return run(work);
      });
    // Where no rule has words for a constraint's refusal, its own look-ups found nothing in the way: another writer was faster. They look again.
    const result = await attempt().catch((error: unknown) => {
      if (error instanceof ConstraintViolation) return attempt();
      throw error;
    });
    if (touched.size > 0) bus.publish([...touched]);
    return result;
  }

  /** Whether a rule that is about no resource's row holds, given what is known. */
  permits({ actor }: Caller, rule: string, known: StoredRow = {}): boolean {
    return holds(this.parts.policy.reduce(rule, actor), NO_ROW, (attribute) => known[attribute]);
  }

  /** As {@link permits}, but refuses. */
  demand(caller: Caller, rule: string, known: StoredRow): void {
    if (!this.permits(caller, rule, known)) throw accessErrors.PolicyNotAuthorized({ rules: `rule:${rule}` });
  }

  /** The row, locked, if the caller sees it (else its notFound) and the rule lets the caller do this to it (else forbidden). */
  async writable(work: Work, resource: Resource, item: Item, rule: string, lock: Lock, input?: Input): Promise<StoredRow> {
    const within = withinOf(item);
    const parent = within && resource.parent && this.parts.registry.byName(resource.parent.resource);
    if (parent) await this.#visible(work, parent, within.id, resource.oneByOne ? 'remove' : 'share');
    let id: string | undefined = nameOf(item);
    if (resource.item !== 'id' || within) {
      const { text, params } = itemIs(resource, item);
      id = (await work.tx.get<{ id: string }>(`SELECT r.id FROM ${resource.table} r WHERE ${text}`, ...params))?.id;
    }
    if (id === undefined) throw missing(resource, item);
    const row = await this.#visible(work, resource, id, lock, within?.id);
    const attributes = input ? this.#mentioned(resource, input, false) : [];
    const absent = input && resource.foreignUpdate === 'notFound' && row.project_id !== work.actor.projectId;
    await this.#authorize(work, resource, rule, row, attributes, { ...row, ...input?.values }).catch((error: unknown) => {
      throw absent ? missing(resource, item) : error;
    });
    work.about(resource, id);
    return row;
  }

  /** Refuses what the rule does not let the caller do with a row, seen or not. */
  demandOf(work: Work, resource: Resource, row: StoredRow, rule: string): Promise<void> {
    return this.#authorize(work, resource, rule, row, []);
  }

  async #visible(work: Work, resource: Resource, id: string, lock: Lock, within?: string): Promise<StoredRow> {
    const row = (await work.load(resource, id, lock)) as StoredRow | undefined;
    if (!row) throw resource.notFound(id, within);
    const visible = this.parts.policy.reduce(`get_${resource.name}`, work.actor);
    if (!holds(visible, resource, await this.#target(work, resource, row, [visible]))) throw resource.notFound(id, within);
    return row;
  }

  /** Rows read by a view, decoded or not → rows as shown: conditional attributes removed, rows that SQL could not judge judged. */
  async present(reader: Reader, resource: Resource, actor: Actor, view: View, rows: StoredRow[]): Promise<StoredRow[]> {
    let kept = rows;
    for (const { name, computed } of view.computed) {
      for (const row of rows) row[name] = computed?.value(this.#decoded(resource, row, computed.from), this.parts.settings);
    }
    if (view.conditional.length > 0 || view.row === undefined) {
      kept = [];
      const asked = [view.residual, ...view.conditional.map(([, open]) => open)];
      for (const row of rows) {
        const whole = { ...(await this.#wholeRow(reader, resource, actor, String(row.id))), ...row };
        const target = await this.#target(reader, resource, whole, asked, actor);
        if (view.row === undefined && !holds(view.residual, resource, target)) continue;
        for (const [field, open] of view.conditional) if (!holds(open, resource, target)) delete row[field.name];
        kept.push(row);
      }
    }
    for (const row of kept) {
      for (const [field] of view.judged) if (row[mayOf(field)] !== 1) delete row[field.name];
      if (Object.hasOwn(row, 'project_id')) row.tenant_id = row.project_id;
    }
    return kept;
  }

  /** A few attributes of a row that may still be as stored. */
  #decoded(resource: Resource, row: StoredRow, names: readonly string[]): StoredRow {
    const values: StoredRow = {};
    for (const name of names) {
      const value = row[name];
      values[name] = resource.field.get(name)?.reads === 'json' && typeof value === 'string' ? JSON.parse(value) : value;
    }
    return values;
  }

  async #presentAll(reader: Reader, resource: Resource, actor: Actor, rows: readonly StoredRow[]): Promise<StoredRow[]> {
    const view = this.views.of(resource, actor);
    let shown: StoredRow[] = rows.map((row) => ({ ...row }));
    if (view.judged.length > 0 || view.fields.some((field) => field.derived)) {
      const ids = rows.map(({ id }) => String(id));
      const read = await reader.all<StoredRow>(
        `${view.select.text} WHERE r.id ${reader.dialect.inJson}`,
        ...view.select.params,
        JSON.stringify(ids),
      );
      const byId = new Map(read.map((row) => [row.id, view.decode(row)]));
      shown = ids.flatMap((id) => byId.get(id) ?? []) as StoredRow[];
    }
    const presented = await this.present(reader, resource, actor, { ...view, row: sql('1 = 1') }, shown);
    asAsked(view, presented);
    return presented;
  }

  async #wholeRow(reader: Reader, resource: Resource, actor: Actor, id: string): Promise<StoredRow> {
    const { select, decode } = this.views.whole(resource, actor);
    const row = await reader.get<StoredRow>(`${select.text} WHERE r.id = ?`, ...select.params, id);
    return row ? decode(row) : {};
  }

  async #authorizeCreate(work: Work, resource: Resource, input: Input): Promise<void> {
    let absent: ApiError | undefined;
    for (const [name, of] of resource.parents) {
      const parent = this.parts.registry.byName(of.resource);
      const id = input.values[of.field];
      if (!parent || typeof id !== 'string' || (name !== 'ext_parent' && of.field === resource.parent?.field)) continue;
      const lock = resource.oneByOne ? 'remove' : 'share';
      if (resource.foreignParent !== 'forbidden') await this.#visible(work, parent, id, lock);
      else if (!(await work.load(parent, id, lock))) absent = parent.notFound(id);
      // Who could not create below a foreign item learns nothing of whether it is there.
      if (absent && name !== 'ext_parent') throw absent;
    }
    await this.#authorize(work, resource, `create_${resource.name}`, input.values, this.#mentioned(resource, input, true));
    if (absent) throw absent;
  }

  /** Rules of the attributes a client set: `create_port:mac_address`, and of their parts: `create_port:fixed_ips:ip_address`. */
  #mentioned(resource: Resource, input: Input, create: boolean): string[] {
    const rules: string[] = [];
    for (const name of [...input.given].sort()) {
      const field = resource.field.get(name);
      const value = input.values[name];
      if (!field || (create && JSON.stringify(value) === JSON.stringify(field.default))) continue;
      if (field.policy) rules.push(name);
      if (typeof value !== 'object') continue;
      const parts = new Set(
        [value].flat().flatMap((item: unknown) => (typeof item === 'object' && item !== null ? Object.keys(item) : [])),
      );
      rules.push(...[...parts].map((part) => `${name}:${part}`));
    }
    return rules;
  }

  /** The action's rule is asked of the row as it is; the rules of its attributes of what they would make of it. */
  async #authorize(
    work: Work,
    resource: Resource,
    action: string,
    row: StoredRow,
    attributes: readonly string[],
    next: StoredRow = row,
  ): Promise<void> {
    const { policy } = this.parts;
    const rules = [action, ...attributes.map((name) => `${action}:${name}`).filter((rule) => policy.has(rule))];
    const residuals = rules.map((rule) => policy.reduce(rule, work.actor));
    if (residuals.every((residual) => residual === true)) return;
    const now = await this.#target(work, resource, row, residuals);
    const then = next === row ? now : await this.#target(work, resource, next, residuals);
    if (residuals.every((residual, index) => holds(residual, resource, index === 0 ? now : then))) return;
    const text = rules.map((rule) => `rule:${rule}`).reduce((left, right) => `(${left} and ${right})`);
    throw accessErrors.PolicyNotAuthorized({ rules: text });
  }

  /** A row's answers to open questions, with the parents that these ask about. */
  async #target(from: Work | Reader, resource: Resource, row: StoredRow, residuals: readonly Residual[], actor?: Actor): Promise<Target> {
    const parents = new Map<string, StoredRow>();
    for (const name of new Set(residuals.flatMap((residual) => parentsAsked(residual, resource)))) {
      const of = resource.parents.get(name);
      const parent = of && this.parts.registry.byName(of.resource);
      const id = row[of?.field ?? ''];
      if (!parent || typeof id !== 'string') continue;
      const found = from instanceof Work ? await from.load(parent, id) : actor && (await this.#wholeRow(from, parent, actor, id));
      if (found) parents.set(name, found as StoredRow);
    }
    return (attribute) => {
      if (resource.field.has(attribute)) return row[attribute];
      const colon = attribute.indexOf(':');
      return colon > 0 ? parents.get(attribute.slice(0, colon))?.[attribute.slice(colon + 1)] : row[attribute];
    };
  }
}

/** The condition that finds an item by the name its path has for it. */
export function itemIs({ field, fields, item: named }: Resource, item: Item): Sql {
  const within = withinOf(item);
  const conditions = [sql(`r.${field.get(named)?.sqlName} = ?`, nameOf(item)), ...fields.flatMap((one) => unasked(one) ?? [])];
  if (within) conditions.push(sql(`r.${field.get(within.field)?.sqlName} = ?`, within.id));
  return join(conditions, ' AND ');
}

/** What is asked of an attribute that chooses among rows, where nobody asks about it. */
export function unasked({ always, filterSql }: Field): Sql | undefined {
  const condition = always ? filterSql?.([]) : undefined;
  return condition && sql(condition.sql, ...condition.params);
}

function checkRevision(row: StoredRow, expected: number | undefined): void {
  if (expected !== undefined && row.revision_number !== undefined && row.revision_number !== expected) {
    throw accessErrors.RevisionNumberConstraintFailed({ expected, actual: String(row.revision_number) });
  }
}

export { requestErrors };
