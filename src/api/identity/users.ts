// Users and their passwords. Nothing that a password or its hash could be learned from is ever answered.
import { newId } from '#identity/bootstrap.ts';
import { unauthenticated } from '#identity/errors.ts';
import { domains, type UserRow, users } from '#identity/tables.ts';
import { type Ask, admin, type Call, created, done, filter, flag, found, listed, ok, param, self } from './call.ts';
import { unlessTaken } from './duplicates.ts';
import { homeDomain } from './projects.ts';
import { bool, carried, ignored, nameOf, nullable, optional, secret, text } from './shape.ts';

const userBody =
  (ask: Ask) =>
  ({ id, name, domain_id, description, enabled, default_project_id, extra }: UserRow): object => ({
    ...(JSON.parse(extra) as object),
    id,
    name,
    domain_id,
    enabled: enabled === 1,
    ...(description !== '' && { description }),
    ...(default_project_id !== null && { default_project_id }),
    password_expires_at: null,
    options: {},
    links: { self: ask.url(`/users/${id}`) },
  });

const fields = {
  description: optional(nullable(text())),
  enabled: optional(bool),
  domain_id: optional(nullable(text(0, 64))),
  default_project_id: optional(nullable(text(0, 64))),
  password: optional(nullable(secret)),
  id: ignored,
  links: ignored,
  options: ignored,
  original_password: ignored,
  password_expires_at: ignored,
};
const readNew = carried('user', { ...fields, name: nameOf(255) });
const readChange = carried('user', { ...fields, name: optional(nameOf(255)) });
const readPasswords = carried('user', { password: secret, original_password: secret });

export const userCalls: readonly Call[] = [
  {
    method: 'GET',
    path: '/users',
    says: 'Lists users; filters `name`, `domain_id`, `enabled`.',
    may: admin,
    async answer(ask) {
      const wanted = { name: filter(ask, 'name'), domain_id: filter(ask, 'domain_id'), enabled: flag(ask, 'enabled') };
      const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
      return listed(ask, 'users', (await users.list(ask.identity.store.read, given)).map(userBody(ask)));
    },
  },
  {
    method: 'POST',
    path: '/users',
    says: "Creates a user, in the caller's own domain where none is named.",
    may: admin,
    async answer(ask) {
      const asked = readNew(ask.body);
      const domainId = asked.domain_id || homeDomain(ask);
      const row: UserRow = {
        id: newId(),
        domain_id: domainId,
        name: asked.name,
        description: asked.description ?? '',
        enabled: asked.enabled === false ? 0 : 1,
        default_project_id: asked.default_project_id || null,
        password_hash: asked.password == null ? null : await ask.identity.passwords.hash(asked.password),
        token_generation: 0,
        extra: JSON.stringify(asked.extra),
      };
      await unlessTaken('user', asked.name, () =>
        ask.identity.write(async (tx) => {
          found(await domains.find(tx, domainId), 'domain', domainId);
          await users.insert(tx, row);
        }),
      );
      return created({ user: userBody(ask)(row) });
    },
  },
  {
    method: 'GET',
    path: '/users/:user_id',
    says: 'Shows a user.',
    may: self,
    async answer(ask) {
      const id = param(ask, 'user_id');
      return ok({ user: userBody(ask)(found(await users.find(ask.identity.store.read, id), 'user', id)) });
    },
  },
  {
    method: 'PATCH',
    path: '/users/:user_id',
    says: 'Changes a user. A new password, or disabling the user, takes back all tokens of the user.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'user_id');
      const asked = readChange(ask.body);
      const hash = asked.password == null ? asked.password : await ask.identity.passwords.hash(asked.password);
      const row = await unlessTaken('user', asked.name ?? '', () =>
        ask.identity.write(async (tx) => {
          const old = found(await users.find(tx, id), 'user', id);
          const domainId = asked.domain_id || old.domain_id;
          found(await domains.find(tx, domainId), 'domain', domainId);
          const ends = hash !== undefined || asked.enabled === false;
          const next: UserRow = {
            ...old,
            domain_id: domainId,
            name: asked.name ?? old.name,
            description: asked.description === undefined ? old.description : (asked.description ?? ''),
            enabled: asked.enabled === undefined ? old.enabled : Number(asked.enabled),
            default_project_id: asked.default_project_id === undefined ? old.default_project_id : asked.default_project_id || null,
            password_hash: hash === undefined ? old.password_hash : hash,
            token_generation: old.token_generation + Number(ends),
            extra: JSON.stringify({ ...(JSON.parse(old.extra) as object), ...asked.extra }),
          };
          await users.update(tx, next);
          return next;
        }),
      );
      return ok({ user: userBody(ask)(row) });
    },
  },
  {
    method: 'DELETE',
    path: '/users/:user_id',
    says: 'Deletes a user, and with it the roles and application credentials of the user.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'user_id');
      await ask.identity.write(async (tx) => {
        if (!(await users.remove(tx, id))) found(undefined, 'user', id);
      });
      return done;
    },
  },
  {
    method: 'POST',
    path: '/users/:user_id/password',
    says: 'Sets a new password for who knows the old one, and takes back all tokens of the user.',
    may: self,
    async answer(ask) {
      const id = param(ask, 'user_id');
      const asked = readPasswords(ask.body);
      const { passwords, store } = ask.identity;
      const before = await users.find(store.read, id);
      if (!(await passwords.verify(asked.original_password, before?.password_hash)))
        throw unauthenticated('the original password is wrong');
      const hash = await passwords.hash(asked.password);
      await ask.identity.write(async (tx) => {
        const old = found(await users.find(tx, id), 'user', id);
        // Somebody else was quicker: the password that was proven is no longer the user's.
        if (old.password_hash !== before?.password_hash) throw unauthenticated('the original password has just been changed');
        await users.update(tx, { ...old, password_hash: hash, token_generation: old.token_generation + 1 });
      });
      return done;
    },
  },
  {
    method: 'GET',
    path: '/users/:user_id/groups',
    says: 'Lists the groups of a user: always empty, there are no groups.',
    may: self,
    answer: async (ask) => listed(ask, 'groups', [], `/users/${param(ask, 'user_id')}/groups`),
  },
];
