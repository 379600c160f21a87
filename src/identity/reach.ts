// Where a session's user can go: the projects and domains it could have a token for. Called by the token and project routes.
import type { Reader } from '#store/store.ts';
import type { Session } from './sessions.ts';
import { type DomainRow, domains, type ProjectRow, projects } from './tables.ts';

/** Enabled projects in which the user has a role, by name. Through an application credential one sees its project alone. */
export async function reachableProjects(reader: Reader, { user, credential }: Session): Promise<ProjectRow[]> {
  const rows = await userProjects(reader, user.id);
  return rows.filter((row) => row.enabled === 1 && (credential === undefined || row.id === credential.project_id));
}

/** Every project in which the user has a role, by name. */
export async function userProjects(reader: Reader, userId: string): Promise<ProjectRow[]> {
  return rowsOf(reader, userId, 'project', (ids) => projects.listIds(reader, ids));
}

/** Enabled domains in which the user has a role, by name. */
export async function reachableDomains(reader: Reader, { user, credential }: Session): Promise<DomainRow[]> {
  if (credential) return [];
  const rows = await rowsOf(reader, user.id, 'domain', (ids) => domains.listIds(reader, ids));
  return rows.filter(({ enabled }) => enabled === 1);
}

async function rowsOf<Row>(
  reader: Reader,
  userId: string,
  kind: 'project' | 'domain',
  list: (ids: string[]) => Promise<Row[]>,
): Promise<Row[]> {
  const rows = await reader.all<{ id: string }>(
    'SELECT DISTINCT scope_id AS id FROM role_assignments WHERE user_id = ? AND scope_kind = ?',
    userId,
    kind,
  );
  return rows.length === 0 ? [] : list(rows.map(({ id }) => id));
}
