// Quotas: how many of a resource a project may have, and how much one row of it may hold. Usage is a counter that moves in the same transaction as the rows it counts, so a
// limit holds under any concurrency and a check costs the same at any size.
import type { Reader, Tx } from '#store/store.ts';
import type { Context } from './context.ts';
import { errorTable } from './errors.ts';
import { repr } from './python.ts';
import type { Resource } from './resource.ts';
import type { Settings } from './settings.ts';

export const quotaErrors = errorTable({
  OverQuota: ['overQuota', 'Quota exceeded for resources: {overs}.'],
});

/** What a limit is set for: a resource that is counted, or something that each row of one has many of. */
export type Limited = Pick<Resource, 'name' | 'quota'>;

/** Everything that limits are set for. */
export const limitedOf = (resources: readonly Resource[]): Limited[] => [
  ...resources.filter(({ quota }) => quota !== undefined),
  ...resources.flatMap(({ limits = {} }) => Object.entries(limits).map(([name, quota]) => ({ name, quota }))),
];

/** The limit of a project without an override: the configuration's, else the declaration's; -1 is unlimited. */
export const quotaDefault = (settings: Settings, { name, quota }: Limited): number => settings.quota[name] ?? quota ?? -1;

/** The limit in force for a project: its override, else the default; -1 is unlimited. */
export async function quotaLimit(reader: Reader, settings: Settings, limited: Limited, projectId: string): Promise<number> {
  const override = await reader.get<{ max: number }>(
    'SELECT max FROM quotas WHERE project_id = ? AND resource = ?',
    projectId,
    limited.name,
  );
  return override?.max ?? quotaDefault(settings, limited);
}

/** How much a row of a project may hold of something that its resource declares a limit for. */
export function rowLimit(
  { tx, settings }: Context,
  { limits = {} }: Pick<Resource, 'limits'>,
  name: string,
  projectId: string,
): Promise<number> {
  return quotaLimit(tx, settings, { name, quota: limits[name] ?? -1 }, projectId);
}

/**
 * Refuses before any work is done when there is no room; the counter itself moves at the end, by {@link countUsage}. Answers the limit in force.
 */
export async function checkRoom(tx: Tx, settings: Settings, resource: Resource, projectId: string, wanted: number): Promise<number> {
  const limit = await quotaLimit(tx, settings, resource, projectId);
  if (limit < 0) return limit;
  const { used } = (await tx.get<{ used: number }>(
    'SELECT used FROM quota_usage WHERE project_id = ? AND resource = ?',
    projectId,
    resource.name,
  )) ?? { used: 0 };
  if (used + wanted > limit) throw quotaErrors.OverQuota({ overs: repr([resource.name]) });
  return limit;
}

/** Moves the counter; with `limit`, refuses when that would exceed it (two writers that both found room: the second one loses). */
export async function countUsage(tx: Tx, resource: Resource, projectId: string, change: number, limit = -1): Promise<void> {
  const row = await tx.get<{ used: number }>(
    `INSERT INTO quota_usage (project_id, resource, used) VALUES (?, ?, ?)
     ON CONFLICT (project_id, resource) DO UPDATE SET used = quota_usage.used + excluded.used RETURNING used`,
    projectId,
    resource.name,
    change,
  );
  if (limit >= 0 && row !== undefined && row.used > limit) throw quotaErrors.OverQuota({ overs: repr([resource.name]) });
}
