// Brings a database to this program's version. Called once at start, before anything else reads. Each migration and the note that
// it was done are one transaction, so a program killed between two goes on where it stopped.
import { type Migration, migrations } from './migrations/index.ts';
import { ConstraintViolation, type Store, StoreUnavailable } from './store.ts';

/**
 * Runs the migrations the database has not had yet. Throws StoreUnavailable with one clear line when the database is newer than the program
 * or was made by a different one. Several programs may start at once: the primary key of schema_versions lets one of them run each.
 */
export async function migrate(store: Store, known: readonly Migration[] = migrations): Promise<void> {
  await prepareTable(store);
  for (let done = await applied(store, known); done < known.length; ) {
    const next = known[done];
    if (next === undefined) return;
    const version = done + 1;
    try {
      // The note comes first: on PostgreSQL a second program waits for it here, then finds the version taken.
      await store.exec(`INSERT INTO schema_versions (version, name) VALUES (${version}, '${next.name}');\n${next.up(store.dialect)}`);
    } catch (error) {
      if (!(error instanceof ConstraintViolation) || (await applied(store, known)) < version) throw error;
    }
    done = await applied(store, known);
  }
}

/** How many migrations the database has had, after checking that they are ours. */
async function applied(store: Store, known: readonly Migration[]): Promise<number> {
  const rows = await store.read.all<{ version: number; name: string }>('SELECT version, name FROM schema_versions ORDER BY version');
  if (rows.length > known.length) {
    throw new StoreUnavailable(`The database is at version ${rows.length}, this program knows ${known.length}: run a newer Isospin`);
  }
  for (const [index, row] of rows.entries()) {
    const expected = known[index]?.name;
    if (row.version !== index + 1 || row.name !== expected) {
      throw new StoreUnavailable(
        `The database was made by a different program: its version ${row.version} is ${row.name}, not ${expected}`,
      );
    }
  }
  return rows.length;
}

async function prepareTable(store: Store): Promise<void> {
  const make = `CREATE TABLE IF NOT EXISTS schema_versions (version ${store.dialect.integer} PRIMARY KEY, name TEXT NOT NULL)`;
  try {
    await store.exec(make);
  } catch {
    // On PostgreSQL two programs that both find no table collide in the catalog; the second time it is there. Any other error comes again.
    await store.exec(make);
  }
}
