// The starting state of the embedded identity: what a new cloud needs before anybody can call it. `up` and `server` run it at every start, several
// servers perhaps at once; after the first time nothing is touched, the admin's password neither.
import { randomUUID } from 'node:crypto';
import type { Store, Tx } from '#store/store.ts';
import { assign, imply } from './assignments.ts';
import { type ScryptCost, scryptPasswords } from './passwords.ts';
import { standardImplications, standardRoles } from './roles.ts';
import { domains, projects, roles, users } from './tables.ts';
import { newTokenKey } from './tokens.ts';

export interface BootstrapOptions {
  /** The first password of the user `admin`; a function is asked only where there is no cloud yet. */
  readonly adminPassword: string | (() => string);
  readonly scrypt?: ScryptCost;
}

/** The id of the domain that every cloud has. Its name is `Default`. */
export const DEFAULT_DOMAIN = 'default';

/** Ids as Keystone makes them: a UUID without dashes. */
export const newId = (): string => randomUUID().replaceAll('-', '');

/** Makes the starting state, once in a database's life. Answers whether this call did it. */
export async function bootstrap(store: Store, { adminPassword, scrypt }: BootstrapOptions): Promise<boolean> {
  const key = "SELECT id FROM token_keys WHERE id = 'signing'";
  if ((await store.read.get(key)) !== undefined) return false;
  // Hashing takes its time, and nothing may be waited for inside a transaction.
  const hash = await scryptPasswords(scrypt).hash(typeof adminPassword === 'string' ? adminPassword : adminPassword());
  return store.transaction(async (tx) => {
    // The key is what says that it was done: an operator may rename or remove any of the rest, and a restart must not bring it back.
    const first = await tx.run("INSERT INTO token_keys (id, secret) VALUES ('signing', ?) ON CONFLICT DO NOTHING", newTokenKey());
    if (first > 0) await makeCloud(tx, hash);
    return first > 0;
  });
}

async function makeCloud(tx: Tx, passwordHash: string): Promise<void> {
  const [projectId, userId] = [newId(), newId()];
  await domains.insert(tx, { id: DEFAULT_DOMAIN, name: 'Default', description: 'The default domain', enabled: 1, extra: '{}' });
  await projects.insert(tx, {
    id: projectId,
    domain_id: DEFAULT_DOMAIN,
    parent_id: DEFAULT_DOMAIN,
    name: 'admin',
    description: 'Project of the operator',
    enabled: 1,
    tags: '[]',
    extra: '{}',
  });
  await users.insert(tx, {
    id: userId,
    domain_id: DEFAULT_DOMAIN,
    name: 'admin',
    description: '',
    enabled: 1,
    default_project_id: null,
    password_hash: passwordHash,
    token_generation: 0,
    extra: '{}',
  });
  const roleIds = new Map<string, string>(standardRoles.map((name) => [name, newId()]));
  for (const [name, id] of roleIds) await roles.insert(tx, { id, name, description: '', extra: '{}' });
  for (const [prior, implied] of standardImplications) await imply(tx, roleIds.get(prior) ?? '', roleIds.get(implied) ?? '');
  const role_id = roleIds.get('admin') ?? '';
  await assign(tx, { user_id: userId, scope_kind: 'project', scope_id: projectId, role_id });
  await assign(tx, { user_id: userId, scope_kind: 'system', scope_id: 'all', role_id });
}
