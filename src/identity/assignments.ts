// Who holds which role where, in the store. Called by sessions.ts for every new token and by the assignment routes.
import type { Reader, SqlValue, Tx } from '#store/store.ts';
import type { Implication } from './roles.ts';

export interface AssignmentRow {
  readonly user_id: string;
  readonly scope_kind: 'project' | 'domain' | 'system';
  /** The project's or domain's id; 'all' for the system. */
  readonly scope_id: string;
  readonly role_id: string;
}

const COLUMNS = ['user_id', 'scope_kind', 'scope_id', 'role_id'] as const;
const MATCH = COLUMNS.map((column) => `${column} = ?`).join(' AND ');
const valuesOf = (row: AssignmentRow): SqlValue[] => COLUMNS.map((column) => row[column]);

/** Assignments equal in every attribute of `filter` that is not undefined. */
export function listAssignments(reader: Reader, filter: Partial<AssignmentRow>): Promise<AssignmentRow[]> {
  const used = COLUMNS.filter((column) => filter[column] !== undefined);
  const where = used.length === 0 ? '' : ` WHERE ${used.map((column) => `${column} = ?`).join(' AND ')}`;
  return reader.all<AssignmentRow>(
    `SELECT ${COLUMNS.join(', ')} FROM role_assignments${where} ORDER BY user_id, scope_kind, scope_id, role_id`,
    ...used.map((column) => filter[column] ?? null),
  );
}

export async function isAssigned(reader: Reader, row: AssignmentRow): Promise<boolean> {
  return (await reader.get(`SELECT 1 AS there FROM role_assignments WHERE ${MATCH}`, ...valuesOf(row))) !== undefined;
}

/** Giving a role twice is giving it once. */
export async function assign(tx: Tx, row: AssignmentRow): Promise<void> {
  await tx.run(`INSERT INTO role_assignments (${COLUMNS.join(', ')}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`, ...valuesOf(row));
}

/** Answers whether the role had been assigned. */
export const unassign = async (tx: Tx, row: AssignmentRow): Promise<boolean> =>
  (await tx.run(`DELETE FROM role_assignments WHERE ${MATCH}`, ...valuesOf(row))) > 0;

/** To be called when a project or domain goes: scopes are of several tables, so no foreign key does it. */
export async function unassignScope(tx: Tx, kind: 'project' | 'domain', id: string): Promise<void> {
  await tx.run('DELETE FROM role_assignments WHERE scope_kind = ? AND scope_id = ?', kind, id);
}

export const listImplications = (reader: Reader): Promise<Implication[]> =>
  reader.all<Implication>('SELECT prior_id AS "priorId", implied_id AS "impliedId" FROM implied_roles ORDER BY prior_id, implied_id');

/** From now on whoever holds `priorId` holds `impliedId` too. Saying it twice is saying it once. */
export async function imply(tx: Tx, priorId: string, impliedId: string): Promise<void> {
  await tx.run('INSERT INTO implied_roles (prior_id, implied_id) VALUES (?, ?) ON CONFLICT DO NOTHING', priorId, impliedId);
}

/** Answers whether it had been so. */
export const unimply = async (tx: Tx, priorId: string, impliedId: string): Promise<boolean> =>
  (await tx.run('DELETE FROM implied_roles WHERE prior_id = ? AND implied_id = ?', priorId, impliedId)) > 0;
