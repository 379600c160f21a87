// What is checked of a port's traffic, and what that asks of it: groups and address pairs are for ports whose traffic is checked. Runs after
// the port's own rules, which know its MAC.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { errorTable } from '#core/errors.ts';
import type { RulesOf } from '#core/resource.ts';
import { type AddressPair, refuseTwice } from '#packs/port-security.ts';
import { network } from '#resources/network/schema.ts';
import { defaultGroup } from '#resources/security_group/default-group.ts';
import { securityGroupErrors } from '#resources/security_group/errors.ts';
import { securityGroup } from '#resources/security_group/schema.ts';
import type { port } from './schema.ts';

type Port = Row<(typeof port)['attributes']>;
type PortCreate = Create<(typeof port)['attributes']>;
type PortUpdate = Update<(typeof port)['attributes']>;

const securityErrors = errorTable({
  PortSecurityAndIPRequiredForSecurityGroups: [
    'invalid',
    'Port security must be enabled and port must have an IP address in order to use security groups.',
  ],
  PortSecurityPortHasSecurityGroup: [
    'conflict',
    'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
  ],
  AddressPairAndPortSecurityRequired: ['conflict', 'Port Security must be enabled in order to have allowed address pairs on a port.'],
  AllowedAddressPairExhausted: ['invalid', 'The number of allowed address pair exceeds the maximum {quota}.'],
});

/** Ports of the network itself, such as routers' and DHCP servers', are trusted. */
const isTrusted = ({ device_owner }: Port): boolean => device_owner.startsWith('network:');

async function create(context: Context, draft: Port, input: PortCreate): Promise<void> {
  draft.port_security_enabled =
    !isTrusted(draft) && (input.port_security_enabled ?? (await context.load(network, draft.network_id))?.port_security_enabled ?? true);
  draft.allowed_address_pairs = pairsOf(context, input.allowed_address_pairs ?? [], draft.mac_address);
  draft.security_groups = input.security_groups ?? [];
  checkChecked(draft, input);
  if (input.security_groups) await checkGroups(context, draft, input.security_groups);
  else if (draft.port_security_enabled && draft.project_id !== '') draft.security_groups = [await defaultGroup(context, draft.project_id)];
}

async function update(context: Context, before: Port, changes: PortUpdate): Promise<void> {
  const { security_groups, allowed_address_pairs, port_security_enabled } = changes;
  if (security_groups === undefined && allowed_address_pairs === undefined && port_security_enabled === undefined) return;
  const after = { ...before, ...changes };
  if (allowed_address_pairs) changes.allowed_address_pairs = pairsOf(context, allowed_address_pairs, after.mac_address);
  checkChecked(after, changes);
  if (security_groups) {
    await checkGroups(
      context,
      before,
      security_groups.filter((id) => !before.security_groups.includes(id)),
    );
  }
}

/** Refuses groups and pairs of a port whose traffic is not checked. */
function checkChecked(after: Port, given: Pick<PortUpdate, 'security_groups'>): void {
  if (after.port_security_enabled) return;
  if (after.allowed_address_pairs.length > 0) throw securityErrors.AddressPairAndPortSecurityRequired({});
  if (after.security_groups.length === 0) return;
  if (given.security_groups) throw securityErrors.PortSecurityAndIPRequiredForSecurityGroups({});
  throw securityErrors.PortSecurityPortHasSecurityGroup({});
}

/**
 * Refuses groups that are neither of the port's project nor there for the caller, naming all of them; those that are stay until commit. Services
 * that make ports for a project name its groups without seeing them.
 */
async function checkGroups(context: Context, { project_id }: Port, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const seen = new Set<string>();
  for (const group of await context.findLocked(securityGroup, 'share', `r.id ${context.tx.dialect.inJson}`, JSON.stringify(ids))) {
    if (group.project_id === project_id || (await context.permits('get_security_group', securityGroup, group))) seen.add(group.id);
  }
  const missing = ids.filter((id) => !seen.has(id));
  if (missing.length > 0) throw securityGroupErrors.SecurityGroupNotFound({ id: missing.join(', ') });
}

/** Pairs as they are stored: each with a MAC. */
function pairsOf({ settings }: Context, pairs: readonly AddressPair[], mac: string): AddressPair[] {
  const quota = settings.maxAllowedAddressPairs;
  if (pairs.length > quota) throw securityErrors.AllowedAddressPairExhausted({ quota });
  const whole = pairs.map(({ ip_address, mac_address = mac }) => ({ mac_address, ip_address }));
  refuseTwice(whole);
  return whole;
}

export const portSecurityRules: RulesOf<typeof port> = { create, update };
