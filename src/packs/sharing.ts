// Sharing: who besides its own project sees a resource, as rows of rbac_policies say it. `shared` is what these rows mean for whoever asks.

import { randomUUID } from 'node:crypto';
import { type Attributes, type Row, t } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { Rules } from '#core/resource.ts';

const EVERYBODY = '*';

/** The attribute `shared` of a resource of this kind: whether the caller's project is among those it is shared with. */
export const sharedBy = (kind: string) =>
  t
    .bool('Whether other projects may use it.')
    .optional()
    .filter()
    .derived(
      () =>
        `CASE WHEN EXISTS (SELECT 1 FROM rbac_policies p WHERE p.object_type = '${kind}' AND p.object_id = r.id AND p.action = 'access_as_shared' AND p.target_project IN (:project, '*')) THEN 1 ELSE 0 END`,
      `SELECT object_id FROM rbac_policies WHERE object_type = '${kind}' AND action = 'access_as_shared' AND target_project IN (:project, '*')`,
    );

/** A row whose sharing may be set as an attribute. */
type Sharable = Attributes & { readonly project_id: Attributes[string] };

/**
 * What setting `shared` means: sharing with everybody, or not any more, which `refuseToUnshare` may forbid. What is shared of a row goes
 * with the row.
 */
export function sharingRules<A extends Attributes>(
  kind: string,
  refuseToUnshare: (context: Context, row: Row<A>) => Promise<void> = async () => {},
): Rules<A> {
  const setting = (given: unknown): boolean | undefined => (given as { readonly shared?: boolean }).shared;
  return {
    async created(context, row, input) {
      if (setting(input) === true) await share(context, kind, row as Row<Sharable>);
    },
    async update(context, before, changes) {
      const shared = setting(changes);
      if (shared === true) await share(context, kind, before as Row<Sharable>);
      if (shared !== false) return;
      await refuseToUnshare(context, before);
      await context.tx.run(
        "DELETE FROM rbac_policies WHERE object_type = ? AND object_id = ? AND action = 'access_as_shared' AND target_project = ?",
        kind,
        String((before as Row<Sharable>).id),
        EVERYBODY,
      );
    },
    async delete(context, row) {
      await context.tx.run('DELETE FROM rbac_policies WHERE object_type = ? AND object_id = ?', kind, String((row as Row<Sharable>).id));
    },
  };
}

async function share({ tx }: Context, kind: string, row: Row<Sharable>): Promise<void> {
  await tx.run(
    `INSERT INTO rbac_policies (id, project_id, object_type, object_id, action, target_project) VALUES (?, ?, ?, ?, 'access_as_shared', ?)
     ON CONFLICT (object_type, object_id, action, target_project) DO NOTHING`,
    randomUUID(),
    String(row.project_id),
    kind,
    String(row.id),
    EVERYBODY,
  );
}
