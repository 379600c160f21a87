// A client's write, from body to committed row: shape → permission → quota → meaning → row and journal in one transaction → wake.
// And a client's read of one row. Every route of every resource ends here; lists are in list.ts.

import type { Bus } from '#bus/bus.ts';
import type { Actor } from '#identity/actor.ts';
import type { Reader, Store } from '#store/store.ts';
import { errorTable } from './errors.ts';
import { createBodies, type Input, innerBody, parseCreate, parseUpdate, requestErrors } from './input.ts';
import { holds, type Policy, parentsAsked, type Residual, type Target } from './policy.ts';
import { checkRoom } from './quota.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';
import type { Settings } from './settings.ts';
import { join, type StoredRow, sql } from './sql.ts';
import { asAsked, isPresented, type View, Views } from './view.ts';
import { Work } from './work.ts';

export const accessErrors = errorTable({
  PolicyNotAuthorized: ['forbidden', '{rules} is disallowed by policy'],
  RevisionNumberConstraintFailed: ['preconditionFailed', 'Constrained to {expected}, but current revision is {actual}'],
});

/** Who asks, and under which request id it is journalled. */
export interface Caller {
  readonly actor: Actor;
  readonly requestId: string;
}

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

  constructor(parts: PipelineParts) {
    this.parts = parts;
    this.views = new Views(parts.policy, parts.registry, parts.store.dialect);
  }

  /** Answers what was created as its creator may see it: one row, or several for a bulk body: all or none. */
  async create(resource: Resource, caller: Caller, body: unknown): Promise<{ rows: StoredRow[]; bulk: boolean }> {
    const { policy, settings } = this.parts;
    const { items, bulk } = createBodies(resource, body);
    const inputs = items.map((item) => parseCreate(resource, item, caller.actor, policy));
    const rows = await this.write(caller, async (work) => {
      for (const input of inputs) await this.#authorizeCreate(work, resource, input);
      const wanted = new Map<string, number>();
      if (resource.quota !== undefined) {
        for (const { values } of inputs) wanted.set(String(values.project_id), (wanted.get(String(values.project_id)) ?? 0) + 1);
      }
      const limits = new Map<string, number>();
      for (const [project, count] of wanted) limits.set(project, await checkRoom(work.tx, settings, resource, project, count));
      const made: StoredRow[] = [];
      for (const { values } of inputs) made.push(await work.insert(resource, { ...values }));
      for (const [project, count] of wanted) await work.count(resource, project, count, limits.get(project));
      return this.#presentAll(work.tx, resource, caller.actor, made);
    });
    return { rows, bulk };
  }

  async update(resource: Resource, caller: Caller, id: string, body: unknown, revision?: number): Promise<StoredRow> {
    const input = parseUpdate(resource, innerBody(resource, body));
    return this.write(caller, async (work) => {
      const before = await this.writable(work, resource, id, 'update', input);
      checkRevision(before, revision);
      const after = await work.change(resource, before, input.values);
      const [shown] = await this.#presentAll(work.tx, resource, caller.actor, [after]);
      return shown as StoredRow;
    });
  }

  async delete(resource: Resource, caller: Caller, id: string, revision?: number): Promise<void> {
    await this.write(caller, async (work) => {
      const row = await this.writable(work, resource, id, 'delete');
      checkRevision(row, revision);
      await work.remove(resource, row);
    });
  }

  async show(resource: Resource, caller: Caller, id: string, names: readonly string[] = []): Promise<StoredRow> {
    const { actor } = caller;
    let view = this.views.of(resource, actor);
    if (names.length > 0) view = this.views.narrowed(view, resource, actor, names);
    const { select, row: scope } = view;
    const where = scope && scope.text !== '1 = 1' ? join([sql('r.id = ?', id), scope], ' AND ') : sql('r.id = ?', id);
    const found = await this.parts.store.read.get<StoredRow>(`${select.text} WHERE ${where.text}`, ...select.params, ...where.params);
    if (!found) throw resource.notFound(id);
    const [shown] = await this.present(this.parts.store.read, resource, actor, view, [view.decode(found)]);
    if (!shown) throw resource.notFound(id);
    asAsked([shown], names);
    return shown;
  }

  /** One transaction and, once it is durable, the wakes it owes. For clients' writes, actions and the system's own. */
  async write<T>(caller: Caller, run: (work: Work) => Promise<T>): Promise<T> {
    const { store, registry, settings, bus } = this.parts;
    let touched: ReadonlySet<string> = new Set();
    const result = await store.transaction(async (tx) => {
      const work = new Work(tx, caller, registry, settings);
      touched = work.touched;
      return run(work);
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

  /** The row, locked, if the caller sees it (else its notFound) and may do this to it (else forbidden). */
  async writable(work: Work, resource: Resource, id: string, verb: string, input?: Input): Promise<StoredRow> {
    const row = (await work.load(resource, id, verb === 'delete' ? 'remove' : 'change')) as StoredRow | undefined;
    if (!row) throw resource.notFound(id);
    const { policy } = this.parts;
    const visible = policy.reduce(`get_${resource.name}`, work.actor);
    if (!holds(visible, resource, await this.#target(work, resource, row, [visible]))) throw resource.notFound(id);
    const attributes = input ? this.#mentioned(resource, input, false) : [];
    await this.#authorize(work, resource, `${verb}_${resource.name}`, row, attributes, { ...row, ...input?.values });
    return row;
  }

  /** Rows read by a view → rows as shown: conditional attributes removed, rows that SQL could not judge judged. */
  async present(reader: Reader, resource: Resource, actor: Actor, view: View, rows: StoredRow[]): Promise<StoredRow[]> {
    let kept = rows;
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
    const present = view.fields.some(isPresented) ? resource.present : undefined;
    for (const row of kept) {
      present?.(row as never, this.parts.settings);
      if (Object.hasOwn(row, 'project_id')) row.tenant_id = row.project_id;
    }
    return kept;
  }

  async #presentAll(reader: Reader, resource: Resource, actor: Actor, rows: readonly StoredRow[]): Promise<StoredRow[]> {
    const view = this.views.of(resource, actor);
    const derived = view.fields.some((field) => field.derived);
    const shown: StoredRow[] = [];
    for (const row of rows) {
      if (derived) {
        const read = await reader.get<StoredRow>(`${view.select.text} WHERE r.id = ?`, ...view.select.params, String(row.id));
        if (read) shown.push(view.decode(read));
      } else {
        const copy: StoredRow = {};
        for (const field of view.fields) if (field.column !== null) copy[field.name] = row[field.name] ?? null;
        shown.push(copy);
      }
    }
    return this.present(reader, resource, actor, { ...view, row: sql('1 = 1') }, shown);
  }

  async #wholeRow(reader: Reader, resource: Resource, actor: Actor, id: string): Promise<StoredRow> {
    const { select, decode } = this.views.whole(resource, actor);
    const row = await reader.get<StoredRow>(`${select.text} WHERE r.id = ?`, ...select.params, id);
    return row ? decode(row) : {};
  }

  async #authorizeCreate(work: Work, resource: Resource, input: Input): Promise<void> {
    const { registry, policy } = this.parts;
    for (const [name, column] of resource.parents) {
      const parent = registry.byName(name);
      const id = input.values[column];
      if (!parent || typeof id !== 'string') continue;
      const row = (await work.load(parent, id, resource.oneByOne ? 'remove' : 'share')) as StoredRow | undefined;
      if (!row) throw parent.notFound(id);
      if (resource.foreignParent === 'forbidden') continue;
      const visible = policy.reduce(`get_${parent.name}`, work.actor);
      if (!holds(visible, parent, await this.#target(work, parent, row, [visible]))) throw parent.notFound(id);
    }
    await this.#authorize(work, resource, `create_${resource.name}`, input.values, this.#mentioned(resource, input, true));
  }

  /** Rules of the attributes a client set: `create_port:mac_address`, and of their parts: `create_port:fixed_ips:ip_address`. */
  #mentioned(resource: Resource, input: Input, create: boolean): string[] {
    const rules: string[] = [];
    for (const name of [...input.given].sort()) {
      const field = resource.field.get(name);
      const value = input.values[name];
      if (!field || (create && JSON.stringify(value) === JSON.stringify(field.default))) continue;
      if (field.policy) rules.push(name);
      if (!Array.isArray(value)) continue;
      const parts = new Set(value.flatMap((item: unknown) => (typeof item === 'object' && item !== null ? Object.keys(item) : [])));
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
      const parent = this.parts.registry.byName(name);
      const id = row[resource.parents.get(name) ?? ''];
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

function checkRevision(row: StoredRow, expected: number | undefined): void {
  if (expected !== undefined && row.revision_number !== undefined && row.revision_number !== expected) {
    throw accessErrors.RevisionNumberConstraintFailed({ expected, actual: String(row.revision_number) });
  }
}

export { requestErrors };
