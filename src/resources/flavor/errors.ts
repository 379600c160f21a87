// What a client may be told of flavors and of the service profiles they choose from.
import { errorTable } from '#core/errors.ts';

export const flavorErrors = errorTable({
  FlavorNotFound: ['notFound', 'Flavor {flavor_id} could not be found.'],
  FlavorInUse: ['conflict', 'Flavor {flavor_id} is used by some service instance.'],
  FlavorDisabled: ['unavailable', 'Flavor is not enabled.'],
  FlavorServiceProfileBindingExists: ['conflict', 'Service Profile {sp_id} is already associated with flavor {fl_id}.'],
  FlavorServiceProfileBindingNotFound: ['notFound', 'Service Profile {sp_id} is not associated with flavor {fl_id}.'],
  InvalidServiceType: ['invalid', 'Invalid service type: {service_type}.'],
  ServiceProfileNotFound: ['notFound', 'Service Profile {sp_id} could not be found.'],
  ServiceProfileInUse: ['conflict', 'Service Profile {sp_id} is used by some service instance.'],
  ServiceProfileDisabled: ['unavailable', 'Service Profile is not enabled.'],
  ServiceProfileDriverNotFound: ['notFound', 'Service Profile driver {driver} could not be found.'],
  ServiceProfileEmpty: ['invalid', 'Service Profile needs either a driver or metainfo.'],
});
