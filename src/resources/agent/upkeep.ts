// What is done for what agents serve in its own time: some of it in one transaction, and then some more. Used by the upkeep of each schedule.
import type { Context } from '#core/context.ts';
import type { Dialect, Reader } from '#store/store.ts';

/** Runs its work as one transaction of the system's own. */
export type Write = <T>(work: (context: Context) => Promise<T>) => Promise<T>;

/** Rows in one transaction: more would hold up its neighbours in the same commit. */
export const AT_ONCE = 20;

/** SQL: whether the agent `a` is of this kind and may be given something. */
export const ableAgent = (agentType: string, { now }: Dialect): string =>
  `a.agent_type = '${agentType}' AND a.admin_state_up = 1 AND a.alive_until >= ${now}`;

/** Does something for each id that a query finds, in their order; its first parameter is the last one of those before. */
export async function each(
  read: Reader,
  write: Write,
  query: string,
  params: readonly string[],
  work: (context: Context, id: string) => Promise<void>,
): Promise<void> {
  for (let last = ''; ; ) {
    const found = await read.all<{ id: string }>(query, last, ...params);
    if (found.length === 0) return;
    await write(async (context) => {
      for (const { id } of found) await work(context, id);
    });
    last = found.at(-1)?.id ?? '';
  }
}
