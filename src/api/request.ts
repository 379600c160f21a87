// What every handler asks of a request: who calls, under which id, by which address we were reached.
import type { FastifyRequest } from 'fastify';
import type { Caller } from '#core/context.ts';
import type { Actor } from '#identity/actor.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication; absent on the few routes that need none. */
    actor: Actor | null;
  }
  interface FastifyInstance {
    /** Address by which clients reach the server, without a slash at its end; undefined: the one they use. */
    publicUrl: string | undefined;
  }
}

export function callerOf(request: FastifyRequest): Caller {
  if (!request.actor) throw new Error('this route was reached without authentication');
  return { actor: request.actor, requestId: request.id };
}

/** The query string without its question mark. */
export function searchOf(request: FastifyRequest): string {
  const url = request.raw.url ?? '';
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/** The address clients reach us by: as configured, else as this one did (X-Forwarded-Proto and -Host from a trusted proxy count). */
export const originOf = (request: FastifyRequest): string => request.server.publicUrl ?? `${request.protocol}://${request.host}`;
