// The test tiers as vitest projects. `npm test` (tools/tiers/main.ts) runs each as a run of its own; a file can be run alone with
// `tools/run vitest run --project api test/api/networks.test.ts`.
import { defineConfig } from 'vitest/config';

/** What runs on real databases starts one private PostgreSQL for its run. */
const databases = './test/postgres.ts';

/** A tier whose tests drive the kernel, processes or foreign programs: one file at a time, and time enough. */
const heavy = (name: string, seconds: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: databases,
    fileParallelism: false,
    testTimeout: seconds * 1_000,
    hookTimeout: seconds * 1_000,
  },
});

/** A tier whose files run beside each other. */
const light = (name: string, include: string[], globalSetup: string[]) => ({
  test: { name, include, globalSetup, testTimeout: 20_000, hookTimeout: 30_000 },
});

export default defineConfig({
  test: {
    projects: [
      light('unit', ['src/**/*.test.ts', 'tools/**/*.test.ts'], []),
      light('contract', ['test/contract/**/*.test.ts'], [databases]),
      light('api', ['test/api/**/*.test.ts'], [databases]),
      heavy('kernel', 60),
      heavy('cluster', 120),
      heavy('compat', 120),
    ],
  },
});
