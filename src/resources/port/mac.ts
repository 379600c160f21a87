// A port's MAC: given, made here, or that of the physical function that is handed to the instance as it is. Runs before the port's other
// rules, which make addresses of it.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors, sanitizedMac } from '#core/convert.ts';
import type { RulesOf } from '#core/resource.ts';
import { mac } from '#core/validate.ts';
import { portErrors } from './errors.ts';
import type { port } from './schema.ts';

type Port = Row<(typeof port)['attributes']>;
type Plugged = Pick<Port, 'binding:host_id' | 'binding:vnic_type' | 'binding:profile'>;

/** Locally administered, Neutron's own: the first three octets of every MAC that is made here. */
const BASE_MAC = 'fa:16:3e';

async function newMac(context: Context, networkId: string): Promise<string> {
  for (let attempt = 0; attempt < 16; attempt++) {
    const own = Math.floor(Math.random() * 0x100_0000)
      .toString(16)
      .padStart(6, '0');
    const made = `${BASE_MAC}:${own.slice(0, 2)}:${own.slice(2, 4)}:${own.slice(4)}`;
    const used = await context.tx.get('SELECT 1 AS used FROM ports WHERE network_id = ? AND mac_address = ?', networkId, made);
    if (!used) return made;
  }
  throw portErrors.NetworkMacAddressGenerationFailure({ net_id: networkId });
}

/** The MAC of the physical function that a port is on some host, as its profile tells it. */
function deviceMac(row: Plugged): string | undefined {
  if (row['binding:vnic_type'] !== 'direct-physical' || row['binding:host_id'] === '') return undefined;
  const { device_mac_address } = row['binding:profile'];
  if (device_mac_address === undefined) return undefined;
  const wrong = mac(device_mac_address);
  if (wrong !== undefined) throw inputErrors.InvalidInput({ error_message: wrong });
  return sanitizedMac(device_mac_address) as string;
}

export const macRules: RulesOf<typeof port> = {
  async create(context, draft, input) {
    draft.mac_address = deviceMac(draft) ?? input.mac_address ?? (await newMac(context, draft.network_id));
  },
  async update(context, before, changes) {
    const after = { ...before, ...changes };
    const device = deviceMac(after);
    // A function that is given back takes its MAC along: another port may get both.
    const returned = device === undefined && after['binding:host_id'] !== '' && deviceMac(before) !== undefined;
    if (device !== undefined) changes.mac_address = device;
    else if (changes.mac_address === null || returned) changes.mac_address = await newMac(context, before.network_id);
  },
};
