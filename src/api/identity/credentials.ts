// Application credentials: passwords for programs, good for one project and no more than the roles their maker had there.
import { randomBytes } from 'node:crypto';
import { listImplications } from '#identity/assignments.ts';
import { newId } from '#identity/bootstrap.ts';
import { invalid, notFound } from '#identity/errors.ts';
import { effectiveRoles } from '#identity/roles.ts';
import { type CredentialRow, credentials, type RoleRow, roles } from '#identity/tables.ts';
import { type Ask, type Call, created, done, filter, found, listed, ok, type Permission, param, type SignedAsk, self } from './call.ts';
import { unlessTaken } from './duplicates.ts';
import { bool, carried, listOf, moment, nameOf, nullable, object, optional, secret, text } from './shape.ts';

const readNew = carried('application_credential', {
  name: nameOf(255),
  description: optional(nullable(text())),
  secret: optional(nullable(secret)),
  expires_at: optional(nullable(moment)),
  roles: optional(nullable(listOf(object({ id: optional(text(1, 64)), name: optional(text(1, 255)) }), 100))),
  unrestricted: optional(nullable(bool)),
  access_rules: optional(nullable(listOf(object({}), 100))),
});
type NewCredential = ReturnType<typeof readNew>;

const credentialBody =
  (ask: Ask, all: readonly RoleRow[]) =>
  (row: CredentialRow): object => ({
    id: row.id,
    name: row.name,
    description: row.description,
    project_id: row.project_id,
    user_id: row.user_id,
    system: null,
    // Without a zone: the form that gophercloud reads.
    expires_at: row.expires_at === null ? null : new Date(row.expires_at).toISOString().replace('Z', '000'),
    unrestricted: row.unrestricted === 1,
    roles: all
      .filter(({ id }) => (JSON.parse(row.role_ids) as string[]).includes(id))
      .map(({ id, name }) => ({ id, name, domain_id: null })),
    links: { self: ask.url(`/users/${row.user_id}/application_credentials/${row.id}`) },
  });

/** Only the user; and not with an application credential, unless that is one of the unrestricted kind. */
const maker: Permission = {
  says: 'the user itself, not with a restricted application credential',
  allows: ({ session, params }) => session.user.id === params.user_id && session.credential?.unrestricted !== 0,
};
const remover: Permission = {
  says: 'admin, or the user itself; not with a restricted application credential',
  allows: async (ask) => (await self.allows(ask)) && ask.session.credential?.unrestricted !== 0,
};

/** Ids of the roles asked for, or of all that the caller's token has. Throws 400 for one that the caller does not hold. */
async function rolesFor({ session, identity }: SignedAsk, asked: NewCredential['roles']): Promise<string[]> {
  if (!asked || asked.length === 0) return session.roles.map(({ id }) => id);
  const ids = asked.map(({ id, name }) => session.roles.find((held) => (id === undefined ? held.name === name : held.id === id))?.id);
  if (ids.includes(undefined)) throw invalid('An application credential can only have roles that its user has in the project.');
  return [...effectiveRoles(ids as string[], await listImplications(identity.store.read)).keys()];
}

async function findCredential(ask: Ask): Promise<CredentialRow> {
  const id = param(ask, 'credential_id');
  const row = await credentials.find(ask.identity.store.read, id);
  return found(row?.user_id === param(ask, 'user_id') ? row : undefined, 'Application Credential', id);
}

export const credentialCalls: readonly Call[] = [
  {
    method: 'GET',
    path: '/users/:user_id/application_credentials',
    says: "Lists a user's application credentials; filter `name`.",
    may: self,
    async answer(ask) {
      const { read } = ask.identity.store;
      const [user_id, name] = [param(ask, 'user_id'), filter(ask, 'name')];
      const rows = await credentials.list(read, { user_id, ...(name !== undefined && { name }) });
      const shown = rows.map(credentialBody(ask, await roles.list(read, {})));
      return listed(ask, 'application_credentials', shown, `/users/${user_id}/application_credentials`);
    },
  },
  {
    method: 'POST',
    path: '/users/:user_id/application_credentials',
    says: "Creates an application credential for the token's project. Its secret is shown in this answer and never again.",
    may: maker,
    async answer(ask) {
      const asked = readNew(ask.body);
      const { scope, user } = ask.session;
      if (scope.kind !== 'project') throw invalid('An application credential is made with a token that is scoped to a project.');
      // Accepting rules that nobody enforces would give more than was asked for.
      if (asked.access_rules && asked.access_rules.length > 0) throw invalid('Access rules are not supported.');
      if (asked.expires_at != null && asked.expires_at <= Date.now()) throw invalid('expires_at must be in the future.');
      const plain = asked.secret ?? randomBytes(48).toString('base64url');
      const row: CredentialRow = {
        id: newId(),
        user_id: user.id,
        project_id: scope.project.id,
        name: asked.name,
        description: asked.description ?? null,
        secret_hash: await ask.identity.passwords.hash(plain),
        role_ids: JSON.stringify(await rolesFor(ask, asked.roles)),
        expires_at: asked.expires_at ?? null,
        unrestricted: asked.unrestricted ? 1 : 0,
      };
      await unlessTaken('application credential', row.name, () => ask.identity.write((tx) => credentials.insert(tx, row)));
      const body = credentialBody(ask, await roles.list(ask.identity.store.read, {}))(row);
      return created({ application_credential: { ...body, secret: plain } });
    },
  },
  {
    method: 'GET',
    path: '/users/:user_id/application_credentials/:credential_id',
    says: 'Shows an application credential without its secret.',
    may: self,
    async answer(ask) {
      const row = await findCredential(ask);
      return ok({ application_credential: credentialBody(ask, await roles.list(ask.identity.store.read, {}))(row) });
    },
  },
  {
    method: 'DELETE',
    path: '/users/:user_id/application_credentials/:credential_id',
    says: 'Deletes an application credential; its tokens are valid no longer.',
    may: remover,
    async answer(ask) {
      const { id } = await findCredential(ask);
      await ask.identity.write(async (tx) => {
        if (!(await credentials.remove(tx, id))) throw notFound('Application Credential', id);
      });
      return done;
    },
  },
];
