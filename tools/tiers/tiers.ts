// The tiers of tests as data, in the order in which `npm test` runs them. Each is a project of vitest.config.ts.
import { whyNoNamespaces } from '#test/machine.ts';

/** A tier of tests. */
export interface Tier {
  readonly name: string;
  /** Where its files are: every `*.test.ts` below is one. */
  readonly folders: readonly string[];
  /** Seconds after which it is stopped and has failed. */
  readonly limit: number;
  /** Why this machine cannot run it. */
  readonly obstacle?: () => string | undefined;
}

/** Every tier, the quick ones first. */
export const tiers: readonly Tier[] = [
  { name: 'unit', folders: ['src', 'tools'], limit: 180 },
  { name: 'contract', folders: ['test/contract'], limit: 300 },
  { name: 'api', folders: ['test/api'], limit: 600 },
  { name: 'kernel', folders: ['test/kernel'], limit: 1_200, obstacle: whyNoNamespaces },
  { name: 'cluster', folders: ['test/cluster'], limit: 1_200, obstacle: whyNoNamespaces },
  { name: 'compat', folders: ['test/compat'], limit: 2_400 },
];
