// A process that store-sqlite.test.ts kills: eight writers put pairs of rows into the database at argv[2] and print each id once it is answered.
// Printing is synchronous, so what was answered before the kill is known.
import { writeSync } from 'node:fs';
import { openSqlite } from '#store/sqlite.ts';

const store = openSqlite(process.argv[2] ?? '');
let next = Number(process.argv[3]);

async function write(): Promise<void> {
  for (;;) {
    const id = next++;
    await store.transaction(async (tx) => {
      await tx.run('INSERT INTO first (id, filler) VALUES (?, ?)', id, 'x'.repeat(500));
      await tx.run('INSERT INTO second (id, filler) VALUES (?, ?)', id, 'y'.repeat(500));
    });
    writeSync(1, `${id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, write));
