// The embedded identity: users and tokens kept in Isospin's own store. The composition root makes one; the Networking API calls `authenticate`
// on every request; the routes of src/api/identity use the rest.
import { type Store, StoreUnavailable, type Tx } from '#store/store.ts';
import type { Actor, Identity } from './actor.ts';
import { watchChanges } from './changes.ts';
import { type Passwords, type ScryptCost, scryptPasswords } from './passwords.ts';
import { openSession, type Session } from './sessions.ts';
import { tokenCache } from './token-cache.ts';
import { type Claims, newAuditId, type TokenSigner, tokenSigner } from './tokens.ts';

export interface EmbeddedOptions {
  /** How long a token lasts, milliseconds; an hour by default. */
  readonly tokenLifetime?: number;
  /** What hashing a password costs; tests make it cheap. */
  readonly scrypt?: ScryptCost;
  /** How many tokens are remembered; 20,000 by default (about 1 KiB each). */
  readonly remembered?: number;
}

/** A new token's claims, but for what every token gets by itself. */
export type NewToken = Pick<Claims, 'userId' | 'scope' | 'methods' | 'generation' | 'credentialId'> & {
  /** The token it is made from: it lasts no longer, and keeps the first audit id of the chain. */
  readonly parent?: Claims;
  /** Not to be outlived, milliseconds since 1970. */
  readonly notAfter?: number | null;
};

export interface EmbeddedIdentity extends Identity {
  readonly store: Store;
  readonly passwords: Passwords;
  /** A valid token's session; undefined for any other token. */
  session(token: string): Promise<Session | undefined> | Session | undefined;
  /** Makes a token, or says why its user may not have it. */
  issue(token: NewToken): Promise<{ readonly token: string; readonly session: Session } | string>;
  /** Takes one token back. */
  revoke(claims: Claims): Promise<void>;
  /** Every write to identity's tables: tokens are looked up again afterwards, on every server. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** A token that was looked up when `changes.seen` was `seen`, and is good as long as it still is. */
interface Known {
  readonly session: Session;
  readonly seen: number;
}

/** Opens the identity of a store that `bootstrap` has prepared. */
export async function embeddedIdentity(store: Store, options: EmbeddedOptions = {}): Promise<EmbeddedIdentity> {
  const signer = await loadSigner(store);
  const lifetime = options.tokenLifetime ?? 3_600_000;
  const cache = tokenCache<Known>(options.remembered ?? 20_000);
  const changes = watchChanges(store);

  function remembered(token: string): Session | undefined {
    const now = Date.now();
    if (!changes.fresh(now)) return undefined;
    const known = cache.get(token);
    if (known?.seen !== changes.seen || known.session.claims.expiresAt <= now || credentialOver(known.session, now)) return undefined;
    return known.session;
  }

  async function lookUp(token: string): Promise<Session | undefined> {
    if (!changes.fresh(Date.now())) {
      await changes.refresh();
      const session = remembered(token);
      if (session) return session;
    }
    // A signature that was right stays right.
    const claims = cache.get(token)?.session.claims ?? (await signer.verify(token));
    if (claims === undefined) return undefined;
    // Taken before anything is read: what changes while we read makes this session one to be looked up again.
    const seen = changes.seen;
    const session = await openSession(store.read, claims, Date.now());
    if (typeof session === 'string') return undefined;
    cache.set(token, { session, seen });
    return session;
  }

  const session = (token: string) => remembered(token) ?? lookUp(token);
  return {
    store,
    passwords: scryptPasswords(options.scrypt),
    session,
    authenticate(token): Promise<Actor | undefined> | Actor | undefined {
      const found = session(token);
      return found instanceof Promise ? found.then((one) => one?.actor) : found?.actor;
    },
    challenge: (origin) => `Keystone uri="${origin}/identity"`,
    write: changes.write,
    issue: ({ parent, notAfter, ...claims }) => issue({ ...claims, ...times(lifetime, parent, notAfter), auditIds: auditChain(parent) }),
    revoke: (claims) =>
      changes.write(async (tx) => {
        await tx.run('DELETE FROM revoked_tokens WHERE expires_at < ?', Date.now());
        const [own = ''] = claims.auditIds;
        await tx.run('INSERT INTO revoked_tokens (audit_id, expires_at) VALUES (?, ?) ON CONFLICT DO NOTHING', own, claims.expiresAt);
      }),
  };

  async function issue(claims: Claims): Promise<{ token: string; session: Session } | string> {
    const opened = await openSession(store.read, claims, Date.now());
    return typeof opened === 'string' ? opened : { token: await signer.sign(claims), session: opened };
  }
}

const credentialOver = ({ credential }: Session, now: number): boolean => credential?.expires_at != null && credential.expires_at <= now;

/** Whole seconds, as tokens carry them. */
function times(lifetime: number, parent?: Claims, notAfter?: number | null): Pick<Claims, 'issuedAt' | 'expiresAt'> {
  const issuedAt = Math.floor(Date.now() / 1000) * 1000;
  const until = Math.min(issuedAt + lifetime, parent?.expiresAt ?? Number.POSITIVE_INFINITY, notAfter ?? Number.POSITIVE_INFINITY);
  return { issuedAt, expiresAt: Math.floor(until / 1000) * 1000 };
}

function auditChain(parent: Claims | undefined): readonly string[] {
  const first = parent?.auditIds.at(-1);
  return first === undefined ? [newAuditId()] : [newAuditId(), first];
}

async function loadSigner(store: Store): Promise<TokenSigner> {
  const row = await store.read.get<{ secret: string }>("SELECT secret FROM token_keys WHERE id = 'signing'");
  if (row === undefined)
    throw new StoreUnavailable('The database holds no key to sign tokens with: it was not set up for the embedded identity');
  return tokenSigner(row.secret);
}
