// What this host has to say about its desired objects: kept until the server has it, sent in batches, and only when it is new.
import { setTimeout as pause } from 'node:timers/promises';
import type { Report, ServerLink } from './link.ts';
import type { Log } from './log.ts';

/** Reports in one call to the server. */
const BATCH = 500;
const RETRY_FIRST = 250;
const RETRY_LAST = 10_000;

export interface Outbox {
  /** Says what became of an object; the same words twice are sent once. */
  put(report: Report): void;
  /** Drops what is known and kept about an object that this host no longer has. */
  forget(key: string): void;
  /** Makes every object be reported once more, because the server may have forgotten: after a pull of everything. */
  resend(): void;
  /** What was last said, by key, sent or not. */
  readonly said: ReadonlyMap<string, Report>;
  /** Resolves when nothing is left to send. */
  idle(): Promise<void>;
}

/** An outbox that sends over `link` until `signal` aborts; a server that is away delays reports and loses none. */
export function createOutbox(link: Pick<ServerLink, 'report'>, log: Log, signal: AbortSignal): Outbox {
  const said = new Map<string, Report>();
  const unsent = new Map<string, Report>();
  let sending: Promise<void> | undefined;

  async function send(): Promise<void> {
    let wait = RETRY_FIRST;
    await Promise.resolve(); // what the same round puts goes in the same batch
    while (unsent.size > 0 && !signal.aborted) {
      const batch = [...unsent.values()].slice(0, BATCH);
      try {
        await link.report(batch);
        for (const report of batch) if (unsent.get(report.key) === report) unsent.delete(report.key);
        wait = RETRY_FIRST;
      } catch (error) {
        if (signal.aborted) return;
        if (wait === RETRY_FIRST) log.warn({ err: error, reports: unsent.size }, 'reports are kept until the server takes them');
        await pause(wait * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
        wait = Math.min(wait * 2, RETRY_LAST);
      }
    }
  }

  function start(): void {
    if (sending !== undefined || signal.aborted) return;
    sending = send().finally(() => {
      sending = undefined;
      if (unsent.size > 0) start();
    });
  }

  return {
    said,
    put(report) {
      const before = said.get(report.key);
      if (before?.digest === report.digest && before.error === report.error) return;
      said.set(report.key, report);
      unsent.set(report.key, report);
      start();
    },
    forget(key) {
      said.delete(key);
      unsent.delete(key);
    },
    resend() {
      for (const [key, report] of said) unsent.set(key, report);
      start();
    },
    async idle() {
      while (sending !== undefined) await sending;
    },
  };
}
