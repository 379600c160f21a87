// Whether a network's size shows in what a port costs: the 100th port of one against the 100,000th of another, on two servers asked by turns. And 250
// creates at once on one subnet: addresses are given out once, and nobody is refused while there are any.
import { type Clients, idsIn, startClients } from './clients.ts';
import { type Benchmark, compared, type Figure, median, scaled } from './figures.ts';
import { type BenchServer, makeNetwork, startIsospin } from './servers.ts';

const BULK = 500;
const EACH_TURN = 100;
const PARALLEL = 250;

export const growth: Benchmark = {
  name: 'growth',
  doc: 'the 100,000th port of a network against the 100th; 250 creates at once on one subnet',
  async run(sizes) {
    const clients = await startClients();
    const [small, big] = [await startIsospin(), await startIsospin()];
    try {
      const most = scaled(sizes, 100_000, 600);
      const few = await makeNetwork(clients, small, '10.0.0.0/8');
      const many = await makeNetwork(clients, big, '10.0.0.0/8');
      await fill(clients, small, few, 100);
      await fill(clients, big, many, most - EACH_TURN * 2);
      // Both have compiled what the figures are about.
      for (let warm = 0; warm < 5; warm++)
        for (const [server, network] of [
          [small, few],
          [big, many],
        ] as const)
          await creates(clients, server, network);
      const turns = [];
      for (let turn = 0; turn < sizes.repetitions * 3; turn++) {
        const limit = await creates(clients, small, few);
        turns.push({ value: await creates(clients, big, many), limit });
      }
      const name = `port create, ${most.toLocaleString('en')} in the network`;
      const flat = compared(name, 'ms', turns, '100 in the network', { of: 'ratio', most: 1.3 });
      return [flat, ...(await parallel(clients, small))];
    } finally {
      await clients.close();
      await small.close();
      await big.close();
    }
  },
};

async function fill(clients: Clients, server: BenchServer, network_id: string, count: number): Promise<void> {
  const sizes = Array.from({ length: Math.ceil(count / BULK) }, (_, n) => Math.min(BULK, count - n * BULK));
  const calls = sizes.map((size) => ({
    method: 'POST',
    path: '/v2.0/ports',
    body: { ports: Array.from({ length: size }, () => ({ network_id })) },
  }));
  await clients.well({ ...server, clients: 1, calls });
}

/** Milliseconds that one create took, the median; what was made is removed again. */
async function creates(clients: Clients, server: BenchServer, network_id: string): Promise<number> {
  const create = { method: 'POST', path: '/v2.0/ports', body: { port: { network_id } } };
  const made = await clients.well({ ...server, clients: 1, calls: new Array(EACH_TURN).fill(create), keep: true });
  const removals = idsIn(made.bodies, 'port').map((id) => ({ method: 'DELETE', path: `/v2.0/ports/${id}` }));
  await clients.well({ ...server, clients: 8, calls: removals });
  return median(made.times);
}

async function parallel(clients: Clients, server: BenchServer): Promise<Figure[]> {
  const network_id = await makeNetwork(clients, server, '192.0.2.0/24');
  const create = { method: 'POST', path: '/v2.0/ports', body: { port: { network_id } } };
  const { statuses, bodies, times } = await clients.run({
    ...server,
    clients: PARALLEL,
    calls: new Array(PARALLEL).fill(create),
    keep: true,
  });
  const addresses = new Set(bodies.map((body) => /"ip_address":"([^"]+)"/.exec(body)?.[1]));
  const target = { of: 'value', most: 0 } as const;
  return [
    { what: `${PARALLEL} creates at once on one subnet: refused`, value: PARALLEL - (statuses['201'] ?? 0), unit: 'errors', target },
    { what: `${PARALLEL} creates at once on one subnet: addresses twice`, value: PARALLEL - addresses.size, unit: 'errors', target },
    { what: `${PARALLEL} creates at once on one subnet: the last answer`, value: Math.max(...times), unit: 'ms' },
  ];
}
