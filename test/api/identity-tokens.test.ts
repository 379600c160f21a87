// Tokens: who gets one, what it says, and everything that takes it back: at once here, within seconds on another server of the same database.
import { setTimeout as delay } from 'node:timers/promises';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identityRoutes } from '#api/identity/plugin.ts';
import { POLL_MS } from '#identity/changes.ts';
import type { Passwords } from '#identity/passwords.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';
import {
  ADMIN_PASSWORD,
  adminProject,
  adminToken,
  type IdentityServer,
  identityServer,
  type Person,
  passwordLogin,
  person,
  roleId,
  send,
  tokenOf,
} from './identity-server.ts';

const admin = { name: 'admin', domain: { name: 'Default' } };

describe.each(engines())('tokens on $name', (engine) => {
  let opened: OpenEngine;
  let server: IdentityServer;
  beforeAll(async () => {
    opened = await engine.open();
    server = await identityServer(opened.store);
  });
  afterAll(async () => {
    await server.app.close();
    await opened.remove();
  });
  const login = (body: unknown) => send(server, 'POST', '/auth/tokens', { body });
  const works = async (token: string, on = server) => (await on.identity.authenticate(token)) !== undefined;
  const byToken = (id: string, scope?: unknown) => ({
    auth: { identity: { methods: ['token'], token: { id } }, ...(scope !== undefined && { scope }) },
  });

  describe('issuing', () => {
    test('for a password and a project by name, with roles and a catalog of our own address', async () => {
      const reply = await login(passwordLogin(admin, ADMIN_PASSWORD, { project: { name: 'admin', domain: { name: 'Default' } } }));
      expect(reply.status).toBe(201);
      expect(reply.at('token')).toMatchObject({
        methods: ['password'],
        user: { name: 'admin', domain: { id: 'default', name: 'Default' }, password_expires_at: null },
        project: { name: 'admin', domain: { id: 'default', name: 'Default' } },
      });
      const roles = reply.at('token.roles') as { name: string }[];
      expect(roles.map(({ name }) => name)).toEqual(['admin', 'manager', 'member', 'reader']);
      const lifetime = Date.parse(reply.text('token.expires_at')) - Date.parse(reply.text('token.issued_at'));
      expect(lifetime).toBe(3_600_000);
      expect(reply.at('token.catalog')).toMatchObject([
        { type: 'identity', endpoints: [{ url: 'http://cloud.example.org:9696/identity/v3' }, {}, {}] },
        { type: 'network', endpoints: [{ interface: 'public', region: 'RegionOne', url: 'http://cloud.example.org:9696' }, {}, {}] },
      ]);
      const { userId, projectId, domainId } = (await server.identity.authenticate(reply.header('x-subject-token'))) ?? {};
      expect({ userId, projectId, domainId }).toEqual({
        userId: reply.at('token.user.id'),
        projectId: reply.at('token.project.id'),
        domainId: '',
      });
    });

    test('without a catalog, for a domain, for the system, for nothing', async () => {
      const bare = await send(server, 'POST', '/auth/tokens?nocatalog', { body: passwordLogin(admin, ADMIN_PASSWORD, adminProject) });
      expect(bare.at('token')).not.toHaveProperty('catalog');
      const { userId } = await person(server);
      const token = await adminToken(server);
      await send(server, 'PUT', `/domains/default/users/${userId}/roles/${await roleId(server, 'reader')}`, { token });
      const who = await send(server, 'GET', `/users/${userId}`, { token });
      const user = { name: who.text('user.name'), domain: { id: 'default' } };
      const domain = await login(passwordLogin(user, `password of ${user.name}`, { domain: { name: 'Default' } }));
      expect(domain.at('token')).toMatchObject({ domain: { id: 'default', name: 'Default' }, roles: [{ name: 'reader' }] });
      const system = await login(passwordLogin(admin, ADMIN_PASSWORD, { system: { all: true } }));
      expect(system.at('token.system')).toEqual({ all: true });
      for (const scope of ['unscoped', { unscoped: {} }, undefined]) {
        const none = await login(passwordLogin(admin, ADMIN_PASSWORD, scope));
        expect(none.status).toBe(201);
        expect(Object.keys(none.at('token') as object).sort()).toEqual(['audit_ids', 'expires_at', 'issued_at', 'methods', 'user']);
      }
    });

    test("for the user's default project where no scope is asked for, while the user has a role there", async () => {
      const { userId, projectId, password } = await person(server);
      const token = await adminToken(server);
      await send(server, 'PATCH', `/users/${userId}`, { token, body: { user: { default_project_id: projectId } } });
      expect((await login(passwordLogin({ id: userId }, password))).at('token.project.id')).toBe(projectId);
      await send(server, 'DELETE', `/projects/${projectId}/users/${userId}/roles/${await roleId(server, 'member')}`, { token });
      expect((await login(passwordLogin({ id: userId }, password))).at('token')).not.toHaveProperty('project');
    });

    test('for another token, which lasts no longer and remembers where it came from', async () => {
      const first = await login(passwordLogin(admin, ADMIN_PASSWORD));
      const second = await login(byToken(first.header('x-subject-token'), adminProject));
      expect(second.at('token')).toMatchObject({
        methods: ['password', 'token'],
        project: { name: 'admin' },
        expires_at: first.at('token.expires_at'),
      });
      expect((second.at('token.audit_ids') as string[])[1]).toBe(first.at('token.audit_ids.0'));
    });

    test('refuses whoever is wrong with one and the same 401', async () => {
      const { userId, projectId } = await person(server);
      const wrong = [
        passwordLogin(admin, 'wrong'),
        passwordLogin({ name: 'nobody', domain: { id: 'default' } }, 'wrong'),
        passwordLogin({ id: 'nobody' }, 'wrong'),
        passwordLogin({ name: 'admin', domain: { id: 'nowhere' } }, ADMIN_PASSWORD),
        passwordLogin(admin, ADMIN_PASSWORD, { project: { id: projectId } }),
        passwordLogin(admin, ADMIN_PASSWORD, { project: { id: 'none' } }),
        passwordLogin(admin, ADMIN_PASSWORD, { domain: { id: 'default' } }),
        passwordLogin({ id: userId }, '', { system: { all: true } }),
        byToken('no token'),
        byToken(`${await adminToken(server)}x`),
        { auth: { identity: { methods: ['totp'], totp: {} } } },
        { auth: { identity: { methods: ['application_credential'], application_credential: { id: 'none', secret: 'none' } } } },
      ];
      const replies = await Promise.all(wrong.map(login));
      // An empty password is a mistake in the body, the only one here.
      expect(replies.map(({ status }) => status)).toEqual(wrong.map((_, index) => (index === 7 ? 400 : 401)));
      const bodies = new Set(replies.filter(({ status }) => status === 401).map(({ body }) => JSON.stringify(body)));
      expect([...bodies]).toEqual([
        JSON.stringify({ error: { code: 401, message: 'The request you have made requires authentication.', title: 'Unauthorized' } }),
      ]);
      expect(replies[0]?.header('www-authenticate')).toBe('Keystone uri="http://cloud.example.org:9696/identity"');
    });

    test('refuses a body of the wrong shape with 400 and says where', async () => {
      const cases: [unknown, RegExp][] = [
        ['{', /JSON/],
        ['', /body must be an object|auth must be an object|object/],
        [{}, /auth must be an object/],
        [{ auth: { identity: { methods: 'password' } } }, /auth\.identity\.methods must be a list/],
        [{ auth: { identity: { methods: [] } } }, /must not be empty/],
        [{ auth: { identity: { methods: ['password'] } } }, /auth\.identity\.password must be an object/],
        [passwordLogin({ name: 'admin' }, 'x'), /auth\.identity\.password\.user needs a domain/],
        [passwordLogin({}, 'x'), /needs an id or a name/],
        [passwordLogin(admin, 'x', { project: {}, domain: {} }), /auth\.scope must name one/],
        [passwordLogin(admin, 'x', { project: { name: 'admin' } }), /auth\.scope\.project needs a domain/],
        [passwordLogin({ ...admin, name: 'nul\0' }, 'x'), /must not contain NUL/],
      ];
      for (const [body, message] of cases) {
        const reply = await login(body);
        expect([reply.status, reply.at('error.title'), reply.text('error.message')]).toEqual([
          400,
          'Bad Request',
          expect.stringMatching(message),
        ]);
      }
    });

    test('proves a method once, however often it is named', async () => {
      const who = await person(server);
      const { auth } = who.login() as { auth: { identity: object } };
      const methods = Array.from({ length: 8 }, () => 'password');
      let verified = 0;
      const passwords: Passwords = {
        ...server.identity.passwords,
        verify(...given) {
          verified++;
          return server.identity.passwords.verify(...given);
        },
      };
      const app = Fastify();
      await app.register(identityRoutes({ ...server.identity, passwords }), { prefix: '/identity' });
      const body = { auth: { ...auth, identity: { ...auth.identity, methods } } };
      const answer = await send({ ...server, app }, 'POST', '/auth/tokens', { body });
      expect([answer.status, answer.at('token.methods'), verified]).toEqual([201, ['password'], 1]);
      await app.close();
    });

    test('forgets nothing of several methods: all must prove the same user', async () => {
      const other = await person(server);
      const both = (token: string) => ({
        auth: {
          identity: { methods: ['password', 'token'], password: { user: { ...admin, password: ADMIN_PASSWORD } }, token: { id: token } },
        },
      });
      expect((await login(both(other.token))).status).toBe(401);
      expect((await login(both(await adminToken(server)))).status).toBe(201);
    });
  });

  describe('application credentials', () => {
    const byCredential = (id: string, secret: string, scope?: unknown) => ({
      auth: {
        identity: { methods: ['application_credential'], application_credential: { id, secret } },
        ...(scope !== undefined && { scope }),
      },
    });
    const make = (who: Person, more: object = {}, token = who.token) =>
      send(server, 'POST', `/users/${who.userId}/application_credentials`, {
        token,
        body: { application_credential: { name: 'robot', ...more } },
      });

    test('give a token of their project with their roles only, and follow their owner', async () => {
      const who = await person(server);
      const made = await make(who, { roles: [{ name: 'reader' }] });
      expect(made.status).toBe(201);
      const [id, secret] = [made.text('application_credential.id'), made.text('application_credential.secret')];
      const reply = await login(byCredential(id, secret));
      expect(reply.at('token')).toMatchObject({
        methods: ['application_credential'],
        project: { id: who.projectId },
        roles: [{ name: 'reader' }],
        application_credential: { id, name: 'robot', restricted: true },
      });
      const token = reply.header('x-subject-token');
      expect((await login(byCredential(id, 'wrong'))).status).toBe(401);
      expect((await login(byCredential(id, secret, 'unscoped'))).status).toBe(401);
      const byName = { name: 'robot', secret, user: { id: who.userId } };
      expect((await login({ auth: { identity: { methods: ['application_credential'], application_credential: byName } } })).status).toBe(
        201,
      );
      await send(server, 'DELETE', `/projects/${who.projectId}/users/${who.userId}/roles/${await roleId(server, 'member')}`, {
        token: await adminToken(server),
      });
      expect(await works(token)).toBe(false);
      expect((await login(byCredential(id, secret))).status).toBe(401);
    });

    test('cannot be exchanged for more than they are', async () => {
      const who = await person(server);
      const elsewhere = await person(server);
      const role = await roleId(server, 'member');
      await send(server, 'PUT', `/projects/${elsewhere.projectId}/users/${who.userId}/roles/${role}`, { token: await adminToken(server) });
      const made = await make(who, { roles: [{ name: 'reader' }] });
      const token = await tokenOf(server, byCredential(made.text('application_credential.id'), made.text('application_credential.secret')));
      for (const scope of [{ project: { id: elsewhere.projectId } }, 'unscoped', { system: { all: true } }]) {
        expect((await login(byToken(token, scope))).status).toBe(401);
      }
      const again = await login(byToken(token));
      expect(again.at('token')).toMatchObject({ roles: [{ name: 'reader' }], application_credential: { restricted: true } });
      const exchanged = again.header('x-subject-token');
      for (const one of [token, exchanged]) {
        expect((await make(who, { name: 'child' }, one)).status).toBe(403);
        const url = `/users/${who.userId}/application_credentials/${made.text('application_credential.id')}`;
        expect((await send(server, 'DELETE', url, { token: one })).status).toBe(403);
      }
      expect((await send(server, 'GET', '/auth/projects', { token })).at('projects')).toMatchObject([{ id: who.projectId }]);
      expect((await send(server, 'GET', '/auth/domains', { token })).at('domains')).toEqual([]);
      await send(server, 'DELETE', `/users/${who.userId}/application_credentials/${made.text('application_credential.id')}`, {
        token: who.token,
      });
      expect([await works(token), await works(exchanged)]).toEqual([false, false]);
    });

    test('of the unrestricted kind may make others', async () => {
      const who = await person(server);
      const made = await make(who, { unrestricted: true, secret: 'chosen' });
      const token = await tokenOf(server, byCredential(made.text('application_credential.id'), 'chosen'));
      expect((await make(who, { name: 'child' }, token)).status).toBe(201);
    });

    test('end when they expire, and their tokens with them', async () => {
      const who = await person(server);
      const expiresAt = Date.now() + 2_200;
      const made = await make(who, { expires_at: new Date(expiresAt).toISOString() });
      const body = byCredential(made.text('application_credential.id'), made.text('application_credential.secret'));
      const token = await tokenOf(server, body);
      expect(await works(token)).toBe(true);
      await delay(expiresAt - Date.now() + 5);
      expect(await works(token)).toBe(false);
      expect((await login(body)).status).toBe(401);
    });

    test('are refused with roles that their maker has not, access rules, a past end, a taken name, or by somebody else', async () => {
      const who = await person(server);
      const refused = [
        { roles: [{ name: 'admin' }] },
        { access_rules: [{ path: '/v2.0' }] },
        { expires_at: '2001-01-01T00:00:00' },
        { expires_at: 'soon' },
      ];
      for (const more of refused) expect([(await make(who, more)).status, more]).toEqual([400, more]);
      expect((await make(who)).status).toBe(201);
      expect((await make(who)).status).toBe(409);
      expect((await make(who, {}, await adminToken(server))).status).toBe(403);
      const unscoped = await tokenOf(server, who.login('unscoped'));
      expect((await make(who, { name: 'other' }, unscoped)).status).toBe(400);
    });
  });

  describe('taking back', () => {
    /** Takes a token back, or what it rests on. */
    type Taking = (who: Person, admin: string) => Promise<unknown>;
    const takings: readonly (readonly [string, Taking])[] = [
      ['the token itself', (who) => send(server, 'DELETE', '/auth/tokens', { token: who.token, subject: who.token })],
      [
        'a new password, set by the user',
        (who) =>
          send(server, 'POST', `/users/${who.userId}/password`, {
            token: who.token,
            body: { user: { password: 'new', original_password: who.password } },
          }),
      ],
      [
        'a new password, set by an administrator',
        (who, token) => send(server, 'PATCH', `/users/${who.userId}`, { token, body: { user: { password: 'new' } } }),
      ],
      ['a disabled user', (who, token) => send(server, 'PATCH', `/users/${who.userId}`, { token, body: { user: { enabled: false } } })],
      ['a deleted user', (who, token) => send(server, 'DELETE', `/users/${who.userId}`, { token })],
      [
        'a disabled project',
        (who, token) => send(server, 'PATCH', `/projects/${who.projectId}`, { token, body: { project: { enabled: false } } }),
      ],
      ['a deleted project', (who, token) => send(server, 'DELETE', `/projects/${who.projectId}`, { token })],
      [
        'the last role',
        async (who, token) =>
          send(server, 'DELETE', `/projects/${who.projectId}/users/${who.userId}/roles/${await roleId(server, 'member')}`, { token }),
      ],
    ];

    test.each(takings)('%s: at once here, within seconds elsewhere', async (_, take) => {
      const store = opened.reopen();
      const elsewhere = await identityServer(store);
      try {
        const who = await person(server);
        expect([await works(who.token), await works(who.token, elsewhere)]).toEqual([true, true]);
        await take(who, await adminToken(server));
        expect(await works(who.token)).toBe(false);
        await delay(POLL_MS + 20);
        expect(await works(who.token, elsewhere)).toBe(false);
        expect((await send(elsewhere, 'GET', '/auth/projects', { token: who.token })).status).toBe(401);
      } finally {
        await elsewhere.app.close();
        await store.close();
      }
    });

    test('of one token leaves the others of its user', async () => {
      const who = await person(server);
      const other = await tokenOf(server, who.login());
      await send(server, 'DELETE', '/auth/tokens', { token: other, subject: who.token });
      expect([await works(who.token), await works(other)]).toEqual([false, true]);
    });

    test('a role of several takes its rights away and leaves the token', async () => {
      const who = await person(server);
      const role = await roleId(server, 'admin');
      const url = `/projects/${who.projectId}/users/${who.userId}/roles/${role}`;
      const token = await adminToken(server);
      await send(server, 'PUT', url, { token });
      expect((await server.identity.authenticate(who.token))?.roles).toContain('admin');
      expect((await send(server, 'GET', '/users', { token: who.token })).status).toBe(200);
      await send(server, 'DELETE', url, { token });
      expect((await server.identity.authenticate(who.token))?.roles).toEqual(['member', 'reader']);
      expect((await send(server, 'GET', '/users', { token: who.token })).status).toBe(403);
    });

    test('a disabled domain, and then its deletion', async () => {
      const token = await adminToken(server);
      const domain = (await send(server, 'POST', '/domains', { token, body: { domain: { name: 'to be closed' } } })).text('domain.id');
      const user = await send(server, 'POST', '/users', { token, body: { user: { name: 'ann', domain_id: domain, password: 'ann' } } });
      const theirs = await tokenOf(server, passwordLogin({ id: user.text('user.id') }, 'ann'));
      expect(await works(theirs)).toBe(true);
      await send(server, 'PATCH', `/domains/${domain}`, { token, body: { domain: { enabled: false } } });
      expect(await works(theirs)).toBe(false);
      expect((await login(passwordLogin({ id: user.text('user.id') }, 'ann'))).status).toBe(401);
      expect((await send(server, 'DELETE', `/domains/${domain}`, { token })).status).toBe(204);
      expect((await send(server, 'GET', `/users/${user.text('user.id')}`, { token })).status).toBe(404);
    });

    test('tokens end by themselves', async () => {
      const short = await identityServer(opened.store, { tokenLifetime: 1_000 });
      const token = await adminToken(short);
      await delay(1_050);
      expect(await works(token, short)).toBe(false);
      await short.app.close();
    });

    test('a token in use is looked up once, and found again after every change', async () => {
      const who = await person(server);
      const first = server.identity.authenticate(who.token);
      const actor = await first;
      // Known tokens are answered without a promise, and with the same object.
      expect(server.identity.authenticate(who.token)).toBe(actor);
      await person(server);
      expect(server.identity.authenticate(who.token)).toBeInstanceOf(Promise);
      expect(await server.identity.authenticate(who.token)).toEqual(actor);
    });
  });

  test('a token can be looked at by its user, by admin and by service, and by nobody else', async () => {
    const who = await person(server);
    const stranger = await person(server);
    const service = await person(server, 'service');
    const look = async (token: string, method: 'GET' | 'HEAD' = 'GET') =>
      (await send(server, method, '/auth/tokens', { token, subject: who.token })).status;
    expect([await look(who.token), await look(await adminToken(server)), await look(service.token), await look(stranger.token)]).toEqual([
      200, 200, 200, 403,
    ]);
    expect(await look(who.token, 'HEAD')).toBe(200);
    expect((await send(server, 'GET', '/auth/tokens', { token: who.token, subject: 'nonsense' })).status).toBe(404);
    expect((await send(server, 'GET', '/auth/tokens', { token: who.token })).status).toBe(400);
    expect((await send(server, 'DELETE', '/auth/tokens', { token: service.token, subject: who.token })).status).toBe(403);
  });

  test('setting a password needs the old one', async () => {
    const who = await person(server);
    const change = (original_password: string) =>
      send(server, 'POST', `/users/${who.userId}/password`, { token: who.token, body: { user: { password: 'new', original_password } } });
    expect((await change('wrong')).status).toBe(401);
    expect(await works(who.token)).toBe(true);
    expect((await change(who.password)).status).toBe(204);
    expect((await login(passwordLogin({ id: who.userId }, 'new'))).status).toBe(201);
  });
});
