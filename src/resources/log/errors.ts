// What a client may be told of logs.
import { errorTable } from '#core/errors.ts';

export const logErrors = errorTable({
  LogResourceNotFound: ['notFound', 'Log resource {log_id} could not be found.'],
  InvalidLogResourceType: ['invalid', 'Invalid log resource_type: {resource_type}.'],
  ResourceNotFound: ['notFound', 'Resource {resource_id} could not be found.'],
  TargetResourceNotFound: ['notFound', 'Target resource {target_id} could not be found.'],
  InvalidResourceConstraint: [
    'invalid',
    'Invalid resource constraint between resource ({resource} {resource_id}) and target resource ({target_resource} {target_id}).',
  ],
});
