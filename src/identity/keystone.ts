// Identity kept by a real Keystone: tokens are validated there (Identity API v3, GET /v3/auth/tokens) and remembered for a while. Chosen by the
// configuration in place of embedded.ts; the Networking API cannot tell the two apart.
import { createHash } from 'node:crypto';
import { ApiError } from '#core/errors.ts';
import type { Actor, Identity } from './actor.ts';
import { effectiveRoles, standardImplications } from './roles.ts';
import { tokenCache } from './token-cache.ts';

export interface KeystoneOptions {
  /** `https://HOST:5000/v3`. */
  readonly url: string;
  /** The service user by which tokens are validated; its domain and its project's. */
  readonly user: string;
  readonly password: string;
  readonly project: string;
  readonly domain: string;
  /** Milliseconds that an answer is trusted, as keystonemiddleware does: a token taken back is good for so long at most. 300,000 when left out. */
  readonly trust?: number;
  /** Milliseconds that a call may take; 10,000 when left out. */
  readonly timeout?: number;
}

interface Known {
  /** Undefined: Keystone does not know the token. */
  readonly actor: Actor | undefined;
  readonly until: number;
}

interface TokenBody {
  readonly token: {
    readonly user: { readonly id: string; readonly name: string };
    readonly project?: { readonly id: string; readonly name: string };
    readonly domain?: { readonly id: string };
    readonly system?: { readonly all?: boolean };
    readonly roles?: readonly { readonly name: string }[];
    readonly expires_at: string;
  };
}

const away = (why: string, cause?: unknown): ApiError =>
  new ApiError('unavailable', 'ServiceUnavailable', 'The identity service is not available.', new Error(why, { cause }));

export function keystoneIdentity(options: KeystoneOptions): Identity {
  const url = options.url.replace(/\/+$/, '');
  const { trust = 300_000, timeout = 10_000 } = options;
  const cache = tokenCache<Known>(20_000);
  const asking = new Map<string, Promise<Actor | undefined>>();
  let own: Promise<string> | undefined;

  async function call(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${url}${path}`, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeout) });
    } catch (error) {
      throw away(`${url} did not answer`, error);
    }
  }

  async function login(): Promise<string> {
    const domain = { name: options.domain };
    const body = {
      auth: {
        identity: { methods: ['password'], password: { user: { name: options.user, password: options.password, domain } } },
        scope: { project: { name: options.project, domain } },
      },
    };
    const response = await call('/auth/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const token = response.headers.get('x-subject-token');
    if (response.status !== 201 || token === null) throw away(`Keystone refused the service user: ${response.status}`);
    return token;
  }

  async function ask(token: string, again = true): Promise<Known> {
    own ??= login().catch((error: unknown) => {
      own = undefined;
      throw error;
    });
    const used = own;
    const response = await call('/auth/tokens?nocatalog', { headers: { 'x-auth-token': await used, 'x-subject-token': token } });
    if (response.status === 401 && again) {
      // Of many that find it over, the first signs in and the others wait with it.
      if (own === used) own = undefined;
      return ask(token, false);
    }
    const until = Date.now() + trust;
    if (response.status === 404) return { actor: undefined, until };
    if (response.status !== 200) throw away(`Keystone answered ${response.status} to a validation`);
    const body = (await response.json().catch(() => undefined)) as unknown;
    if (!isToken(body)) throw away('what answers a validation is no Keystone: its body is not a token');
    return { actor: actorOf(body), until: Math.min(until, Date.parse(body.token.expires_at)) };
  }

  async function lookUp(token: string, key: string): Promise<Actor | undefined> {
    const known = await ask(token);
    cache.set(key, known);
    return known.actor;
  }

  return {
    authenticate(token) {
      if (token === '') return undefined;
      // Tokens themselves are not kept.
      const key = createHash('sha256').update(token).digest('base64');
      const known = cache.get(key);
      if (known && known.until > Date.now()) return known.actor;
      let pending = asking.get(key);
      if (!pending) asking.set(key, (pending = lookUp(token, key).finally(() => asking.delete(key))));
      return pending;
    },
    challenge: () => `Keystone uri="${url.replace(/\/v3$/, '')}"`,
  };
}

/** Whether a body is what the Identity API says of a token; a proxy's login page is not. */
function isToken(body: unknown): body is TokenBody {
  const token = (body as Partial<TokenBody> | null | undefined)?.token;
  const texts: unknown[] = [token?.user?.id, token?.user?.name, token?.expires_at];
  const roles: unknown = token?.roles ?? [];
  const named = Array.isArray(roles) && roles.every((role: { name?: unknown } | null) => typeof role?.name === 'string');
  return named && texts.every((text) => typeof text === 'string');
}

/** A Keystone that does not know implied roles yet must mean the same. */
const implications = standardImplications.map(([priorId, impliedId]) => ({ priorId, impliedId }));

const actorOf = ({ token }: TokenBody): Actor => ({
  userId: token.user.id,
  userName: token.user.name,
  projectId: token.project?.id ?? '',
  projectName: token.project?.name ?? '',
  domainId: token.domain?.id ?? '',
  ...(token.system?.all === true && { systemScope: 'all' }),
  roles: [
    ...effectiveRoles(
      (token.roles ?? []).map(({ name }) => name.toLowerCase()),
      implications,
    ).keys(),
  ],
});
