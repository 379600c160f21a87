// Kernel settings and files, as the executor writes them. A file is whole or absent at every moment: it is written beside and renamed over.
import { writeFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes `/proc/sys/<name>` in the namespace of this process. Synchronous: it takes microseconds, a thread-pool round trip takes longer. */
export function writeSetting(name: string, value: string): void {
  if (!/^[\w.@:-]+(\/[\w.@:-]+)+$/.test(name) || name.split('/').includes('..'))
    throw new Error(`not the name of a kernel setting: ${name}`);
  try {
    writeFileSync(`/proc/sys/${name}`, value, { flag: 'r+' }); // never creates
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ENOENT' ? `the kernel has no setting ${name}` : `cannot set ${name}: ${message}`);
  }
}

let serial = 0;

/** Writes a file as a whole with exactly `mode`, making its directory; `content` null removes it. */
export async function writeWhole(path: string, content: string | null, mode: number): Promise<void> {
  if (content === null) return rm(path, { force: true });
  // A name with a dot: those who watch the directory read it under its final name alone.
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}-${++serial}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, content, { mode });
    await chmod(beside, mode); // whatever the umask is
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new Error(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** Makes a directory, and what leads to it, for every user to read, whatever the umask is; or removes it with all that is in it. */
export async function writeDirectory(path: string, present: boolean): Promise<void> {
  if (!present) return rm(path, { recursive: true, force: true });
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
}
