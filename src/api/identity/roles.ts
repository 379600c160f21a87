// Roles, and which of them imply which.
import { imply, listImplications, unimply } from '#identity/assignments.ts';
import { newId } from '#identity/bootstrap.ts';
import { invalid, notFound } from '#identity/errors.ts';
import { type RoleRow, roles } from '#identity/tables.ts';
import { type Ask, admin, type Call, created, done, filter, found, listed, ok, param } from './call.ts';
import { unlessTaken } from './duplicates.ts';
import { carried, ignored, nameOf, nullable, optional, text } from './shape.ts';

export const roleBody =
  (ask: Ask) =>
  ({ id, name, description, extra }: RoleRow): object => ({
    ...(JSON.parse(extra) as object),
    id,
    name,
    description,
    domain_id: null,
    options: {},
    links: { self: ask.url(`/roles/${id}`) },
  });

const fields = {
  description: optional(nullable(text())),
  domain_id: optional(nullable(text(0, 64))),
  id: ignored,
  links: ignored,
  options: ignored,
};
const readNew = carried('role', { ...fields, name: nameOf(255) });
const readChange = carried('role', { ...fields, name: optional(nameOf(255)) });

const findRole = async (ask: Ask, name: string): Promise<RoleRow> =>
  found(await roles.find(ask.identity.store.read, param(ask, name)), 'role', param(ask, name));

/** One role and what it implies, as lists of inferences show it. */
function inferenceBody(ask: Ask, prior: RoleRow, implied: readonly RoleRow[]) {
  const short = ({ id, name }: RoleRow) => ({ id, name, description: '', links: { self: ask.url(`/roles/${id}`) } });
  return { prior_role: short(prior), implies: implied.map(short) };
}

/** The two roles of a rule and whether it holds. */
async function rule(ask: Ask) {
  const [prior, implied] = [await findRole(ask, 'prior_id'), await findRole(ask, 'implied_id')];
  const all = await listImplications(ask.identity.store.read);
  const holds = all.some(({ priorId, impliedId }) => priorId === prior.id && impliedId === implied.id);
  const { prior_role, implies } = inferenceBody(ask, prior, [implied]);
  const self = ask.url(`/roles/${prior.id}/implies/${implied.id}`);
  return { prior, implied, holds, body: { role_inference: { prior_role, implies: implies[0] }, links: { self } } };
}

export const roleCalls: readonly Call[] = [
  {
    method: 'GET',
    path: '/roles',
    says: 'Lists roles; filter `name`. A `domain_id` finds none: every role is global.',
    may: admin,
    async answer(ask) {
      const name = filter(ask, 'name');
      const rows = filter(ask, 'domain_id') ? [] : await roles.list(ask.identity.store.read, name === undefined ? {} : { name });
      return listed(ask, 'roles', rows.map(roleBody(ask)));
    },
  },
  {
    method: 'POST',
    path: '/roles',
    says: 'Creates a role.',
    may: admin,
    async answer(ask) {
      const asked = readNew(ask.body);
      if (asked.domain_id) throw invalid('Roles of a domain are not supported; leave domain_id out.');
      const row: RoleRow = { id: newId(), name: asked.name, description: asked.description ?? '', extra: JSON.stringify(asked.extra) };
      await unlessTaken('role', row.name, () => ask.identity.write((tx) => roles.insert(tx, row)));
      return created({ role: roleBody(ask)(row) });
    },
  },
  {
    method: 'GET',
    path: '/roles/:role_id',
    says: 'Shows a role.',
    may: admin,
    answer: async (ask) => ok({ role: roleBody(ask)(await findRole(ask, 'role_id')) }),
  },
  {
    method: 'PATCH',
    path: '/roles/:role_id',
    says: 'Changes a role.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'role_id');
      const asked = readChange(ask.body);
      const row = await unlessTaken('role', asked.name ?? '', () =>
        ask.identity.write(async (tx) => {
          const old = found(await roles.find(tx, id), 'role', id);
          const next: RoleRow = {
            ...old,
            name: asked.name ?? old.name,
            description: asked.description === undefined ? old.description : (asked.description ?? ''),
            extra: JSON.stringify({ ...(JSON.parse(old.extra) as object), ...asked.extra }),
          };
          await roles.update(tx, next);
          return next;
        }),
      );
      return ok({ role: roleBody(ask)(row) });
    },
  },
  {
    method: 'DELETE',
    path: '/roles/:role_id',
    says: 'Deletes a role; whoever held it loses it.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'role_id');
      await ask.identity.write(async (tx) => {
        if (!(await roles.remove(tx, id))) found(undefined, 'role', id);
      });
      return done;
    },
  },
  {
    method: 'GET',
    path: '/role_inferences',
    says: 'Lists every role that implies others.',
    may: admin,
    async answer(ask) {
      const all = await listImplications(ask.identity.store.read);
      const rows = await roles.list(ask.identity.store.read, {});
      const bodies = rows
        .map((prior) => ({ prior, implied: rows.filter(({ id }) => all.some((one) => one.priorId === prior.id && one.impliedId === id)) }))
        .filter(({ implied }) => implied.length > 0)
        .map(({ prior, implied }) => inferenceBody(ask, prior, implied));
      return listed(ask, 'role_inferences', bodies);
    },
  },
  {
    method: 'GET',
    path: '/roles/:prior_id/implies',
    says: 'Lists the roles that a role implies.',
    may: admin,
    async answer(ask) {
      const prior = await findRole(ask, 'prior_id');
      const ids = (await listImplications(ask.identity.store.read))
        .filter(({ priorId }) => priorId === prior.id)
        .map(({ impliedId }) => impliedId);
      const implied = ids.length === 0 ? [] : await roles.listIds(ask.identity.store.read, ids);
      return ok({ role_inference: inferenceBody(ask, prior, implied), links: { self: ask.url(`/roles/${prior.id}/implies`) } });
    },
  },
  {
    method: 'GET',
    path: '/roles/:prior_id/implies/:implied_id',
    says: 'Shows that a role implies another; 404 where it does not.',
    may: admin,
    async answer(ask) {
      const { holds, body } = await rule(ask);
      if (!holds) throw notFound('implied role', param(ask, 'implied_id'));
      return ok(body);
    },
  },
  {
    method: 'PUT',
    path: '/roles/:prior_id/implies/:implied_id',
    says: 'Makes a role imply another.',
    may: admin,
    async answer(ask) {
      const { prior, implied, body } = await rule(ask);
      await ask.identity.write((tx) => imply(tx, prior.id, implied.id));
      return created(body);
    },
  },
  {
    method: 'DELETE',
    path: '/roles/:prior_id/implies/:implied_id',
    says: 'Ends that a role implies another.',
    may: admin,
    async answer(ask) {
      const [prior, implied] = [param(ask, 'prior_id'), param(ask, 'implied_id')];
      await ask.identity.write(async (tx) => {
        if (!(await unimply(tx, prior, implied))) throw notFound('implied role', implied);
      });
      return done;
    },
  },
];
