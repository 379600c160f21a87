// The narrow waist between the loop and what an agent makes real. `plan` is pure: the same wish and the same sight give the same
// steps, and the plan for a world that already is as wished is empty.
import type { DesiredObject } from '#desired/objects.ts';
import type { Step } from '#host/steps.ts';
import type { Held } from './held.ts';

/** What a round looks at: everything, or the objects of some networks only. */
export type Scope = 'all' | ReadonlySet<string>;

export interface Plan {
  readonly steps: readonly Step[];
  /** Objects that cannot be made real now, and why, in one sentence: a device that has not appeared, a missing kernel module. */
  readonly waiting: ReadonlyMap<string, string>;
  /** Milliseconds after which these networks, or with `*` all, want another look, though nothing may have happened: a signal held back, say. */
  readonly again?: ReadonlyMap<string, number>;
}

export interface Target<Actual> {
  readonly name: string;
  /** The kinds of desired object this target makes real; it reports on these and no others. */
  readonly kinds: readonly DesiredObject['value']['kind'][];
  /** Looks at the host. With a scope of network ids, at least at everything of those networks. */
  observe(scope: Scope, signal: AbortSignal): Promise<Actual>;
  /** `desired` holds every object of the scope. With scope 'all', whatever is ours and not desired is removed. */
  plan(desired: ReadonlyMap<string, DesiredObject>, actual: Actual, scope: Scope): Plan;
  /** Told after steps were carried out, with those that failed: for a target that keeps what it saw instead of looking again. */
  applied?(steps: readonly Step[], failures: ReadonlyMap<Step, string>): void;
  /** Told of each device that appeared, changed or went; answers the networks that it concerns. What was seen of it is stale. */
  deviceChanged?(device: string, held: Held): Iterable<string>;
}
