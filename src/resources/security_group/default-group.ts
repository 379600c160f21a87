// The group that every project has: made when the project first makes a network, a port or a group, or lists its groups. Called by the rules of
// these.
import type { Attributes, Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { Rules, Standing } from '#core/resource.ts';
import type { Reader } from '#store/store.ts';
import { DEFAULT_NAME, securityGroup } from './schema.ts';

async function find(reader: Reader, projectId: string): Promise<string | undefined> {
  const sql = `SELECT id FROM security_groups WHERE project_id = ? AND name = '${DEFAULT_NAME}'`;
  return (await reader.get<{ id: string }>(sql, projectId))?.id;
}

/** Its id. Of two who make it at once an index lets one, and the other finds it when asked again. */
export async function defaultGroup(context: Context, projectId: string): Promise<string> {
  const known = await find(context.tx, projectId);
  if (known !== undefined) return known;
  const made = await context.create(securityGroup, { project_id: projectId, name: DEFAULT_NAME, description: 'Default security group' });
  return made.id;
}

export const standingDefault: Standing = {
  missing: async (reader, projectId) => (await find(reader, projectId)) === undefined,
  make: defaultGroup,
};

/** For resources with which a project begins: who makes one has the group. What belongs to no project has none. */
export const bringsDefaultGroup = <A extends Attributes>(): Rules<A> => ({
  async created(context, row) {
    const { project_id } = row as Row<Attributes> & { readonly project_id: string };
    if (project_id !== '') await defaultGroup(context, project_id);
  },
});
