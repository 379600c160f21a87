// What a client may be told of availability zones.
import { errorTable } from '#core/errors.ts';

export const zoneErrors = errorTable({
  AvailabilityZoneNotFound: ['notFound', 'AvailabilityZone {availability_zone} could not be found.'],
});
