// The HTTP server: every route of Isospin on one origin. Made by main from parts; knows no configuration. Order of a request: id → token → route →
// handler → error body.
import { randomUUID } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import type { Pipeline } from '#core/pipeline.ts';
import type { Actor, Identity } from '#identity/actor.ts';
import type { EmbeddedIdentity } from '#identity/embedded.ts';
import { schedules } from '#resources/index.ts';
import { agentRoutes } from './agent.ts';
import { agentSchedulerRoutes } from './agent-schedulers.ts';
import { httpErrors, sendError } from './errors.ts';
import type { Hosts } from './hosts.ts';
import { identityRoutes } from './identity/plugin.ts';
import { readJson } from './json.ts';
import { type Metrics, metricsRoutes } from './metrics.ts';
import { openapi } from './openapi.ts';
import { quotaRoutes } from './quotas.ts';
import { originOf } from './request.ts';
import { resourceRoutes } from './resources.ts';
import { tagRoutes } from './tags.ts';
import { extensionRoutes, versionRoutes } from './versions.ts';

export interface ServerParts {
  readonly pipeline: Pipeline;
  /** Who knows the callers. */
  readonly identity: Identity;
  /** Set when identity is our own: its API is served below /identity. */
  readonly embedded?: EmbeddedIdentity | undefined;
  /** Address by which clients reach the server, when it is not the one they use. */
  readonly publicUrl?: string | undefined;
  readonly hosts: Hosts;
  readonly metrics: Metrics;
  readonly log?: FastifyBaseLogger | undefined;
  /** Certificate and key for HTTPS. */
  readonly tls?: Pick<ServerOptions, 'cert' | 'key'> | undefined;
  /** Whose X-Forwarded headers to believe: addresses of proxies. */
  readonly trustProxy?: readonly string[] | undefined;
  /** What else must be so before requests are wanted here: resolves to why not, or undefined. */
  readonly ready?: (() => Promise<string | undefined>) | undefined;
}

export interface Route {
  readonly method: string;
  /** With parameters as `:name`. */
  readonly url: string;
}

/** Every route of a server, for whoever must miss none. */
export const routesOf = new WeakMap<FastifyInstance, readonly Route[]>();

/** Bytes of a request body: a bulk create of about a thousand ports. */
const BODY_LIMIT = 1024 * 1024;
/** Milliseconds for a request to arrive in: who sends it byte by byte does not keep its connection for ever. Answers may take longer. */
const REQUEST_TIME = 120_000;

/** A server that does not listen yet. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { pipeline, identity, log, tls, trustProxy } = parts;
  const known = authenticate(identity);
  const app = Fastify({
    ...(log ? { loggerInstance: log } : {}),
    ...(tls ? { https: tls } : {}),
    ...(trustProxy ? { trustProxy: [...trustProxy] } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIME,
    genReqId: () => `req-${randomUUID()}`,
    requestIdHeader: false,
    rewriteUrl: (request: { readonly url?: string }) => plainPath(withoutNul(request.url ?? '/')),
    routerOptions: { maxParamLength: 1_000 },
    // A path that is no text, or holds a longer name than anything has. No hook runs for these, hence the token is asked for here.
    frameworkErrors: (_: unknown, request: FastifyRequest, reply: FastifyReply) => {
      if (request.url.startsWith('/identity'))
        void reply.code(404).send({ error: { code: 404, title: 'Not Found', message: 'No such path.' } });
      else if (!isApi(request.url)) void notFound(request, reply);
      else known(request, reply, (error) => void sendError(error ?? httpErrors.HTTPNotFound({}), request, reply));
    },
    // Requests that have begun are answered before the process ends; connections that idle are not waited for.
    forceCloseConnections: 'idle',
  } as object) as unknown as FastifyInstance;
  const routes: Route[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, url });
  });
  routesOf.set(app, routes);
  app.decorateRequest('actor', null);
  app.decorate('publicUrl', parts.publicUrl?.replace(/\/+$/, ''));
  readJson(app);
  metricsRoutes(app, parts.metrics);
  operationRoutes(app, parts);
  versionRoutes(app);
  if (parts.embedded) await app.register(identityRoutes(parts.embedded, { publicUrl: parts.publicUrl }), { prefix: '/identity' });
  await app.register(agentRoutes(pipeline.parts.store.read, parts.hosts), { prefix: '/agent/v1' });
  // By route, not by the text of the path, which clients may write in several ways; where there is no route, the text is all there is.
  app.addHook('onRequest', (request, reply, done) => (request.is404 && isApi(request.url) ? known(request, reply, done) : done()));
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler(notFound);
  await app.register(async (api) => {
    api.addHook('onRequest', known);
    extensionRoutes(api, pipeline.parts.settings);
    for (const resource of pipeline.parts.registry.all) resourceRoutes(api, pipeline, resource);
    tagRoutes(api, pipeline);
    quotaRoutes(api, pipeline);
    for (const schedule of schedules) agentSchedulerRoutes(api, pipeline, schedule);
  });
  return app;
}

const isApi = (url: string): boolean => url.startsWith('/v2.0');

/** Nothing is named with a NUL, and PostgreSQL would refuse to look: it becomes U+FFFD, which is nobody's name either. */
const withoutNul = (url: string): string => (url.includes('%00') ? url.replaceAll('%00', '%EF%BF%BD') : url);

/**
 * Several slashes mean one: clients put a path that begins with one behind an address that ends in one. A trailing slash and `.json` mean the
 * same as neither; of `/v2.0/` the slash is part.
 */
export function plainPath(url: string): string {
  const at = url.indexOf('?');
  const given = at < 0 ? url : url.slice(0, at);
  const rest = at < 0 ? '' : url.slice(at);
  const path = given.includes('//') ? given.replaceAll(/\/{2,}/g, '/') : given;
  if (!path.startsWith('/v2.0/')) return path + rest;
  if (path.length > '/v2.0/'.length && path.endsWith('/')) return path.slice(0, -1) + rest;
  return (path.endsWith('.json') ? path.slice(0, -'.json'.length) : path) + rest;
}

/** Gives every request of the Networking API its id and its caller, before anything else is said about it: also where there is no such route. */
function authenticate(identity: Identity) {
  return (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    reply.header('x-openstack-request-id', request.id);
    const token = request.headers['x-auth-token'];
    const found = typeof token === 'string' ? identity.authenticate(token) : undefined;
    const admit = (actor: Actor | undefined): void => {
      if (actor) {
        request.actor = actor;
        done();
        return;
      }
      const challenge = identity.challenge(originOf(request));
      void reply.code(401).header('www-authenticate', challenge).type('application/json').send(UNAUTHENTICATED);
    };
    if (found instanceof Promise) found.then(admit, done);
    else admit(found);
  };
}

/** As keystonemiddleware words it: clients parse this one. */
const UNAUTHENTICATED = JSON.stringify({
  error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
});

function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!isApi(request.url)) return reply.code(404).type('text/plain').send('404 Not Found');
  if (request.method === 'HEAD') return sendError(httpErrors.HTTPMethodNotAllowed({}), request, reply);
  return sendError(httpErrors.HTTPNotFound({}), request, reply);
}

/** What operators and load balancers ask; needs no token and tells nothing of anybody. */
function operationRoutes(app: FastifyInstance, { pipeline, ready }: ServerParts): void {
  const { store, registry } = pipeline.parts;
  app.get('/healthz', async (_, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', async (_, reply) => {
    const reason = await store.read.get('SELECT 1 AS one').then(
      () => ready?.(),
      (error: Error) => error.message,
    );
    return reply
      .code(reason === undefined ? 200 : 503)
      .type('text/plain')
      .send(`${reason ?? 'ok'}\n`);
  });
  let document: string | undefined;
  app.get('/openapi.json', async (_, reply) => reply.type('application/json').send((document ??= JSON.stringify(openapi(registry)))));
}
