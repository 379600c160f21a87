// What only SQLite does: shares commits, keeps its file private, and fails in ways a file can. Real files, real processes, a real full disk.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqlite } from '#store/sqlite.ts';
import { type Store, StoreUnavailable } from '#store/store.ts';

let directory: string;
let path: string;
let opened: Store[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'isospin-sqlite-'));
  path = join(directory, 'state.db');
  opened = [];
});
afterEach(async () => {
  for (const store of opened) await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function openWithTable(groups: number[] = [], busyTimeout?: number): Promise<Store> {
  const store = openSqlite(path, { onGroup: (size) => groups.push(size), ...(busyTimeout === undefined ? {} : { busyTimeout }) });
  opened.push(store);
  await store.exec('CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, filler TEXT)');
  groups.length = 0;
  return store;
}
const insert = (store: Store, id: number) => store.transaction((tx) => tx.run('INSERT INTO rows (id) VALUES (?)', id));
const ids = async (store: Store) => (await store.read.all<{ id: number }>('SELECT id FROM rows ORDER BY id')).map(({ id }) => id);

describe('grouped commits', () => {
  test('transactions that wait together share a commit, in the order they came', async () => {
    const groups: number[] = [];
    const store = await openWithTable(groups);
    const order: number[] = [];
    await Promise.all(Array.from({ length: 8 }, (_, id) => insert(store, id).then(() => order.push(id))));
    expect(groups).toEqual([8]);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    await insert(store, 8);
    expect(groups).toEqual([8, 1]);
  });

  test('eight writers that write without pause need far fewer commits than transactions', async () => {
    const groups: number[] = [];
    const store = await openWithTable(groups);
    let id = 0;
    const writer = async () => {
      for (let count = 0; count < 50; count++) await insert(store, id++);
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    expect(groups.reduce((sum, size) => sum + size, 0)).toBe(400);
    expect(groups.length).toBeLessThanOrEqual(100);
  });

  test('a long queue is cut into groups, so that the event loop turns in between', async () => {
    const groups: number[] = [];
    const store = await openWithTable(groups);
    let turns = 0;
    const ticking = setInterval(() => turns++, 0);
    await Promise.all(Array.from({ length: 1_000 }, (_, id) => insert(store, id)));
    clearInterval(ticking);
    expect(Math.max(...groups)).toBeLessThanOrEqual(64);
    expect(await ids(store)).toHaveLength(1_000);
    expect(turns).toBeGreaterThan(0);
  });

  test('nobody is answered before the commit, not even with an error', async () => {
    const store = await openWithTable();
    const seen: number[][] = [];
    const failing = store.transaction(() => Promise.reject(new Error('no')));
    const answers = [insert(store, 1), failing.catch(() => undefined), insert(store, 2)];
    await Promise.all(answers.map((answer) => answer.then(async () => seen.push(await ids(store)))));
    expect(seen).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
  });

  test('when the commit itself fails, all of the group fail, nothing is written, and the next group works', async () => {
    const store = await openWithTable();
    await store.exec('CREATE TABLE later (id INTEGER REFERENCES rows (id) DEFERRABLE INITIALLY DEFERRED)');
    const breaking = store.transaction((tx) => tx.run('INSERT INTO later (id) VALUES (77)'));
    const answers = await Promise.allSettled([insert(store, 1), breaking, insert(store, 2)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await ids(store)).toEqual([]);
    await insert(store, 3);
    expect(await ids(store)).toEqual([3]);
  });

  test.each([
    ['a timer', () => delay(1)],
    ['another transaction', (store: Store) => insert(store, 100)],
    ['nothing that ever comes', () => new Promise(() => undefined)],
  ])('a transaction that waits for %s is refused and undone; its neighbours are not', async (_, wait) => {
    const store = await openWithTable();
    const straying = store.transaction(async (tx) => {
      await tx.run('INSERT INTO rows (id) VALUES (50)');
      await wait(store);
      await tx.run('INSERT INTO rows (id) VALUES (51)');
    });
    const [first, stray, last] = await Promise.allSettled([insert(store, 1), straying, insert(store, 2)]);
    expect([first.status, last.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(stray).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('waited for something other') } });
    await insert(store, 3);
    expect((await ids(store)).filter((id) => id < 100)).toEqual([1, 2, 3]);
  });
});

describe('the file', () => {
  test('is readable by its owner alone, its log as well, and every commit is synced', async () => {
    const store = await openWithTable();
    await insert(store, 1);
    for (const suffix of ['', '-wal', '-shm']) expect((statSync(path + suffix).mode & 0o777).toString(8)).toBe('600');
    const [synchronous, foreignKeys] = await store.transaction(async (tx) => [
      await tx.get('PRAGMA synchronous'),
      await tx.get('PRAGMA foreign_keys'),
    ]);
    expect([synchronous, foreignKeys]).toEqual([{ synchronous: 2 }, { foreign_keys: 1 }]);
  });

  test('while another process writes, transactions wait their turn and the event loop goes on', async () => {
    const store = await openWithTable();
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE; INSERT INTO rows (id) VALUES (1)');
    let turns = 0;
    const ticking = setInterval(() => turns++, 5);
    const waiting = insert(store, 2);
    await delay(60);
    expect(await ids(store)).toEqual([]);
    other.exec('COMMIT');
    await waiting;
    clearInterval(ticking);
    other.close();
    expect(turns).toBeGreaterThan(5);
    expect(await ids(store)).toEqual([1, 2]);
  });

  test('when another process writes for too long, one clear error', async () => {
    const store = await openWithTable([], 30);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    const refused = Promise.allSettled([insert(store, 1), insert(store, 2)]);
    for (const answer of await refused) {
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { name: 'StoreUnavailable', message: expect.stringContaining('another process') },
      });
    }
    other.exec('ROLLBACK');
    other.close();
    await insert(store, 3);
    expect(await ids(store)).toEqual([3]);
  });

  test('what cannot be opened is one clear line that names the path', () => {
    const line = (place: string) => {
      try {
        opened.push(openSqlite(place));
      } catch (error) {
        expect(error).toBeInstanceOf(StoreUnavailable);
        expect((error as Error).message).toContain(place);
        expect((error as Error).message).not.toContain('\n');
        return (error as Error).message;
      }
      throw new Error('it was opened');
    };
    expect(line(join(directory, 'absent', 'state.db'))).toMatch(/ENOENT|no such/);
    mkdirSync(join(directory, 'folder'));
    expect(line(join(directory, 'folder'))).toMatch(/cannot be opened/);
    writeFileSync(path, 'This is certainly not a database. '.repeat(100));
    expect(line(path)).toMatch(/not a SQLite database/);
    expect(readFileSync(path, 'utf8')).toMatch(/^This is certainly/);
  });

  test.each([
    ['cut short', () => truncateSync(path, statSync(path).size - 8_192)],
    [
      'overwritten in the middle',
      () => {
        const bytes = readFileSync(path);
        bytes.fill(0xa5, 3 * 4_096, 5 * 4_096);
        writeFileSync(path, bytes);
      },
    ],
  ])('a file that was %s is refused when it is opened', async (_, damage) => {
    const store = await openWithTable();
    await store.transaction(async (tx) => {
      for (let id = 0; id < 500; id++) await tx.run('INSERT INTO rows (id, filler) VALUES (?, ?)', id, 'x'.repeat(200));
    });
    await store.close();
    damage();
    expect(() => openSqlite(path)).toThrow(/damaged/);
  });
});

describe('faults', () => {
  test('SIGKILL under load loses no answered write and leaves no half transaction', async () => {
    const store = await openWithTable();
    await store.exec(
      'CREATE TABLE first (id INTEGER PRIMARY KEY, filler TEXT); CREATE TABLE second (id INTEGER PRIMARY KEY, filler TEXT);',
    );
    await store.close();
    let answered = 0;
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'store-load.ts'), path, String(round * 1_000_000)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      while (output === '') await delay(10);
      await delay(100 + round * 77);
      child.kill('SIGKILL');
      await once(child, 'close');
      // The last line may have been cut by the kill.
      const acknowledged = output.slice(0, output.lastIndexOf('\n')).split('\n').map(Number);
      const after = openSqlite(path);
      const [first, second] = await Promise.all(
        ['first', 'second'].map(async (table) =>
          (await after.read.all<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id),
        ),
      );
      await after.close();
      expect(second).toEqual(first);
      const present = new Set(first);
      expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
      answered += acknowledged.length;
    }
    expect(answered).toBeGreaterThan(10);
  }, 30_000);

  test('a full disk: clear errors, reads go on, nothing answered is lost, and writes work again once there is space', (context) => {
    if (process.getuid?.() !== 0) context.skip('mounting a small file system needs root');
    const run = spawnSync('unshare', ['-m', process.execPath, join(import.meta.dirname, 'store-full.ts'), directory], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const result = JSON.parse(run.stdout) as Record<string, unknown>;
    expect(result).toMatchObject({
      unavailable: true,
      message: 'the disk that holds the database is full',
      errorsAfter: 0,
      writtenAfter: 40,
      exact: true,
    });
    expect(result.writtenBefore).toBeGreaterThan(100);
    expect(result.readableWhenFull).toBe(result.writtenBefore);
  });
});
