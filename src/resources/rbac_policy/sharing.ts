// What sharing an object means: who may do it, what it takes to stop, and that the object is changed by it. Called by the folders of what can
// be shared, which give its rules and follows to their `serve`.
import type { Attributes, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { type Follow, follow, type Resource, type Rules } from '#core/resource.ts';
import { rbacErrors } from './errors.ts';
import { EVERYBODY, type Kind, kindOf, rbacPolicy } from './schema.ts';

export type RbacPolicy = Row<(typeof rbacPolicy)['attributes']>;

/** What sharing has to know of a kind of object. */
export interface Sharable<A extends Attributes> {
  readonly resource: Resource<A>;
  readonly kind: Kind;
  /** By action: SELECTs of the `project_id` of whatever uses the object whose id is the one parameter of each. */
  readonly users: Readonly<Record<string, readonly string[]>>;
  /** Neither its own project's use of it holds a sharing back, nor use that the sharing's new target covers. */
  readonly lenient?: boolean;
  /** What else to ask before it is shared: refuses. */
  granting?(context: Context, object: Row<A>, policy: RbacPolicy): Promise<void>;
  /** What else to ask before it is shared no more: refuses. */
  revoking?(context: Context, object: Row<A>, policy: RbacPolicy): Promise<void>;
  /** What changes of the object when one of its sharings has come or gone. */
  changed?(context: Context, object: Row<A>): Promise<Update<A>>;
  /** Refuses to set `shared` to false while others use the object, where the API has a word of its own for it. */
  readonly unsharing?: (object: Row<A>) => Error;
}

/** What every object that can be shared has. */
interface Owned {
  readonly id: string;
  readonly project_id: string;
}

const objectOf = (row: unknown): Owned => row as Owned;

/** A project that uses an object by this sharing alone; undefined: the sharing can go. */
async function dependent<A extends Attributes>(
  context: Context,
  { users: byAction, lenient = false }: Sharable<A>,
  object: Owned,
  { id, object_type, action, target_tenant }: RbacPolicy,
  going: boolean,
): Promise<string | undefined> {
  const users = byAction[action] ?? [];
  if (users.length === 0) return undefined;
  const found = await context.tx.get<{ project_id: string }>(
    `SELECT u.project_id FROM (${users.join(' UNION ALL ')}) u
     WHERE u.project_id <> ? AND u.project_id <> '' AND (? = '*' OR u.project_id = ?) AND NOT EXISTS (
       SELECT 1 FROM rbac_policies p WHERE p.object_type = ? AND p.object_id = ? AND p.action = ?
         AND p.target_project IN (u.project_id, '*') AND p.id <> ?)
     LIMIT 1`,
    ...users.map(() => object.id),
    lenient ? object.project_id : '',
    target_tenant,
    target_tenant,
    object_type ?? '',
    object.id,
    action,
    going || !lenient ? id : '',
  );
  return found?.project_id;
}

const inUse = (object_id: string, target: string): Error => rbacErrors.RbacPolicyInUse({ object_id, details: `project_id=${target}` });

/** The rules and follows of a resource whose rows can be shared. */
export function sharing<A extends Attributes>(
  of: Sharable<A>,
): { readonly rules: Rules<A>; readonly follows: readonly Follow<Attributes>[] } {
  return { rules: attributeRules(of), follows: [policyFollow(of)] };
}

/** What setting `shared` means: sharing with everybody, or not any more. What is shared of a row goes with the row. */
function attributeRules<A extends Attributes>(of: Sharable<A>): Rules<A> {
  const { kind, unsharing } = of;
  const setting = (given: unknown): boolean | undefined => (given as { readonly shared?: boolean }).shared;
  const withEverybody = async (context: Context, id: string): Promise<RbacPolicy | undefined> => {
    const where = "r.object_type = ? AND r.object_id = ? AND r.action = 'access_as_shared' AND r.target_project = ?";
    const [found] = await context.findLocked(rbacPolicy, 'remove', where, kind, id, EVERYBODY);
    return found;
  };
  return {
    async created(context, row, input) {
      if (setting(input) === true) await grant(context, kind, objectOf(row), 'access_as_shared');
    },
    async update(context, before, changes) {
      const shared = setting(changes);
      if (shared === undefined) return;
      const object = objectOf(before);
      const found = await withEverybody(context, object.id);
      if (shared && !found) await grant(context, kind, object, 'access_as_shared');
      if (shared || !found) return;
      if (unsharing && (await dependent(context, of, object, found, true))) throw unsharing(before);
      await context.delete(rbacPolicy, found);
    },
    async delete(context, row) {
      await revokeAll(context, kind, objectOf(row).id);
    },
  };
}

/** Shares an object with everybody, in the name of its own project. */
export async function grant(context: Context, kind: Kind, { id, project_id }: Owned, action: string): Promise<void> {
  await context.create(rbacPolicy, { project_id, object_type: kind, object_id: id, action, target_tenant: EVERYBODY });
}

/** Ends what is shared of an object, or what is shared of it by one action. */
export async function revokeAll(context: Context, kind: Kind, id: string, action?: string): Promise<void> {
  const where = 'r.object_type = ? AND r.object_id = ?';
  const sharings = await context.findLocked(rbacPolicy, 'remove', where, kind, id);
  for (const one of sharings) if (action === undefined || one.action === action) await context.delete(rbacPolicy, one);
}

function policyFollow<A extends Attributes>(of: Sharable<A>): Follow<Attributes> {
  const { resource, kind, users } = of;

  /** The object of a sharing, locked; undefined where it is another kind's, or comes or goes with its object. */
  async function objectOfPolicy(context: Context, policy: RbacPolicy): Promise<Row<A> | undefined> {
    if (policy.object_type !== kind || context.isNew(resource, policy.object_id) || context.isGoing(resource, policy.object_id))
      return undefined;
    return context.load(resource, policy.object_id, 'remove');
  }

  async function changed(context: Context, policy: RbacPolicy): Promise<void> {
    const object = await objectOfPolicy(context, policy);
    if (!object) return;
    // `shared` is stored nowhere: naming it counts as a change of the object.
    const { shared } = object as { readonly shared?: boolean };
    await context.store(resource, object, { shared, ...(await of.changed?.(context, object)) } as Update<A>);
  }

  async function refuseUnlessOwner(context: Context, object: Row<A> | undefined, policy: RbacPolicy): Promise<void> {
    if (
      (object && objectOf(object).project_id === context.actor.projectId) ||
      (await context.permits('context_is_admin', rbacPolicy, policy))
    )
      return;
    throw inputErrors.InvalidInput({ error_message: 'Only admins can manipulate policies on objects they do not own' });
  }

  return follow({
    resource: rbacPolicy,
    what: `sharing a ${kind} is its owner's business, changes it, and ends only when nobody depends on it`,
    async creating(context, draft) {
      if (draft.object_type !== kind || context.isNew(resource, draft.object_id)) return;
      const object = await context.load(resource, draft.object_id, 'remove');
      // What is not there is as what is another's, to whom is no administrator.
      await refuseUnlessOwner(context, object, draft);
      if (!object) throw inputErrors.InvalidInput({ error_message: resource.notFound(draft.object_id).message });
      if (!Object.hasOwn(users, draft.action)) {
        const actions = Object.keys(users).map((action) => `'${action}'`);
        const valid_actions = actions.length === 1 ? `(${actions[0]},)` : `(${actions.join(', ')})`;
        throw rbacErrors.InvalidActionForType({ action: draft.action, object_type: kind, valid_actions });
      }
      await of.granting?.(context, object, draft);
    },
    created: changed,
    async updated(context, before, after) {
      const object = await objectOfPolicy(context, after);
      if (!object) return;
      await refuseUnlessOwner(context, object, after);
      await of.granting?.(context, object, after);
      await of.revoking?.(context, object, before);
      if (await dependent(context, of, objectOf(object), before, false)) throw inUse(before.object_id, before.target_tenant);
      await changed(context, after);
    },
    async deleting(context, row) {
      const object = await objectOfPolicy(context, row);
      if (!object) return;
      await of.revoking?.(context, object, row);
      if (await dependent(context, of, objectOf(object), row, true)) throw inUse(row.object_id, row.target_tenant);
    },
    deleted: changed,
  });
}

/** Refuses a sharing of no kind. */
export const rbacRules: Rules<(typeof rbacPolicy)['attributes']> = {
  async create(_, draft) {
    kindOf(draft.object_type ?? null);
  },
};
