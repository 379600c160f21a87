// What sharing shows: who besides its own project sees a resource, as rows of rbac_policies say it. Used by the schemas of what can be shared;
// what sharing does: resources/rbac_policy/sharing.ts.
import { t } from '#core/attributes.ts';

const TARGETS = "target_project IN (:project, '*')";

/** A boolean of a resource of this kind: whether the caller's project is among those that may do this. */
const targetedBy = (doc: string, kind: string, action: string) =>
  t
    .bool(doc)
    .derived(
      () =>
        `CASE WHEN EXISTS (SELECT 1 FROM rbac_policies p WHERE p.object_type = '${kind}' AND p.object_id = r.id AND p.action = '${action}' AND p.${TARGETS}) THEN 1 ELSE 0 END`,
      `SELECT object_id FROM rbac_policies WHERE object_type = '${kind}' AND action = '${action}' AND ${TARGETS}`,
    );

/** The attribute `shared` of a resource of this kind: whether the caller's project is among those it is shared with. */
export const sharedBy = (kind: string) => sharedUnseen(kind).optional().filter();

/** As {@link sharedBy}, where only policy asks. */
export const sharedUnseen = (kind: string) => targetedBy('Whether other projects may use it.', kind, 'access_as_shared');

/** For rules alone: whether a network leads outside for the caller's project. */
export const leadsOutside = targetedBy('Whether it leads outside for the caller.', 'network', 'access_as_external').readOnly().hidden();
