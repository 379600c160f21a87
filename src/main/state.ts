// The state directory of a server: the database, the first admin password, and where the running server is reached. Readable by its owner alone.
// Commands of this machine find the server by it (`--state DIR`).
import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    throw new ConfigError(`the state directory ${state} cannot be used: ${(error as Error).message.split(',')[0]}`);
  }
}

/** The password of the first admin: given by ISOSPIN_ADMIN_PASSWORD, kept from before, or new. Kept where only root reads it. */
export function adminPassword(state: string, given = process.env.ISOSPIN_ADMIN_PASSWORD): { readonly password: string; keep(): void } {
  const kept = existsSync(passwordFile(state)) ? readFileSync(passwordFile(state), 'utf8').trim() : undefined;
  const password = kept ?? (given || randomBytes(18).toString('base64url'));
  return { password, keep: () => writePrivate(passwordFile(state), `${password}\n`) };
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
  try {
    const address = JSON.parse(readFileSync(addressFile(state), 'utf8')) as ServerAddress;
    return { address, password: address.embedded ? readFileSync(passwordFile(state), 'utf8').trim() : '' };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ConfigError(`no server has run with the state directory ${state}`);
    throw new ConfigError(`cannot read the state directory ${state}: ${message}`);
  }
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function writePrivate(path: string, content: string): void {
  const next = `${path}.new`;
  writeFileSync(next, content, { mode: 0o600, flush: true });
  chmodSync(next, 0o600);
  renameSync(next, path);
}
