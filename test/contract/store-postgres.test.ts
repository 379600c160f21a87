// What only PostgreSQL does: conflicts between writers and connections that break. A real server; connections are broken by ending the
// server's process behind them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgres } from '#store/postgres.ts';
import { ConstraintViolation, type Store, StoreUnavailable, type Tx } from '#store/store.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';

const END_OWN = 'SELECT pg_terminate_backend(pg_backend_pid())';
const END_OTHERS = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';

describe.each(engines().filter(({ name }) => name === 'postgres'))('faults of $name', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  beforeAll(async () => {
    opened = await engine.open({ migrated: false });
    store = opened.store;
    await store.exec("CREATE TABLE rows (id TEXT PRIMARY KEY, n BIGINT NOT NULL DEFAULT 0); INSERT INTO rows (id) VALUES ('a'), ('b')");
  });
  afterAll(() => opened.remove());
  const numberOf = async (id: string) => (await store.read.get<{ n: number }>('SELECT n FROM rows WHERE id = ?', id))?.n;

  test('of two transactions in a deadlock one is run again from its start', async () => {
    const increment = (tx: Tx, id: string) => tx.run('UPDATE rows SET n = n + 1 WHERE id = ?', id);
    let runs = 0;
    let waiting = 0;
    const both = Promise.withResolvers<void>();
    const cross = (first: string, second: string) =>
      store.transaction(async (tx) => {
        runs++;
        await increment(tx, first);
        if (++waiting === 2) both.resolve();
        await both.promise;
        await increment(tx, second);
      });
    await Promise.all([cross('a', 'b'), cross('b', 'a')]);
    expect(runs).toBe(3);
    expect([await numberOf('a'), await numberOf('b')]).toEqual([2, 2]);
  });

  test('a serialization failure is tried again, and given up in the end', async () => {
    const conflict = "DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$";
    let runs = 0;
    await store.transaction(async (tx) => {
      if (++runs < 4) await tx.run(conflict).catch(() => undefined);
    });
    expect(runs).toBe(4);
    const stubborn = openPostgres(opened.location, { tries: 3 });
    runs = 0;
    const failing = stubborn.transaction(async (tx) => {
      runs++;
      await tx.run(conflict);
    });
    await expect(failing).rejects.toMatchObject({ name: 'StoreUnavailable', message: 'the database is busy with conflicting changes' });
    expect(runs).toBe(3);
    await stubborn.close();
  });

  test('a constraint or an error of the work itself is not tried again', async () => {
    let runs = 0;
    const unique = store.transaction((tx) => {
      runs++;
      return tx.run("INSERT INTO rows (id) VALUES ('a')");
    });
    await expect(unique).rejects.toBeInstanceOf(ConstraintViolation);
    const failing = store.transaction(() => {
      runs++;
      return Promise.reject(new Error('own'));
    });
    await expect(failing).rejects.toThrow('own');
    expect(runs).toBe(2);
  });

  test('a connection that breaks before the commit: the transaction runs again on another', async () => {
    let runs = 0;
    await store.transaction(async (tx) => {
      await tx.run("INSERT INTO rows (id) VALUES ('broken')");
      if (++runs === 1) await tx.get(END_OWN);
    });
    expect(runs).toBe(2);
    expect(await numberOf('broken')).toBe(0);
  });

  test('idle connections that broke are replaced unnoticed', async () => {
    await Promise.all(
      Array.from({ length: 8 }, () => Promise.all([store.transaction((tx) => tx.get('SELECT 1')), store.read.get('SELECT 1')])),
    );
    const admin = openPostgres(opened.location);
    await admin.read.all(END_OTHERS);
    await admin.close();
    expect(await numberOf('a')).toBeTypeOf('number');
    expect(await store.transaction((tx) => tx.run("UPDATE rows SET n = 9 WHERE id = 'a'"))).toBe(1);
  });

  test('a connection that breaks during the commit: the outcome is not known, says the error, and nothing is repeated', async () => {
    await store.exec(`
      CREATE TABLE ending (id TEXT);
      CREATE FUNCTION end_own() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER ending AFTER INSERT ON ending DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION end_own();
    `);
    let runs = 0;
    const failing = store.transaction((tx) => {
      runs++;
      return tx.run("INSERT INTO ending VALUES ('x')");
    });
    await expect(failing).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(failing).rejects.toThrow(/not known/);
    expect(runs).toBe(1);
    expect(await store.transaction((tx) => tx.run("UPDATE rows SET n = 1 WHERE id = 'a'"))).toBe(1);
  });

  test('a failed statement that nobody waited for does not pass for a commit', async () => {
    const careless = store.transaction(async (tx) => {
      await tx.run("INSERT INTO rows (id) VALUES ('careless')");
      tx.run("INSERT INTO rows (id) VALUES ('a')").catch(() => undefined);
    });
    await expect(careless).rejects.toBeInstanceOf(ConstraintViolation);
    expect(await numberOf('careless')).toBeUndefined();
  });

  test('transactions that all wait for a read are not starved of connections', async () => {
    const small = openPostgres(opened.location, { writers: 2, readers: 1 });
    const answers = Array.from({ length: 6 }, () => small.transaction(async () => small.read.get('SELECT 1 AS one')));
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 6 }, () => ({ one: 1 })));
    await small.close();
  });

  test.each([
    ['no server', (url: string) => url.replace(/host=[^&]*/, 'host=%2Fnowhere'), 'the database cannot be reached'],
    ['no database', (url: string) => url.replace(/\/test_\w+/, '/absent'), 'the configured database does not exist'],
    [
      'no such user',
      (url: string) => url.replace('user=postgres', 'user=nobody_here'),
      'the database refuses the configured user or password',
    ],
  ])('%s: one clear error, soon', async (_, change, message) => {
    const absent = openPostgres(change(opened.location));
    const started = Date.now();
    await expect(absent.transaction((tx) => tx.get('SELECT 1'))).rejects.toMatchObject({ name: 'StoreUnavailable', message });
    await expect(absent.read.get('SELECT 1')).rejects.toMatchObject({ name: 'StoreUnavailable', message });
    await expect(absent.exec('SELECT 1')).rejects.toMatchObject({ name: 'StoreUnavailable', message });
    expect(Date.now() - started).toBeLessThan(3_000);
    await absent.close();
  });
});
