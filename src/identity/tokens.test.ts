// Signed tokens: what they carry, and which forgeries and leftovers are refused.
import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { type Claims, newAuditId, newTokenKey, tokenSigner } from './tokens.ts';

const now = Math.floor(Date.now() / 1000) * 1000;
const claims: Claims = {
  userId: '0123456789abcdef0123456789abcdef',
  scope: { kind: 'project', id: 'fedcba9876543210fedcba9876543210' },
  methods: ['password', 'token'],
  auditIds: [newAuditId(), newAuditId()],
  generation: 12,
  issuedAt: now,
  expiresAt: now + 3_600_000,
};

describe('tokens', () => {
  const key = newTokenKey();
  const signer = tokenSigner(key);

  test('say after verification what they said at signing', async () => {
    const scopes = [claims.scope, { kind: 'domain', id: 'default' }, { kind: 'system' }, { kind: 'none' }] as const;
    for (const scope of scopes) {
      for (const more of [{}, { credentialId: '00000000000000000000000000000001' }]) {
        const said = { ...claims, ...more, scope };
        expect(await signer.verify(await signer.sign(said))).toEqual(said);
      }
    }
  });

  test('are small enough for any header', async () => {
    expect((await signer.sign({ ...claims, credentialId: claims.userId })).length).toBeLessThan(400);
  });

  test('are nothing once they have expired', async () => {
    expect(await signer.verify(await signer.sign({ ...claims, expiresAt: now - 1_000 }))).toBeUndefined();
  });

  test('are nothing when forged: another key, no signature, another algorithm, changed claims', async () => {
    const good = await signer.sign(claims);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const changed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const more = Buffer.from(JSON.stringify({ ...changed, g: 13 })).toString('base64url');
    const forged = [
      await tokenSigner(newTokenKey()).sign(claims),
      new UnsecuredJWT(changed).encode(),
      await new SignJWT(changed)
        .setProtectedHeader({ alg: 'HS512' })
        .sign(Buffer.concat([Buffer.from(key, 'base64url'), Buffer.alloc(32)])),
      [header, more, signature].join('.'),
      [header, payload, ''].join('.'),
      [header, payload].join('.'),
      '',
      'x'.repeat(5_000),
    ];
    for (const token of forged) expect(await signer.verify(token)).toBeUndefined();
    expect(await signer.verify(good)).toEqual(claims);
  });
});
