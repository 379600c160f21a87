// A process that store-sqlite.test.ts runs in a mount namespace of its own: fills a small file system under the directory argv[2] with a database, frees
// some of it and goes on. Prints what happened as one JSON object.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '#store/sqlite.ts';
import { StoreUnavailable } from '#store/store.ts';

const directory = process.argv[2] ?? '';
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', directory], { encoding: 'utf8' });
if (mounted.status !== 0) throw new Error(mounted.stderr);
const spare = join(directory, 'spare');
writeFileSync(spare, Buffer.alloc(2 * 1024 * 1024));

const path = join(directory, 'state.db');
const store = openSqlite(path);
await store.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, filler TEXT)');
const written = new Set<number>();
const errors: unknown[] = [];
let id = 0;
const insert = async () => {
  const own = id++;
  try {
    await store.transaction((tx) => tx.run('INSERT INTO rows (id, filler) VALUES (?, ?)', own, 'x'.repeat(2_000)));
    written.add(own);
  } catch (error) {
    errors.push(error);
  }
};
while (errors.length < 24) await Promise.all(Array.from({ length: 8 }, insert));
const writtenBefore = written.size;
const first = errors[0];
const readable = await store.read.get<{ n: number }>('SELECT COUNT(*) AS n FROM rows');
rmSync(spare);
errors.length = 0;
for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 8 }, insert));
const kept = await store.read.all<{ id: number }>('SELECT id FROM rows');
await store.close();
const again = openSqlite(path);
const reopened = await again.read.all<{ id: number }>('SELECT id FROM rows');
await again.close();

const exact = (rows: readonly { id: number }[]) => rows.length === written.size && rows.every((row) => written.has(row.id));
console.log(
  JSON.stringify({
    unavailable: first instanceof StoreUnavailable,
    message: first instanceof Error ? first.message : String(first),
    writtenBefore,
    readableWhenFull: readable?.n,
    errorsAfter: errors.length,
    writtenAfter: written.size - writtenBefore,
    exact: exact(kept) && exact(reopened),
  }),
);
