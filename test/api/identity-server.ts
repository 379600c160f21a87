// A server with nothing but the identity API in it, on a store that was just set up. Used by the identity tests of test/api and test/compat.
import { type AddressInfo } from 'node:net';
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
