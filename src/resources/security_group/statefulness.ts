// Whether new security groups are stateful when nobody says: a setting of each project, and one of everybody's.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { orNull, text } from '#core/validate.ts';
import { identity } from '#packs/standard.ts';
import type { Reader } from '#store/store.ts';
import { statefulnessErrors } from './errors.ts';

const NAME = 'security_groups_default_statefulness';

export const defaultStatefulness = resource({
  name: NAME,
  collection: NAME,
  doc: 'Whether new security groups are stateful when nobody says.',
  table: NAME,
  extension: 'security-groups-default-statefulness',
  bulk: false,
  attributes: {
    id: identity.id,
    project_id: t
      .text('The project whose groups it is about; null is every project without a setting of its own.')
      .nullable()
      .validate(orNull(text(255)))
      .optional()
      .filter()
      .sort()
      .list(),
    stateful: t.bool('What new groups are.').default(true).mutable().filter().sort().list(),
  },
  notFound: (id) => statefulnessErrors.SecurityGroupDefaultStatefulnessNotFound({ id }),
  conflict: ({ project_id }) => statefulnessErrors.SecurityGroupDefaultStatefulnessAlreadyExists({ project_id: project_id ?? 'None' }),
  scopes: () => [],
});

/** The project's own setting, else everybody's, else yes. */
export async function statefulByDefault(reader: Reader, projectId: string): Promise<boolean> {
  const row = await reader.get<{ stateful: number }>(
    `SELECT stateful FROM ${NAME} WHERE COALESCE(project_id, '') IN (?, '') ORDER BY COALESCE(project_id, '') DESC LIMIT 1`,
    projectId,
  );
  return row?.stateful !== 0;
}
