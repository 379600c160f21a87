// Subnets of subnet pools: which prefix of the pool they get, and giving it back. Runs before the subnet's own rules, which find the prefix
// in the draft as if the client had named it.
import type { Create, Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { bits, defaultGateway, type IpVersion, type Prefix, parsePrefix, prefixText, toNumber, toText, versionOf } from '#ipam/address.ts';
import { freePrefix, takeAnyPrefix, takePrefix } from '#ipam/free-prefixes.ts';
import { prefixAt } from '#ipam/prefixes.ts';
import { subnetpoolErrors } from '#resources/subnetpool/errors.ts';
import type { Pool } from '#resources/subnetpool/prefixes.ts';
import { subnetpool } from '#resources/subnetpool/schema.ts';
import { charge, discharge } from '#resources/subnetpool/usage.ts';
import { subnetErrors } from './errors.ts';
import type { subnet } from './schema.ts';

type Subnet = Row<(typeof subnet)['attributes']>;
type SubnetCreate = Create<(typeof subnet)['attributes']>;

const bad = (msg: string): Error => subnetErrors.BadRequest({ resource: 'subnets', msg });

async function create(context: Context, draft: Subnet, input: SubnetCreate): Promise<void> {
  if (input.cidr != null && input.prefixlen !== undefined) throw bad('cidr and prefixlen must not be supplied together');
  const pool = await poolOf(context, input);
  draft.subnetpool_id = pool?.id ?? null;
  await checkAffinity(context, draft, pool);
  if (!pool) return;
  if (pool.ip_version !== input.ip_version)
    throw bad(`Cannot allocate IPv${input.ip_version} subnet from IPv${pool.ip_version} subnet pool`);
  if (input.cidr == null && input.allocation_pools !== undefined) throw bad('allocation_pools allowed only for specific subnet requests.');
  const prefix = await take(context, pool, input);
  await charge(context, pool, draft.project_id, prefix);
  if (input.cidr == null && input.gateway_ip === undefined) draft.gateway_ip = toText(gatewayOf(prefix), prefix.version);
  draft.cidr = prefixText(prefix);
}

/** The pool named, or the default one; held, so that whoever takes from it waits. */
async function poolOf(context: Context, input: SubnetCreate): Promise<Pool | undefined> {
  const { subnetpool_id, use_default_subnetpool, ip_version } = input;
  if (!use_default_subnetpool) return subnetpool_id == null ? undefined : context.visible(subnetpool, subnetpool_id, 'change');
  if (subnetpool_id != null) throw bad('subnetpool_id and use_default_subnetpool cannot both be specified');
  const pool = await defaultPool(context, ip_version);
  if (!pool) throw bad(`No default subnetpool found for IPv${ip_version}`);
  return pool;
}

/** The default pool of an IP version, if there is one that the caller may see. */
export async function defaultPool(context: Context, version: number): Promise<Pool | undefined> {
  const [pool] = await context.findLocked(subnetpool, 'change', 'r.is_default = 1 AND r.ip_version = ?', version);
  return pool && (await context.permits('get_subnetpool', subnetpool, pool)) ? pool : undefined;
}

/** Subnets of one IP version on a network come from one pool, or at least from pools of one address scope. */
async function checkAffinity({ tx }: Context, { network_id, ip_version }: Subnet, pool: Pool | undefined): Promise<void> {
  const other = 'FROM subnets s LEFT JOIN subnetpools p ON p.id = s.subnetpool_id WHERE s.network_id = ? AND s.ip_version = ?';
  if (pool && pool.address_scope_id !== null) {
    const find = `SELECT s.id ${other} AND p.address_scope_id IS DISTINCT FROM ? LIMIT 1`;
    if (await tx.get(find, network_id, ip_version, pool.address_scope_id)) throw subnetpoolErrors.NetworkAddressScopeAffinityError({});
    return;
  }
  const find = `SELECT s.id ${other} AND s.subnetpool_id IS DISTINCT FROM ? LIMIT 1`;
  if (await tx.get(find, network_id, ip_version, pool?.id ?? null)) throw subnetpoolErrors.NetworkSubnetPoolAffinityError({});
}

/** The prefix named, the one that the gateway named lies in, or any; in that order. */
async function take({ tx }: Context, pool: Pool, { cidr, prefixlen, gateway_ip }: SubnetCreate): Promise<Prefix> {
  const version = pool.ip_version as IpVersion;
  const named = cidr == null ? undefined : parsePrefix(cidr);
  if (named && named.version !== version) throw bad(`Cannot allocate IPv${named.version} subnet from IPv${version} subnet pool`);
  const length = named?.length ?? prefixlen ?? Number(pool.default_prefixlen);
  const [min, max] = [Number(pool.min_prefixlen), Number(pool.max_prefixlen)];
  if (length < min) throw subnetpoolErrors.MinPrefixSubnetAllocationError({ prefixlen: length, min_prefixlen: min });
  if (length > max) throw subnetpoolErrors.MaxPrefixSubnetAllocationError({ prefixlen: length, max_prefixlen: max });
  const beside = gateway_ip != null && versionOf(gateway_ip) === version ? prefixAt(toNumber(gateway_ip), length, version) : undefined;
  const wanted = named ?? beside;
  if (wanted) {
    if (await takePrefix(tx, pool.id, wanted)) return wanted;
    throw subnetpoolErrors.SubnetAllocationError({ reason: 'Cannot allocate requested subnet from the available set of prefixes' });
  }
  const found = await takeAnyPrefix(tx, pool.id, length, version);
  if (found) return found;
  throw subnetpoolErrors.SubnetAllocationError({ reason: `Insufficient prefix space to allocate subnet size /${length}` });
}

/** The first address after the prefix's own on IPv6 as well: nobody here chose a prefix whose own address is somebody's. */
const gatewayOf = (prefix: Prefix): bigint => (prefix.length < bits(prefix.version) - 1 ? prefix.first + 1n : defaultGateway(prefix));

async function removed(context: Context, row: Subnet): Promise<void> {
  await giveBack(context, row);
}

/** Gives the prefix of a subnet back to its pool, if it has one. */
export async function giveBack(context: Context, { subnetpool_id, project_id, cidr }: Subnet): Promise<void> {
  const pool = subnetpool_id === null ? undefined : await context.load(subnetpool, subnetpool_id, 'change');
  if (!pool) return;
  const prefix = parsePrefix(cidr ?? '');
  await freePrefix(context.tx, pool.id, prefix);
  await discharge(context, pool, project_id, prefix);
}

export const pooledRules: RulesOf<typeof subnet> = { create, deleted: removed };
