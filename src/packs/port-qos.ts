// QoS of ports: their own policy, their network's, and what placement has to find for them.
import { t } from '#core/attributes.ts';
import { qosPolicyId } from './qos.ts';
import { resourceRequest, wantedOf } from './resource-request.ts';

export const portQos = {
  qos_policy_id: qosPolicyId.extension('qos'),
  qos_network_policy_id: t
    .id('The QoS policy of its network.')
    .nullable()
    .readOnly()
    .derived('(SELECT n.qos_policy_id FROM networks n WHERE n.id = r.network_id)')
    .extension('qos-port-network-policy'),
  /** The guarantees of its policy, or else of its network's, and where they must be had. */
  wanted_guarantees: t.json<object>('What its QoS policy guarantees.', { type: 'object' }).readOnly().hidden().derived(wantedOf),
  resource_request: t
    .json<object | null>('What placement has to find for it: a group of resources for each kind of guarantee that its QoS policy makes.', {
      type: ['object', 'null'],
    })
    .readOnly()
    .computed(['id', 'binding:vnic_type', 'wanted_guarantees'], resourceRequest)
    .extension('port-resource-request'),
};
