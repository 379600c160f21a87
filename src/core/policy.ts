// Who may do what: rules in the language operators know from policy files, parsed once, reduced once per caller to what still
// depends on the row, and then either asked of a row or turned into SQL, so that a list holds exactly what its caller may see.
import type { Actor } from '#identity/actor.ts';
import type { Resource } from './resource.ts';
import { join, type Sql, sql } from './sql.ts';

/** A rule as parsed. */
type Node =
  | { readonly op: 'const'; readonly value: boolean }
  | { readonly op: 'and' | 'or'; readonly of: readonly Node[] }
  | { readonly op: 'not'; readonly of: Node }
  | { readonly op: 'rule'; readonly name: string }
  | { readonly op: 'role'; readonly name: string }
  | { readonly op: 'match'; readonly left: string; readonly right: string }
  | { readonly op: 'field'; readonly collection: string; readonly field: string; readonly value: string; readonly pattern: boolean };

/** What is left of a rule once the caller is known: a verdict, or a question about the row. */
export type Residual =
  | boolean
  | { readonly op: 'and'; readonly of: readonly Residual[] }
  | { readonly op: 'or'; readonly of: readonly Residual[] }
  | { readonly op: 'not'; readonly of: Residual }
  | { readonly op: 'equals'; readonly attribute: string; readonly value: string }
  | { readonly op: 'field'; readonly collection: string; readonly field: string; readonly value: string; readonly pattern: boolean };

/** A rule file's text is refused with this, naming the rule. */
export class PolicySyntaxError extends Error {
  override readonly name = 'PolicySyntaxError';
}

const constant = (value: boolean): Node => ({ op: 'const', value });

/** Parses one rule. `not` binds closest, then `and`, then `or`; '' and `@` always hold, `!` never. */
export function parseRule(text: string, name = 'rule'): Node {
  const tokens: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const open = /^\(*/.exec(word)?.[0].length ?? 0;
    const rest = word.slice(open);
    const close = /\)*$/.exec(rest)?.[0].length ?? 0;
    tokens.push(...'('.repeat(open), ...(rest.length > close ? [rest.slice(0, rest.length - close)] : []), ...')'.repeat(close));
  }
  if (tokens.length === 0) return constant(true);
  let at = 0;
  const fail = (): never => {
    throw new PolicySyntaxError(`policy rule ${name}: cannot understand "${text}"`);
  };
  const word = (expected: string): boolean => tokens[at]?.toLowerCase() === expected && ++at > 0;
  const either = (): Node => {
    const of = [both()];
    while (word('or')) of.push(both());
    return of.length === 1 ? (of[0] as Node) : { op: 'or', of };
  };
  const both = (): Node => {
    const of = [one()];
    while (word('and')) of.push(one());
    return of.length === 1 ? (of[0] as Node) : { op: 'and', of };
  };
  const one = (): Node => {
    if (word('not')) return { op: 'not', of: one() };
    if (word('(')) {
      const inner = either();
      return word(')') ? inner : fail();
    }
    const token = tokens[at++];
    if (token === undefined || token === ')' || token === 'and' || token === 'or') return fail();
    return parseCheck(token) ?? fail();
  };
  const node = either();
  return at === tokens.length ? node : fail();
}

function parseCheck(token: string): Node | undefined {
  if (token === '@') return constant(true);
  if (token === '!') return constant(false);
  const colon = token.indexOf(':');
  if (colon < 1) return undefined;
  const kind = token.slice(0, colon);
  const match = token.slice(colon + 1);
  if (kind === 'rule') return { op: 'rule', name: match };
  if (kind === 'role') return { op: 'role', name: match.toLowerCase() };
  // Whether the caller is an administrator is what this rule says.
  if (kind === 'is_admin') return { op: 'rule', name: 'context_is_admin' };
  // Would have another server judge.
  if (kind === 'http' || kind === 'https') return undefined;
  const written = /^(?:'([^']*)'|(True|False|None|\d+))$/.exec(kind);
  const of = targeted(match);
  if (written && of !== undefined) return { op: 'field', collection: '', field: of, value: written[1] ?? written[2] ?? '', pattern: false };
  if (kind !== 'field') return { op: 'match', left: kind, right: match };
  const parsed = /^([^:]+):(.+?)=(~?)(.*)$/.exec(match);
  if (!parsed) return undefined;
  const [, collection = '', field = '', pattern, value = ''] = parsed;
  if (pattern === '~' && !compiles(value)) return undefined;
  return { op: 'field', collection, field, value, pattern: pattern === '~' };
}

/** The attribute that `%(network:tenant_id)s` means. */
const targeted = (match: string): string | undefined => /^%\((.+)\)s$/.exec(match)?.[1]?.replace('tenant_id', 'project_id');

/** Patterns hold at the beginning of a value. */
const anchored = (pattern: string): RegExp => new RegExp(`^(?:${pattern})`);

function compiles(pattern: string): boolean {
  try {
    return anchored(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}

const all = (of: readonly Residual[]): Residual => {
  const open = of.filter((part) => part !== true);
  if (open.includes(false)) return false;
  return open.length === 0 ? true : open.length === 1 ? (open[0] as Residual) : { op: 'and', of: open };
};
const any = (of: readonly Residual[]): Residual => {
  const open = of.filter((part) => part !== false);
  if (open.includes(true)) return true;
  return open.length === 0 ? false : open.length === 1 ? (open[0] as Residual) : { op: 'or', of: open };
};

/** The rules that a rule is made of. */
const named = (node: Node): readonly string[] => {
  if (node.op === 'rule') return [node.name];
  if (node.op === 'not') return named(node.of);
  return node.op === 'and' || node.op === 'or' ? node.of.flatMap(named) : [];
};

/** Whether a rule itself asks what its caller's token is for. */
const asksScope = (node: Node): boolean => {
  if (node.op === 'match') return SCOPES.includes(node.left);
  if (node.op === 'not') return asksScope(node.of);
  return (node.op === 'and' || node.op === 'or') && node.of.some(asksScope);
};

/** The rules in force: defaults with an operator's overrides laid over them. */
export class Policy {
  readonly #rules = new Map<string, Node>();
  readonly #reduced = new WeakMap<Actor, Map<string, Residual>>();

  constructor(defaults: Readonly<Record<string, string>>, overrides: Readonly<Record<string, string>> = {}) {
    for (const [name, text] of Object.entries({ ...defaults, ...overrides })) this.#rules.set(name, parseRule(text, name));
    const known = new Set<string>();
    for (const name of this.#rules.keys()) this.#refuseCircles(name, [], known);
  }

  #refuseCircles(name: string, way: readonly string[], known: Set<string>): void {
    if (known.has(name)) return;
    if (way.includes(name)) throw new PolicySyntaxError(`policy rules refer to each other in a circle: ${[...way, name].join(', ')}`);
    const rule = this.#rules.get(name) ?? this.#rules.get('default');
    for (const next of rule ? named(rule) : []) this.#refuseCircles(next, [...way, name], known);
    known.add(name);
  }

  has(rule: string): boolean {
    return this.#rules.has(rule);
  }

  names(): readonly string[] {
    return [...this.#rules.keys()];
  }

  /** Whether a rule, or one that it is made of, asks what its caller's token is for. */
  #asksScope(name: string): boolean {
    const rule = this.#rules.get(name) ?? this.#rules.get('default');
    return rule !== undefined && (asksScope(rule) || named(rule).some((next) => this.#asksScope(next)));
  }

  /**
   * What of a rule is still open for this caller. Whose token is for a domain or for the system is nobody here, whatever the role there, unless the
   * rule asks for that. Kept per actor: a token's actor is one object for as long as it is cached.
   */
  reduce(rule: string, actor: Actor): Residual {
    let known = this.#reduced.get(actor);
    if (!known) this.#reduced.set(actor, (known = new Map()));
    let residual = known.get(rule);
    if (residual === undefined) {
      const elsewhere = actor.domainId !== '' || actor.systemScope !== undefined;
      residual = elsewhere && !this.#asksScope(rule) ? false : this.#reduceNode({ op: 'rule', name: rule }, actor);
      known.set(rule, residual);
    }
    return residual;
  }

  #reduceNode(node: Node, actor: Actor): Residual {
    switch (node.op) {
      case 'const':
        return node.value;
      case 'and':
        return all(node.of.map((part) => this.#reduceNode(part, actor)));
      case 'or':
        return any(node.of.map((part) => this.#reduceNode(part, actor)));
      case 'not': {
        const inner = this.#reduceNode(node.of, actor);
        return typeof inner === 'boolean' ? !inner : { op: 'not', of: inner };
      }
      case 'rule': {
        const rule = this.#rules.get(node.name) ?? this.#rules.get('default');
        return rule === undefined ? false : this.#reduceNode(rule, actor);
      }
      case 'role':
        return actor.roles.some((role) => role.toLowerCase() === node.name);
      case 'match':
        return reduceMatch(node.left, node.right, actor);
      case 'field':
        return node;
    }
  }
}

const credentials: Readonly<Record<string, (actor: Actor) => string>> = {
  project_id: (actor) => actor.projectId,
  tenant_id: (actor) => actor.projectId,
  tenant: (actor) => actor.projectId,
  user_id: (actor) => actor.userId,
  user: (actor) => actor.userId,
  domain_id: (actor) => actor.domainId,
  system_scope: (actor) => actor.systemScope ?? '',
};

/** What a rule asks of a caller whose token is for no project. */
const SCOPES: readonly string[] = ['system_scope', 'domain_id'];

function reduceMatch(left: string, right: string, actor: Actor): Residual {
  const target = targeted(right);
  const value = credentials[left]?.(actor);
  if (target === undefined) return value !== undefined && value !== '' && value === right;
  if (value === undefined || value === '') return false;
  return { op: 'equals', attribute: target, value };
}

/** What a question about a row needs to know of its resource. */
type Asked = Pick<Resource, 'field' | 'parents'>;

/** What a row answers to the open questions: its own attributes, and its parents' as `network:project_id`. */
export type Target = (attribute: string) => unknown;

/** Puts the open questions to one row. */
export function holds(residual: Residual, resource: Asked, target: Target): boolean {
  if (typeof residual === 'boolean') return residual;
  switch (residual.op) {
    case 'and':
      return residual.of.every((part) => holds(part, resource, target));
    case 'or':
      return residual.of.some((part) => holds(part, resource, target));
    case 'not':
      return !holds(residual.of, resource, target);
    case 'equals':
      return target(residual.attribute) === residual.value;
    case 'field': {
      const value = target(fieldAttribute(residual, resource));
      if (value === undefined || value === null) return false;
      if (residual.pattern) return anchored(residual.value).test(String(value));
      return typeof value === 'boolean' ? String(value) === residual.value.toLowerCase() : String(value) === residual.value;
    }
  }
}

/** `field:networks:shared` asks a network of itself and a port of its network. */
function fieldAttribute(residual: { readonly collection: string; readonly field: string }, resource: Asked): string {
  const field = resource.field.get(residual.field);
  if (field) return field.ruledBy ?? field.name;
  const parent = residual.collection.replace(/s$/, '');
  return resource.parents.has(parent) ? `${parent}:${residual.field}` : residual.field;
}

/** The parents a residual asks about: their rows must be at hand before {@link holds}. */
export function parentsAsked(residual: Residual, resource: Resource): string[] {
  if (typeof residual === 'boolean') return [];
  if (residual.op === 'and' || residual.op === 'or') return residual.of.flatMap((part) => parentsAsked(part, resource));
  if (residual.op === 'not') return parentsAsked(residual.of, resource);
  const attribute = residual.op === 'equals' ? residual.attribute : fieldAttribute(residual, resource);
  const colon = attribute.indexOf(':');
  const parent = attribute.slice(0, colon);
  return colon > 0 && resource.parents.has(parent) ? [parent] : [];
}

/**
 * The residual as an SQL condition on the row `r`, each open question by an index of its own. `byName` finds parents. Undefined where SQL
 * cannot say it (a pattern); rows must then be asked one by one.
 */
export function toSql(
  residual: Residual,
  resource: Resource,
  byName: (name: string) => Resource | undefined,
  project: string,
): Sql | undefined {
  if (typeof residual === 'boolean') return sql(residual ? '1 = 1' : '1 = 0');
  if (residual.op === 'and' || residual.op === 'or') {
    const parts = residual.of.map((part) => toSql(part, resource, byName, project));
    if (parts.some((part) => part === undefined)) return undefined;
    const whole = join(parts as Sql[], residual.op === 'and' ? ' AND ' : ' OR ');
    return sql(`(${whole.text})`, ...whole.params);
  }
  if (residual.op === 'not') {
    const inner = toSql(residual.of, resource, byName, project);
    return inner && sql(`NOT ${inner.text}`, ...inner.params);
  }
  const attribute = residual.op === 'equals' ? residual.attribute : fieldAttribute(residual, resource);
  if (residual.op === 'field' && residual.pattern) return undefined;
  const colon = attribute.indexOf(':');
  const of = colon > 0 ? resource.parents.get(attribute.slice(0, colon)) : undefined;
  if (of === undefined || resource.field.has(attribute)) return condition(resource, attribute, residual.value, project, 'r.id');
  const parent = byName(of.resource);
  const key = `r.${resource.field.get(of.field)?.sqlName}`;
  return parent && condition(parent, attribute.slice(colon + 1), residual.value, project, key);
}

/** `key` (an id of `resource`) belongs to a row whose attribute has the value. */
function condition(resource: Resource, attribute: string, value: string, project: string, key: string): Sql | undefined {
  const field = resource.field.get(attribute);
  if (!field) return sql('1 = 0');
  if (field.derived) {
    if (field.holdsFor === undefined || value.toLowerCase() !== 'true') return undefined;
    const parts = field.holdsFor.split(':project');
    return sql(`${key} IN (${parts.join('?')})`, ...parts.slice(1).map(() => project));
  }
  const stored = field.column === 'bool' ? (value.toLowerCase() === 'true' ? 1 : 0) : value;
  if (key === 'r.id') return sql(`r.${field.sqlName} = ?`, stored);
  return sql(`${key} IN (SELECT id FROM ${resource.table} WHERE ${field.sqlName} = ?)`, stored);
}
