// What the statements of the API tests cost: how SQLite would find their rows, and how many a list takes. Reading the whole of a table that grows,
// or each row by itself, is remembered, and cloud.ts fails the file whose tests did it. PostgreSQL has the same indexes.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Reader, SqlValue, Store, Tx } from '#store/store.ts';

/** Tables that may be read from end to end: they stay small, however many tenants there are. */
export const SMALL: Readonly<Record<string, string>> = {
  default_security_group_rules: 'administrators make them',
  agents: 'a few for each host, and whoever asks for all of them is an administrator',
  hosts: 'one row a host',
  flavors: 'an operator makes them',
  service_profiles: 'an operator makes them',
  flavor_profiles: 'an operator makes them',
  implied_roles: 'roles are few',
  roles: 'roles are few',
  default_external_network: 'one row',
  domains: 'one, and whatever an operator adds',
  journal_horizon: 'one row',
  token_keys: 'a key for each server',
};

/** Partial indexes that stay small in the same way. */
const SMALL_INDEXES: Readonly<Record<string, string>> = {
  networks_external: 'networks that lead outside: an operator makes them',
};

/** Statements that may, and why. */
const ALLOWED: readonly (readonly [text: RegExp, why: string])[] = [
  [/FROM journal WHERE 1 = 1 ORDER BY position (DESC )?LIMIT/, 'one end of the journal, in the order of its key'],
  [/^SELECT DISTINCT network_id FROM subnets WHERE enable_dhcp = 1 AND network_id NOT IN/, 'once for each start of a host'],
];

interface Step {
  readonly id: number;
  readonly parent: number;
  readonly detail: string;
}

/** A step that reads a table or an index from end to end: its name in the statement, and the index. */
const WHOLE = /^(?:SCAN (?!CONSTANT)(?!.* VIRTUAL TABLE)(\w+)(?: USING (?:COVERING )?INDEX (\w+))?|SEARCH (\w+) USING AUTOMATIC .*)$/;

/** Names that a statement gives to tables: `ports r` and `ports` alone. Subqueries may use a name again, so there can be several. */
function tablesBehind(text: string, name: string): string[] {
  const found = new Set<string>();
  for (const [, table = '', alias] of text.matchAll(
    /\b(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?(?!(?:WHERE|SET|ON|ORDER|GROUP|LEFT|JOIN|LIMIT|USING|INNER|CROSS)\b)(\w+))?/gi,
  ))
    if ((alias ?? table) === name) found.add(table);
  return [...found];
}

export interface Watch {
  /** Issues what it is given, and looks at it. */
  readonly store: Store;
  /** Sends one request. `seesAll`: its sender may see every row, so that a list may be a walk over all of them. */
  request<A extends Answer>(method: string, seesAll: boolean, send: () => Promise<A>): Promise<A>;
  /** A line for each statement that reads too much, and for each list that asks for its rows one by one. */
  readonly faults: readonly string[];
}

/** A list of so many rows asks nothing so many times. */
const FEW = 5;

interface Answer {
  readonly body: unknown;
}

/** Watches a store. */
export function watchStatements(store: Store): Watch {
  const requests = new AsyncLocalStorage<{ readonly seesAll: boolean; readonly issued: Map<string, number> }>();
  const faults: string[] = [];
  const known = new Set<string>();

  async function look(from: Reader, reads: boolean, text: string, params: readonly SqlValue[]): Promise<void> {
    const request = requests.getStore();
    request?.issued.set(text, (request.issued.get(text) ?? 0) + 1);
    if (store.dialect.name !== 'sqlite') return;
    const all = reads && request?.seesAll === true;
    const key = `${all} ${text}`;
    if (known.has(key) || ALLOWED.some(([allowed]) => allowed.test(text))) return;
    known.add(key);
    for (const { parent, detail } of await from.all<Step>(`EXPLAIN QUERY PLAN ${text}`, ...params)) {
      const [, scanned, index = '', automatic] = WHOLE.exec(detail) ?? [];
      const name = scanned ?? automatic;
      if (name === undefined || (all && parent === 0) || Object.hasOwn(SMALL_INDEXES, index)) continue;
      const growing = tablesBehind(text, name).filter((table) => !Object.hasOwn(SMALL, table));
      if (growing.length > 0) faults.push(`${detail} (${growing.join(' or ')}): ${text.replaceAll(/\s+/g, ' ')}`);
    }
  }

  const reader = <R extends Reader>(inner: R, reads: boolean): R => ({
    ...inner,
    async get(text: string, ...params: SqlValue[]) {
      await look(inner, reads, text, params);
      return inner.get(text, ...params);
    },
    async all(text: string, ...params: SqlValue[]) {
      await look(inner, reads, text, params);
      return inner.all(text, ...params);
    },
  });
  const written = (tx: Tx): Tx => ({
    ...reader(tx, false),
    async run(text, ...params) {
      await look(tx, false, text, params);
      return tx.run(text, ...params);
    },
  });

  return {
    store: { ...store, read: reader(store.read, true), transaction: (work) => store.transaction((tx) => work(written(tx))) },
    faults,
    async request(method, seesAll, send) {
      const request = { seesAll, issued: new Map<string, number>() };
      const answer = await requests.run(request, send);
      const [key = '', rows] = Object.entries(answer.body ?? {}).find(([, value]) => Array.isArray(value)) ?? [];
      const count = (rows as unknown[] | undefined)?.length ?? 0;
      if (method !== 'GET' || count < FEW) return answer;
      for (const [text, times] of request.issued) if (times >= count) faults.push(`${times} times for ${count} ${key}: ${text}`);
      return answer;
    },
  };
}
