// What making and changing flavors and service profiles means: profiles name drivers that there are, flavors name profiles that there are, and what is
// in use stays as it is.
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { flavorErrors } from './errors.ts';
import { providers } from './providers.ts';
import { type flavor, serviceProfile } from './schema.ts';

function checkDriver(driver: string): void {
  if (driver !== '' && !providers.some((one) => one.driver === driver)) throw flavorErrors.ServiceProfileDriverNotFound({ driver });
}

export const serviceProfileRules: RulesOf<typeof serviceProfile> = {
  async create(_, { driver, metainfo }) {
    if (driver === '' && !metainfo) throw flavorErrors.ServiceProfileEmpty({});
    checkDriver(driver);
  },
  async update({ tx }, { id }, { driver }) {
    if (driver !== undefined) checkDriver(driver);
    const used = await tx.get('SELECT 1 AS used FROM flavor_profiles WHERE service_profile_id = ? LIMIT 1', id);
    if (used) throw flavorErrors.ServiceProfileInUse({ sp_id: id });
  },
};

/** Refuses profiles that are not there, and holds the others. */
export async function checkProfiles(context: Context, ids: readonly string[]): Promise<void> {
  for (const id of [...ids].sort()) if (!(await context.load(serviceProfile, id, 'share'))) throw serviceProfile.notFound(id);
}

export const flavorRules: RulesOf<typeof flavor> = {
  create: (context, { service_profiles }) => checkProfiles(context, service_profiles),
  async update(context, before, { service_profiles = [] }) {
    await checkProfiles(
      context,
      service_profiles.filter((id) => !before.service_profiles.includes(id)),
    );
  },
};
