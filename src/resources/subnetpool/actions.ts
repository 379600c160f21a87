// Calls of a subnet pool: prefixes added and removed without naming all of them.
import type { Context } from '#core/context.ts';
import { checkValue, requestErrors } from '#core/input.ts';
import { action, type Field } from '#core/resource.ts';
import { type Prefix, parsePrefix } from '#ipam/address.ts';
import { takePrefix } from '#ipam/free-prefixes.ts';
import { common, merged, minus } from '#ipam/prefixes.ts';
import { subnetpoolErrors } from './errors.ts';
import { bounded, checkScopeOwner, type Pool, parsed, prefixesOf, textsOf } from './prefixes.ts';
import { subnetpool } from './schema.ts';

/** `{"prefixes": ["10.0.0.0/8"]}`: at least one. */
function prefixesIn(body: unknown): readonly string[] {
  const given = (body as { readonly prefixes?: unknown } | null | undefined)?.prefixes;
  if (!Array.isArray(given) || given.length === 0) throw requestErrors.HTTPBadRequest({ reason: 'Request body contains invalid data' });
  checkValue(subnetpool.field.get('prefixes') as Field, given);
  return bounded(given);
}

async function add(context: Context, pool: Pool, body: unknown): Promise<{ readonly prefixes: readonly string[] }> {
  const after = await context.update(subnetpool, pool, { prefixes: textsOf(parsed([...pool.prefixes, ...prefixesIn(body)])) });
  return { prefixes: after.prefixes };
}

async function remove(context: Context, pool: Pool, body: unknown): Promise<{ readonly prefixes: readonly string[] }> {
  await checkScopeOwner(context, pool);
  const here = prefixesOf(pool);
  const named: Prefix[] = prefixesIn(body)
    .map(parsePrefix)
    .filter(({ version }) => version === pool.ip_version);
  for (const prefix of common(here, merged(named))) {
    if (!(await takePrefix(context.tx, pool.id, prefix)))
      throw subnetpoolErrors.IllegalSubnetPoolPrefixUpdate({ msg: 'One or more the prefixes to be removed is in use by a subnet.' });
  }
  const left = textsOf(bounded(minus(here, named)));
  await context.store(subnetpool, pool, { prefixes: left });
  return { prefixes: left };
}

const prefixes = { prefixes: { type: 'array', items: { type: 'string' } } };

export const subnetpoolActions = [
  action({
    resource: subnetpool,
    name: 'add_prefixes',
    method: 'PUT',
    doc: 'Adds prefixes to a subnet pool.',
    takes: prefixes,
    run: add,
  }),
  action({
    resource: subnetpool,
    name: 'remove_prefixes',
    method: 'PUT',
    doc: 'Removes prefixes of which no subnet has anything.',
    takes: prefixes,
    run: remove,
  }),
];
