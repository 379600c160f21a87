// Tokens as they travel: signed, not encrypted (JWS compact, HMAC SHA-256), and small. A token says who, where and until when; what that is worth
// at the moment (enabled? which roles? taken back?) is looked up in sessions.ts.
import { randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';

/** Where a token is good for. */
export type ScopeRef =
  | { readonly kind: 'project'; readonly id: string }
  | { readonly kind: 'domain'; readonly id: string }
  | { readonly kind: 'system' }
  | { readonly kind: 'none' };

/** What a token says. Times in milliseconds since 1970, whole seconds. */
export interface Claims {
  readonly userId: string;
  readonly scope: ScopeRef;
  readonly methods: readonly string[];
  /** This token's own id, then the id of the first token of the chain when it was made from another. */
  readonly auditIds: readonly string[];
  /** The user's token_generation when it was issued. */
  readonly generation: number;
  /** The application credential it was made with. */
  readonly credentialId?: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface TokenSigner {
  sign(claims: Claims): Promise<string>;
  /** The claims of a token that we signed and that has not expired; undefined for anything else. */
  verify(token: string): Promise<Claims | undefined>;
}

/** A new token's own id. */
export const newAuditId = (): string => randomBytes(16).toString('base64url');

/** A new key of 256 bits for `tokenSigner`, in base64url. */
export const newTokenKey = (): string => randomBytes(32).toString('base64url');

/** Claims by their short names: `c` scope, `m` methods, `a` audit ids, `g` generation, `k` application credential. */
interface Payload {
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly c: string;
  readonly m: string;
  readonly a: string;
  readonly g: number;
  readonly k?: string;
}

export function tokenSigner(secret: string): TokenSigner {
  const key = Buffer.from(secret, 'base64url');
  return {
    sign(claims) {
      const payload: Payload = {
        sub: claims.userId,
        iat: claims.issuedAt / 1000,
        exp: claims.expiresAt / 1000,
        c: 'id' in claims.scope ? `${claims.scope.kind}:${claims.scope.id}` : claims.scope.kind,
        m: claims.methods.join(' '),
        a: claims.auditIds.join(' '),
        g: claims.generation,
        ...(claims.credentialId !== undefined && { k: claims.credentialId }),
      };
      return new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256' }).sign(key);
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify<Payload>(token, key, { algorithms: ['HS256'] });
        return claimsOf(payload);
      } catch {
        return undefined;
      }
    },
  };
}

function claimsOf(payload: Payload): Claims {
  return {
    userId: payload.sub,
    scope: scopeOf(payload.c),
    methods: payload.m.split(' '),
    auditIds: payload.a.split(' '),
    generation: payload.g,
    ...(payload.k !== undefined && { credentialId: payload.k }),
    issuedAt: payload.iat * 1000,
    expiresAt: payload.exp * 1000,
  };
}

function scopeOf(text: string): ScopeRef {
  const [kind, id = ''] = text.split(':');
  if (kind === 'project' || kind === 'domain') return { kind, id };
  return kind === 'system' ? { kind } : { kind: 'none' };
}
