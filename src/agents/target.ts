// The narrow waist between the loop and what an agent makes real. `plan` is pure: the same wish and the same sight give the same
// steps, and the plan for a world that already is as wished is empty.
import type { DesiredObject } from '#desired/objects.ts';
import type { Step } from '#host/steps.ts';

/** What a round looks at: everything, or the objects of some networks only. */
export type Scope = 'all' | ReadonlySet<string>;

export interface Plan {
  readonly steps: readonly Step[];
  /** Objects that cannot be made real now, and why, in one sentence: a device that has not appeared, a missing kernel module. */
  readonly waiting: ReadonlyMap<string, string>;
}

export interface Target<Actual> {
  readonly name: string;
  /** The kinds of desired object this target makes real; it reports on these and no others. */
  readonly kinds: readonly DesiredObject['value']['kind'][];
  /** Looks at the host. With a scope of network ids, at least at everything of those networks. */
  observe(scope: Scope, signal: AbortSignal): Promise<Actual>;
  /** `desired` holds every object of the scope. With scope 'all', whatever is ours and not desired is removed. */
  plan(desired: ReadonlyMap<string, DesiredObject>, actual: Actual, scope: Scope): Plan;
}
