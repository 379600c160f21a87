// The other side of a rule, where it is a group: one that is there and that the caller sees. Called by the rules of security group rules and of
// the rules that new groups are made of.
import type { Context } from '#core/context.ts';
import { addressGroup } from '#resources/address_group/schema.ts';
import { securityGroup } from './schema.ts';

interface Remote {
  readonly remote_group_id?: string | null;
  readonly remote_address_group_id?: string | null;
}

/** Refuses a group that is not there for the caller; one that is stays until commit. */
export async function checkRemote(context: Context, { remote_group_id, remote_address_group_id }: Remote): Promise<void> {
  if (remote_group_id != null) await context.visible(securityGroup, remote_group_id, 'share');
  if (remote_address_group_id != null) await context.visible(addressGroup, remote_address_group_id, 'share');
}
