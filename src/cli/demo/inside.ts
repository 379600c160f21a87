// What `isospin demo` runs in its throw-away host: makes the world, takes the steps in order, and says each as a line of JSON. Ends with 1 at the
// first step that does not show what it claims. Cleans nothing up after a failure: whoever started it ends the throw-away host.
import type { Said } from './shown.ts';
import { steps } from './steps.ts';
import { type World, worldOf } from './world.ts';

const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);

async function main(): Promise<number> {
  const world: World = worldOf();
  for (const [index, { title, run }] of steps.entries()) {
    const start = performance.now();
    try {
      const { lines, facts } = await run(world);
      say({ number: index + 1, title, seconds: Math.round((performance.now() - start) / 10) / 100, lines, facts });
    } catch (error) {
      const why = process.env.ISOSPIN_DEBUG ? (error as Error).stack : (error as Error).message;
      say({ failure: `the demo failed at step ${index + 1} (${title}): ${why?.trim().replaceAll(/\s*\n\s*/g, ' ')}` });
      return 1;
    }
  }
  return 0;
}

// Programs of the world still run where a step has failed; they end with it.
const status = await main();
process.stdout.write('', () => process.exit(status));
