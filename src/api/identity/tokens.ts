// Tokens: issue, look at, take back; and what a token may be exchanged for. The rules of who gets one are in src/identity/login.ts.
import { catalogOf } from '#identity/catalog.ts';
import { forbidden, invalid, notFound, unauthenticated } from '#identity/errors.ts';
import { type Asked, type DomainAsked, login, type Proof, type ScopeAsked } from '#identity/login.ts';
import { reachableDomains, reachableProjects } from '#identity/reach.ts';
import type { Session } from '#identity/sessions.ts';
import { type Ask, anyone, type Call, hasRole, listed, ok, type SignedAsk } from './call.ts';
import { domainBody } from './domains.ts';
import { projectBody } from './projects.ts';
import { anyObject, listOf, object, optional, type Read, secret, text } from './shape.ts';

const domainAsked: Read<DomainAsked> = object({ id: optional(text(1, 255)), name: optional(text(1, 255)) });
const asked: Read<Asked> = object({ id: optional(text(1, 255)), name: optional(text(1, 255)), domain: optional(domainAsked) });

/** Each method's object, as the proof it gives. */
const proofs: Readonly<Record<string, Read<Proof>>> = {
  password(value, at) {
    const { user } = object({ user: object({ password: secret }) })(value, at);
    return { method: 'password', user: named(object({ user: asked })(value, at).user, `${at}.user`), password: user.password };
  },
  token: (value, at) => ({ method: 'token', token: object({ id: text(1) })(value, at).id }),
  application_credential(value, at) {
    const read = object({ id: optional(text(1, 255)), name: optional(text(1, 255)), user: optional(asked), secret })(value, at);
    if (read.id === undefined && (read.name === undefined || read.user === undefined))
      throw invalid(`${at} needs an id, or a name and a user.`);
    return { method: 'application_credential', ...read };
  },
};

/** By id, or by a name in a domain. */
function named(value: Asked, at: string): Asked {
  if (value.id !== undefined) return value;
  if (value.name === undefined) throw invalid(`${at} needs an id or a name.`);
  if (value.domain?.id === undefined && value.domain?.name === undefined)
    throw invalid(`${at} needs a domain, by id or name, besides its name.`);
  return value;
}

const scopeAsked: Read<ScopeAsked> = (value, at) => {
  if (value === undefined || value === null) return undefined;
  if (value === 'unscoped') return { kind: 'none' };
  const raw = anyObject(value, at);
  const kinds = Object.keys(raw).filter((kind) => raw[kind] !== undefined);
  if (kinds.length !== 1) throw invalid(`${at} must name one of project, domain, system and unscoped.`);
  if (kinds[0] === 'project') return { kind: 'project', project: named(asked(raw.project, `${at}.project`), `${at}.project`) };
  if (kinds[0] === 'domain') {
    const domain = domainAsked(raw.domain, `${at}.domain`);
    if (domain.id === undefined && domain.name === undefined) throw invalid(`${at}.domain needs an id or a name.`);
    return { kind: 'domain', domain };
  }
  if (kinds[0] === 'system' && anyObject(raw.system, `${at}.system`).all === true) return { kind: 'system' };
  if (kinds[0] === 'unscoped') return { kind: 'none' };
  throw invalid(`${at}: only project, domain, system (all) and unscoped are known.`);
};

const authRequest = object({
  auth: object({ identity: object({ methods: listOf(text(1, 64), 8) }), scope: scopeAsked }),
});

async function issueToken(ask: Ask) {
  const { auth } = authRequest(ask.body, '');
  const { identity: given } = object({ auth: object({ identity: anyObject }) })(ask.body, '').auth;
  if (auth.identity.methods.length === 0) throw invalid('auth.identity.methods must not be empty.');
  // Each once, as Keystone takes them: a password costs its time once.
  const proven = [...new Set(auth.identity.methods)].map((method) => {
    const read = Object.hasOwn(proofs, method) ? proofs[method] : undefined;
    if (read === undefined) throw unauthenticated(`method ${method} is not supported`);
    return read(Object.hasOwn(given, method) ? given[method] : undefined, `auth.identity.${method}`);
  });
  const { token, session } = await login(ask.identity, proven, auth.scope);
  return { status: 201, body: tokenBody(ask, session), headers: { 'x-subject-token': token } };
}

/** The token of the X-Subject-Token header, if the caller may look at it: its own user's, or anybody's for those whose roles are named. */
async function subject(ask: SignedAsk, ...roles: readonly string[]): Promise<Session> {
  const token = ask.header('x-subject-token');
  if (token === '') throw invalid('The X-Subject-Token header is missing.');
  const session = await ask.identity.session(token);
  const trusted = roles.some((role) => hasRole(ask, role));
  // Whoever may not look at others' tokens does not learn which are valid.
  if (session === undefined) throw notFound('token', 'it is not valid');
  if (!trusted && session.user.id !== ask.session.user.id) throw forbidden("use another user's token");
  return session;
}

const day = (time: number): string => new Date(time).toISOString().replace('Z', '000Z');

/** A token as clients see it. */
function tokenBody(ask: Ask, { claims, user, scope, roles, credential }: Session): object {
  const catalog = scope.kind === 'none' || ask.query.has('nocatalog') ? {} : { catalog: catalogOf(ask.origin) };
  const where = {
    none: () => ({}),
    system: () => ({ system: { all: true } }),
    domain: () => scope.kind === 'domain' && { domain: scope.domain },
    project: () => scope.kind === 'project' && { project: { ...scope.project, domain: scope.domain }, is_domain: false },
  };
  return {
    token: {
      methods: claims.methods,
      user: { ...user, password_expires_at: null },
      audit_ids: claims.auditIds,
      issued_at: day(claims.issuedAt),
      expires_at: day(claims.expiresAt),
      ...where[scope.kind](),
      ...(scope.kind !== 'none' && { roles }),
      ...(credential && {
        application_credential: { id: credential.id, name: credential.name, restricted: credential.unrestricted === 0 },
      }),
      ...catalog,
    },
  };
}

export const tokenCalls: readonly Call[] = [
  {
    method: 'POST',
    path: '/auth/tokens',
    says: 'Issues a token for a password, another token or an application credential; `?nocatalog` leaves the catalog out.',
    open: true,
    answer: issueToken,
  },
  {
    method: 'GET',
    path: '/auth/tokens',
    says: 'Shows the token of the `X-Subject-Token` header: one of the same user, or any token for the roles admin and service.',
    may: anyone,
    async answer(ask) {
      const session = await subject(ask, 'admin', 'service');
      return { ...ok(tokenBody(ask, session)), headers: { 'x-subject-token': ask.header('x-subject-token') } };
    },
  },
  {
    method: 'DELETE',
    path: '/auth/tokens',
    says: 'Takes back the token of the `X-Subject-Token` header: one of the same user, or any token for the role admin.',
    may: anyone,
    async answer(ask) {
      await ask.identity.revoke((await subject(ask, 'admin')).claims);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    path: '/auth/catalog',
    says: 'Lists the services and their endpoints.',
    may: anyone,
    answer: async (ask) => listed(ask, 'catalog', catalogOf(ask.origin), '/auth/catalog'),
  },
  {
    method: 'GET',
    path: '/auth/projects',
    says: 'Lists the projects that the token can be exchanged for.',
    may: anyone,
    async answer(ask) {
      const rows = await reachableProjects(ask.identity.store.read, ask.session);
      return listed(ask, 'projects', rows.map(projectBody(ask)), '/auth/projects');
    },
  },
  {
    method: 'GET',
    path: '/auth/domains',
    says: 'Lists the domains that the token can be exchanged for.',
    may: anyone,
    async answer(ask) {
      const rows = await reachableDomains(ask.identity.store.read, ask.session);
      return listed(ask, 'domains', rows.map(domainBody(ask)), '/auth/domains');
    },
  },
  {
    method: 'GET',
    path: '/auth/system',
    says: 'Says whether the token can be exchanged for one of the whole system.',
    may: anyone,
    async answer(ask) {
      const rows = await ask.identity.store.read.all(
        "SELECT 1 AS there FROM role_assignments WHERE user_id = ? AND scope_kind = 'system' LIMIT 1",
        ask.session.user.id,
      );
      return listed(ask, 'system', ask.session.credential ? [] : rows.map(() => ({ all: true })), '/auth/system');
    },
  },
];
