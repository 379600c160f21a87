// What kind of router one is: on one host, on several that stand by, or on every host with instances behind it; chosen by a flavor or by an
// administrator. Called by the router's rules.
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { repr } from '#core/python.ts';
import { providerOf } from '#resources/flavor/actions.ts';
import { flavor } from '#resources/flavor/schema.ts';
import { badRouter } from './errors.ts';
import type { Router } from './schema.ts';

export type Kind = { ha: boolean; distributed: boolean };
type Asked = { readonly [K in keyof Kind]?: boolean | null };

const NAMES = ['ha', 'distributed'] as const;

/** What the providers of routers are, by their names. */
const KINDS: Readonly<Record<string, Kind>> = {
  single_node: { ha: false, distributed: false },
  ha: { ha: true, distributed: false },
  dvr: { ha: false, distributed: true },
  dvrha: { ha: true, distributed: true },
};

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

/** The kind of a new router. */
export async function newKind(context: Context, flavorId: string | null | undefined, asked: Asked): Promise<Kind> {
  if (typeof flavorId !== 'string') return { ha: asked.ha ?? false, distributed: asked.distributed ?? false };
  const { name } = await providerOf(context, await context.visible(flavor, flavorId, 'share'));
  const kind = KINDS[name] ?? { ha: false, distributed: false };
  for (const one of NAMES) {
    const value = asked[one];
    if (typeof value === 'boolean' && value !== kind[one]) throw invalid(`Provider ${name} does not support ${one}=${repr(value)}`);
  }
  return kind;
}

/** Refuses to make a router of one kind another while it is in service, or where a flavor has decided. */
export function checkChange(before: Router, changes: Asked & { readonly admin_state_up?: boolean }): void {
  const changed = (one: keyof Kind): boolean => typeof changes[one] === 'boolean' && changes[one] !== before[one];
  if (before.flavor_id !== null && NAMES.some((one) => typeof changes[one] === 'boolean')) {
    throw invalid("Changing the 'ha' and 'distributed' attributes on a router associated with a flavor is not supported");
  }
  const first = 'Please set router admin_state_up to False prior to upgrade';
  if (changed('ha') && (changes.admin_state_up ?? before.admin_state_up)) {
    throw badRouter(`Cannot change HA attribute of active routers. ${first}`);
  }
  if (changed('distributed') && (before.admin_state_up || changes.admin_state_up)) {
    throw badRouter(`Cannot change the 'distributed' attribute of active routers. ${first}`);
  }
}
