// The bus between servers that share a PostgreSQL: NOTIFY to the others, LISTEN for theirs, on a connection of its own. NOTIFY stays out
// of transactions, where it would make every commit wait for a lock that all of them share. Own wakes go straight to this process.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { postgresError } from '#store/postgres-errors.ts';
import { type Bus, type BusOptions, EVERYTHING } from './bus.ts';
import { openMemoryBus } from './memory.ts';

const CHANNEL = 'isospin_wake';
/** Publishes within this time share a notification, milliseconds. */
const COALESCE_MS = 3;
/** PostgreSQL refuses payloads of 8,000 bytes and more. */
const PAYLOAD_BYTES = 7_900;
/** More scopes than this are not worth telling apart: everybody is woken. */
const SCOPES = 4_000;
/** The pause before connecting again doubles from the first to the second, milliseconds. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [100, 5_000];

/** Connects and listens; throws StoreUnavailable when the server cannot be reached. Once open it reconnects by itself. */
export async function openPostgresBus(connectionString: string, { onError = () => undefined }: BusOptions = {}): Promise<Bus> {
  const here = openMemoryBus({ onError });
  const sender = randomUUID();
  const closing = new AbortController();
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let connection: pg.Client | undefined;

  async function connect(): Promise<void> {
    const client = new pg.Client({ connectionString, application_name: 'isospin', keepAlive: true, connectionTimeoutMillis: 5_000 });
    client.on('error', onError);
    client.on('notification', ({ payload = '' }) => {
      const [from, ...scopes] = parsePayload(payload);
      if (from !== sender) here.publish(scopes);
    });
    client.once('end', () => {
      if (connection !== client) return;
      connection = undefined;
      void reconnect();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw postgresError(error);
    }
    if (closing.signal.aborted) await client.end();
    else connection = client;
  }

  async function reconnect(): Promise<void> {
    for (let pause = FIRST_PAUSE; !closing.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        await delay(pause * (0.5 + Math.random() / 2), undefined, { signal: closing.signal });
        await connect();
      } catch (error) {
        if (!closing.signal.aborted) onError(error);
        continue;
      }
      // Wakes of the others were lost meanwhile; own ones are still pending.
      here.publish([EVERYTHING]);
      await notify();
      return;
    }
  }

  async function notify(): Promise<void> {
    timer = undefined;
    if (connection === undefined || pending.size === 0) return;
    const payloads = payloadsOf(sender, pending);
    pending.clear();
    try {
      await connection.query('SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload', [CHANNEL, payloads]);
    } catch (error) {
      pending.add(EVERYTHING);
      onError(error);
    }
  }

  await connect();
  return {
    publish(scopes) {
      here.publish(scopes);
      for (const scope of scopes) pending.add(scope);
      if (pending.size > SCOPES) {
        pending.clear();
        pending.add(EVERYTHING);
      }
      if (pending.size > 0) timer ??= setTimeout(() => void notify(), COALESCE_MS);
    },
    subscribe: here.subscribe,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      clearTimeout(timer);
      const client = connection;
      connection = undefined;
      await Promise.all([here.close(), client?.end()]);
    },
  };
}

/** JSON arrays of the sender and as many scopes as fit, until every scope is in one. */
export function payloadsOf(sender: string, scopes: Iterable<string>): string[] {
  const payloads: string[] = [];
  let room = 0;
  let current: string[] = [];
  const finish = () => {
    if (current.length > 0) payloads.push(JSON.stringify([sender, ...current]));
    room = PAYLOAD_BYTES - sender.length - 4;
    current = [];
  };
  finish();
  for (const scope of scopes) {
    const size = Buffer.byteLength(JSON.stringify(scope)) + 1;
    if (size > PAYLOAD_BYTES / 2) return [JSON.stringify([sender, EVERYTHING])];
    if (size > room) finish();
    current.push(scope);
    room -= size;
  }
  finish();
  return payloads;
}

/** Sender and scopes; what this version cannot read wakes everybody. */
function parsePayload(payload: string): string[] {
  try {
    const parsed: unknown = JSON.parse(payload);
    if (Array.isArray(parsed) && parsed.every((item) => typeof item === 'string')) return parsed;
  } catch {
    // Not JSON: handled below like JSON of another shape.
  }
  return ['', EVERYTHING];
}
