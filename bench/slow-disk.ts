// Port creates at 8 clients on a disk that takes 2 ms longer for every fsync, as a disk of spinning metal or of a network may: transactions that wait
// together share one commit. Beside them what one more client that only reads has to wait. strace delays the system call; nothing is simulated in us.
import { runProgram } from '#host/process.ts';
import { type Clients, idsIn, startClients } from './clients.ts';
import { type Benchmark, compared, percentile, type Sizes, scaled } from './figures.ts';
import type { Measured } from './load.ts';
import { type BenchServer, makeNetwork, startBare, startIsospin } from './servers.ts';

const ADDED_MS = 2;
const STRACE = ['strace', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'];
const DELAYED = [...STRACE, '-e', `inject=fsync,fdatasync:delay_exit=${ADDED_MS * 1_000}`];

export const slowDisk: Benchmark = {
  name: 'slow-disk',
  doc: `port creates at 8 clients with ${ADDED_MS} ms added to every fsync, and what readers wait meanwhile`,
  async run(sizes) {
    const tried = await runProgram([...DELAYED, 'true']).catch((error: Error) => ({ code: 1, stderr: error.message }));
    if (tried.code !== 0) return `it needs strace, which delays the system call (${tried.stderr.trim().split('\n')[0]})`;
    const clients = await startClients();
    const isospin = await startIsospin(DELAYED);
    const bare = await startBare(DELAYED);
    try {
      const network = await makeNetwork(clients, isospin, '10.0.0.0/8');
      const turns: { value: Measured; limit: Measured }[] = [];
      for (let turn = 0; turn <= sizes.repetitions; turn++) {
        const value = await creates(clients, isospin, network, sizes);
        turns.push({ value, limit: await creates(clients, bare, 'bare', sizes) });
      }
      turns.shift(); // what is compiled meanwhile counts for neither
      const each = (read: (measured: Measured) => number) => turns.map(({ value, limit }) => ({ value: read(value), limit: read(limit) }));
      return [
        compared(
          'port create, 8 clients',
          '1/s',
          each(({ times, seconds }) => times.length / seconds),
          'bare',
          { of: 'ratio', least: 1 },
        ),
        compared(
          'port create: half within',
          'ms',
          each(({ times }) => percentile(times, 0.5)),
          'bare',
        ),
        compared(
          'port show beside them: half within',
          'ms',
          each(({ beside }) => percentile(beside, 0.5)),
          'bare',
        ),
        compared(
          'port show beside them: 99 % within',
          'ms',
          each(({ beside }) => percentile(beside, 0.99)),
          'bare',
        ),
      ];
    } finally {
      await clients.close();
      await isospin.close();
      await bare.close();
    }
  },
};

async function creates(clients: Clients, server: BenchServer, network_id: string, sizes: Sizes): Promise<Measured> {
  const create = { method: 'POST', path: '/v2.0/ports', body: { port: { network_id } } };
  const first = await clients.well({ ...server, clients: 1, calls: [create], keep: true });
  const beside = { method: 'GET', path: `/v2.0/ports/${idsIn(first.bodies, 'port')[0]}` };
  return clients.well({ ...server, clients: 8, calls: new Array(scaled(sizes, 600, 24)).fill(create), beside });
}
