// How the identity begins, and what it does when its database fails it or changes under its hands.
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identityRoutes } from '#api/identity/plugin.ts';
import { bootstrap } from '#identity/bootstrap.ts';
import { embeddedIdentity } from '#identity/embedded.ts';
import { type Reader, type SqlValue, type Store, StoreUnavailable } from '#store/store.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';
import { ADMIN_PASSWORD, adminProject, adminToken, cheapScrypt, identityServer, passwordLogin, send } from './identity-server.ts';

describe.each(engines())('the identity on $name', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  beforeEach(async () => {
    opened = await engine.open();
    store = opened.store;
  });
  afterEach(() => opened.remove());
  const begin = (on: Store, adminPassword = ADMIN_PASSWORD) => bootstrap(on, { adminPassword, scrypt: cheapScrypt });
  const counts = async () => {
    const tables = ['domains', 'projects', 'users', 'roles', 'implied_roles', 'role_assignments', 'token_keys'];
    const rows = await Promise.all(tables.map((table) => store.read.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`)));
    return rows.map((row) => row?.n);
  };

  test('is set up once, by whichever of several servers is first, and its password is the first one', async () => {
    const others = [opened.reopen(), opened.reopen()];
    const first = await Promise.all([store, ...others].map((one) => begin(one)));
    expect(first.filter(Boolean)).toHaveLength(1);
    expect(await counts()).toEqual([1, 1, 1, 5, 3, 2, 1]);
    expect(await begin(store, 'another password')).toBe(false);
    const server = await identityServer(store);
    await adminToken(server);
    // The servers share the key.
    const elsewhere = await identityServer(others[0] ?? store);
    expect(await elsewhere.identity.authenticate(await adminToken(server))).toMatchObject({ userName: 'admin' });
    await Promise.all([server.app.close(), elsewhere.app.close(), ...others.map((one) => one.close())]);
  });

  test('does not bring back what an operator removed or renamed', async () => {
    await begin(store);
    await store.transaction(async (tx) => {
      await tx.run("UPDATE users SET name = 'operator' WHERE name = 'admin'");
      await tx.run("DELETE FROM roles WHERE name = 'service'");
    });
    expect(await begin(store)).toBe(false);
    expect(await counts()).toEqual([1, 1, 1, 4, 3, 2, 1]);
  });

  test('says so when the database was not set up', async () => {
    await expect(embeddedIdentity(store)).rejects.toThrow(/no key to sign tokens/);
  });

  test('answers 503 and not 401 when the database fails, for tokens it knew as well', async () => {
    const server = await identityServer(store);
    const token = await adminToken(server);
    expect(await server.identity.authenticate(token)).toBeDefined();
    const now = Date.now;
    await store.close();
    expect((await send(server, 'POST', '/auth/tokens', { body: passwordLogin({ id: 'x' }, 'x') })).at('error')).toMatchObject({
      code: 503,
      title: 'Service Unavailable',
    });
    try {
      Date.now = () => now() + 60_000;
      expect((await send(server, 'GET', '/auth/projects', { token })).status).toBe(503);
      await expect(server.identity.authenticate(token)).rejects.toThrow(StoreUnavailable);
    } finally {
      Date.now = now;
    }
    await server.app.close();
  });

  test('tells addresses as the client knows them: through a proxy that is trusted, or as configured', async () => {
    await begin(store);
    const identity = await embeddedIdentity(store, { scrypt: cheapScrypt });
    const addresses = async (trustProxy: boolean, publicUrl?: string) => {
      const app = Fastify({ trustProxy });
      await app.register(identityRoutes(identity, { publicUrl }), { prefix: '/identity' });
      const headers = { host: 'inside:9696', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cloud.example.org' };
      const payload = passwordLogin({ name: 'admin', domain: { id: 'default' } }, ADMIN_PASSWORD, adminProject);
      const { token } = (await app.inject({ method: 'POST', url: '/identity/v3/auth/tokens', headers, payload })).json();
      const versions = (await app.inject({ url: '/identity', headers })).json();
      await app.close();
      return [token.catalog[1].endpoints[0].url, versions.versions.values[0].links[0].href];
    };
    expect(await addresses(true)).toEqual(['https://cloud.example.org', 'https://cloud.example.org/identity/v3/']);
    expect(await addresses(false)).toEqual(['http://inside:9696', 'http://inside:9696/identity/v3/']);
    expect(await addresses(false, 'https://public.example.org/')).toEqual([
      'https://public.example.org',
      'https://public.example.org/identity/v3/',
    ]);
  });

  test('refuses a body larger than the server takes in its own words', async () => {
    const server = await identityServer(store);
    const reply = await send(server, 'POST', '/auth/tokens', { body: JSON.stringify({ auth: 'x'.repeat(2_000_000) }) });
    expect([reply.status, reply.at('error.title')]).toEqual([413, 'Request Entity Too Large']);
    await server.app.close();
  });

  test('does not remember what it read while a token was being taken back', async () => {
    await begin(store);
    const gate = gatedStore(store);
    const server = await identityServer(gate.store);
    const token = await adminToken(server);
    const session = await server.identity.session(token);
    if (session === undefined) throw new Error('the token is not valid');
    await server.identity.write(async () => undefined);
    // The last thing a session reads is the roles: everything that could refuse the token has been read by then.
    gate.hold(/FROM roles/);
    const early = server.identity.authenticate(token);
    await gate.reached;
    await server.identity.revoke(session.claims);
    gate.open();
    expect(await early).toBeDefined();
    expect(await server.identity.authenticate(token)).toBeUndefined();
    await server.app.close();
  });
});

/** The same store, whose reads of a kind can be held up after the database has answered them. */
function gatedStore(store: Store) {
  let held: RegExp | undefined;
  const open = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const pass = async <T>(sql: string, answer: Promise<T>): Promise<T> => {
    const value = await answer;
    if (held?.test(sql)) {
      held = undefined;
      reached.resolve();
      await open.promise;
    }
    return value;
  };
  const read: Reader = {
    dialect: store.dialect,
    get: <Row>(sql: string, ...params: SqlValue[]) => pass(sql, store.read.get<Row>(sql, ...params)),
    all: <Row>(sql: string, ...params: SqlValue[]) => pass(sql, store.read.all<Row>(sql, ...params)),
  };
  return { store: { ...store, read }, hold: (kind: RegExp) => (held = kind), reached: reached.promise, open: () => open.resolve() };
}
