// The state directory of a server: the database, the first admin password, and where the running server is reached. Readable by its owner alone.
// Commands of this machine find the server by it (`--state DIR`). One server at a time uses it.
import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFile } from '#store/file-lock.ts';
import { ConfigError } from './values.ts';

export const databaseFile = (state: string): string => join(state, 'isospin.db');
const passwordFile = (state: string): string => join(state, 'admin-password');
const addressFile = (state: string): string => join(state, 'server.json');

/** Makes the directory if need be. Throws {@link ConfigError} when it cannot be used. */
export function prepareState(state: string): void {
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 });
    accessSync(state, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' && !statSync(state).isDirectory() ? 'it is not a directory' : message.split(',')[0];
    throw new ConfigError(`the state directory ${state} cannot be used: ${why}`);
  }
}

/**
 * Keeps every other server from this state directory until the answer is called or this process ends, however it ends. Throws {@link ConfigError}
 * when one uses it.
 */
export function lockState(state: string): () => void {
  let release: (() => void) | undefined;
  try {
    release = lockFile(join(state, 'lock'));
  } catch (error) {
    throw new ConfigError(`the state directory ${state} cannot be locked: ${(error as Error).message.split(',')[0]}`);
  }
  if (release !== undefined) return release;
  const other = pidOf(state);
  throw new ConfigError(`another server uses the state directory ${state}${other === undefined ? '' : ` (process ${other})`}`);
}

function pidOf(state: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(addressFile(state), 'utf8')) as ServerAddress).pid;
  } catch {
    return undefined;
  }
}

/**
 * The password of a new cloud's admin: kept from before, given by ISOSPIN_ADMIN_PASSWORD, or new. It is in its file, where only root reads it, before
 * it is answered: an admin whose password nobody knows would lock everybody out. Throws {@link ConfigError} when the file holds none.
 */
export function firstPassword(state: string, given = process.env.ISOSPIN_ADMIN_PASSWORD): string {
  const kept = readPassword(state);
  // An empty file is what a full disk or a crash has left.
  if (kept) {
    if (/[\p{Cc}\u{fffd}]/u.test(kept)) throw new ConfigError(`${passwordFile(state)} holds no password: remove it, and a new one is made`);
    return kept;
  }
  const password = given || randomBytes(18).toString('base64url');
  writePrivate(passwordFile(state), `${password}\n`);
  return password;
}

/** Forgets a password that became nobody's, because another server of the same database was faster. */
export const forgetPassword = (state: string): void => rmSync(passwordFile(state), { force: true });

function readPassword(state: string): string | undefined {
  try {
    return readFileSync(passwordFile(state), 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigError(`cannot read ${passwordFile(state)}: ${(error as Error).message.split(',')[0]}`);
  }
}

/** How a running server is reached. */
export interface ServerAddress {
  readonly url: string;
  readonly pid: number;
  /** Name of this host, where the server's process also runs its agents. */
  readonly host?: string | undefined;
  /** False when a Keystone knows the users: the password kept here is then nobody's. */
  readonly embedded: boolean;
}

export const writeAddress = (state: string, address: ServerAddress): void => writePrivate(addressFile(state), JSON.stringify(address));
export const removeAddress = (state: string): void => rmSync(addressFile(state), { force: true });

/** What a command needs to talk to the server of this machine as its admin. Throws {@link ConfigError}. */
export function readState(state: string): { readonly address: ServerAddress; readonly password: string } {
  const address = readAddress(state);
  const password = address.embedded ? readPassword(state) : '';
  if (password === undefined)
    throw new ConfigError(`${passwordFile(state)} is not there: sign in with the OS_* variables, as the admin or as somebody else`);
  return { address, password };
}

function readAddress(state: string): ServerAddress {
  let text: string;
  try {
    text = readFileSync(addressFile(state), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new ConfigError(
        `no server runs with the state directory ${state}; --state DIR names another one, --server URL a server elsewhere`,
      );
    throw new ConfigError(`cannot read the state directory ${state}: ${message.split(',')[0]}`);
  }
  try {
    const address = JSON.parse(text) as Partial<ServerAddress> | null;
    if (typeof address?.url === 'string' && typeof address.embedded === 'boolean') return address as ServerAddress;
  } catch {
    // Said below.
  }
  throw new ConfigError(`${addressFile(state)} is damaged: a start of the server writes it anew`);
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function writePrivate(path: string, content: string): void {
  const next = `${path}.new`;
  writeFileSync(next, content, { mode: 0o600, flush: true });
  chmodSync(next, 0o600);
  renameSync(next, path);
}
