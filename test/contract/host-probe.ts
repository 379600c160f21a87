// Applies steps to the namespace it runs in and says what it then sees: the real side of the contract tests of the host adapters.
// Reads one JSON array of steps a line, answers one JSON line each.
import { createInterface } from 'node:readline';
import { hostExecutor } from '#host/apply.ts';
import { readHost } from '#host/links.ts';
import type { Step } from '#host/steps.ts';

const signal = new AbortController().signal;
for await (const line of createInterface({ input: process.stdin })) {
  const steps = JSON.parse(line) as Step[];
  const { failures } = await hostExecutor.apply(steps, signal);
  const refused = [...failures].map(([step, message]) => [steps.indexOf(step), message]);
  const host = await readHost(['eth0', 'eth1'], signal);
  const tunnels = [...host.tunnels].map(([name, t]) => [name, [...t.remotes].map(([mac, to]) => [mac, [...to]]), [...t.pinned]]);
  const neighbours = [...host.neighbours].map(([bridge, of]) => [bridge, [...of]]);
  console.log(JSON.stringify({ refused, links: [...host.links.values()], tunnels, neighbours, addressed: [...host.addressed] }));
}
