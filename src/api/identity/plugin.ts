// The identity API as a Fastify plugin, to be registered with the prefix /identity. Apart from src/identity, which knows nothing of HTTP: this folder
// is the edge alone. Everything here answers in Keystone's words, errors too, whatever the server around it does.
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { EmbeddedIdentity } from '#identity/embedded.ts';
import { forbidden, unauthenticated } from '#identity/errors.ts';
import { readJson } from '../json.ts';
import type { Answer, Ask, Call } from './call.ts';
import { calls } from './calls.ts';
import { asApiError, errorBody } from './errors.ts';
import { version, versions } from './versions.ts';

export interface IdentityRouteOptions {
  /** Public address of the server without a path, such as https://cloud.example.org; by default the one each request came to. */
  readonly publicUrl?: string | undefined;
}

/** `app.register(identityRoutes(identity), { prefix: '/identity' })`. */
export function identityRoutes(identity: EmbeddedIdentity, options: IdentityRouteOptions = {}): FastifyPluginAsync {
  const originOf = (request: FastifyRequest) => options.publicUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`;

  function askOf(request: FastifyRequest): Ask {
    const origin = originOf(request);
    const { url } = request;
    const params = (request.params ?? {}) as Record<string, string>;
    return {
      identity,
      // A name with a NUL is nobody's: PostgreSQL would refuse to look it up.
      params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.replaceAll('\0', '\uFFFD')])),
      query: new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''),
      body: request.body,
      header: (name) => String(request.headers[name] ?? ''),
      origin,
      url: (path) => `${origin}/identity/v3${path}`,
    };
  }

  async function run(call: Call, request: FastifyRequest): Promise<Answer> {
    const ask = askOf(request);
    if (call.open) return call.answer(ask);
    const session = await identity.session(ask.header('x-auth-token'));
    if (session === undefined) throw unauthenticated('no valid token');
    const signed = { ...ask, session };
    if (!(await call.may.allows(signed))) throw forbidden(`perform the requested action: ${call.method} ${call.path}`);
    return call.answer(signed);
  }

  return async (app) => {
    readJson(app);
    app.setErrorHandler((error, request, reply) => {
      const shown = asApiError(error);
      if (shown.status >= 500) request.log.error({ err: shown.cause ?? shown, req: request.id }, shown.message);
      if (shown.status === 401) reply.header('www-authenticate', identity.challenge(originOf(request)));
      return send(reply, { status: shown.status, body: errorBody(shown) });
    });
    app.setNotFoundHandler((_request, reply) => {
      send(reply, {
        status: 404,
        body: {
          error: {
            code: 404,
            message: '(https://docs.openstack.org/api-ref/identity/v3): The resource could not be found.',
            title: 'Not Found',
          },
        },
      });
    });
    app.get('/', (request, reply) => send(reply, { status: 300, body: versions(askOf(request)) }));
    await app.register(
      async (v3) => {
        v3.get('/', (request, reply) => send(reply, { status: 200, body: version(askOf(request)) }));
        for (const call of calls) {
          v3.route({
            method: call.method,
            url: call.path,
            exposeHeadRoute: call.method === 'GET',
            handler: async (request, reply) => send(reply, await run(call, request)),
          });
        }
      },
      { prefix: '/v3' },
    );
  };
}

function send(reply: FastifyReply, { status, body, headers }: Answer): FastifyReply {
  reply.code(status).header('vary', 'X-Auth-Token');
  if (headers) reply.headers(headers);
  return body === undefined ? reply.send() : reply.type('application/json').serializer(JSON.stringify).send(body);
}
