// What binding a QoS policy to something means: the caller sees the policy, and the one that it replaces; and its rules can be had there. Called by the
// resources that have the attribute `qos_policy_id`.
import type { Context } from '#core/context.ts';
import { qosErrors } from './errors.ts';
import { policy } from './schema.ts';

/** Refuses to take a policy away that the caller does not see, and to bind one that the caller does not see. Answers the one to bind. */
export async function rebind(context: Context, before: string | null, next: string | null | undefined): Promise<string | undefined> {
  if (next === undefined) return undefined;
  if (before !== null) {
    const bound = await context.load(policy, before, 'share');
    if (bound && !(await context.permits('get_policy', policy, bound)))
      throw qosErrors.PolicyRemoveAuthorizationError({ policy_id: before });
  }
  if (next === null || next === before) return undefined;
  await context.visible(policy, next, 'share');
  return next;
}
