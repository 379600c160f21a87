// The bus of a single process: wakes go out at the end of the current turn of the event loop, so that the requests of one group
// of commits wake everybody once, and no subscriber runs inside a request. postgres.ts delivers through it as well.
import type { Bus, BusOptions } from './bus.ts';

/** Opens a bus that reaches this process only. A subscriber that throws does not keep the others from being woken. */
export function openMemoryBus({ onError = () => undefined }: BusOptions = {}): Bus {
  const subscribers = new Map<symbol, (scopes: readonly string[]) => void>();
  const pending = new Set<string>();
  let scheduled: NodeJS.Immediate | undefined;

  function deliver(): void {
    scheduled = undefined;
    const scopes = [...pending];
    pending.clear();
    for (const wake of [...subscribers.values()]) {
      try {
        wake(scopes);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    publish(scopes) {
      for (const scope of scopes) pending.add(scope);
      if (pending.size > 0) scheduled ??= setImmediate(deliver);
    },
    subscribe(wake) {
      const key = Symbol();
      subscribers.set(key, wake);
      return () => {
        subscribers.delete(key);
      };
    },
    async close() {
      clearImmediate(scheduled);
      pending.clear();
      subscribers.clear();
    },
  };
}
