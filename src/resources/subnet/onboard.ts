// Onboarding: a network's subnets, made without a pool or from another one, become a pool's.
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { str } from '#core/python.ts';
import { action } from '#core/resource.ts';
import { uuid } from '#core/validate.ts';
import { parsePrefix } from '#ipam/address.ts';
import { takePrefix } from '#ipam/free-prefixes.ts';
import { common, merged } from '#ipam/prefixes.ts';
import { networkErrors } from '#resources/network/errors.ts';
import { network } from '#resources/network/schema.ts';
import { subnetpoolErrors } from '#resources/subnetpool/errors.ts';
import { bounded, checkScope, checkScopeOwner, type Pool, prefixesOf, textsOf } from '#resources/subnetpool/prefixes.ts';
import { subnetpool } from '#resources/subnetpool/schema.ts';
import { add } from '#resources/subnetpool/usage.ts';
import { giveBack } from './pooled.ts';
import { subnet } from './schema.ts';

/** The network named, held so that it gets no subnets meanwhile; only who may change it may give its subnets away. */
async function networkOf(context: Context, body: unknown): Promise<string> {
  const id = (body as { readonly network_id?: unknown } | null | undefined)?.network_id;
  if (id === undefined || id === null) throw inputErrors.InvalidInput({ error_message: 'network_id must be specified.' });
  if (typeof id !== 'string' || uuid(id) !== undefined) throw networkErrors.NetworkNotFound({ net_id: str(id) });
  const row = await context.visible(network, id, 'remove');
  if (!(await context.permits('update_network', network, row))) throw subnetpoolErrors.NotAuthorized({});
  return id;
}

async function run(context: Context, pool: Pool, body: unknown): Promise<object> {
  const networkId = await networkOf(context, body);
  await checkScopeOwner(context, pool);
  let here = prefixesOf(pool);
  const subnets = await context.findLocked(subnet, 'change', 'r.network_id = ? AND r.ip_version = ?', networkId, pool.ip_version);
  for (const row of subnets) {
    const prefix = parsePrefix(row.cidr ?? '');
    for (const part of common(here, [prefix])) {
      if (await takePrefix(context.tx, pool.id, part)) continue;
      throw subnetpoolErrors.IllegalSubnetPoolUpdate({
        reason: `Onboarding subnet ${row.id}: ${row.cidr} conflicts with allocated prefixes in subnet pool ${pool.id}`,
      });
    }
    await giveBack(context, row);
    await context.store(subnet, row, { subnetpool_id: pool.id });
    await add(context, pool, row.project_id, prefix);
    here = merged([...here, prefix]);
  }
  await checkScope(context, pool, here);
  await context.store(subnetpool, pool, { prefixes: textsOf(bounded(here)) });
  return {};
}

export const onboard = action({
  resource: subnetpool,
  name: 'onboard_network_subnets',
  method: 'PUT',
  doc: "Makes a network's subnets the pool's, and their prefixes part of it.",
  takes: { network_id: { type: 'string', format: 'uuid' } },
  run,
});
