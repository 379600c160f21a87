// Step 2 of a request's way: from a body to canonical values, or to the exact refusal. Shape only: knows no other row.
// The order of the checks is part of the API: whose project, unknown attributes, required and forbidden ones, then each value.
import type { Actor } from '#identity/actor.ts';
import { errorTable } from './errors.ts';
import type { Policy } from './policy.ts';
import type { Field, Resource } from './resource.ts';
import type { StoredRow } from './sql.ts';

export const requestErrors = errorTable({
  HTTPBadRequest: ['invalid', '{reason}'],
});
const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });

/** A body understood: values in canonical form, and which of them the client gave itself. */
export interface Input {
  readonly values: StoredRow;
  readonly given: ReadonlySet<string>;
}

/** Items of one bulk create: looking at a quarter of a million empty ones, which fit into a body, would hold everybody up. */
const AT_ONCE = 10_000;

type Body = Readonly<Record<string, unknown>>;

/** The inner objects of a create: one for `{"port": {…}}`, several for `{"ports": [{…}, {"port": {…}}]}`. */
export function createBodies(
  resource: Pick<Resource, 'key' | 'collection' | 'bulk'>,
  body: unknown,
): { readonly items: readonly Body[]; readonly bulk: boolean } {
  const { key, collection } = resource;
  if (body === undefined || body === null) throw bad(`Unable to find '${key}' in request body`);
  if (typeof body !== 'object' || Array.isArray(body)) throw bad('Resource body required');
  if (collection === key || !Object.hasOwn(body, collection)) return { items: [innerBody(resource, body)], bulk: false };
  if (!resource.bulk) throw bad('Bulk operation not supported');
  const list = (body as Body)[collection];
  if (!Array.isArray(list)) throw bad(`Unable to find '${key}' in request body`);
  if (list.length === 0) throw bad('Resources required');
  if (list.length > AT_ONCE) throw bad(`At most ${AT_ONCE} resources can be created at once`);
  const unwrap = (item: unknown): unknown => (isObject(item) && isObject(item[key]) && Object.keys(item).length === 1 ? item[key] : item);
  return { items: list.map((item) => objectOf(resource, unwrap(item))), bulk: true };
}

export function innerBody(resource: Pick<Resource, 'key'>, body: unknown): Body {
  const { key } = resource;
  if (!isObject(body) || !Object.hasOwn(body, key) || body[key] === null) throw bad(`Unable to find '${key}' in request body`);
  return objectOf(resource, body[key]);
}

const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);

function objectOf({ key }: Pick<Resource, 'key'>, value: unknown): Body {
  if (!isObject(value)) throw bad(`Object '${key}' contains invalid data`);
  return value;
}

/** A column that no client can set or see is nobody's attribute. */
const isInternal = (field: Field | undefined): boolean => !field || !(field.post || field.put || field.visible || field.filter);

function unknownAttributes(resource: Resource, body: Body): void {
  const unknown = Object.keys(body).filter(
    (name) => isInternal(resource.field.get(name)) && !(name === 'tenant_id' && resource.field.has('project_id')),
  );
  if (unknown.length > 0) throw bad(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
}

/** `project_id` and `tenant_id` are one attribute. Answers the body with the former alone. */
function oneProject(body: Body): Body {
  if (!Object.hasOwn(body, 'tenant_id')) return body;
  const { tenant_id, ...rest } = body;
  if (Object.hasOwn(rest, 'project_id') && rest.project_id !== tenant_id) throw bad("'project_id' and 'tenant_id' do not match");
  return { ...rest, project_id: tenant_id };
}

/** Who may name another project than its own; what of that project it may make, each resource's own rule says. */
const ACTS_FOR_OTHERS = ['context_is_admin', 'context_is_advsvc', 'service_api'];

export function parseCreate(resource: Resource, raw: Body, actor: Actor, policy: Policy): Input {
  const hasProject = resource.field.has('project_id');
  const body = hasProject ? oneProject(raw) : raw;
  if (hasProject && Object.hasOwn(body, 'project_id') && body.project_id !== actor.projectId) {
    if (!ACTS_FOR_OTHERS.some((rule) => policy.reduce(rule, actor) === true)) {
      throw bad("Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.");
    }
  }
  unknownAttributes(resource, body);
  const values: StoredRow = {};
  const given = new Set<string>();
  for (const field of resource.fields) {
    if (Object.hasOwn(body, field.name)) {
      if (!field.post) throw bad(`Attribute '${field.name}' not allowed in POST`);
      given.add(field.name);
    } else if (field.name === 'project_id' && actor.projectId !== '') {
      values.project_id = actor.projectId;
    } else if (field.required) {
      throw bad(`Failed to parse request. Required attribute '${field.name}' not specified`);
    } else if (field.default !== undefined) {
      values[field.name] = field.default;
    }
  }
  canonical(resource, body, given, values);
  return { values, given };
}

export function parseUpdate(resource: Resource, raw: Body): Input {
  const body = resource.field.has('project_id') ? oneProject(raw) : raw;
  unknownAttributes(resource, body);
  const given = new Set(Object.keys(body));
  for (const name of given) {
    if (!resource.field.get(name)?.put) throw bad(`Cannot update read-only attribute ${name}`);
  }
  const values: StoredRow = {};
  canonical(resource, body, given, values);
  return { values, given };
}

/** Converts everything, then validates everything, in declared order. */
function canonical(resource: Resource, body: Body, given: ReadonlySet<string>, values: StoredRow): void {
  if (given.size === 0) return;
  const fields = resource.fields.filter((field) => given.has(field.name));
  for (const field of fields) values[field.name] = field.convert ? field.convert(body[field.name]) : body[field.name];
  for (const field of fields) checkValue(field, values[field.name]);
}

/** Why a value is refused, if it is. */
function refusal(field: Field, value: unknown): string | undefined {
  // Not every database can keep a NUL in a text.
  const nul = typeof value === 'string' && value.includes('\0');
  return nul ? `'${value}' is not a valid string` : field.validate?.(value);
}

/** Whether an attribute may have a value that nobody gave it yet. */
export const fits = (field: Field, value: unknown): boolean => refusal(field, value) === undefined;

export function checkValue(field: Field, value: unknown): void {
  const reason = refusal(field, value);
  if (reason !== undefined) throw bad(`Invalid input for ${field.name}. Reason: ${reason}.`);
}
