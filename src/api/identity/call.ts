// What a call of the identity API is: a row in a table, from which plugin.ts makes the route and tools/identity-reference.ts the documentation.
// The tables are in the files named by their nouns.

import type { EmbeddedIdentity } from '#identity/embedded.ts';
import { invalid, notFound } from '#identity/errors.ts';
import type { Session } from '#identity/sessions.ts';

export interface Ask {
  readonly identity: EmbeddedIdentity;
  /** The path's variables; never with a NUL. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Parsed JSON of any shape, undefined for an empty body. */
  readonly body: unknown;
  header(name: string): string;
  /** `http://host` as the client knows us, or the configured public address. */
  readonly origin: string;
  /** The public address of a path below /identity/v3. */
  url(path: string): string;
}
/** A request that came with a valid token. */
export interface SignedAsk extends Ask {
  readonly session: Session;
}

export interface Answer {
  readonly status: number;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Who may make a call. `says` is for the documentation. */
export interface Permission {
  readonly says: string;
  allows(ask: SignedAsk): boolean | Promise<boolean>;
}

interface Described {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /identity/v3, variables as `:name`. A GET answers HEAD as well. */
  readonly path: string;
  /** One sentence for the documentation. */
  readonly says: string;
}
export type Call =
  | (Described & { readonly open: true; answer(ask: Ask): Promise<Answer> })
  | (Described & { readonly open?: undefined; readonly may: Permission; answer(ask: SignedAsk): Promise<Answer> });

const isAdmin = (session: Session): boolean => session.roles.some(({ name }) => name === 'admin');

/** An administrator: the role admin, wherever it is held. */
export const admin: Permission = { says: 'admin', allows: ({ session }) => isAdmin(session) };
/** Anyone with a valid token. */
export const anyone: Permission = { says: 'any valid token', allows: () => true };
/** The user that the path names. */
export const self: Permission = {
  says: 'admin, or the user itself',
  allows: ({ session, params }) => isAdmin(session) || session.user.id === params.user_id,
};
/** Whether a session is an administrator's. */
export const actsAsAdmin = (ask: SignedAsk): boolean => isAdmin(ask.session);
/** Whether the session has a role of this name. */
export const hasRole = (ask: SignedAsk, role: string): boolean => ask.session.roles.some(({ name }) => name === role);

export const ok = (body: object): Answer => ({ status: 200, body });
export const created = (body: object): Answer => ({ status: 201, body });
export const done: Answer = { status: 204 };

/** A list as clients expect it: all of it, with the links of a single page. `path` is that of the call. */
export function listed(ask: Ask, noun: string, rows: readonly object[], path = `/${noun}`): Answer {
  const search = ask.query.size > 0 ? `?${ask.query}` : '';
  return ok({ [noun]: rows, links: { next: null, previous: null, self: ask.url(`${path}${search}`) } });
}

/** What must be there, or the 404. */
export function found<T>(row: T | undefined, noun: string, id: string): T {
  if (row === undefined) throw notFound(noun, id);
  return row;
}

/** A path's variable. */
export const param = (ask: Ask, name: string): string => ask.params[name] ?? '';

/** A filter of the query; undefined when it was not given. */
export function filter(ask: Ask, name: string): string | undefined {
  const value = ask.query.get(name) ?? undefined;
  if (value?.includes('\0')) throw invalid(`${name} must not contain NUL.`);
  return value;
}

/** A filter that is a flag: absent, or 0 for `0` and `false`, else 1, as Keystone reads it. */
export function flag(ask: Ask, name: string): 0 | 1 | undefined {
  const value = filter(ask, name);
  return value === undefined ? undefined : /^(0|false|no|off)$/i.test(value) ? 0 : 1;
}
