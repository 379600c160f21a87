// What a client may be told of automatic topologies.
import { errorTable } from '#core/errors.ts';

export const topologyErrors = errorTable({
  AutoAllocationFailure: ['conflict', 'Deployment error: {reason}.'],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
  NotAuthorized: ['forbidden', 'Not authorized.'],
});
