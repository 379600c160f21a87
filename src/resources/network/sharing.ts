// Who besides its project uses a network: those it is shared with, and those it leads outside for. `router:external` is true while there are any
// of the latter; set by itself, it leads outside for everybody.
import type { Row } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import type { RulesOf } from '#core/resource.ts';
import { rbacErrors } from '#resources/rbac_policy/errors.ts';
import { EVERYBODY } from '#resources/rbac_policy/schema.ts';
import { grant, revokeAll, sharing } from '#resources/rbac_policy/sharing.ts';
import { leave } from './default.ts';
import { networkErrors } from './errors.ts';
import { network } from './schema.ts';

type Network = Row<(typeof network)['attributes']>;

const OUTSIDE = 'access_as_external';

export const networkSharing = sharing({
  resource: network,
  kind: 'network',
  lenient: true,
  users: {
    access_as_shared: ['SELECT project_id FROM ports WHERE network_id = ?'],
    [OUTSIDE]: ['SELECT project_id FROM routers WHERE gw_network_id = ?'],
  },
  async revoking(_, { id, is_default }, { action, target_tenant }) {
    if (!is_default || action !== OUTSIDE || target_tenant !== EVERYBODY) return;
    throw rbacErrors.RbacPolicyInUse({ object_id: id, details: 'Default external networks must be shared to everyone.' });
  },
  async changed(context, { id, 'router:external': external }) {
    const outside = await context.tx.get(
      "SELECT id FROM rbac_policies WHERE object_type = 'network' AND object_id = ? AND action = ? LIMIT 1",
      id,
      OUTSIDE,
    );
    // Its own project's gateways keep it as it is.
    return { 'router:external': outside !== undefined || (external && (await hasGateways(context, id))) };
  },
  unsharing: ({ name }) => networkErrors.InvalidSharedSetting({ network: name }),
});

async function hasGateways({ tx }: Context, id: string): Promise<boolean> {
  const gateway = await tx.get("SELECT id FROM ports WHERE network_id = ? AND device_owner = 'network:router_gateway' LIMIT 1", id);
  return gateway !== undefined;
}

export const externalRules: RulesOf<typeof network> = {
  async created(context, row: Network) {
    if (row['router:external']) await grant(context, 'network', row, OUTSIDE);
  },
  async update(context, before, changes) {
    const external = changes['router:external'];
    if (external === undefined || external === before['router:external']) return;
    if (external) return grant(context, 'network', before, OUTSIDE);
    if (await hasGateways(context, before.id)) throw networkErrors.ExternalNetworkInUse({ net_id: before.id });
    await leave(context.tx, before.id);
    await revokeAll(context, 'network', before.id, OUTSIDE);
  },
};
