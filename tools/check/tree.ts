// The files of the repository as the checks see them: what git would commit, read once.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Repository path → text of every file that git tracks or would track. */
export function readTree(): ReadonlyMap<string, string> {
  // git refuses a tree that another user owns, as that of a build machine is for root, unless it is named here.
  const git = ['-c', `safe.directory=${resolve(root)}`, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const list = execFileSync('git', git, { cwd: root, encoding: 'utf8' });
  const files = list.split('\0').filter((path) => path !== '' && existsSync(join(root, path)) && statSync(join(root, path)).isFile());
  return new Map([...new Set(files)].sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}
