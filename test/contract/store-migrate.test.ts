// Migrations on every engine: from each version, with the rows of test/states in it, to the newest; several programs at once; kills.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '#store/migrate.ts';
import { type Migration, migrations } from '#store/migrations/index.ts';
import { type Store, StoreUnavailable } from '#store/store.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';

type Row = Record<string, unknown>;
const newest = migrations.length;

async function tablesOf(store: Store): Promise<string[]> {
  const catalog =
    store.dialect.name === 'sqlite'
      ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name";
  return (await store.read.all<{ name: string }>(catalog)).map(({ name }) => name).filter((name) => name !== 'schema_versions');
}
let looks = 0;
async function contentOf(store: Store): Promise<Map<string, Row[]>> {
  const content = new Map<string, Row[]>();
  // Another text each time: a prepared `SELECT *` does not outlive a new column.
  looks += 1;
  for (const table of await tablesOf(store)) content.set(table, await store.read.all(`SELECT * FROM ${table} /* ${looks} */`));
  return content;
}
/** Values that a migration writes otherwise: before → after. */
const REWRITTEN: Readonly<Record<string, ReadonlyMap<unknown, unknown>>> = {
  // The type has no physical network.
  'network_segments.physical_network': new Map([['', null]]),
};
/** Whether `after` says the same as `before` in every column that both have. */
const agrees = (table: string, before: Row, after: Row) =>
  Object.entries(after).every(
    ([column, value]) => !(column in before) || before[column] === value || REWRITTEN[`${table}.${column}`]?.get(before[column]) === value,
  );

async function versionOf(store: Store): Promise<number> {
  return (await store.read.all('SELECT version FROM schema_versions')).length;
}

describe.each(engines())('migrations on $name', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  beforeEach(async () => {
    opened = await engine.open({ migrated: false });
    store = opened.store;
  });
  afterEach(() => opened.remove());

  test.each(migrations.map(({ name }, index) => ({ name, version: index + 1 })))(
    'from $name, full of rows, to the newest',
    async ({ version }) => {
      // The database lives through every version up to this one, and gets at each the rows that came with it.
      for (let step = 1; step <= version; step++) {
        const known = migrations.slice(0, step);
        await migrate(store, known);
        const state = join(import.meta.dirname, '..', 'states', `${known.at(-1)?.name}.sql`);
        if (!existsSync(state)) throw new Error(`write ${state}: rows for every table that this migration makes`);
        await store.exec(readFileSync(state, 'utf8'));
      }
      const before = await contentOf(store);
      expect([...before].filter(([, rows]) => rows.length === 0).map(([table]) => table)).toEqual([]);
      await migrate(store);
      expect(await versionOf(store)).toBe(newest);
      const after = await contentOf(store);
      for (const [table, rows] of before) {
        const kept = after.get(table) ?? [];
        for (const row of rows)
          expect(
            kept.some((candidate) => agrees(table, row, candidate)),
            `${table}: ${JSON.stringify(row)}`,
          ).toBe(true);
      }
    },
  );

  test('a second run changes nothing', async () => {
    await migrate(store);
    const before = await contentOf(store);
    await migrate(store);
    expect(await contentOf(store)).toEqual(before);
  });

  test('several programs that start at once do it once', async () => {
    const others = [opened.reopen(), opened.reopen(), opened.reopen()];
    await Promise.all([store, ...others].map((one) => migrate(one)));
    expect(await versionOf(store)).toBe(newest);
    await Promise.all(others.map((one) => one.close()));
  });

  test('refuses a database that is newer, or of another program, with one line, and touches nothing', async () => {
    await migrate(store);
    await store.exec(`INSERT INTO schema_versions (version, name) VALUES (${newest + 1}, 'from the future')`);
    const refused = migrate(store);
    await expect(refused).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(refused).rejects.toThrow(new RegExp(`^The database is at version ${newest + 1}, this program knows ${newest}: .*$`));
    await store.exec(`DELETE FROM schema_versions WHERE version > 1; UPDATE schema_versions SET name = 'other'`);
    await expect(migrate(store)).rejects.toThrow(/^The database was made by a different program.*$/);
  });

  test('a migration that fails leaves the version before it, whole', async () => {
    const good: Migration = { name: 'good', up: () => 'CREATE TABLE good (id TEXT)' };
    const bad: Migration = { name: 'bad', up: () => 'CREATE TABLE half (id TEXT); INSERT INTO nowhere VALUES (1);' };
    const duplicate: Migration = { name: 'bad', up: () => "CREATE TABLE half (id TEXT PRIMARY KEY); INSERT INTO half VALUES ('x'), ('x')" };
    await expect(migrate(store, [good, bad])).rejects.toThrow(/nowhere/);
    await expect(migrate(store, [good, duplicate])).rejects.toThrow(/unique/);
    expect([await versionOf(store), await tablesOf(store)]).toEqual([1, ['good']]);
    await migrate(store, [good, { name: 'bad', up: () => 'CREATE TABLE half (id TEXT)' }]);
    expect([await versionOf(store), await tablesOf(store)]).toEqual([2, ['good', 'half']]);
  });

  test.each([1, newest])('a program killed before migration %i leaves a database that the next one finishes', async (last) => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'store-migrate-killed.ts'), engine.name, opened.location, String(last)],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect(signal).toBe('SIGKILL');
    expect(await versionOf(store)).toBe(last - 1);
    await migrate(store);
    expect(await versionOf(store)).toBe(newest);
  });
});
