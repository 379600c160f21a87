// The journal's promise, on every engine: whoever follows it with a cursor sees each committed entry once and in the same order as
// everybody else, however many write, whatever order they commit in.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendJournal, type JournalEntry, latestCursor, pruneJournal, readJournal } from '#store/journal.ts';
import type { Reader, Store, Tx } from '#store/store.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';

const change = (id: string) => ({
  requestId: 'req-1',
  actor: 'user-1',
  projectId: 'project-1',
  kind: 'port',
  id,
  action: 'update',
  scopes: [`network:${id}`, 'host:ä"1'],
});

/** Follows the journal to its end in pages, as readers do. */
async function follow(reader: Reader, since: string, limit = 3): Promise<{ entries: JournalEntry[]; cursor: string }> {
  const entries: JournalEntry[] = [];
  for (let cursor = since; ; ) {
    const page = await readJournal(reader, cursor, limit);
    if (page.tooOld) throw new Error(`too old: ${cursor}`);
    entries.push(...page.entries);
    if (page.entries.length < limit) return { entries, cursor: page.cursor };
    cursor = page.cursor;
  }
}
/** Lets the numbers of entries go on behind the newest one that is there. */
const SEQUENCE = {
  sqlite: "UPDATE sqlite_sequence SET seq = (SELECT MAX(position) FROM journal) WHERE name = 'journal'",
  postgres: "SELECT setval(pg_get_serial_sequence('journal', 'position'), (SELECT MAX(position) FROM journal))",
};
const idsOf = (entries: readonly JournalEntry[]) => entries.map(({ id }) => id);

const append = (store: Store, ...ids: string[]) =>
  store.transaction(async (tx) => {
    for (const id of ids) await appendJournal(tx, change(id));
  });

/** A transaction that a test steps through by hand: open, with an entry written, until it is told how to end. */
async function openWriter(store: Store, id: string) {
  const written = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<'commit' | 'abort'>();
  const done = store
    .transaction(async (tx: Tx) => {
      await appendJournal(tx, change(id));
      written.resolve();
      if ((await ending.promise) === 'abort') throw new Error('aborted by the test');
    })
    .catch((error: Error) => {
      if (error.message !== 'aborted by the test') throw error;
    });
  await written.promise;
  return (how: 'commit' | 'abort') => {
    ending.resolve(how);
    return done;
  };
}

describe.each(engines())('journal on $name', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  beforeEach(async () => {
    opened = await engine.open();
    store = opened.store;
  });
  afterEach(() => opened.remove());

  test('gives entries back whole and in order, in pages', async () => {
    const start = await latestCursor(store.read);
    const before = Date.now();
    await append(store, 'a', 'b');
    await append(store, 'c', 'd', 'e', 'f', 'g');
    const { entries, cursor } = await follow(store.read, start);
    expect(idsOf(entries)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const { at, cursor: own, ...rest } = entries[0] ?? {};
    expect(rest).toEqual(change('a'));
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    expect(idsOf((await follow(store.read, own ?? '')).entries)).toEqual(['b', 'c', 'd', 'e', 'f', 'g']);
    expect(cursor).toBe(await latestCursor(store.read));
    expect(await readJournal(store.read, cursor, 10)).toEqual({ tooOld: false, entries: [], cursor });
  });

  test('the latest cursor stays the same until there is an entry', async () => {
    const cursor = await latestCursor(store.read);
    await store.transaction((tx) => tx.run('DELETE FROM quotas'));
    await store.exec('CREATE TABLE unrelated (id TEXT)');
    expect(await latestCursor(store.read)).toBe(cursor);
    await append(store, 'a');
    expect(await latestCursor(store.read)).not.toBe(cursor);
  });

  test('work that throws leaves no entry', async () => {
    const start = await latestCursor(store.read);
    const failing = store.transaction(async (tx) => {
      await appendJournal(tx, change('lost'));
      throw new Error('no');
    });
    await Promise.allSettled([append(store, 'a'), failing, append(store, 'b')]);
    expect(idsOf((await follow(store.read, start)).entries).sort()).toEqual(['a', 'b']);
  });

  test('says "too old" to cursors that are garbage, of another database, or from the future', async () => {
    await append(store, 'a');
    const cursor = await latestCursor(store.read);
    const [epoch, xid, position, at] = cursor.split('.');
    const other = [...(epoch ?? '')].reverse().join('');
    const garbage = [
      '',
      'x',
      '0.0',
      `${cursor}.1`,
      `${epoch}.${xid}`,
      `${epoch}.-1.${position}.${at}`,
      `${epoch}.${xid}.${position}`,
      `${epoch}.${'9'.repeat(40)}.1.${at}`,
      "'; --",
      `${cursor}\n`,
    ];
    for (const wrong of [
      ...garbage,
      `${other}.${xid}.${position}.${at}`,
      `${epoch}.${xid}.${Number(position) + 1}.${at}`,
      `${epoch}.${Number(xid) + 5}.${position}.${at}`,
      `${epoch}.${xid}.${position}.${Number(at) + 1}`,
    ]) {
      expect(await readJournal(store.read, wrong, 10), wrong).toEqual({ tooOld: true });
    }
  });

  test('says "too old" to cursors of days that a restored backup has lost, though others came in their place', async () => {
    await append(store, 'a');
    const kept = await latestCursor(store.read);
    const dump = await store.read.all<{ position: number }>('SELECT position FROM journal');
    await append(store, 'lost', 'lost too');
    const lost = await latestCursor(store.read);
    // As the database was when `kept` was the latest, and so are its numbers.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.exec(
      `DELETE FROM journal WHERE position > ${dump[0]?.position}; ${engine.name === 'sqlite' ? SEQUENCE.sqlite : SEQUENCE.postgres}`,
    );
    await append(store, 'b', 'c', 'd');
    expect(idsOf((await follow(store.read, kept)).entries)).toEqual(['b', 'c', 'd']);
    const { entries } = await follow(store.read, kept);
    expect(lost.split('.')[2]).toBe(entries[1]?.cursor.split('.')[2]);
    expect(await readJournal(store.read, lost, 10)).toEqual({ tooOld: true });
  });

  test('pruning removes the old, keeps the newest, and cursors behind it are too old', async () => {
    const start = await latestCursor(store.read);
    await append(store, 'a');
    const afterA = await latestCursor(store.read);
    await append(store, 'b', 'c');
    const afterC = await latestCursor(store.read);
    expect(await store.transaction((tx) => pruneJournal(tx, 60))).toBe(0);
    expect(idsOf((await follow(store.read, start)).entries)).toEqual(['a', 'b', 'c']);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await store.transaction((tx) => pruneJournal(tx, 0))).toBe(2);
    expect(await store.transaction((tx) => pruneJournal(tx, 0))).toBe(0);
    expect(await latestCursor(store.read)).toBe(afterC);
    expect(await readJournal(store.read, start, 10)).toEqual({ tooOld: true });
    expect(await readJournal(store.read, afterA, 10)).toEqual({ tooOld: true });
    await append(store, 'd');
    expect(idsOf((await follow(store.read, afterC)).entries)).toEqual(['d']);
  });

  test('pruning goes in steps of bounded length', async () => {
    await append(store, ...Array.from({ length: 1_500 }, (_, index) => String(index)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const prune = () => store.transaction((tx) => pruneJournal(tx, 0));
    expect([await prune(), await prune(), await prune()]).toEqual([1_000, 499, 0]);
  });

  test('any number of writers, any order of commits, any moments of reading: every reader sees all, once, in one order', async () => {
    // SQLite has one writer at a time, so there a writer begins and ends in one step.
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('begin', 'commit', 'abort'), writer: fc.nat(4) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('read'), writer: fc.nat(2) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const start = await latestCursor(store.read);
        const open = new Map<number, (how: 'commit' | 'abort') => Promise<void>>();
        const names = new Map<number, string>();
        const committed: string[] = [];
        const readers = [0, 1, 2].map(() => ({ cursor: start, seen: [] as string[] }));
        const read = async (reader: (typeof readers)[number], limit: number) => {
          const { entries, cursor } = await follow(store.read, reader.cursor, limit);
          reader.seen.push(...idsOf(entries));
          reader.cursor = cursor;
        };
        const end = async (writer: number, how: 'commit' | 'abort') => {
          const ending = open.get(writer);
          const name = names.get(writer);
          open.delete(writer);
          await ending?.(how);
          if (ending !== undefined && name !== undefined && how === 'commit') committed.push(name);
        };
        for (const [index, { do: action, writer }] of steps.entries()) {
          const reader = readers[writer];
          if (action === 'read' && reader !== undefined) await read(reader, 1 + (index % 3));
          else if (action === 'begin' && engine.name === 'sqlite') {
            await append(store, `${index}`);
            committed.push(`${index}`);
          } else if (action === 'begin' && !open.has(writer)) {
            names.set(writer, `${index}`);
            open.set(writer, await openWriter(store, `${index}`));
          } else if (action === 'commit' || action === 'abort') await end(writer, action);
        }
        for (const writer of [...open.keys()]) await end(writer, writer % 2 === 0 ? 'commit' : 'abort');
        for (const reader of readers) {
          await read(reader, 2);
          expect([...reader.seen].sort()).toEqual([...committed].sort());
          expect(reader.seen).toEqual(readers[0]?.seen);
        }
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe.each(engines().filter(({ name }) => name === 'postgres'))('journal on $name, which has several writers at a time', (engine) => {
  let opened: OpenEngine;
  let store: Store;
  beforeEach(async () => {
    opened = await engine.open();
    store = opened.store;
  });
  afterEach(() => opened.remove());

  test('an entry that commits after a later one is not missed by who read in between', async () => {
    const start = await latestCursor(store.read);
    const endFirst = await openWriter(store, 'first');
    const endSecond = await openWriter(store, 'second');
    await endSecond('commit');
    const between = await follow(store.read, start);
    expect(await latestCursor(store.read)).toBe(between.cursor);
    await endFirst('commit');
    const after = await follow(store.read, between.cursor);
    expect([...idsOf(between.entries), ...idsOf(after.entries)].sort()).toEqual(['first', 'second']);
  });

  test('an aborted writer holds nothing up and leaves nothing', async () => {
    const start = await latestCursor(store.read);
    const end = await openWriter(store, 'aborted');
    await append(store, 'kept');
    expect(idsOf((await follow(store.read, start)).entries)).toEqual([]);
    await end('abort');
    expect(idsOf((await follow(store.read, start)).entries)).toEqual(['kept']);
  });

  test('is followed in a backup that another server of databases took over, whose transactions have lower numbers', async () => {
    await append(store, 'a');
    await store.exec("UPDATE journal SET xid = '900000000'; UPDATE journal_horizon SET xid = '800000000', position = 0");
    const [epoch] = (await latestCursor(store.read)).split('.');
    const { at, position } = (await store.read.get<{ at: number; position: number }>('SELECT at, position FROM journal')) ?? {};
    await append(store, 'b');
    expect(await readJournal(store.read, `${epoch}.900000000.${position}.${at}`, 10)).toEqual({ tooOld: true });
    const cursor = await latestCursor(store.read);
    await append(store, 'c', 'd');
    expect(idsOf((await follow(store.read, cursor)).entries)).toEqual(['c', 'd']);
  });

  test('pruning touches nothing that may still be followed by an earlier entry', async () => {
    await append(store, 'old', 'older');
    const end = await openWriter(store, 'open');
    await append(store, 'beyond', 'beyond too');
    await new Promise((resolve) => setTimeout(resolve, 5));
    const cursor = await latestCursor(store.read);
    await store.transaction((tx) => pruneJournal(tx, 0));
    await end('commit');
    expect(idsOf((await follow(store.read, cursor)).entries)).toEqual(['open', 'beyond', 'beyond too']);
  });
});
