// A server with nothing but the identity API in it, on a store that was just set up. Used by the identity tests of test/api and test/compat.
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { identityRoutes } from '#api/identity/plugin.ts';
import { bootstrap } from '#identity/bootstrap.ts';
import { type EmbeddedIdentity, type EmbeddedOptions, embeddedIdentity } from '#identity/embedded.ts';
import type { Store } from '#store/store.ts';

/** Cheap, so that hundreds of logins take no time. What the standard cost does is tested by passwords.test.ts. */
export const cheapScrypt = { log2n: 4, r: 1, p: 1 };
export const ADMIN_PASSWORD = 'the first password';

export interface IdentityServer {
  readonly app: FastifyInstance;
  readonly identity: EmbeddedIdentity;
}

export async function identityServer(store: Store, options: EmbeddedOptions = {}): Promise<IdentityServer> {
  await bootstrap(store, { adminPassword: ADMIN_PASSWORD, scrypt: cheapScrypt });
  const identity = await embeddedIdentity(store, { scrypt: cheapScrypt, ...options });
  const app = Fastify();
  await app.register(identityRoutes(identity), { prefix: '/identity' });
  return { app, identity };
}

/** Listens on a port of loopback; answers the server's address. */
export async function listen({ app }: IdentityServer): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

/** An answer; `at('project.id')` is what its body has at this path. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  at(path: string): unknown;
  text(path: string): string;
  header(name: string): string;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export interface Sent {
  readonly token?: string | undefined;
  readonly subject?: string;
  readonly body?: unknown;
}

/** Sends one request below /identity/v3 without a network in between. */
export async function send({ app }: IdentityServer, method: Method, path: string, { token, subject, body }: Sent = {}): Promise<Reply> {
  const response = await app.inject({
    method,
    url: `/identity/v3${path}`,
    headers: {
      host: 'cloud.example.org:9696',
      ...(token !== undefined && { 'x-auth-token': token }),
      ...(subject !== undefined && { 'x-subject-token': subject }),
      'content-type': 'application/json',
    },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const parsed: unknown = response.body === '' ? undefined : JSON.parse(response.body);
  const at = (where: string) =>
    where.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], parsed);
  return {
    status: response.statusCode,
    body: parsed,
    at,
    text: (where) => String(at(where)),
    header: (name) => String(response.headers[name] ?? ''),
  };
}

/** The body of a password login; scope as it stands in the body. */
export const passwordLogin = (user: object, password: string, scope?: unknown): object => ({
  auth: { identity: { methods: ['password'], password: { user: { ...user, password } } }, ...(scope !== undefined && { scope }) },
});

export const adminProject = { project: { name: 'admin', domain: { id: 'default' } } };

/** A token of the first user; throws when it is refused. */
export async function adminToken(server: IdentityServer, scope: unknown = adminProject): Promise<string> {
  return tokenOf(server, passwordLogin({ name: 'admin', domain: { id: 'default' } }, ADMIN_PASSWORD, scope));
}

export async function tokenOf(server: IdentityServer, login: object): Promise<string> {
  const reply = await send(server, 'POST', '/auth/tokens', { body: login });
  if (reply.status !== 201) throw new Error(`no token: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.header('x-subject-token');
}

export interface Person {
  readonly userId: string;
  readonly projectId: string;
  readonly password: string;
  /** Scoped to the project. */
  readonly token: string;
  login(scope?: unknown): object;
}

let people = 0;
/** A new user with a role in a project of its own. */
export async function person(server: IdentityServer, role = 'member'): Promise<Person> {
  const token = await adminToken(server);
  const name = `person ${++people}`;
  const password = `password of ${name}`;
  const user = await send(server, 'POST', '/users', { token, body: { user: { name, password, email: 'person@example.org' } } });
  const project = await send(server, 'POST', '/projects', { token, body: { project: { name } } });
  const userId = user.text('user.id');
  const projectId = project.text('project.id');
  await send(server, 'PUT', `/projects/${projectId}/users/${userId}/roles/${await roleId(server, role)}`, { token });
  const login = (scope: unknown = { project: { id: projectId } }) => passwordLogin({ id: userId }, password, scope);
  return { userId, projectId, password, login, token: await tokenOf(server, login()) };
}

export async function roleId(server: IdentityServer, name: string): Promise<string> {
  const reply = await send(server, 'GET', `/roles?name=${name}`, { token: await adminToken(server) });
  return reply.text('roles.0.id');
}
