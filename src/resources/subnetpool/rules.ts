// What making and changing a subnet pool means: prefixes joined, lengths in order, a place in an address scope.
import type { Create, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { bits, type IpVersion, type Prefix } from '#ipam/address.ts';
import { minus } from '#ipam/prefixes.ts';
import { subnetpoolErrors } from './errors.ts';
import { checkScope, checkScopeOwner, freeAdded, keepPrefixes, type Pool, parsed, prefixesOf, textsOf } from './prefixes.ts';
import type { subnetpool } from './schema.ts';
import { checkShares, poolSharing } from './sharing.ts';

type Attributes = (typeof subnetpool)['attributes'];

/** Shortest prefix that a pool gives when it says nothing. */
const SHORTEST = { 4: '8', 6: '64' } as const;

async function create(context: Context, draft: Pool, input: Create<Attributes>): Promise<void> {
  const prefixes = parsed(input.prefixes);
  const [one] = prefixes;
  if (!one) throw subnetpoolErrors.EmptySubnetPoolPrefixList({});
  draft.prefixes = textsOf(prefixes);
  draft.ip_version = one.version;
  draft.min_prefixlen ??= SHORTEST[one.version];
  draft.max_prefixlen ??= String(bits(one.version));
  draft.default_prefixlen ??= draft.min_prefixlen;
  draft.address_scope_id ??= null;
  checkLengths(draft);
  await checkScope(context, draft, prefixes);
}

async function created(context: Context, row: Pool): Promise<void> {
  const prefixes = prefixesOf(row);
  await checkShares(context, row);
  await keepPrefixes(context, row, prefixes);
  await freeAdded(context, row, [], prefixes);
}

async function update(context: Context, before: Pool, changes: Update<Attributes>): Promise<void> {
  await checkScopeOwner(context, before);
  const after = { ...before, ...changes };
  checkLengths(after);
  let prefixes: readonly Prefix[] = prefixesOf(before);
  if (changes.prefixes) {
    const next = parsed(changes.prefixes);
    if (next[0]?.version !== before.ip_version || minus(prefixes, next).length > 0) {
      throw subnetpoolErrors.IllegalSubnetPoolPrefixUpdate({ msg: 'Existing prefixes must be a subset of the new prefixes' });
    }
    changes.prefixes = textsOf(next);
    await freeAdded(context, before, prefixes, next);
    prefixes = next;
  }
  const moves = after.address_scope_id !== before.address_scope_id;
  if (changes.prefixes || moves) await checkScope(context, after, prefixes);
  if (moves) await checkNetworks(context, after);
}

async function updated(context: Context, before: Pool, after: Pool): Promise<void> {
  const moves = after.address_scope_id !== before.address_scope_id;
  if (moves) await checkShares(context, after);
  if (moves || before.prefixes !== after.prefixes) await keepPrefixes(context, after, prefixesOf(after));
}

function checkLengths(pool: Pool): void {
  const length = (name: 'min_prefixlen' | 'max_prefixlen' | 'default_prefixlen') => ({ name, value: Number(pool[name]) });
  const [min, max, normal] = [length('min_prefixlen'), length('max_prefixlen'), length('default_prefixlen')];
  const version = pool.ip_version as IpVersion;
  const longest = { name: 'ip_version_max', value: bits(version) };
  const refuse = (one: { name: string; value: number }, other: { name: string; value: number }): Error =>
    subnetpoolErrors.IllegalSubnetPoolPrefixBounds({
      prefix_type: one.name,
      prefixlen: one.value,
      base_prefix_type: other.name,
      base_prefixlen: other.value,
    });
  if (min.value === 0) throw subnetpoolErrors.UnsupportedMinSubnetPoolPrefix({ prefix: 0, version });
  if (max.value > longest.value) throw refuse(max, longest);
  if (min.value > max.value) throw refuse(min, max);
  if (normal.value < min.value) throw refuse(normal, min);
  if (normal.value > max.value) throw refuse(normal, max);
}

/** A pool that moves to another scope takes its networks with it: none of them may have subnets of another scope. */
async function checkNetworks({ tx }: Context, { id, ip_version, address_scope_id }: Pool): Promise<void> {
  if (address_scope_id === null) return;
  const other = await tx.get(
    `SELECT o.id FROM subnets o LEFT JOIN subnetpools p ON p.id = o.subnetpool_id
     WHERE o.network_id IN (SELECT network_id FROM subnets WHERE subnetpool_id = ?) AND o.ip_version = ?
       AND o.subnetpool_id <> ? AND p.address_scope_id IS DISTINCT FROM ? LIMIT 1`,
    id,
    ip_version,
    id,
    address_scope_id,
  );
  if (other) throw subnetpoolErrors.NetworkAddressScopeAffinityError({});
}

export const subnetpoolRules: readonly RulesOf<typeof subnetpool>[] = [poolSharing.rules, { create, created, update, updated }];
