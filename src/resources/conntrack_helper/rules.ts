// What making and changing a conntrack helper means: that the kernel has one of the name for the protocol.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { conntrackHelperErrors } from './errors.ts';
import type { conntrackHelper } from './schema.ts';

type ConntrackHelper = Row<(typeof conntrackHelper)['attributes']>;

/** Helpers and the protocols that each can follow. */
const HELPERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['amanda', ['tcp']],
  ['ftp', ['tcp']],
  ['h323', ['udp', 'tcp']],
  ['irc', ['tcp']],
  ['netbios-ns', ['udp']],
  ['pptp', ['tcp']],
  ['sane', ['tcp']],
  ['sip', ['udp', 'tcp']],
  ['snmp', ['udp']],
  ['tftp', ['udp']],
]);

function check({ helper, protocol }: Pick<ConntrackHelper, 'helper' | 'protocol'>): void {
  const protocols = HELPERS.get(helper);
  if (!protocols) throw conntrackHelperErrors.ConntrackHelperNotAllowed({ helper });
  if (protocols.includes(protocol)) return;
  throw conntrackHelperErrors.InvalidProtocolForHelper({ helper, protocol, supported_protocols: protocols.join(', ') });
}

/** A router's helpers are part of the router. */
async function revise({ tx, now }: Context, { router_id }: ConntrackHelper): Promise<void> {
  await tx.run('UPDATE routers SET revision_number = revision_number + 1, updated_at = ? WHERE id = ?', now, router_id);
}

export const conntrackHelperRules: RulesOf<typeof conntrackHelper> = {
  async create(_, draft) {
    check(draft);
  },
  created: revise,
  async update(_, before, changes) {
    check({ ...before, ...changes });
  },
  updated: revise,
  async deleted(context, row) {
    if (!context.isGoing({ name: 'router' }, row.router_id)) await revise(context, row);
  },
};
