// Limits as administrators read and set them: the defaults, a project's overrides, and what is used. Called by api/quotas.ts. What enforces
// them is core/quota.ts; a limit set here holds from the next create on.
import type { Context } from '#core/context.ts';
import { toBoolean, toInt } from '#core/convert.ts';
import { requestErrors } from '#core/input.ts';
import { type Limited, limitedOf, quotaDefault } from '#core/quota.ts';
import type { Registry } from '#core/registry.ts';
import type { Settings } from '#core/settings.ts';
import { range } from '#core/validate.ts';
import type { Reader } from '#store/store.ts';
import { limitErrors } from './errors.ts';

export type Limits = Record<string, number>;
export interface Detail {
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
}

/** What a PUT asks for: limits by resource, and whether one below what is used is refused. */
export interface LimitChange {
  readonly limits: ReadonlyMap<string, number>;
  readonly checked: boolean;
}

const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });
const inRange = range(-1, 2_147_483_647);

/** What limits are set for, in the order that resources are served. */
export const limited = (registry: Registry): Limited[] => limitedOf(registry.all);

/** What a project has that has no override. */
export const defaultLimits = (resources: readonly Limited[], settings: Settings): Limits =>
  Object.fromEntries(resources.map((resource) => [resource.name, quotaDefault(settings, resource)]));

/** The limits in force for a project. */
export async function limitsOf(reader: Reader, resources: readonly Limited[], settings: Settings, project: string): Promise<Limits> {
  const overrides = await reader.all<{ resource: string; max: number }>(
    'SELECT resource, max FROM quotas WHERE project_id = ? ORDER BY resource',
    project,
  );
  return laidOver(defaultLimits(resources, settings), overrides);
}

/** Projects that have overrides, each with all its limits. */
export async function overriddenLimits(reader: Reader, resources: readonly Limited[], settings: Settings): Promise<Map<string, Limits>> {
  const rows = await reader.all<{ project_id: string; resource: string; max: number }>(
    'SELECT project_id, resource, max FROM quotas ORDER BY project_id, resource',
  );
  const found = new Map<string, Limits>();
  for (const row of rows) {
    const limits = found.get(row.project_id) ?? defaultLimits(resources, settings);
    found.set(row.project_id, laidOver(limits, [row]));
  }
  return found;
}

/** An override of a resource that is not served any more is passed over. */
function laidOver(limits: Limits, overrides: readonly { readonly resource: string; readonly max: number }[]): Limits {
  for (const { resource, max } of overrides) if (Object.hasOwn(limits, resource)) limits[resource] = max;
  return limits;
}

export async function detailsOf(
  reader: Reader,
  resources: readonly Limited[],
  settings: Settings,
  project: string,
): Promise<Record<string, Detail>> {
  const limits = await limitsOf(reader, resources, settings, project);
  const rows = await reader.all<{ resource: string; used: number }>('SELECT resource, used FROM quota_usage WHERE project_id = ?', project);
  const used = new Map(rows.map((row) => [row.resource, row.used]));
  // Nothing is ever reserved: a counter moves in the transaction of the rows it counts.
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, { limit, used: used.get(name) ?? 0, reserved: 0 }]));
}

/** The inner object of a PUT. `force` turns off the check that nobody is left with less than is used; `check_limit` turns it on. */
export function parseLimits(resources: readonly Limited[], body: Readonly<Record<string, unknown>>, settings: Settings): LimitChange {
  const { force, check_limit, ...rest } = body;
  const known = resources.map(({ name }) => name);
  const unknown = Object.keys(rest).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw bad(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
  const asked = check_limit !== undefined && toBoolean(check_limit) === true;
  const forced = force !== undefined && toBoolean(force) === true;
  const limits = new Map<string, number>();
  for (const name of known) if (Object.hasOwn(rest, name)) limits.set(name, toInt(rest[name]) as number);
  for (const [name, limit] of limits) {
    const reason = inRange(limit);
    if (reason !== undefined) throw bad(`Invalid input for ${name}. Reason: ${reason}.`);
  }
  return { limits, checked: !forced && (asked || settings.quotaCheckLimit) };
}

export async function setLimits(context: Context, project: string, { limits, checked }: LimitChange): Promise<void> {
  const { tx } = context;
  for (const [name, limit] of limits) {
    if (checked && limit >= 0) await checkAboveUse(context, project, name, limit);
    await tx.run(
      `INSERT INTO quotas (project_id, resource, max) VALUES (?, ?, ?)
       ON CONFLICT (project_id, resource) DO UPDATE SET max = excluded.max`,
      project,
      name,
      limit,
    );
  }
  if (limits.size > 0) await context.note('quota', project, 'update', []);
}

async function checkAboveUse({ tx }: Context, project: string, name: string, limit: number): Promise<void> {
  const row = await tx.get<{ used: number }>('SELECT used FROM quota_usage WHERE project_id = ? AND resource = ?', project, name);
  const used = row?.used ?? 0;
  if (limit < used) throw bad(`Quota limit ${limit} for ${name} must be greater than or equal to already used ${used}`);
}

/** Back to the defaults. */
export async function clearLimits(context: Context, project: string): Promise<void> {
  const gone = await context.tx.run('DELETE FROM quotas WHERE project_id = ?', project);
  if (gone === 0) throw limitErrors.TenantQuotaNotFound({ tenant_id: project });
  await context.note('quota', project, 'delete', []);
}
