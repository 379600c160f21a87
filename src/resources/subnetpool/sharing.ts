// Who besides its project takes subnets from a pool: those it is shared with, who must have a share of its address scope as well.
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { EVERYBODY } from '#resources/rbac_policy/schema.ts';
import { sharing } from '#resources/rbac_policy/sharing.ts';
import { subnetpoolErrors } from './errors.ts';
import type { Pool } from './prefixes.ts';
import { subnetpool } from './schema.ts';

export const poolSharing = sharing({
  resource: subnetpool,
  kind: 'subnetpool',
  users: { access_as_shared: ['SELECT project_id FROM subnets WHERE subnetpool_id = ?'] },
  async granting({ tx }, { id, address_scope_id }, { target_tenant }) {
    if (address_scope_id === null) return;
    const seen = await tx.get(
      `SELECT a.id FROM address_scopes a WHERE a.id = ? AND (a.project_id = ? OR EXISTS (
         SELECT 1 FROM rbac_policies s WHERE s.object_type = 'address_scope' AND s.object_id = a.id AND s.action = 'access_as_shared'
           AND s.target_project IN (?, ?)))`,
      address_scope_id,
      target_tenant,
      target_tenant,
      EVERYBODY,
    );
    if (seen) return;
    throw inputErrors.InvalidInput({
      error_message: `Failed to create RBAC policy on object ${id} because target project doesn't have access to associated address scope.`,
    });
  },
});

/** Refuses a scope of which somebody with a share of the pool has none. */
export async function checkShares({ tx }: Context, { id, address_scope_id }: Pool): Promise<void> {
  if (address_scope_id === null) return;
  const left = await tx.get(
    `SELECT p.id FROM rbac_policies p WHERE p.object_type = 'subnetpool' AND p.object_id = ? AND p.action = 'access_as_shared' AND NOT EXISTS (
       SELECT 1 FROM rbac_policies s WHERE s.object_type = 'address_scope' AND s.object_id = ? AND s.action = 'access_as_shared'
         AND s.target_project IN (p.target_project, ?))
       AND p.target_project <> (SELECT a.project_id FROM address_scopes a WHERE a.id = ?) LIMIT 1`,
    id,
    address_scope_id,
    EVERYBODY,
    address_scope_id,
  );
  if (left) throw subnetpoolErrors.IllegalSubnetPoolAssociationToAddressScope({ subnetpool_id: id, address_scope_id });
}
