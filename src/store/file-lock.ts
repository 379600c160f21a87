// A lock on a file that the kernel keeps and takes back when its process ends, however it ends. Held through SQLite, because Node itself cannot lock
// files. Used by main/state.ts: one server per state directory.
import { writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

/** Takes the lock and answers how to let go of it, or undefined when another process has it. Throws when the file cannot be used. */
export function lockFile(path: string): (() => void) | undefined {
  writeFileSync(path, '', { flag: 'a', mode: 0o600 });
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return () => lock.close();
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}
