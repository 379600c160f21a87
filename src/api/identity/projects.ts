// Projects: what roles are given in and networks belong to.
import { unassignScope } from '#identity/assignments.ts';
import { DEFAULT_DOMAIN, newId } from '#identity/bootstrap.ts';
import { forbidden, invalid } from '#identity/errors.ts';
import { reachableProjects, userProjects } from '#identity/reach.ts';
import { domains, type ProjectRow, projects, users } from '#identity/tables.ts';
import type { Tx } from '#store/store.ts';
import {
  type Ask,
  actsAsAdmin,
  admin,
  type Call,
  created,
  done,
  filter,
  flag,
  found,
  listed,
  ok,
  type Permission,
  param,
  type SignedAsk,
  self,
} from './call.ts';
import { unlessTaken } from './duplicates.ts';
import { bool, carried, ignored, listOf, nameOf, nullable, optional, text } from './shape.ts';

export const projectBody =
  (ask: Ask) =>
  ({ id, name, domain_id, parent_id, description, enabled, tags, extra }: ProjectRow): object => ({
    ...(JSON.parse(extra) as object),
    id,
    name,
    domain_id,
    parent_id,
    description,
    enabled: enabled === 1,
    is_domain: false,
    tags: JSON.parse(tags) as string[],
    options: {},
    links: { self: ask.url(`/projects/${id}`) },
  });

const fields = {
  description: optional(nullable(text())),
  enabled: optional(bool),
  domain_id: optional(nullable(text(0, 64))),
  parent_id: optional(nullable(text(0, 64))),
  is_domain: optional(bool),
  tags: optional(listOf(text(1, 255), 80)),
  id: ignored,
  links: ignored,
  options: ignored,
};
const readNew = carried('project', { ...fields, name: nameOf(64) });
const readChange = carried('project', { ...fields, name: optional(nameOf(64)) });
type NewProject = ReturnType<typeof readNew>;

const inProject: Permission = {
  says: 'admin, or a user with a role in the project',
  allows: async (ask) =>
    actsAsAdmin(ask) || (await reachableProjects(ask.identity.store.read, ask.session)).some(({ id }) => id === param(ask, 'project_id')),
};

/** The domain that a new user or project without one goes to: that of the caller's project or domain. */
export const homeDomain = ({ session: { scope } }: SignedAsk): string => ('domain' in scope ? scope.domain.id : DEFAULT_DOMAIN);

/** Where a new project goes: below its parent, or at the top of its domain. */
async function placeOf(tx: Tx, asked: NewProject, home: string): Promise<Pick<ProjectRow, 'domain_id' | 'parent_id'>> {
  if (asked.is_domain) throw invalid('A project that acts as a domain is made with POST /domains.');
  const parent = asked.parent_id ? await projects.find(tx, asked.parent_id) : undefined;
  const domainId = asked.domain_id || parent?.domain_id || asked.parent_id || home;
  found(await domains.find(tx, domainId), 'domain', domainId);
  if (asked.parent_id && asked.parent_id !== domainId) {
    if (found(parent, 'project', asked.parent_id).domain_id !== domainId) throw invalid('A project is in the same domain as its parent.');
  }
  return { domain_id: domainId, parent_id: asked.parent_id || domainId };
}

async function change(tx: Tx, id: string, asked: ReturnType<typeof readChange>): Promise<ProjectRow> {
  const old = found(await projects.find(tx, id), 'project', id);
  if (asked.domain_id != null && asked.domain_id !== old.domain_id) throw invalid('The domain of a project cannot be changed.');
  if (asked.parent_id != null && asked.parent_id !== old.parent_id) throw forbidden('move a project below another parent');
  if (asked.is_domain) throw invalid('A project cannot become a domain.');
  const next: ProjectRow = {
    ...old,
    name: asked.name ?? old.name,
    description: asked.description === undefined ? old.description : (asked.description ?? ''),
    enabled: asked.enabled === undefined ? old.enabled : Number(asked.enabled),
    tags: asked.tags === undefined ? old.tags : JSON.stringify(asked.tags),
    extra: JSON.stringify({ ...(JSON.parse(old.extra) as object), ...asked.extra }),
  };
  await projects.update(tx, next);
  return next;
}

async function list(ask: SignedAsk): Promise<ProjectRow[]> {
  // Domains that act as projects are not among our projects.
  if (flag(ask, 'is_domain') === 1) return [];
  const wanted = { name: filter(ask, 'name'), domain_id: filter(ask, 'domain_id'), parent_id: filter(ask, 'parent_id') };
  const enabled = flag(ask, 'enabled');
  const tags = filter(ask, 'tags')?.split(',') ?? [];
  const given = Object.fromEntries(Object.entries({ ...wanted, enabled }).filter(([, value]) => value !== undefined));
  const rows = await projects.list(ask.identity.store.read, given);
  return rows.filter((row) => tags.every((tag) => (JSON.parse(row.tags) as string[]).includes(tag)));
}

export const projectCalls: readonly Call[] = [
  {
    method: 'GET',
    path: '/projects',
    says: 'Lists projects; filters `name`, `domain_id`, `parent_id`, `enabled`, `is_domain`, `tags`.',
    may: admin,
    answer: async (ask) => listed(ask, 'projects', (await list(ask)).map(projectBody(ask))),
  },
  {
    method: 'POST',
    path: '/projects',
    says: "Creates a project, in the caller's own domain where none is named.",
    may: admin,
    async answer(ask) {
      const asked = readNew(ask.body);
      const row = await unlessTaken('project', asked.name, () =>
        ask.identity.write(async (tx) => {
          const made: ProjectRow = {
            id: newId(),
            ...(await placeOf(tx, asked, homeDomain(ask))),
            name: asked.name,
            description: asked.description ?? '',
            enabled: asked.enabled === false ? 0 : 1,
            tags: JSON.stringify(asked.tags ?? []),
            extra: JSON.stringify(asked.extra),
          };
          await projects.insert(tx, made);
          return made;
        }),
      );
      return created({ project: projectBody(ask)(row) });
    },
  },
  {
    method: 'GET',
    path: '/projects/:project_id',
    says: 'Shows a project.',
    may: inProject,
    async answer(ask) {
      const id = param(ask, 'project_id');
      return ok({ project: projectBody(ask)(found(await projects.find(ask.identity.store.read, id), 'project', id)) });
    },
  },
  {
    method: 'PATCH',
    path: '/projects/:project_id',
    says: 'Changes a project. While it is disabled its tokens are not valid.',
    may: admin,
    async answer(ask) {
      const asked = readChange(ask.body);
      const row = await unlessTaken('project', asked.name ?? '', () =>
        ask.identity.write((tx) => change(tx, param(ask, 'project_id'), asked)),
      );
      return ok({ project: projectBody(ask)(row) });
    },
  },
  {
    method: 'DELETE',
    path: '/projects/:project_id',
    says: 'Deletes a project without children, and with it the roles and application credentials in it. Networks and ports in it stay.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'project_id');
      await ask.identity.write(async (tx) => {
        found(await projects.find(tx, id), 'project', id);
        if ((await projects.list(tx, { parent_id: id })).length > 0) throw forbidden('delete a project that has children');
        await unassignScope(tx, 'project', id);
        await tx.run('UPDATE users SET default_project_id = NULL WHERE default_project_id = ?', id);
        await projects.remove(tx, id);
      });
      return done;
    },
  },
  {
    method: 'GET',
    path: '/users/:user_id/projects',
    says: 'Lists the projects in which a user has a role.',
    may: self,
    async answer(ask) {
      const id = param(ask, 'user_id');
      found(await users.find(ask.identity.store.read, id), 'user', id);
      const rows = await userProjects(ask.identity.store.read, id);
      return listed(ask, 'projects', rows.map(projectBody(ask)), `/users/${id}/projects`);
    },
  },
];
