// The journal: what changed, in an order that readers can follow with a cursor and miss nothing, however many writers there are.
// Written by the pipeline in the same transaction as the row; read by desired/ and by controllers. A cursor is opaque to everybody else.
import type { Dialect, Reader, SqlValue, Tx } from './store.ts';

/** One change. `scopes` names everything whose view it may alter (`network:<id>`, `host:<name>`, …), before and after the change. */
export interface JournalChange {
  readonly requestId: string;
  /** User id, or the name of the part of Isospin that acted by itself. */
  readonly actor: string;
  readonly projectId: string;
  /** Resource kind and id of what changed. */
  readonly kind: string;
  readonly id: string;
  /** `create`, `update`, `delete`, `status`, or a word of the resource's own. */
  readonly action: string;
  readonly scopes: readonly string[];
}

export interface JournalEntry extends JournalChange {
  /** The cursor just behind this entry. */
  readonly cursor: string;
  /** Milliseconds since 1970, by the clock of the server that wrote it. */
  readonly at: number;
}

/** What follows a cursor. `tooOld`: entries behind it may be gone, or it is no cursor of this database; the reader must read everything anew. */
export type JournalPage =
  | { readonly tooOld: false; readonly entries: readonly JournalEntry[]; readonly cursor: string }
  | { readonly tooOld: true };

/** How many entries one call of `pruneJournal` removes at most, so that no transaction is long. */
const PRUNED_AT_ONCE = 1_000;

const APPEND = 'INSERT INTO journal (at, request_id, actor, project_id, kind, object_id, action, scopes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)';

/** Writes one entry. It becomes visible with the transaction's commit. */
export async function appendJournal(tx: Tx, change: JournalChange): Promise<void> {
  const { requestId, actor, projectId, kind, id, action, scopes } = change;
  await tx.run(APPEND, Date.now(), requestId, actor, projectId, kind, id, action, JSON.stringify(scopes));
}

interface Place {
  /** The writing transaction's number in decimal; '0' where there is one writer only. */
  readonly xid: string;
  readonly position: number;
}

/** The place of an entry, and when it was written: another entry that came to stand there, after a restored backup, is of another moment. */
interface Mark extends Place {
  readonly at: number;
}

interface Ends extends Mark {
  readonly epoch: string;
  /** Of the newest entry that was pruned. */
  readonly prunedXid: string;
  readonly prunedPosition: number;
}

type Stored = Omit<JournalEntry, 'scopes' | 'cursor'> & Place & { readonly scopes: string };

/**
 * The order of entries. SQLite has one writer at a time, so positions become visible in order. PostgreSQL takes a position before the
 * commit, so a later one can be seen first; there the order is (transaction, position), and nothing is read at or beyond the oldest
 * transaction still running: whatever may yet appear comes behind everything read so far.
 */
function statements(engine: Dialect['name']) {
  const [xid, order, place, settled] =
    engine === 'sqlite'
      ? (["'0'", 'position', '?', '1 = 1'] as const)
      : (['xid::text', '(xid, position)', '(?::xid8, ?)', 'xid < pg_snapshot_xmin(pg_current_snapshot())'] as const);
  const columns = `${xid} AS xid, position, at, request_id AS "requestId", actor, project_id AS "projectId", kind, object_id AS id, action, scopes`;
  const newest = `SELECT ${xid} AS xid, position, at FROM journal WHERE ${settled} ORDER BY ${order} DESC LIMIT 1`;
  return {
    page: `SELECT ${columns} FROM journal WHERE ${order} > ${place} AND ${settled} ORDER BY ${order} LIMIT ?`,
    ends: `SELECT h.epoch, h.xid AS "prunedXid", h.position AS "prunedPosition", COALESCE(n.xid, '0') AS xid, COALESCE(n.position, 0) AS position,
        COALESCE(n.at, 0) AS at
      FROM journal_horizon h LEFT JOIN (${newest}) n ON 1 = 1`,
    there: `SELECT 1 AS there FROM journal WHERE ${order} = ${place} AND at = ? AND ${settled}`,
    oldest: `SELECT ${xid} AS xid, position, at FROM journal WHERE ${settled} ORDER BY ${order} LIMIT ${PRUNED_AT_ONCE + 1}`,
    prune: `DELETE FROM journal WHERE ${order} <= ${place}`,
    place: ({ xid: number, position }: Place): SqlValue[] => (engine === 'sqlite' ? [position] : [number, position]),
  };
}
const texts = { sqlite: statements('sqlite'), postgres: statements('postgres') };

/** Entries behind the cursor `since`, oldest first, no more than `limit`, and the cursor behind the last of them. */
export async function readJournal(reader: Reader, since: string, limit: number): Promise<JournalPage> {
  const sql = texts[reader.dialect.name];
  const from = parseCursor(since);
  if (from === undefined) return { tooOld: true };
  const rows = await reader.all<Stored>(sql.page, ...sql.place(from), limit);
  // After the entries, not before: what is pruned in between is then noticed.
  const ends = await endsOf(reader);
  if (from.epoch !== ends.epoch || !(await isThere(reader, from, ends))) return { tooOld: true };
  const entries = rows.map(({ xid, position, ...row }) => ({
    ...row,
    scopes: JSON.parse(row.scopes) as string[],
    cursor: formatCursor(ends.epoch, { xid, position, at: row.at }),
  }));
  return { tooOld: false, entries, cursor: entries.at(-1)?.cursor ?? since };
}

/** The cursor behind the newest entry that can be read. It stays the same until there is a newer one. Take it before reading rows, not after. */
export async function latestCursor(reader: Reader): Promise<string> {
  const ends = await endsOf(reader);
  return formatCursor(ends.epoch, ends);
}

/**
 * Removes entries older than `keepSeconds`, except the newest one, which `latestCursor` needs. Removes a bounded number a call and answers how
 * many: when it is not 0 there may be more.
 */
export async function pruneJournal(tx: Tx, keepSeconds: number): Promise<number> {
  const sql = texts[tx.dialect.name];
  await tx.get(`SELECT epoch FROM journal_horizon ${tx.dialect.forUpdate}`);
  const oldest = await tx.all<Mark>(sql.oldest);
  const limit = Date.now() - keepSeconds * 1000;
  const kept = oldest.findIndex(({ at }, index) => at >= limit || index === oldest.length - 1);
  const last = oldest[kept - 1];
  if (last === undefined) return 0;
  await tx.run('UPDATE journal_horizon SET xid = ?, position = ?', last.xid, last.position);
  return tx.run(sql.prune, ...sql.place(last));
}

async function endsOf(reader: Reader): Promise<Ends> {
  const ends = await reader.get<Ends>(texts[reader.dialect.name].ends);
  if (ends === undefined) throw new Error('the journal has lost its horizon');
  return ends;
}

/**
 * Whether the entry of a cursor is there still: then so is everything behind it. In a restored backup it may be missing, be another one, or have a
 * number that the server's transactions reach only later.
 */
async function isThere(reader: Reader, from: Mark, { prunedXid, prunedPosition }: Ends): Promise<boolean> {
  if (from.position === 0) return from.xid === '0' && prunedXid === '0' && prunedPosition === 0;
  if (reader.dialect.name === 'sqlite' && from.xid !== '0') return false;
  const { there, place } = texts[reader.dialect.name];
  return (await reader.get(there, ...place(from), from.at)) !== undefined;
}

function formatCursor(epoch: string, { xid, position, at }: Mark): string {
  return `${epoch}.${xid}.${position}.${at}`;
}

/** A cursor comes back from outside: anything that this module cannot have made is undefined. */
function parseCursor(cursor: string): (Mark & { readonly epoch: string }) | undefined {
  const [, epoch, xid, position, at] = /^([0-9a-f]{12})\.(\d{1,19})\.(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? [];
  if (epoch === undefined || xid === undefined) return undefined;
  return { epoch, xid, position: Number(position), at: Number(at) };
}
