// That statements which read a whole table are noticed (statements.ts), and that a row can go without one: each reference has an index to find it by.
import { expect, test } from 'vitest';
import { engines, type OpenEngine } from '#test/postgres.ts';
import { SMALL, watchStatements } from './statements.ts';

async function withSqlite(run: (opened: OpenEngine) => Promise<void>): Promise<void> {
  const opened = await engines()
    .find(({ name }) => name === 'sqlite')
    ?.open();
  if (!opened) throw new Error('no SQLite');
  await run(opened).finally(() => opened.remove());
}

test('who reads a whole table is noticed, who looks something up is not', () =>
  withSqlite(async (opened) => {
    const { store, faults, request } = watchStatements(opened.store);
    const asAdmin = (text: string) => request('GET', true, async () => ({ body: await store.read.all(text, 'a') }));
    await store.read.all('SELECT r.id FROM ports r WHERE r.project_id = ? ORDER BY r.id', 'a');
    await store.read.get('SELECT name FROM hosts LIMIT 1');
    expect(faults).toEqual([]);
    await asAdmin('SELECT r.id FROM ports r WHERE r.status = ?');
    expect(faults).toEqual([]);
    await asAdmin('SELECT r.id FROM ports r WHERE r.network_id IN (SELECT id FROM networks WHERE name = ?)');
    await store.read.all('SELECT r.id FROM ports r WHERE r.status = ?', 'DOWN');
    await store.transaction((tx) => tx.run('DELETE FROM quota_usage WHERE resource = ?', 'port'));
    await store.read.all('SELECT p.id FROM ports p JOIN subnets s ON s.name = p.name WHERE p.id = ?', 'a');
    expect(faults.map((line) => /\((\w+)\)/.exec(line)?.[1])).toEqual(['networks', 'ports', 'quota_usage', 'subnets']);
  }));

test('a list that asks for its rows one by one is noticed', () =>
  withSqlite(async (opened) => {
    const { store, faults, request } = watchStatements(opened.store);
    const list = (rows: number, statements: number) =>
      request('GET', false, async () => {
        for (let issued = 0; issued < statements; issued++) await store.read.get('SELECT name FROM hosts WHERE name = ?', 'a');
        return { body: { hosts: Array(rows).fill({}) } };
      });
    await list(10, 3);
    expect(faults).toEqual([]);
    await list(10, 11);
    expect(faults).toEqual(['11 times for 10 hosts: SELECT name FROM hosts WHERE name = ?']);
  }));

test('every reference can be found from the row it refers to', () =>
  withSqlite(async ({ store }) => {
    // A comparison with an id is all that a partial index needs whose rows are those that refer to something.
    const found = `SELECT 1 FROM pragma_index_list(t.name) l JOIN pragma_index_info(l.name) c ON c.seqno = 0 LEFT JOIN sqlite_schema i ON i.name = l.name
      WHERE c.name = f."from" AND (l.partial = 0 OR i.sql LIKE '% WHERE ' || f."from" || ' IS NOT NULL')`;
    const unindexed = await store.read.all<{ table: string; column: string }>(
      `SELECT t.name AS "table", f."from" AS "column" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
       WHERE t.type = 'table' AND NOT EXISTS (${found})
         AND NOT EXISTS (SELECT 1 FROM pragma_table_info(t.name) k WHERE k.name = f."from" AND k.pk = 1)`,
    );
    expect(unindexed.filter(({ table }) => !Object.hasOwn(SMALL, table))).toEqual([]);
  }));
