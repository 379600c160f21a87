// What a token is worth at this moment: its claims, looked up in the store. Called by embedded.ts for tokens it has not in its cache.
// Everything that takes a token back is decided here and nowhere else: a user, project or domain that is disabled or gone, a password changed
// since, the token itself revoked, an application credential gone or expired, no role left.
import type { Reader } from '#store/store.ts';
import type { Actor } from './actor.ts';
import { listAssignments, listImplications } from './assignments.ts';
import { effectiveRoles } from './roles.ts';
import { type CredentialRow, credentials, domains, projects, type RoleRow, roles, users } from './tables.ts';
import type { Claims, ScopeRef } from './tokens.ts';

/** A thing and its name. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

export type Scope =
  | { readonly kind: 'project'; readonly project: Named; readonly domain: Named }
  | { readonly kind: 'domain'; readonly domain: Named }
  | { readonly kind: 'system' }
  | { readonly kind: 'none' };

/** A valid token and all it says. */
export interface Session {
  readonly claims: Claims;
  readonly user: Named & { readonly domain: Named };
  readonly scope: Scope;
  /** With the implied ones. */
  readonly roles: readonly Named[];
  readonly credential?: CredentialRow;
  readonly actor: Actor;
}

/** The session of these claims, or in a word why there is none. */
export async function openSession(reader: Reader, claims: Claims, now: number): Promise<Session | string> {
  if (claims.expiresAt <= now) return 'the token has expired';
  if (await isRevoked(reader, claims)) return 'the token was revoked';
  const user = await users.find(reader, claims.userId);
  if (!user?.enabled) return 'the user is gone or disabled';
  if (user.token_generation !== claims.generation) return 'the password has changed since';
  const userDomain = await domains.find(reader, user.domain_id);
  if (!userDomain?.enabled) return 'the domain of the user is gone or disabled';
  const scope = await openScope(reader, claims.scope);
  if (scope === undefined) return 'the project or domain of the token is gone or disabled';
  let credential: CredentialRow | undefined;
  if (claims.credentialId !== undefined) {
    credential = await credentials.find(reader, claims.credentialId);
    if (!credential || isExpired(credential, now)) return 'the application credential is gone or expired';
  }
  const held = await rolesIn(reader, user.id, claims.scope, credential);
  if (scope.kind !== 'none' && held.length === 0) return 'the user has no role there';
  return {
    claims,
    user: { ...named(user), domain: named(userDomain) },
    scope,
    roles: held.map(named),
    ...(credential && { credential }),
    actor: {
      userId: user.id,
      userName: user.name,
      projectId: scope.kind === 'project' ? scope.project.id : '',
      projectName: scope.kind === 'project' ? scope.project.name : '',
      domainId: scope.kind === 'domain' ? scope.domain.id : '',
      ...(scope.kind === 'system' && { systemScope: 'all' }),
      roles: held.map(({ name }) => name),
    },
  };
}

/** Whether an application credential is past its time. */
export const isExpired = (credential: CredentialRow, now: number): boolean =>
  credential.expires_at !== null && credential.expires_at <= now;

async function isRevoked(reader: Reader, { auditIds }: Claims): Promise<boolean> {
  const [own = ''] = auditIds;
  return (await reader.get('SELECT 1 AS there FROM revoked_tokens WHERE audit_id = ?', own)) !== undefined;
}

async function openScope(reader: Reader, ref: ScopeRef): Promise<Scope | undefined> {
  if (ref.kind === 'system' || ref.kind === 'none') return ref;
  const project = ref.kind === 'project' ? await projects.find(reader, ref.id) : undefined;
  if (ref.kind === 'project' && !project?.enabled) return undefined;
  const domain = await domains.find(reader, project?.domain_id ?? ref.id);
  if (!domain?.enabled) return undefined;
  return project ? { kind: 'project', project: named(project), domain: named(domain) } : { kind: 'domain', domain: named(domain) };
}

/** The roles in effect. An application credential narrows what its user has, and never widens it. */
async function rolesIn(reader: Reader, userId: string, ref: ScopeRef, credential: CredentialRow | undefined): Promise<RoleRow[]> {
  if (ref.kind === 'none') return [];
  const scopeId = ref.kind === 'system' ? 'all' : ref.id;
  const given = await listAssignments(reader, { user_id: userId, scope_kind: ref.kind, scope_id: scopeId });
  const implications = await listImplications(reader);
  let held = effectiveRoles(
    given.map(({ role_id }) => role_id),
    implications,
  );
  if (credential) {
    const granted = effectiveRoles(JSON.parse(credential.role_ids) as string[], implications);
    held = new Map([...held].filter(([id]) => granted.has(id)));
  }
  return held.size === 0 ? [] : (await roles.list(reader, {})).filter(({ id }) => held.has(id));
}

const named = ({ id, name }: Named): Named => ({ id, name });
