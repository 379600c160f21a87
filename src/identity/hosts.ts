// Hosts that may join, and what each proves itself with: a credential printed once by `isospin host add` and kept as a hash. A credential is 32
// random bytes, so one plain hash is as good as a slow one.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { errorTable } from '#core/errors.ts';
import type { Reader, Store } from '#store/store.ts';

export const hostErrors = errorTable({
  HostNameInvalid: ['invalid', "'{name}' cannot be a host's name: letters, digits, dots, dashes and underscores, at most 255"],
});

const hashOf = (credential: string): string => createHash('sha256').update(credential).digest('hex');
/** What an unknown host is compared with, so that it takes as long as a known one. */
const NOBODY = hashOf('');

/** Lets a host join, or gives one that may a new credential, which ends the old one. Answers the credential: it is not kept. */
export async function addHost(store: Store, name: string): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(name)) throw hostErrors.HostNameInvalid({ name: name.slice(0, 255) });
  const credential = randomBytes(32).toString('base64url');
  await store.transaction((tx) =>
    tx.run(
      `INSERT INTO hosts (name, credential_hash, created_at) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET credential_hash = excluded.credential_hash`,
      name,
      hashOf(credential),
      new Date().toISOString(),
    ),
  );
  return credential;
}

/** Whether this credential is that host's. */
export async function isHost(reader: Reader, name: string, credential: string): Promise<boolean> {
  const row = await reader.get<{ credential_hash: string }>('SELECT credential_hash FROM hosts WHERE name = ?', name);
  const given = Buffer.from(hashOf(credential));
  return timingSafeEqual(Buffer.from(row?.credential_hash ?? NOBODY), given) && row !== undefined;
}
