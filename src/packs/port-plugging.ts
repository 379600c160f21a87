// What a port tells the compute service and the host of how to plug it. Spread into the port; what setting them means is in
// resources/port/plugging.ts.
import { t } from '#core/attributes.ts';
import { toBoolean } from '#core/convert.ts';
import * as check from '#core/validate.ts';

/** Advice to what carries the port out, by its name. Nothing else is known, and so nothing else is taken. */
export interface PortHints {
  openvswitch?: { other_config?: { 'tx-steering'?: 'thread' | 'hash' } };
}

const hintsOf = check.fields({
  openvswitch: check.fields({ other_config: check.fields({ 'tx-steering': check.oneOf(['thread', 'hash']) }) }),
});

export const portPlugging = {
  data_plane_status: t
    .oneOf('Whether the network beneath it works, as whoever watches that says; null: nobody said.', ['ACTIVE', 'DOWN', null])
    .updateOnly()
    .policy()
    .extension('data-plane-status'),
  numa_affinity_policy: t
    .oneOf('How close to its device the instance must be.', ['required', 'preferred', 'legacy', 'socket', null])
    .default(null)
    .mutable()
    .extension('port-numa-affinity-policy'),
  device_profile: t.text('Name of the accelerators it comes with.').nullable().default(null).extension('port-device-profile'),
  hints: t
    .json<PortHints>('Advice to what carries it out.', { type: 'object' }, hintsOf)
    .nullable()
    .default(null)
    .mutable()
    .policy()
    .extension('port-hints'),
  trusted: t
    .bool('Whether its device is a trusted function of the card; null: nobody said. Its profile says so too.')
    .nullable()
    .convert(toBoolean)
    .optional()
    .mutable()
    .policy()
    .extension('port-trusted-vif'),
  propagate_uplink_status: t
    .bool("Whether its link follows that of the host's interface.")
    .default(true)
    .mutable()
    .extension('uplink-status-propagation'),
};
