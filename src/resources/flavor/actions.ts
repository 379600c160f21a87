// What else can be asked of a flavor: to be backed by a service profile, or not any more, and which provider something made of it gets.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { checkValue, createBodies, requestErrors } from '#core/input.ts';
import { action, type Field } from '#core/resource.ts';
import { flavorErrors } from './errors.ts';
import { type Provider, providers } from './providers.ts';
import { checkProfiles } from './rules.ts';
import { flavor, serviceProfile } from './schema.ts';

type Flavor = Row<(typeof flavor)['attributes']>;
type Profile = Row<(typeof serviceProfile)['attributes']>;

const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });
const link = { key: 'service_profile', collection: 'service_profiles', bulk: true };

/** Ids in `{"service_profile": {"id": …}}`, or in a list of such. */
function profilesIn(body: unknown): { readonly ids: readonly string[]; readonly bulk: boolean } {
  const { items, bulk } = createBodies(link, body);
  const ids = items.map(({ id, ...rest }) => {
    const unknown = Object.keys(rest);
    if (unknown.length > 0) throw bad(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
    if (id === undefined) throw bad("Failed to parse request. Required attribute 'id' not specified");
    checkValue(serviceProfile.field.get('id') as Field, id);
    return id as string;
  });
  return { ids, bulk };
}

/** The provider of what is made of a flavor, and the profile that says so: its first one. */
export async function providerOf(
  context: Context,
  { id, enabled, service_profiles, service_type }: Flavor,
): Promise<Provider & { profile: Profile }> {
  if (!enabled) throw flavorErrors.FlavorDisabled({});
  const profile = service_profiles[0] === undefined ? undefined : await context.load(serviceProfile, service_profiles[0]);
  if (!profile) throw flavorErrors.FlavorServiceProfileBindingNotFound({ sp_id: '', fl_id: id });
  if (!profile.enabled) throw flavorErrors.ServiceProfileDisabled({});
  const provider = providers.find((one) => one.serviceType === service_type && one.driver === profile.driver);
  if (!provider) throw flavorErrors.ServiceProfileDriverNotFound({ driver: profile.driver });
  return { ...provider, profile };
}

export const flavorActions = [
  action({
    resource: flavor,
    name: 'service_profiles',
    method: 'POST',
    status: 201,
    rule: 'create_flavor_service_profile',
    doc: 'Backs it with a service profile.',
    takes: { service_profile: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } } },
    async run(context, row, body) {
      const { ids, bulk } = profilesIn(body);
      await checkProfiles(context, ids);
      const all = [...row.service_profiles];
      for (const sp_id of ids) {
        if (all.includes(sp_id)) throw flavorErrors.FlavorServiceProfileBindingExists({ sp_id, fl_id: row.id });
        all.push(sp_id);
      }
      await context.update(flavor, row, { service_profiles: all });
      const links = ids.map((id) => ({ id }));
      return bulk ? { service_profiles: links } : { service_profile: links[0] };
    },
  }),
  action({
    resource: flavor,
    name: 'service_profiles',
    method: 'DELETE',
    about: true,
    rule: 'delete_flavor_service_profile',
    doc: 'Backs it with this service profile no more.',
    async run(context, row, _, __, sp_id) {
      if (!row.service_profiles.includes(sp_id)) throw flavorErrors.FlavorServiceProfileBindingNotFound({ sp_id, fl_id: row.id });
      await context.update(flavor, row, { service_profiles: row.service_profiles.filter((id) => id !== sp_id) });
    },
  }),
  action({
    resource: flavor,
    name: 'next_providers',
    method: 'GET',
    // It tells what stands in a service profile.
    rule: 'get_service_profile',
    doc: 'Tells which provider something made of it would get.',
    async run(context, row) {
      const { name, driver, profile } = await providerOf(context, row);
      return { next_providers: [{ provider: name, driver, metainfo: profile.metainfo }] };
    },
  }),
];
