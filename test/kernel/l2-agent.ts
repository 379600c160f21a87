// The agent of a throw-away host as a process of its own: the Linux bridge target under the real loop. Its server is the test, at the
// other end of the IPC channel (test/kernel/agent-process.ts), because the agent's namespace has no way to it.
import { runAgent } from '#agents/agent.ts';
import { linuxBridgeTarget } from '#agents/l2/target.ts';
import type { ServerLink } from '#agents/link.ts';

const [settings = '{}'] = process.argv.slice(2);
const { physical = {}, resync } = JSON.parse(settings) as { physical?: Record<string, string>; resync?: number };

let serial = 0;
const calls = new Map<number, (answer: unknown) => void>();
const wakes = new Set<() => void>();
const call = <T>(name: string, ...args: unknown[]): Promise<T> =>
  new Promise<T>((resolve) => {
    const id = ++serial;
    calls.set(id, (answer) => resolve(answer as T));
    process.send?.({ id, call: name, args });
  });

const link: ServerLink = {
  hello: () => call('hello'),
  heartbeat: () => call('heartbeat'),
  pull: (cursor) => call('pull', cursor ?? null),
  report: (reports) => call('report', reports),
  listen: (wake) => void wakes.add(wake),
};
const stop = new AbortController();
const say = (level: string) => (details: object, message: string) => void process.send?.({ log: { level, message, ...details } });
const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
const agent = runAgent({
  link,
  agents: [],
  targets: [linuxBridgeTarget({ physical: new Map(Object.entries(physical)) })],
  log,
  signal: stop.signal,
  ...(resync === undefined ? {} : { resync }),
});

process.on('message', (message: { id?: number; answer?: unknown; wake?: true; show?: true }) => {
  if (message.wake) for (const wake of wakes) wake();
  else if (message.show) process.send?.({ show: agent.show() });
  else if (message.id !== undefined) {
    calls.get(message.id)?.(message.answer);
    calls.delete(message.id);
  }
});
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => {
  stop.abort();
  void agent.done.then(() => process.exit(0));
});
