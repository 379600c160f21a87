// Errors as Keystone's bodies. Whatever was thrown becomes one that a client may see; used by plugin.ts.
import { ApiError } from '#core/errors.ts';
import { invalid } from '#identity/errors.ts';
import { ConstraintViolation, StoreUnavailable } from '#store/store.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  503: 'Service Unavailable',
};

export const errorBody = ({ status, message }: ApiError): object => ({
  error: { code: status, message, title: titles[status] ?? 'Internal Server Error' },
});

/** An error of ours for whatever was thrown; what nobody foresaw is a bug, and says nothing of itself. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreUnavailable)
    return new ApiError('unavailable', 'Service Unavailable', 'The identity store is not available.', error);
  if (error instanceof ConstraintViolation) {
    const words = error.kind === 'unique' ? 'the name is taken already' : 'what it refers to is gone';
    return new ApiError('conflict', 'Conflict', `Conflict occurred attempting to store the object: ${words}.`, error);
  }
  const { statusCode, code } = error as { statusCode?: number; code?: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ApiError('tooLarge', 'Request Entity Too Large', 'The request body is too large.', error);
  if (error instanceof SyntaxError || (statusCode !== undefined && statusCode >= 400 && statusCode < 500)) {
    return invalid('The body is not JSON that can be understood.');
  }
  return new ApiError('bug', 'Internal Server Error', 'An unexpected error prevented the server from fulfilling your request.', error);
}
