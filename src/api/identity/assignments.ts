// Who holds which role where: giving, taking, asking. One set of calls for each kind of scope, and the list over all of them.
import { type AssignmentRow, assign, isAssigned, listAssignments, listImplications, unassign } from '#identity/assignments.ts';
import { notFound } from '#identity/errors.ts';
import { effectiveRoles } from '#identity/roles.ts';
import { domains, projects, roles, users } from '#identity/tables.ts';
import type { Reader } from '#store/store.ts';
import { type Ask, actsAsAdmin, admin, type Call, done, filter, flag, found, listed, type Permission, param, self } from './call.ts';
import { roleBody } from './roles.ts';

type Kind = AssignmentRow['scope_kind'];

/** Path of a kind's scope, and of the roles of a user there. */
const scopePaths: Readonly<Record<Kind, string>> = { project: '/projects/:scope_id', domain: '/domains/:scope_id', system: '/system' };

const rowOf = (ask: Ask, kind: Kind): AssignmentRow => ({
  user_id: param(ask, 'user_id'),
  scope_kind: kind,
  scope_id: kind === 'system' ? 'all' : param(ask, 'scope_id'),
  role_id: param(ask, 'role_id'),
});

/** Throws the 404 unless the user and the scope are there. */
async function checkPlace(reader: Reader, row: AssignmentRow): Promise<void> {
  found(await users.find(reader, row.user_id), 'user', row.user_id);
  if (row.scope_kind === 'project') found(await projects.find(reader, row.scope_id), 'project', row.scope_id);
  if (row.scope_kind === 'domain') found(await domains.find(reader, row.scope_id), 'domain', row.scope_id);
}

const absent = (row: AssignmentRow) =>
  notFound('role assignment', `user ${row.user_id}, ${row.scope_kind} ${row.scope_id}, role ${row.role_id}`);

const place: Readonly<Record<Kind, string>> = { project: 'in a project', domain: 'in a domain', system: 'in the whole system' };

const callsFor = (kind: Kind): Call[] => {
  const path = `${scopePaths[kind]}/users/:user_id/roles`;
  return [
    {
      method: 'GET',
      path,
      says: `Lists the roles a user was given ${place[kind]}.`,
      may: self,
      async answer(ask) {
        const { store } = ask.identity;
        const row = rowOf(ask, kind);
        await checkPlace(store.read, row);
        const given = await listAssignments(store.read, { user_id: row.user_id, scope_kind: kind, scope_id: row.scope_id });
        const rows = await roles.listIds(
          store.read,
          given.map(({ role_id }) => role_id),
        );
        return listed(ask, 'roles', rows.map(roleBody(ask)), path.replace(':scope_id', row.scope_id).replace(':user_id', row.user_id));
      },
    },
    {
      method: 'PUT',
      path: `${path}/:role_id`,
      says: `Gives a user a role ${place[kind]}.`,
      may: admin,
      async answer(ask) {
        const row = rowOf(ask, kind);
        await ask.identity.write(async (tx) => {
          await checkPlace(tx, row);
          found(await roles.find(tx, row.role_id), 'role', row.role_id);
          await assign(tx, row);
        });
        return done;
      },
    },
    {
      method: 'GET',
      path: `${path}/:role_id`,
      says: `Answers 204 where a user was given the role ${place[kind]}, else 404.`,
      may: self,
      async answer(ask) {
        const row = rowOf(ask, kind);
        if (!(await isAssigned(ask.identity.store.read, row))) throw absent(row);
        return done;
      },
    },
    {
      method: 'DELETE',
      path: `${path}/:role_id`,
      says: `Takes a role ${place[kind]} from a user; at once, for tokens too.`,
      may: admin,
      async answer(ask) {
        const row = rowOf(ask, kind);
        await ask.identity.write(async (tx) => {
          if (!(await unassign(tx, row))) throw absent(row);
        });
        return done;
      },
    },
  ];
};

/** An assignment as the list shows it; `priorId` is the role it follows from. */
interface Shown extends AssignmentRow {
  readonly priorId: string;
}

/** What the query asks for; undefined where nothing can match, since there are no groups and nothing is inherited. */
async function select(ask: Ask): Promise<Shown[]> {
  const { read } = ask.identity.store;
  if (filter(ask, 'group.id') !== undefined || filter(ask, 'scope.OS-INHERIT:inherited_to') !== undefined) return [];
  const scopes = [
    ['project', filter(ask, 'scope.project.id')],
    ['domain', filter(ask, 'scope.domain.id')],
    ['system', filter(ask, 'scope.system') === undefined ? undefined : 'all'],
  ] as const;
  const asked = scopes.filter(([, id]) => id !== undefined);
  if (asked.length > 1) return [];
  const [kind, id] = asked[0] ?? [];
  const userId = filter(ask, 'user.id');
  const given = await listAssignments(read, {
    ...(userId !== undefined && { user_id: userId }),
    ...(kind !== undefined && { scope_kind: kind }),
    ...(id !== undefined && { scope_id: id }),
  });
  const roleId = filter(ask, 'role.id');
  const shown =
    flag(ask, 'effective') === 1 ? effective(given, await listImplications(read)) : given.map((row) => ({ ...row, priorId: row.role_id }));
  return shown.filter(({ role_id }) => roleId === undefined || role_id === roleId);
}

/** Each user's assignments in each place with what they imply. */
function effective(given: readonly AssignmentRow[], implications: Awaited<ReturnType<typeof listImplications>>): Shown[] {
  const places = Map.groupBy(given, ({ user_id, scope_kind, scope_id }) => JSON.stringify([user_id, scope_kind, scope_id]));
  return [...places.values()].flatMap((rows) => {
    const held = effectiveRoles(
      rows.map(({ role_id }) => role_id),
      implications,
    );
    return rows.slice(0, 1).flatMap((row) => [...held].map(([role_id, priorId]) => ({ ...row, role_id, priorId })));
  });
}

/** Makes bodies of assignments; with names where they were asked for. */
async function bodies(ask: Ask, rows: readonly Shown[]): Promise<object[]> {
  const { read } = ask.identity.store;
  const names = flag(ask, 'include_names') === 1;
  const byId = async <Row extends { id: string }>(list: () => Promise<Row[]>) =>
    new Map((names ? await list() : []).map((row) => [row.id, row]));
  const [domainOf, projectOf, userOf, roleOf] = [
    await byId(() => domains.list(read, {})),
    await byId(() => projects.list(read, {})),
    await byId(() => users.list(read, {})),
    await byId(() => roles.list(read, {})),
  ];
  const named = (id: string, row: { name: string; domain_id?: string } | undefined) => ({
    id,
    ...(row && { name: row.name }),
    ...(row?.domain_id !== undefined && { domain: { id: row.domain_id, name: domainOf.get(row.domain_id)?.name ?? '' } }),
  });
  return rows.map(({ user_id, scope_kind, scope_id, role_id, priorId }) => ({
    role: named(role_id, roleOf.get(role_id)),
    user: named(user_id, userOf.get(user_id)),
    scope:
      scope_kind === 'system'
        ? { system: { all: true } }
        : { [scope_kind]: named(scope_id, scope_kind === 'project' ? projectOf.get(scope_id) : domainOf.get(scope_id)) },
    links: {
      assignment: ask.url(`${scopePaths[scope_kind].replace(':scope_id', scope_id)}/users/${user_id}/roles/${priorId}`),
      ...(priorId !== role_id && { prior_role: ask.url(`/roles/${priorId}/implies/${role_id}`) }),
    },
  }));
}

const ownOnly: Permission = {
  says: 'admin, or the user whose `user.id` is asked for',
  allows: (ask) => actsAsAdmin(ask) || ask.query.get('user.id') === ask.session.user.id,
};

export const assignmentCalls: readonly Call[] = [
  ...callsFor('project'),
  ...callsFor('domain'),
  ...callsFor('system'),
  {
    method: 'GET',
    path: '/role_assignments',
    says:
      'Lists assignments; filters `user.id`, `role.id`, `scope.project.id`, `scope.domain.id`, `scope.system`; `effective` adds implied roles, ' +
      '`include_names` names.',
    may: ownOnly,
    answer: async (ask) => listed(ask, 'role_assignments', await bodies(ask, await select(ask))),
  },
];
