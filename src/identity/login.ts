// Who may have a token, and for where: the methods password, token and application_credential. Called by POST /auth/tokens with a body whose shape
// is right. Whatever is wrong about who calls, the answer is one and the same 401; and it takes as long for a user that is not there.
import type { Reader } from '#store/store.ts';
import { listAssignments } from './assignments.ts';
import type { EmbeddedIdentity, NewToken } from './embedded.ts';
import { unauthenticated } from './errors.ts';
import { isExpired, type Session } from './sessions.ts';
import { credentials, domains, projects, type UserRow, users } from './tables.ts';
import type { ScopeRef } from './tokens.ts';

/** A domain, or what is in one, by id or by name. */
export interface DomainAsked {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}
export interface Asked extends DomainAsked {
  readonly domain?: DomainAsked | undefined;
}

/** One way to say who one is. */
export type Proof =
  | { readonly method: 'password'; readonly user: Asked; readonly password: string }
  | { readonly method: 'token'; readonly token: string }
  | {
      readonly method: 'application_credential';
      readonly id?: string | undefined;
      readonly name?: string | undefined;
      readonly user?: Asked | undefined;
      readonly secret: string;
    };

/** What the token is wanted for; undefined leaves it to the user's default project. */
export type ScopeAsked =
  | { readonly kind: 'project'; readonly project: Asked }
  | { readonly kind: 'domain'; readonly domain: DomainAsked }
  | { readonly kind: 'system' }
  | { readonly kind: 'none' }
  | undefined;

/** Makes a token for whoever gives these proofs, all of them. Throws the 401. */
export async function login(
  identity: EmbeddedIdentity,
  proofs: readonly Proof[],
  scope: ScopeAsked,
): Promise<{ readonly token: string; readonly session: Session }> {
  let proven: Proven | undefined;
  for (const proof of proofs) {
    const next = await prove(identity, proof);
    if (proven && proven.user.id !== next.user.id) throw unauthenticated('the methods are of different users');
    proven = proven ? { ...proven, ...next, methods: [...proven.methods, ...next.methods] } : next;
  }
  if (proven === undefined) throw unauthenticated('no method was given');
  const { user, methods, boundTo, ...rest } = proven;
  const wanted = await scopeFor(identity.store.read, user, boundTo, scope);
  const made = await identity.issue({
    userId: user.id,
    generation: user.token_generation,
    methods: [...new Set(methods)],
    scope: wanted,
    ...rest,
  });
  if (typeof made === 'string') throw unauthenticated(made);
  return made;
}

interface Proven extends Partial<Pick<NewToken, 'parent' | 'notAfter' | 'credentialId'>> {
  readonly user: UserRow;
  readonly methods: readonly string[];
  /** The only project the proof is good for. */
  readonly boundTo?: string;
}

async function prove(identity: EmbeddedIdentity, proof: Proof): Promise<Proven> {
  const reader = identity.store.read;
  switch (proof.method) {
    case 'password': {
      const user = await findUser(reader, proof.user);
      const right = await identity.passwords.verify(proof.password, user?.password_hash);
      if (!user || !right) throw unauthenticated('no such user or wrong password');
      return { user, methods: ['password'] };
    }
    case 'token': {
      const session = await identity.session(proof.token);
      const user = session && (await users.find(reader, session.user.id));
      if (!user) throw unauthenticated('the token is not valid');
      const { claims, credential } = session;
      // What was proven with an application credential stays within its project, its roles and its restrictions.
      const narrowed = credential && { credentialId: credential.id, boundTo: credential.project_id, notAfter: credential.expires_at };
      // The session's generation, not the row's: a password changed in between takes the new token back too.
      return { user: { ...user, token_generation: claims.generation }, methods: [...claims.methods, 'token'], parent: claims, ...narrowed };
    }
    case 'application_credential': {
      const credential = await findCredential(reader, proof);
      const right = await identity.passwords.verify(proof.secret, credential?.secret_hash);
      const user = credential && (await users.find(reader, credential.user_id));
      if (!user || !right || isExpired(credential, Date.now())) throw unauthenticated('no such credential or wrong secret');
      return {
        user,
        methods: ['application_credential'],
        credentialId: credential.id,
        boundTo: credential.project_id,
        notAfter: credential.expires_at,
      };
    }
  }
}

async function scopeFor(reader: Reader, user: UserRow, boundTo: string | undefined, asked: ScopeAsked): Promise<ScopeRef> {
  if (boundTo !== undefined) {
    const same = asked?.kind === 'project' && (await findIn(reader, projects, asked.project))?.id === boundTo;
    if (asked !== undefined && !same) throw unauthenticated('an application credential is good for its own project only');
    return { kind: 'project', id: boundTo };
  }
  if (asked === undefined) return defaultScope(reader, user);
  if (asked.kind === 'system' || asked.kind === 'none') return asked;
  const found = asked.kind === 'project' ? await findIn(reader, projects, asked.project) : await findDomain(reader, asked.domain);
  if (found === undefined) throw unauthenticated(`no such ${asked.kind}`);
  return { kind: asked.kind, id: found.id };
}

/** The user's default project as long as it is of use, else nothing. */
async function defaultScope(reader: Reader, user: UserRow): Promise<ScopeRef> {
  const project = user.default_project_id === null ? undefined : await projects.find(reader, user.default_project_id);
  if (!project?.enabled || !(await domains.find(reader, project.domain_id))?.enabled) return { kind: 'none' };
  const given = await listAssignments(reader, { user_id: user.id, scope_kind: 'project', scope_id: project.id });
  return given.length > 0 ? { kind: 'project', id: project.id } : { kind: 'none' };
}

const findUser = (reader: Reader, asked: Asked): Promise<UserRow | undefined> => findIn(reader, users, asked);

async function findCredential(reader: Reader, { id, name, user }: Extract<Proof, { method: 'application_credential' }>) {
  if (id !== undefined) return credentials.find(reader, id);
  const owner = user && (await findUser(reader, user));
  return owner && name !== undefined ? (await credentials.list(reader, { user_id: owner.id, name }))[0] : undefined;
}

async function findDomain(reader: Reader, { id, name }: DomainAsked) {
  if (id !== undefined) return domains.find(reader, id);
  return name === undefined ? undefined : (await domains.list(reader, { name }))[0];
}

/** A user or project by id, or by name in its domain. */
async function findIn<Row extends { domain_id: string; name: string }>(
  reader: Reader,
  rows: { find(reader: Reader, id: string): Promise<Row | undefined>; list(reader: Reader, filter: Partial<Row>): Promise<Row[]> },
  { id, name, domain }: Asked,
): Promise<Row | undefined> {
  if (id !== undefined) return rows.find(reader, id);
  const home = domain && (await findDomain(reader, domain));
  return home && name !== undefined ? (await rows.list(reader, { domain_id: home.id, name } as Partial<Row>))[0] : undefined;
}
