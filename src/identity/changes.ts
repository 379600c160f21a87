// How a server learns that something about users, roles or tokens changed: one counter in the store, raised by every transaction that writes to
// identity's tables. At once on the server that wrote; within POLL_MS on the others. What was looked up before is then looked up again.
import type { Store, Tx } from '#store/store.ts';

/** How old a server's knowledge of the counter may be, milliseconds. */
export const POLL_MS = 1_000;

export interface Changes {
  /** Goes up whenever anything may have changed: what was looked up under a lower number no longer counts. */
  readonly seen: number;
  /** Whether the store was asked less than POLL_MS ago. */
  fresh(now: number): boolean;
  /** Asks the store; concurrent callers share one question. Throws StoreUnavailable. */
  refresh(): Promise<void>;
  /** Runs a transaction that changes identity's tables: the only way to do so. */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

export function watchChanges(store: Store): Changes {
  let seen = 0;
  let position = -1;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  function forget(newPosition: number): void {
    position = Math.max(position, newPosition);
    seen++;
  }

  async function ask(): Promise<void> {
    const startedAt = Date.now();
    const row = await store.read.get<{ position: number }>('SELECT position FROM identity_changes WHERE id = 1');
    if (row !== undefined && row.position > position) forget(row.position);
    askedAt = startedAt;
  }

  return {
    get seen() {
      return seen;
    },
    // A clock that was set back must not make old knowledge fresh.
    fresh: (now) => now - askedAt < POLL_MS && now >= askedAt,
    refresh() {
      asking ??= ask().finally(() => (asking = undefined));
      return asking;
    },
    async write(work) {
      const [result, newPosition] = await store.transaction(async (tx) => {
        // First, so that writers on several servers queue here instead of failing later.
        const row = await tx.get<{ position: number }>(
          'UPDATE identity_changes SET position = position + 1 WHERE id = 1 RETURNING position',
        );
        return [await work(tx), row?.position ?? 0] as const;
      });
      forget(newPosition);
      return result;
    },
  };
}
