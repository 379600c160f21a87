// What a client may be told of quotas, besides that one is used up (core/quota.ts).
import { errorTable } from '#core/errors.ts';

export const limitErrors = errorTable({
  TenantQuotaNotFound: ['notFound', 'Quota for project {tenant_id} could not be found.'],
  AdminRequired: ['forbidden', 'User does not have admin privileges: {reason}.'],
});
