// The agent of a throw-away host as a process of its own: the real targets under the real loop. Its server is the test, at the
// other end of the IPC channel (test/kernel/agent-process.ts), because the agent's namespace has no way to it.
import { type RunningAgent, runAgent } from '#agents/agent.ts';
import { dropLeases } from '#agents/dhcp/leases.ts';
import { dhcpTarget } from '#agents/dhcp/target.ts';
import { linuxBridgeTarget } from '#agents/l2/target.ts';
import type { ServerLink } from '#agents/link.ts';
import { type AgentSettings, RUN_DIRECTORY } from './agent-process.ts';

const [settings = '{}'] = process.argv.slice(2);
const { physical = {}, dhcp = false, resync } = JSON.parse(settings) as AgentSettings;

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
function start(): RunningAgent | undefined {
  try {
    return runAgent({
      link,
      agents: [],
      targets: [
        linuxBridgeTarget({ physical: new Map(Object.entries(physical)) }),
        ...(dhcp ? [dhcpTarget({ runDirectory: RUN_DIRECTORY })] : []),
      ],
      log,
      signal: stop.signal,
      ...(resync === undefined ? {} : { resync }),
    });
  } catch (error) {
    process.send?.({ log: { level: 'fatal', message: (error as Error).message } }, () => process.exit(1));
    return undefined;
  }
}
const agent = start();
if (dhcp) void dropLeases(RUN_DIRECTORY, stop.signal);
void agent?.done.then(() => process.exit(0));

process.on('message', (message: { id?: number; answer?: unknown; wake?: true; show?: true }) => {
  if (message.wake) for (const wake of wakes) wake();
  else if (message.show) process.send?.({ show: agent?.show() });
  else if (message.id !== undefined) {
    calls.get(message.id)?.(message.answer);
    calls.delete(message.id);
  }
});
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => stop.abort());
