// What sharing an address scope means: with everybody once, with everybody for good, because others' pools may rest on it.
import type { RulesOf } from '#core/resource.ts';
import { sharing } from '#resources/rbac_policy/sharing.ts';
import { addressScopeErrors } from './errors.ts';
import { addressScope } from './schema.ts';

export const scopeSharing = sharing({
  resource: addressScope,
  kind: 'address_scope',
  users: { access_as_shared: ['SELECT project_id FROM subnetpools WHERE address_scope_id = ?'] },
});

export const addressScopeRules: readonly RulesOf<typeof addressScope>[] = [
  {
    async update(_, { id, shared }, changes) {
      if (shared && changes.shared === false)
        throw addressScopeErrors.AddressScopeUpdateError({ address_scope_id: id, reason: "Shared address scope can't be unshared" });
    },
  },
  scopeSharing.rules,
];
