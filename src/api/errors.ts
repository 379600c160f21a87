// Errors as bodies. What a client may know is in the body; the cause chain is logged once, here.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, errorTable, statusOf } from '#core/errors.ts';
import { StoreUnavailable } from '#store/store.ts';

export const httpErrors = errorTable({
  HTTPNotFound: ['notFound', 'The resource could not be found.'],
  HTTPMethodNotAllowed: [
    'methodNotAllowed',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  HTTPBadRequest: ['invalid', '{reason}'],
  MalformedRequestBody: ['invalid', 'Malformed request body: Cannot understand JSON.'],
  HTTPRequestEntityTooLarge: ['tooLarge', 'The request body is too large.'],
  HTTPNotImplemented: ['notImplemented', '{reason}'],
  HTTPInternalServerError: ['bug', 'Request Failed: internal server error while processing your request.'],
  ServiceUnavailable: ['unavailable', 'The service is unavailable.'],
});

export const errorBody = (error: ApiError): object => ({ NeutronError: { type: error.type, message: error.message, detail: '' } });

/** Whatever was thrown, as an error a client may see. `core`: of a core collection or its items, whose malformed bodies have a type of their own. */
export function asApiError(error: unknown, core: boolean): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreUnavailable) return httpErrors.ServiceUnavailable({}, error);
  const code = (error as Partial<FastifyError>).code;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return httpErrors.HTTPRequestEntityTooLarge({}, error);
  const status = (error as Partial<FastifyError>).statusCode;
  if (error instanceof SyntaxError || (status !== undefined && status >= 400 && status < 500)) {
    return core ? httpErrors.HTTPBadRequest({ reason: 'Body contains invalid data' }, error) : httpErrors.MalformedRequestBody({}, error);
  }
  return httpErrors.HTTPInternalServerError({}, error);
}

/** Answers an error of the Networking API. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const shown = asApiError(error, /^\/v2\.0\/(networks|subnets|ports)(\/[^/?]*)?(\?|$)/.test(request.url));
  if (shown.status >= statusOf.bug) request.log.error({ err: shown.cause ?? shown, req: request.id }, shown.type);
  return reply.code(shown.status).type('application/json').serializer(JSON.stringify).send(errorBody(shown));
}
