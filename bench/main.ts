// `npm run bench -- [NAME…] [--json FILE] [--write] [--scale S] [--repetitions N]`: runs the benchmarks named, or all, and prints their figures. Each
// figure stands beside the limit that a bare program reached in the same run, by turns, so that the ratio means something on a busy machine.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { api } from './api.ts';
import { type Benchmark, type Figure, printed } from './figures.ts';
import { growth } from './growth.ts';
import { memory } from './memory.ts';
import { neighbours } from './neighbours.ts';
import { type Run, writePage } from './page.ts';
import { restart } from './restart.ts';
import { slowDisk } from './slow-disk.ts';
import { whole } from './whole.ts';
import { wiring } from './wiring.ts';

const benchmarks: readonly Benchmark[] = [api, whole, slowDisk, growth, neighbours, wiring, restart, memory];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    write: { type: 'boolean' },
    scale: { type: 'string', default: '1' },
    repetitions: { type: 'string', default: '5' },
    help: { type: 'boolean' },
  },
});
const unknown = positionals.find((name) => !benchmarks.some((one) => one.name === name));
const sizes = { scale: Number(values.scale), repetitions: Number(values.repetitions) };

if (values.help || unknown !== undefined || !(sizes.scale > 0) || !(sizes.repetitions >= 1)) {
  console.log('npm run bench -- [NAME…] [--json FILE] [--write] [--scale SHARE] [--repetitions N]');
  for (const { name, doc } of benchmarks) console.log(`  ${name.padEnd(10)} ${doc}`);
  if (!values.help) process.exitCode = 1;
} else {
  const runs: Run[] = [];
  for (const benchmark of benchmarks.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const began = Date.now();
    const found = await benchmark.run(sizes);
    const figures: readonly Figure[] = typeof found === 'string' ? [] : found;
    runs.push({ name: benchmark.name, doc: benchmark.doc, figures, ...(typeof found === 'string' && { skipped: found }) });
    console.log(`\n${benchmark.name}: ${benchmark.doc} (${((Date.now() - began) / 1000).toFixed(0)} s)`);
    console.log(typeof found === 'string' ? `not run: ${found}` : printed(found));
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ at: new Date().toISOString(), ...sizes, runs }, null, 1)}\n`);
  if (values.write) writePage(runs, sizes);
}
