// The prefixes of a subnet pool as rows say them: which it has, which of them are free, and that no two pools of an address scope have the
// same. Called by the pool's rules and actions, and by those of subnets, which hold the pool's row.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { type Prefix, parsePrefix, prefixText } from '#ipam/address.ts';
import { freePrefix } from '#ipam/free-prefixes.ts';
import { merged, minus } from '#ipam/prefixes.ts';
import { addressScope } from '#resources/address_scope/schema.ts';
import { subnetpoolErrors } from './errors.ts';
import type { subnetpool } from './schema.ts';

export type Pool = Row<(typeof subnetpool)['attributes']>;

/** Prefixes of one pool: what a request holds and a row can take in reasonable time. */
const AT_MOST = 1_000;

const hex = (value: bigint): string => value.toString(16).padStart(32, '0');

/** What a client wrote, joined; all of one IP version. */
export function parsed(texts: readonly string[]): Prefix[] {
  const prefixes = texts.map(parsePrefix);
  if (new Set(prefixes.map(({ version }) => version)).size > 1) throw subnetpoolErrors.PrefixVersionMismatch({});
  return bounded(merged(prefixes));
}

export function bounded<P>(prefixes: P[]): P[] {
  if (prefixes.length > AT_MOST) throw inputErrors.InvalidInput({ error_message: `A subnet pool has at most ${AT_MOST} prefixes` });
  return prefixes;
}

export const textsOf = (prefixes: readonly Prefix[]): string[] => prefixes.map(prefixText);
export const prefixesOf = (pool: Pool): Prefix[] => pool.prefixes.map(parsePrefix);

/** Writes down which prefixes a stored pool has in its scope. */
export async function keepPrefixes({ tx }: Context, pool: Pool, prefixes: readonly Prefix[]): Promise<void> {
  await tx.run('DELETE FROM subnetpool_prefixes WHERE subnetpool_id = ?', pool.id);
  const insert = 'INSERT INTO subnetpool_prefixes (subnetpool_id, first, last, address_scope_id) VALUES (?, ?, ?, ?)';
  for (const { first, last } of prefixes) await tx.run(insert, pool.id, hex(first), hex(last), pool.address_scope_id);
}

/** Makes free what a pool has now and had not before. */
export async function freeAdded({ tx }: Context, pool: Pool, before: readonly Prefix[], after: readonly Prefix[]): Promise<void> {
  for (const prefix of minus(after, before)) await freePrefix(tx, pool.id, prefix);
}

/** Refuses a pool that its scope cannot have: of another IP version, or with prefixes that another pool of the scope has. Holds the scope. */
export async function checkScope(context: Context, pool: Pool, prefixes: readonly Prefix[]): Promise<void> {
  const { id: subnetpool_id, address_scope_id } = pool;
  if (address_scope_id === null) return;
  const { ip_version } = await context.visible(addressScope, address_scope_id, 'change');
  if (ip_version !== pool.ip_version)
    throw subnetpoolErrors.IllegalSubnetPoolIpVersionAssociationToAddressScope({ subnetpool_id, address_scope_id, ip_version });
  for (const { first, last } of prefixes) {
    const nearest = await context.tx.get<{ last: string }>(
      'SELECT last FROM subnetpool_prefixes WHERE address_scope_id = ? AND first <= ? AND subnetpool_id <> ? ORDER BY first DESC LIMIT 1',
      address_scope_id,
      hex(last),
      subnetpool_id,
    );
    if (nearest && nearest.last >= hex(first)) throw subnetpoolErrors.AddressScopePrefixConflict({});
  }
}

/** A pool of somebody else's scope is theirs to change who may change the scope. */
export async function checkScopeOwner(context: Context, pool: Pool): Promise<void> {
  const scope = pool.address_scope_id === null ? undefined : await context.load(addressScope, pool.address_scope_id);
  if (!scope || (await context.permits('update_address_scope', addressScope, scope))) return;
  throw subnetpoolErrors.IllegalSubnetPoolUpdate({
    reason: `subnetpool ${pool.id} cannot be updated when associated with shared address scope ${scope.id}`,
  });
}
