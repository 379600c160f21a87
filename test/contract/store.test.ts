// What every Store does, on every engine: values, transactions, constraints, races. Faults of one engine are in store-sqlite.test.ts
// and store-postgres.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConstraintViolation, type Store, StoreUnavailable } from '#store/store.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';

describe.each(engines())('store on $name', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  beforeAll(async () => {
    opened = await engine.open({ migrated: false });
    store = opened.store;
    const { integer, serial } = store.dialect;
    await store.exec(`
      CREATE TABLE parents (id TEXT PRIMARY KEY, n ${integer} NOT NULL DEFAULT 0);
      CREATE TABLE children (number ${serial}, parent_id TEXT REFERENCES parents (id), label TEXT, size ${integer});
      CREATE UNIQUE INDEX children_label ON children (parent_id, label);
    `);
  });
  afterAll(() => opened.remove());
  const insertParent = (id: string) => store.transaction((tx) => tx.run('INSERT INTO parents (id) VALUES (?)', id));
  const countOf = async (id: string) => (await store.read.get<{ n: number }>('SELECT COUNT(*) AS n FROM parents WHERE id = ?', id))?.n;

  test('gives values back as they were stored, integers as numbers', async () => {
    await insertParent('values');
    const text = 'Ünï \'"? – 中\n';
    const row = await store.transaction((tx) =>
      tx.get(
        'INSERT INTO children (parent_id, label, size) VALUES (?, ?, ?) RETURNING number, parent_id, label, size',
        'values',
        text,
        Number.MAX_SAFE_INTEGER,
      ),
    );
    expect(row).toEqual({ number: expect.any(Number), parent_id: 'values', label: text, size: Number.MAX_SAFE_INTEGER });
    expect(await store.read.all('SELECT size, label FROM children WHERE label = ?', text)).toEqual([
      { size: Number.MAX_SAFE_INTEGER, label: text },
    ]);
    expect(await store.read.get('SELECT label FROM children WHERE label = ?', 'nobody')).toBeUndefined();
    expect(
      await store.read.get("SELECT SUM(size) AS total, COUNT(*) AS n, '?' AS mark FROM children WHERE parent_id = ?", 'nobody'),
    ).toEqual({
      total: null,
      n: 0,
      mark: '?',
    });
    expect(await store.read.get('SELECT EXISTS (SELECT 1 FROM parents WHERE id = ?) AS there, 2 > 3 AS more', 'values')).toEqual({
      there: 1,
      more: 0,
    });
  });

  test('refuses an integer that a number cannot hold, rather than rounding it', async () => {
    await expect(store.read.get('SELECT 9007199254740993 AS n')).rejects.toThrow(/too large/);
  });

  test('compares text exactly, LIKE too', async () => {
    expect(await store.read.get("SELECT 'Abc' LIKE 'abc%' AS l, 'abc' LIKE 'ab%' AS m, 'a' = 'A' AS e")).toEqual({ l: 0, m: 1, e: 0 });
  });

  test('looks up a list given as one parameter, and makes lists of columns', async () => {
    await store.transaction(async (tx) => {
      await tx.run('INSERT INTO parents (id) VALUES (?), (?), (?)', 'list 1', 'list 2', 'list 3');
    });
    const { inJson, jsonArray } = store.dialect;
    const ids = JSON.stringify(['list 1', 'list 3', 'absent', 'quo"te']);
    expect(await store.read.all(`SELECT id FROM parents WHERE id ${inJson} ORDER BY id`, ids)).toEqual([
      { id: 'list 1' },
      { id: 'list 3' },
    ]);
    expect(await store.read.all(`SELECT id FROM parents WHERE id ${inJson}`, '[]')).toEqual([]);
    const some = await store.read.get<{ ids: string }>(`SELECT ${jsonArray('id')} AS ids FROM parents WHERE id ${inJson}`, ids);
    expect((JSON.parse(some?.ids ?? '') as string[]).sort()).toEqual(['list 1', 'list 3']);
    expect(await store.read.get(`SELECT ${jsonArray('id')} AS ids FROM parents WHERE id = ?`, 'absent')).toEqual({ ids: '[]' });
  });

  test('answers how many rows a statement changed, and upserts', async () => {
    const upsert = 'INSERT INTO parents (id, n) VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET n = parents.n + 1 RETURNING n';
    await store.transaction(async (tx) => {
      expect(await tx.run('INSERT INTO parents (id) VALUES (?), (?)', 'many 1', 'many 2')).toBe(2);
      expect(await tx.run("UPDATE parents SET n = 7 WHERE id LIKE 'many %'")).toBe(2);
      expect(await tx.run('INSERT INTO parents (id) VALUES (?) ON CONFLICT DO NOTHING', 'many 1')).toBe(0);
      expect(await tx.run('DELETE FROM parents WHERE id = ?', 'absent')).toBe(0);
      expect(await tx.get(upsert, 'upserted')).toEqual({ n: 1 });
      expect(await tx.get(upsert, 'upserted')).toEqual({ n: 2 });
    });
  });

  test('a transaction sees its own writes; others see them once it is answered', async () => {
    await store.transaction(async (tx) => {
      await tx.run('INSERT INTO parents (id) VALUES (?)', 'seen');
      expect(await tx.get('SELECT n FROM parents WHERE id = ?', 'seen')).toEqual({ n: 0 });
      expect(await countOf('seen')).toBe(0);
    });
    expect(await countOf('seen')).toBe(1);
  });

  test('work that throws undoes its own writes only, and its error comes through', async () => {
    const failure = new Error('as asked');
    const answers = await Promise.allSettled(
      Array.from({ length: 9 }, (_, index) =>
        store.transaction(async (tx) => {
          await tx.run('INSERT INTO parents (id) VALUES (?)', `some ${index}`);
          if (index % 3 === 1) throw failure;
          return index;
        }),
      ),
    );
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason))).toEqual([
      ...[0, failure, 2],
      ...[3, failure, 5],
      ...[6, failure, 8],
    ]);
    const kept = await store.read.all<{ id: string }>("SELECT id FROM parents WHERE id LIKE 'some %' ORDER BY id");
    expect(kept.map(({ id }) => id)).toEqual(['some 0', 'some 2', 'some 3', 'some 5', 'some 6', 'some 8']);
  });

  test('says which constraint refused', async () => {
    await insertParent('refused');
    const again = insertParent('refused');
    await expect(again).rejects.toBeInstanceOf(ConstraintViolation);
    await expect(again).rejects.toMatchObject({
      kind: 'unique',
      constraint: engine.name === 'sqlite' ? 'parents.id' : 'parents_pkey',
    });
    const child = 'INSERT INTO children (parent_id, label) VALUES (?, ?)';
    await expect(store.transaction((tx) => tx.run(child, 'nobody', 'x'))).rejects.toMatchObject({ kind: 'reference' });
    await store.transaction((tx) => tx.run(child, 'refused', 'x'));
    await expect(store.transaction((tx) => tx.run('DELETE FROM parents WHERE id = ?', 'refused'))).rejects.toMatchObject({
      kind: 'reference',
    });
    await expect(store.transaction((tx) => tx.run(child, 'refused', 'x'))).rejects.toMatchObject({
      kind: 'unique',
      constraint: engine.name === 'sqlite' ? 'children.parent_id, children.label' : 'children_label',
    });
  });

  test('names an index over expressions', async () => {
    await store.exec("CREATE TABLE ranges (a TEXT, b TEXT); CREATE UNIQUE INDEX ranges_number ON ranges (a, COALESCE(b, ''))");
    const insert = () => store.transaction((tx) => tx.run('INSERT INTO ranges (a) VALUES (?)', 'x'));
    await insert();
    await expect(insert()).rejects.toMatchObject({ kind: 'unique', constraint: 'ranges_number' });
  });

  test('a failed statement dooms its transaction, swallowed or not', async () => {
    await insertParent('doomed');
    let later: unknown;
    const swallowed = store.transaction(async (tx) => {
      await tx.run('INSERT INTO parents (id) VALUES (?)', 'doomed 1');
      await tx.run('INSERT INTO parents (id) VALUES (?)', 'doomed').catch(() => undefined);
      later = await tx.run('INSERT INTO parents (id) VALUES (?)', 'doomed 2').catch((error: unknown) => error);
    });
    await expect(swallowed).rejects.toBeInstanceOf(ConstraintViolation);
    expect(later).toBeInstanceOf(ConstraintViolation);
    expect([await countOf('doomed 1'), await countOf('doomed 2')]).toEqual([0, 0]);
  });

  test('a transaction that is over takes no more statements', async () => {
    const leaked = await store.transaction(async (tx) => ({ run: tx.run }));
    await expect(leaked.run('INSERT INTO parents (id) VALUES (?)', 'leaked')).rejects.toThrow(/over/);
    expect(await countOf('leaked')).toBe(0);
  });

  test('several statements of one transaction may be sent at once', async () => {
    await store.transaction(async (tx) => {
      const answers = await Promise.all([
        tx.run('INSERT INTO parents (id) VALUES (?)', 'at once'),
        tx.get('SELECT id FROM parents WHERE id = ?', 'at once'),
        tx.run('UPDATE parents SET n = 5 WHERE id = ?', 'at once'),
      ]);
      expect(answers).toEqual([1, { id: 'at once' }, 1]);
    });
  });

  test('exec is all or nothing', async () => {
    await expect(store.exec("INSERT INTO parents (id) VALUES ('exec'); INSERT INTO parents (id) VALUES ('exec');")).rejects.toBeInstanceOf(
      ConstraintViolation,
    );
    expect(await countOf('exec')).toBe(0);
    await expect(store.exec('INSERT INTO nowhere VALUES (1)')).rejects.toThrow();
    await store.exec("INSERT INTO parents (id) VALUES ('exec'); UPDATE parents SET n = 3 WHERE id = 'exec';");
    expect(await store.read.get('SELECT n FROM parents WHERE id = ?', 'exec')).toEqual({ n: 3 });
  });

  test('numbers are never used twice', async () => {
    const insert = async () => {
      const row = await store.transaction((tx) =>
        tx.get<{ number: number }>('INSERT INTO children (label) VALUES (NULL) RETURNING number'),
      );
      return row?.number ?? 0;
    };
    const first = await insert();
    await store.transaction((tx) => tx.run('DELETE FROM children WHERE number = ?', first));
    expect(await insert()).toBeGreaterThan(first);
  });

  test('of many who insert the same key, one wins', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => insertParent('wanted')));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(39);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(ConstraintViolation);
  });

  test('of many who compare and set, none overwrites another', async () => {
    await insertParent('counter');
    const increment = async (): Promise<void> => {
      const won = await store.transaction(async (tx) => {
        const row = await tx.get<{ n: number }>('SELECT n FROM parents WHERE id = ?', 'counter');
        return tx.run('UPDATE parents SET n = n + 1 WHERE id = ? AND n = ?', 'counter', row?.n ?? -1);
      });
      if (won === 0) await increment();
    };
    await Promise.all(Array.from({ length: 30 }, increment));
    expect(await store.read.get('SELECT n FROM parents WHERE id = ?', 'counter')).toEqual({ n: 30 });
  });

  test('a locked row can be read and changed without losing a write', async () => {
    await insertParent('locked');
    const add = () =>
      store.transaction(async (tx) => {
        const row = await tx.get<{ n: number }>(`SELECT n FROM parents WHERE id = ? ${tx.dialect.forUpdate}`, 'locked');
        await tx.run('UPDATE parents SET n = ? WHERE id = ?', (row?.n ?? 0) + 1, 'locked');
      });
    await Promise.all(Array.from({ length: 30 }, add));
    expect(await store.read.get('SELECT n FROM parents WHERE id = ?', 'locked')).toEqual({ n: 30 });
  });

  test('more texts than are kept prepared do no harm', async () => {
    for (let index = 0; index < 1_200; index++) {
      expect(await store.read.get(`SELECT ${index} AS n WHERE 1 = ?`, 1)).toEqual({ n: index });
    }
  });

  test('close waits for what has begun and refuses what comes later', async () => {
    const second = opened.reopen();
    const begun = second.transaction((tx) => tx.run('INSERT INTO parents (id) VALUES (?)', 'at the end'));
    const closing = second.close();
    expect(await begun).toBe(1);
    await closing;
    await second.close();
    await expect(second.transaction((tx) => tx.run('DELETE FROM parents'))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(second.read.get('SELECT 1')).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(second.exec('DELETE FROM parents')).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await countOf('at the end')).toBe(1);
  });
});
