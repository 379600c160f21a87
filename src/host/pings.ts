// Pings from a namespace of a throw-away host, counted: for `isospin demo` and the tests. A ping that goes on shows what a change costs in packets.
import { endProgram, type ThrowawayHost, until } from './throwaway.ts';

/** How many of `count` pings from a namespace were answered. */
export async function ping(host: ThrowawayHost, netns: string, address: string, count = 1): Promise<number> {
  const { stdout } = await host.attempt(['ping', '-n', '-c', String(count), '-i', '0.05', '-W', '1', address], netns);
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
}

/** A ping that goes on. */
export interface Pinger {
  /** Ends it after one more answer; answers how many pings were answered, and how many before the last answer were not. */
  stop(): Promise<{ answered: number; lost: number }>;
}

/** Pings 50 times a second; begins with the first answer. */
export async function pingOn(host: ThrowawayHost, netns: string, address: string): Promise<Pinger> {
  const child = host.start(['ping', '-n', '-i', '0.02', address], netns);
  const seen = new Set<number>();
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, answered] = / bytes from .* icmp_seq=(\d+) /.exec(line) ?? [];
      if (answered !== undefined) seen.add(Number(answered));
    }
  });
  await until(`${netns} reaches ${address}`, () => seen.size > 0);
  return {
    async stop() {
      const now = seen.size;
      await until(`${netns} still reaches ${address}`, () => seen.size > now);
      await endProgram(child, 'SIGINT');
      return { answered: seen.size, lost: Math.max(...seen) - seen.size };
    },
  };
}
