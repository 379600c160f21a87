// Wakes: how one part of Isospin tells another to look again. Implementations: memory.ts within a process, postgres.ts between
// servers. A wake carries no truth: it may be lost, doubled or come out of order, so whoever is woken asks the store.

/** In place of scopes: everything may have changed. Sent when wakes may have been lost. */
export const EVERYTHING = '*';

export interface Bus {
  /**
   * Wakes whoever is concerned with one of these scopes (`network:<id>`, `host:<name>`, …). Call it after the commit, never inside a
   * transaction. Never throws and never waits; wakes asked for at nearly the same time go out as one.
   */
  publish(scopes: readonly string[]): void;
  /** Calls `wake` with the scopes of every publish, one's own process included, or with `['*']`. Answers how to stop that. */
  subscribe(wake: (scopes: readonly string[]) => void): () => void;
  close(): Promise<void>;
}

export interface BusOptions {
  /** Told of what went wrong: a subscriber that threw, a connection that broke. */
  readonly onError?: (error: unknown) => void;
}
