// What a client may be told of the conntrack helpers of routers.
import { errorTable } from '#core/errors.ts';

export const conntrackHelperErrors = errorTable({
  ConntrackHelperNotFound: ['notFound', 'Conntrack Helper {id} could not be found.'],
  ConntrackHelperNotAllowed: ['invalid', 'Conntrack Helper {helper} is not allowed.'],
  InvalidProtocolForHelper: [
    'invalid',
    'Conntrack Helper {helper} does not support: {protocol}. Supported protocols are: {supported_protocols}',
  ],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
});
