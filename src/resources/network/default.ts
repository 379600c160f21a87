// The default external network: where routers lead whose owners name none. There is one at most, and it is external.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import type { Reader, Tx } from '#store/store.ts';
import { networkErrors } from './errors.ts';
import type { network } from './schema.ts';

type Network = Row<(typeof network)['attributes']>;

/** Its id. */
export async function defaultExternalNetwork(reader: Reader): Promise<string | undefined> {
  return (await reader.get<{ network_id: string }>('SELECT network_id FROM default_external_network'))?.network_id;
}

/** Makes room for another one. */
export async function leave(tx: Tx, networkId: string): Promise<void> {
  await tx.run('DELETE FROM default_external_network WHERE network_id = ?', networkId);
}

/** The table has one place, which referees races; being asked of a network that is not external means nothing. */
async function settle({ tx }: Context, { id, ...row }: Network, before: boolean): Promise<void> {
  const wanted = row.is_default && row['router:external'];
  if (wanted === before) return;
  if (!wanted) return leave(tx, id);
  const taken = await tx.run('INSERT INTO default_external_network (slot, network_id) VALUES (1, ?) ON CONFLICT (slot) DO NOTHING', id);
  if (taken === 0) throw networkErrors.DefaultExternalNetworkExists({ net_id: (await defaultExternalNetwork(tx)) ?? '' });
}

export const defaultRules: RulesOf<typeof network> = {
  created: (context, row) => settle(context, row, false),
  updated: (context, before, after) => settle(context, after, before.is_default),
};
