// What the identity refuses and in which words. Thrown by the rest of src/identity, made into bodies by src/api/identity.
import { ApiError } from '#core/errors.ts';

/** 401 in the one sentence that tells nobody which part was wrong; what it was goes to `cause` and never to the client. */
export const unauthenticated = (why: string): ApiError =>
  new ApiError('unauthenticated', 'Unauthorized', 'The request you have made requires authentication.', why);

/** 403; `action` completes "You are not authorized to …". */
export const forbidden = (action: string): ApiError => new ApiError('forbidden', 'Forbidden', `You are not authorized to ${action}.`);

/** 404 in the words that clients print. */
export const notFound = (noun: string, id: string): ApiError => new ApiError('notFound', 'Not Found', `Could not find ${noun}: ${id}.`);

/** 409: a name is taken. */
export const duplicate = (noun: string, name: string): ApiError =>
  new ApiError('conflict', 'Conflict', `Conflict occurred attempting to store ${noun} - Duplicate entry found with name ${name}.`);

/** 400 with the reason. */
export const invalid = (reason: string): ApiError => new ApiError('invalid', 'Bad Request', reason);

/** 503: more passwords wait to be checked than anybody would wait for. */
export const busy = (): ApiError => new ApiError('unavailable', 'Service Unavailable', 'Too many logins are waiting: try again later.');
