// A service profile: a driver and words for it. A flavor: what a service is offered as, backed by profiles; operators make both.
import { t } from '#core/attributes.ts';
import * as convert from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { identity } from '#packs/standard.ts';
import { flavorErrors } from './errors.ts';
import { serviceTypes } from './providers.ts';

const description = t
  .text('Free text for people.', 1024)
  .nullable()
  .validate(check.orNull(check.text(1024)))
  .default('')
  .mutable()
  .filter()
  .sort();
/** Null is the default. */
const enabled = (doc: string) =>
  t
    .bool(doc)
    .convert((value) => (value === null ? true : convert.toBoolean(value)))
    .default(true)
    .mutable()
    .filter()
    .sort()
    .list();

export const serviceProfile = resource({
  name: 'service_profile',
  collection: 'service_profiles',
  doc: 'A driver of a service, and words for it.',
  table: 'service_profiles',
  extension: 'flavors',
  bulk: false,
  attributes: {
    id: identity.id,
    description,
    driver: t.text('The driver of a service provider, or none.', 1024).default('').mutable().filter().sort().list(),
    enabled: enabled('False: flavors do not choose it.'),
    metainfo: t
      .text('What the driver is told; any value is kept as text.', 4096)
      .convert(convert.toText)
      .nullable()
      .default('')
      .mutable()
      .sort()
      .list(),
  },
  notFound: (sp_id) => flavorErrors.ServiceProfileNotFound({ sp_id }),
  inUse: (sp_id) => flavorErrors.ServiceProfileInUse({ sp_id }),
  scopes: () => [],
});

/** A service that a flavor may be of; refuses others in a word of its own. */
const serviceType: check.Validate = (value) => {
  if (typeof value !== 'string' || !serviceTypes.has(value)) throw flavorErrors.InvalidServiceType({ service_type: String(value) });
  return undefined;
};

export const flavor = resource({
  name: 'flavor',
  collection: 'flavors',
  doc: 'What a service is offered as.',
  table: 'flavors',
  extension: 'flavors',
  bulk: false,
  attributes: {
    ...identity,
    description,
    enabled: enabled('False: nothing new is made of it.'),
    service_profiles: t
      .json<string[]>(
        'Ids of the service profiles behind it.',
        { type: 'array', items: { type: 'string', format: 'uuid' } },
        check.listOfUnique(check.uuid),
      )
      .default([])
      .mutable()
      .keptIn('flavor_profiles', 'flavor_id', 'service_profile_id')
      .ref('service_profile', 'restrict'),
    service_type: t.text('The service it is of.').validate(serviceType).filter().sort().list(),
  },
  notFound: (flavor_id) => flavorErrors.FlavorNotFound({ flavor_id }),
  inUse: (flavor_id) => flavorErrors.FlavorInUse({ flavor_id }),
  scopes: () => [],
});
