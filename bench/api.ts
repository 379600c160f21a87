// Port create, show, update, list and delete over HTTP, at 1 and at 8 clients, against the bare program. The targets: half of the bare
// throughput for show and create, a third for the list of all 1,000.
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { scratch } from '#test/cluster/program.ts';
import { type Clients, idsIn, type Served, startClients } from './clients.ts';
import { type Benchmark, compared, type Figure, percentile, type Sizes, scaled, type Target } from './figures.ts';
import type { Call, Measured } from './load.ts';
import { makeNetwork, startBare, startIsospin } from './servers.ts';

/** One side of the comparison. */
interface Side extends Served {
  readonly network: string;
  ids: string[];
}

interface Operation {
  readonly name: string;
  readonly count: number;
  readonly target?: Target;
  calls(side: Side, count: number): Call[];
}

const port = (network_id: string, n: number) => ({ name: `port${n}`, network_id });
const at = (ids: readonly string[], n: number): string => `/v2.0/ports/${ids[n % ids.length]}`;
const many = (count: number, call: (n: number) => Call): Call[] => Array.from({ length: count }, (_, n) => call(n));

/** A repetition is shared out into so many turns: what else the machine does changes within a second. */
const SHARES = 4;

/** No name twice: an update to what is there already writes nothing. */
let names = 0;

const operations: readonly Operation[] = [
  {
    name: 'create',
    count: 600,
    target: { of: 'ratio', least: 0.5 },
    calls: ({ network }, count) => many(count, (n) => ({ method: 'POST', path: '/v2.0/ports', body: { port: port(network, n) } })),
  },
  {
    name: 'show',
    count: 1_500,
    target: { of: 'ratio', least: 0.5 },
    calls: ({ ids }, count) => many(count, (n) => ({ method: 'GET', path: at(ids, n) })),
  },
  {
    name: 'update',
    count: 600,
    calls: ({ ids }, count) => many(count, (n) => ({ method: 'PUT', path: at(ids, n), body: { port: { name: `name${names++}` } } })),
  },
  {
    name: 'list of 1,000',
    count: 24,
    target: { of: 'ratio', least: 1 / 3 },
    calls: (_, count) => many(count, () => ({ method: 'GET', path: '/v2.0/ports' })),
  },
  {
    name: 'delete',
    count: 600,
    calls: ({ ids }, count) => many(count, (n) => ({ method: 'DELETE', path: at(ids, n) })),
  },
];

export const api: Benchmark = {
  name: 'api',
  doc: 'port create, show, update, list of 1,000 and delete, at 1 and 8 clients',
  async run(sizes) {
    const clients = await startClients();
    const servers = [await startIsospin(), await startBare()] as const;
    try {
      const [isospin, bare] = servers;
      const sides: readonly [Side, Side] = [
        { ...isospin, network: await makeNetwork(clients, isospin, '10.0.0.0/8'), ids: [] },
        { ...bare, network: 'bare', ids: [] },
      ];
      const rows = scaled(sizes, 1_000, 20);
      const figures: Figure[] = [{ what: '4 KiB added to a file, with fsync', value: fsyncTime(sizes), unit: 'ms' }];
      for (const side of sides) await fill(clients, side, rows);
      // Both programs are compiled before the first figure counts.
      for (const operation of operations) await turn(clients, sides, operation, 8, sizes, rows, 0);
      for (const count of [1, 8]) {
        for (const operation of operations) figures.push(...(await measured(clients, sides, operation, count, sizes, rows)));
      }
      return figures;
    } finally {
      await clients.close();
      for (const server of servers) await server.close();
    }
  },
};

/** Milliseconds until 4 KiB added to a file are on the disk, the median: the least that any commit costs here. */
function fsyncTime(sizes: Sizes): number {
  const directory = scratch();
  const file = openSync(directory.file('file'), 'w');
  const times: number[] = [];
  for (let n = 0; n < scaled(sizes, 200, 10); n++) {
    const began = performance.now();
    writeSync(file, Buffer.alloc(4_096, n));
    fsyncSync(file);
    times.push(performance.now() - began);
  }
  closeSync(file);
  directory.remove();
  return percentile(times, 0.5);
}

async function measured(clients: Clients, sides: readonly [Side, Side], operation: Operation, count: number, sizes: Sizes, rows: number) {
  const turns: Turn[] = [];
  for (let repetition = 0; repetition < sizes.repetitions * SHARES; repetition++) {
    turns.push(await turn(clients, sides, operation, count, sizes, rows, repetition));
  }
  const name = `port ${operation.name}, ${count} ${count === 1 ? 'client' : 'clients'}`;
  const rates = turns.map(({ value, limit }) => ({ value: rate(value), limit: rate(limit) }));
  const tails = turns.map(({ value, limit }) => ({ value: percentile(value.times, 0.99), limit: percentile(limit.times, 0.99) }));
  return [compared(name, '1/s', rates, 'bare', operation.target), compared(`${name}: 99 % within`, 'ms', tails, 'bare')];
}

interface Turn {
  readonly value: Measured;
  readonly limit: Measured;
}

const rate = ({ times, seconds }: Measured): number => times.length / seconds;

/** One operation on both sides, one right after the other; which is first alternates. Both have their 1,000 ports again afterwards. */
async function turn(
  clients: Clients,
  sides: readonly [Side, Side],
  operation: Operation,
  count: number,
  sizes: Sizes,
  rows: number,
  repetition: number,
): Promise<Turn> {
  const answers: Measured[] = [];
  for (const index of repetition % 2 === 0 ? [0, 1] : [1, 0]) {
    const side = sides[index] as Side;
    const calls = operation.calls(side, scaled(sizes, operation.count / SHARES, 10));
    answers[index] = await clients.well({ ...side, clients: count, calls, keep: operation.name === 'create' });
  }
  for (const [index, side] of sides.entries()) {
    if (operation.name === 'create') await remove(clients, side, idsIn(answers[index]?.bodies ?? [], 'port'));
    if (operation.name === 'delete') {
      side.ids = side.ids.slice(answers[index]?.times.length);
      await fill(clients, side, rows);
    }
  }
  return { value: answers[0] as Measured, limit: answers[1] as Measured };
}

async function fill(clients: Clients, side: Side, rows: number): Promise<void> {
  const missing = rows - side.ids.length;
  const ports = Array.from({ length: missing }, (_, n) => port(side.network, n));
  const { bodies } = await clients.well({
    ...side,
    clients: 1,
    calls: [{ method: 'POST', path: '/v2.0/ports', body: { ports } }],
    keep: true,
  });
  side.ids.push(...idsIn(bodies, 'port'));
}

const remove = (clients: Clients, side: Side, ids: readonly string[]) =>
  clients.well({ ...side, clients: 8, calls: ids.map((id) => ({ method: 'DELETE', path: `/v2.0/ports/${id}` })) });
