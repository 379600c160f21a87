// How much of a subnet pool each project has taken: a sum that moves with every subnet, so that a quota costs the same to check at any size.
// Whoever calls holds the pool's row.
import type { Context } from '#core/context.ts';
import type { Prefix } from '#ipam/address.ts';
import { subnetpoolErrors } from './errors.ts';
import type { Pool } from './prefixes.ts';

/** What a quota counts: addresses of IPv4, /64 prefixes of IPv6. */
const unit = ({ ip_version }: Pool): bigint => (ip_version === 4 ? 1n : 1n << 64n);

const size = ({ first, last }: Prefix): bigint => last - first + 1n;

async function move({ tx }: Context, pool: Pool, projectId: string, change: bigint): Promise<bigint> {
  const row = await tx.get<{ used: string }>(
    'SELECT used FROM subnetpool_usage WHERE subnetpool_id = ? AND project_id = ?',
    pool.id,
    projectId,
  );
  const used = BigInt(row?.used ?? '0') + change;
  await tx.run(
    `INSERT INTO subnetpool_usage (subnetpool_id, project_id, used) VALUES (?, ?, ?)
     ON CONFLICT (subnetpool_id, project_id) DO UPDATE SET used = excluded.used`,
    pool.id,
    projectId,
    String(used),
  );
  return used;
}

/** Counts a prefix for a project; refuses beyond the quota. */
export async function charge(context: Context, pool: Pool, projectId: string, prefix: Prefix): Promise<void> {
  const used = await move(context, pool, projectId, size(prefix));
  if (pool.default_quota !== null && used > BigInt(pool.default_quota) * unit(pool)) throw subnetpoolErrors.SubnetPoolQuotaExceeded({});
}

/** Counts a prefix that was there before the pool: no quota refuses it. */
export async function add(context: Context, pool: Pool, projectId: string, prefix: Prefix): Promise<void> {
  await move(context, pool, projectId, size(prefix));
}

export async function discharge(context: Context, pool: Pool, projectId: string, prefix: Prefix): Promise<void> {
  await move(context, pool, projectId, -size(prefix));
}
