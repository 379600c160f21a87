// Domains: where users and projects live, and their names are unique.

import { unassignScope } from '#identity/assignments.ts';
import { newId } from '#identity/bootstrap.ts';
import { forbidden } from '#identity/errors.ts';
import { type DomainRow, domains } from '#identity/tables.ts';
import { type Ask, actsAsAdmin, admin, type Call, created, done, filter, flag, found, listed, ok, type Permission, param } from './call.ts';
import { unlessTaken } from './duplicates.ts';
import { bool, carried, ignored, nameOf, nullable, optional, text } from './shape.ts';

export const domainBody =
  (ask: Ask) =>
  ({ id, name, description, enabled, extra }: DomainRow): object => ({
    ...(JSON.parse(extra) as object),
    id,
    name,
    description,
    enabled: enabled === 1,
    tags: [],
    options: {},
    links: { self: ask.url(`/domains/${id}`) },
  });

const fields = {
  description: optional(nullable(text())),
  enabled: optional(bool),
  id: ignored,
  links: ignored,
  options: ignored,
  tags: ignored,
};
const readNew = carried('domain', { ...fields, name: nameOf(64) });
const readChange = carried('domain', { ...fields, name: optional(nameOf(64)) });

/** A domain may be seen by those who live in it. */
const inDomain: Permission = {
  says: 'admin, or a user or project of the domain',
  allows(ask) {
    const { user, scope } = ask.session;
    const homes = [user.domain.id, ...('domain' in scope ? [scope.domain.id] : [])];
    return actsAsAdmin(ask) || homes.includes(param(ask, 'domain_id'));
  },
};

export const domainCalls: readonly Call[] = [
  {
    method: 'GET',
    path: '/domains',
    says: 'Lists domains; filters `name`, `enabled`.',
    may: admin,
    async answer(ask) {
      const [name, enabled] = [filter(ask, 'name'), flag(ask, 'enabled')];
      const rows = await domains.list(ask.identity.store.read, {
        ...(name !== undefined && { name }),
        ...(enabled !== undefined && { enabled }),
      });
      return listed(ask, 'domains', rows.map(domainBody(ask)));
    },
  },
  {
    method: 'POST',
    path: '/domains',
    says: 'Creates a domain.',
    may: admin,
    async answer(ask) {
      const { name, description, enabled, extra } = readNew(ask.body);
      const row: DomainRow = {
        id: newId(),
        name,
        description: description ?? '',
        enabled: enabled === false ? 0 : 1,
        extra: JSON.stringify(extra),
      };
      await unlessTaken('domain', name, () => ask.identity.write((tx) => domains.insert(tx, row)));
      return created({ domain: domainBody(ask)(row) });
    },
  },
  {
    method: 'GET',
    path: '/domains/:domain_id',
    says: 'Shows a domain.',
    may: inDomain,
    async answer(ask) {
      const id = param(ask, 'domain_id');
      return ok({ domain: domainBody(ask)(found(await domains.find(ask.identity.store.read, id), 'domain', id)) });
    },
  },
  {
    method: 'PATCH',
    path: '/domains/:domain_id',
    says: 'Changes a domain. Disabling it takes back the tokens of its users and projects.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'domain_id');
      const change = readChange(ask.body);
      const row = await unlessTaken('domain', change.name ?? '', () =>
        ask.identity.write(async (tx) => {
          const old = found(await domains.find(tx, id), 'domain', id);
          const next: DomainRow = {
            ...old,
            name: change.name ?? old.name,
            description: change.description === undefined ? old.description : (change.description ?? ''),
            enabled: change.enabled === undefined ? old.enabled : Number(change.enabled),
            extra: JSON.stringify({ ...(JSON.parse(old.extra) as object), ...change.extra }),
          };
          await domains.update(tx, next);
          return next;
        }),
      );
      return ok({ domain: domainBody(ask)(row) });
    },
  },
  {
    method: 'DELETE',
    path: '/domains/:domain_id',
    says: 'Deletes a disabled domain with all its users and projects.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'domain_id');
      await ask.identity.write(async (tx) => {
        const row = found(await domains.find(tx, id), 'domain', id);
        if (row.enabled === 1) throw forbidden('delete a domain that is enabled, please disable it first');
        await tx.run(
          "DELETE FROM role_assignments WHERE scope_kind = 'project' AND scope_id IN (SELECT id FROM projects WHERE domain_id = ?)",
          id,
        );
        await unassignScope(tx, 'domain', id);
        await domains.remove(tx, id);
      });
      return done;
    },
  },
];
