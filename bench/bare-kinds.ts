// The limit for resources of any kind: the least that a Fastify and node:sqlite program can do to keep rows that look like the API's. A kind is told
// by one row as the API answers it; flags, lists and objects are kept as the API keeps them. It checks nothing.
// Started by servers.ts as a process: bare-kinds.ts DATABASE.
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import Fastify from 'fastify';

type Row = Record<string, unknown>;

/** What a client tells of a kind: a row to be like, and where its children are shown. */
export interface Kind {
  readonly name: string;
  readonly like: Row;
  readonly children?: { readonly kind: string; readonly shownAs: string; readonly by: string };
}

interface Kept extends Kind {
  readonly names: readonly string[];
  readonly insert: StatementSync;
  readonly one: StatementSync;
  readonly all: StatementSync;
  readonly change: StatementSync;
  /** By the parent's id. */
  readonly of: StatementSync | undefined;
}

const db = new DatabaseSync(process.argv[2] ?? ':memory:');
db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000');
const begin = db.prepare('BEGIN IMMEDIATE');
const commit = db.prepare('COMMIT');
const kinds = new Map<string, Kept>();
const byParent = new Map<string, string>();

function keep(kind: Kind): void {
  const { name, like, children } = kind;
  if (children) byParent.set(children.kind, children.by);
  const names = Object.keys(like).filter((one) => one !== children?.shownAs);
  const quoted = names.map((one) => `"${one}"`);
  db.exec(`CREATE TABLE ${name} (${quoted.map((one) => (one === '"id"' ? '"id" TEXT PRIMARY KEY' : one)).join()});
    CREATE INDEX ${name}_project ON ${name} (project_id)`);
  const by = byParent.get(name);
  if (by !== undefined) db.exec(`CREATE INDEX ${name}_parent ON ${name} (${by})`);
  kinds.set(name, {
    ...kind,
    names,
    insert: db.prepare(`INSERT INTO ${name} (${quoted.join()}) VALUES (${quoted.map(() => '?').join()})`),
    one: db.prepare(`SELECT * FROM ${name} WHERE id = ?`),
    all: db.prepare(`SELECT * FROM ${name} ORDER BY id`),
    change: db.prepare(`UPDATE ${name} SET description = ?, revision_number = revision_number + 1 WHERE id = ?`),
    of: by === undefined ? undefined : db.prepare(`SELECT * FROM ${name} WHERE ${by} = ?`),
  });
}

const kindOf = (name: string): Kept => kinds.get(name) as Kept;

function insert(kind: Kept, given: Row): Row {
  const row: Row = { ...kind.like, id: randomUUID(), ...given };
  const stored = kind.names.map((name) => {
    const value = row[name];
    return (
      typeof value === 'boolean' ? Number(value) : typeof value === 'object' && value !== null ? JSON.stringify(value) : value
    ) as SQLInputValue;
  });
  kind.insert.run(...stored);
  return row;
}

/** As the API answers it. */
function presented(kind: Kept, row: Row): Row {
  const { like, children } = kind;
  const shown: Row = { ...row };
  for (const name of kind.names) {
    if (typeof like[name] === 'boolean') shown[name] = row[name] === 1;
    else if (typeof like[name] === 'object' && typeof row[name] === 'string') shown[name] = JSON.parse(row[name]);
  }
  if (children) {
    const child = kindOf(children.kind);
    shown[children.shownAs] = child.of?.all(row.id as string).map((one) => presented(child, one));
  }
  return shown;
}

function committed<T>(work: () => T): T {
  begin.run();
  const answer = work();
  commit.run();
  return answer;
}

interface Route {
  readonly Params: { readonly kind: string; readonly id: string };
  readonly Body: unknown;
}
const app = Fastify({ bodyLimit: 64 << 20 });
app.post<Route>('/kinds', async ({ body }) => keep(body as Kind));
app.post<Route>('/:kind', async ({ params, body }, reply) => {
  const kind = kindOf(params.kind);
  reply.code(201);
  return Array.isArray(body)
    ? committed(() => (body as Row[]).map((one) => insert(kind, one)))
    : committed(() => insert(kind, body as Row));
});
app.get<Route>('/:kind', async ({ params }) => {
  const kind = kindOf(params.kind);
  return kind.all.all().map((row) => presented(kind, row));
});
app.get<Route>('/:kind/:id', async ({ params }) => {
  const kind = kindOf(params.kind);
  return presented(kind, kind.one.get(params.id) as Row);
});
app.put<Route>('/:kind/:id', async ({ params, body }) => {
  const kind = kindOf(params.kind);
  committed(() => kind.change.run((body as { description: string }).description, params.id));
  return presented(kind, kind.one.get(params.id) as Row);
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`ready at http://127.0.0.1:${(app.server.address() as AddressInfo).port}\n`);
process.once('SIGTERM', () => process.exit());
