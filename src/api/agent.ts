// The hosts' own interface, /agent/v1: the calls of agents/link.ts over HTTP. Every call carries the host's name and credential, and is answered
// for that host alone; what it may read and report is decided in desired/.
import { setInterval } from 'node:timers';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { ServerLink } from '#agents/link.ts';
import { ApiError, errorTable } from '#core/errors.ts';
import { PROTOCOL } from '#desired/objects.ts';
import { isHost } from '#identity/hosts.ts';
import type { Reader } from '#store/store.ts';
import { errorBody, sendError } from './errors.ts';
import type { Hosts } from './hosts.ts';

export const agentCallErrors = errorTable({
  HostUnknown: ['unauthenticated', 'No host of this name has this credential: isospin host add makes one.'],
  ProtocolUnknown: [
    'invalid',
    'This server serves agents of protocol {known}, not of {given}: use an Isospin of about the same age on both sides.',
  ],
});

/** Bytes: some ten thousand reports. */
const REPORT_LIMIT = 8 * 1024 * 1024;
/** Milliseconds between the lines by which a host knows that its wake stream lives; the host gives up after 40,000. */
const KEEP_ALIVE = 15_000;

const words = { type: 'string', maxLength: 4096 };
/** What rows are found by: PostgreSQL keeps no NUL. */
const text = { ...words, pattern: '^[^\\u0000]*$' };
const object = (properties: Record<string, object>, optional: Record<string, object> = {}) => ({
  type: 'object',
  required: Object.keys(properties),
  properties: { ...properties, ...optional },
});
const list = (items: object) => ({ type: 'array', maxItems: 10_000, items });
const helloBody = object({
  agents: list(object({ agent_type: text, binary: text, configurations: { type: 'object' } }, { availability_zone: text })),
  started_at: { type: 'string', format: 'date-time' },
});
const reportsBody = object({ reports: list(object({ key: text, digest: text, error: { ...words, nullable: true } })) });

type Hello = { agents: Parameters<ServerLink['hello']>[0]; started_at: string };
type Reports = { reports: Parameters<ServerLink['report']>[0] };

declare module 'fastify' {
  interface FastifyRequest {
    /** The link of the host that calls; set by authentication. */
    link: ServerLink | null;
  }
}

/** `app.register(agentRoutes(reader, hosts), { prefix: '/agent/v1' })`. */
export function agentRoutes(reader: Reader, hosts: Hosts): FastifyPluginAsync {
  return async (app) => {
    app.decorateRequest('link', null);
    app.addHook('onRequest', async (request) => {
      request.link = hosts.of(await hostOf(reader, request));
    });
    app.setErrorHandler((error, request, reply) => {
      if (error instanceof ApiError && error.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
      const { validation, message } = error as { validation?: unknown; message: string };
      if (validation === undefined) return sendError(error, request, reply);
      return reply.code(400).send(errorBody(new ApiError('invalid', 'HTTPBadRequest', message)));
    });
    app.post<{ Body: Hello }>('/hello', { schema: { body: helloBody } }, (request) =>
      linkOf(request).hello(request.body.agents, new Date(request.body.started_at)),
    );
    app.post('/heartbeat', (request) => linkOf(request).heartbeat());
    app.get<{ Querystring: { cursor?: string } }>('/desired', (request) => linkOf(request).pull(request.query.cursor));
    app.post<{ Body: Reports }>('/reports', { schema: { body: reportsBody }, bodyLimit: REPORT_LIMIT }, async (request, reply) => {
      await linkOf(request).report(request.body.reports);
      return reply.code(204).send();
    });
    wakeStreams(app, reader);
  };
}

function linkOf({ link }: Pick<FastifyRequest, 'link'>): ServerLink {
  if (!link) throw new Error('this route was reached without authentication');
  return link;
}

async function hostOf(reader: Reader, { headers }: FastifyRequest): Promise<string> {
  const name = String(headers['x-isospin-host'] ?? '');
  const credential = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
  if (!(await isHost(reader, name, credential))) throw agentCallErrors.HostUnknown({});
  const given = String(headers['x-isospin-protocol'] ?? PROTOCOL);
  if (given !== String(PROTOCOL) && given !== String(PROTOCOL - 1)) {
    throw agentCallErrors.ProtocolUnknown({ known: PROTOCOL, given: given.slice(0, 20) });
  }
  return name;
}

/** One long answer per host: a line for each wake, and an empty one now and then. */
function wakeStreams(app: FastifyInstance, reader: Reader): void {
  const open = new Set<FastifyReply>();
  app.addHook('preClose', async () => {
    for (const { raw } of open) raw.end();
  });
  app.get('/wakes', (request, reply) => {
    const ended = new AbortController();
    const { raw } = reply.hijack();
    raw.writeHead(200, { 'content-type': 'application/x-ndjson' });
    raw.write('{}\n');
    linkOf(request).listen(() => {
      // A host that does not read has been woken already.
      if (!raw.writableNeedDrain) raw.write('{"wake":true}\n');
    }, ended.signal);
    const timer = setInterval(() => {
      raw.write('{}\n');
      // A credential that another one has replaced since hears no more.
      hostOf(reader, request).catch((error: unknown) => void (error instanceof ApiError && raw.end()));
    }, KEEP_ALIVE);
    open.add(reply);
    raw.once('close', () => {
      clearInterval(timer);
      ended.abort();
      open.delete(reply);
    });
  });
}
