// A floating IP: an address of an external network that a project has, and that leads to a fixed address behind one of its routers.
import { t } from '#core/attributes.ts';
import { toLowerCase } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { qosPolicyId } from '#packs/qos.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import type { Dialect } from '#store/store.ts';
import { floatingIpErrors } from './errors.ts';
import { portForwarding } from './forwarding.ts';

export interface PortDetails {
  name: string;
  network_id: string;
  mac_address: string;
  admin_state_up: boolean;
  status: string;
  device_id: string;
  device_owner: string;
}

const portDetails = (d: Dialect): string => {
  const texts = ['name', 'network_id', 'mac_address', 'status', 'device_id', 'device_owner'];
  const parts = { ...Object.fromEntries(texts.map((name) => [name, `p.${name}`])), admin_state_up: d.jsonBool('p.admin_state_up') };
  return `(SELECT ${d.jsonText(d.jsonObject(parts))} FROM ports p WHERE p.id = r.port_id)`;
};

const text = { type: 'string' };

export const floatingIp = resource({
  name: 'floatingip',
  collection: 'floatingips',
  doc: 'An address outside that leads to an address inside.',
  table: 'floatingips',
  extension: 'router',
  quota: 50,
  bulk: false,
  attributes: {
    id: identity.id,
    ...owner,
    floating_ip_address: t.ip('The address outside; chosen when left out.').nullable().default(null).filter().sort().policy().list(),
    floating_network_id: t.id('The external network it is an address of.').filter().sort(),
    router_id: t.id('The router it leads through.').nullable().readOnly().filter().sort(),
    port_id: t.id('The port it leads to; null for none.').nullable().default(null).mutable().ref('port', 'clear').filter(),
    fixed_ip_address: t
      .ip('The address of that port; needed when it has several.')
      .nullable()
      .default(null)
      .mutable()
      .filter()
      .sort()
      .list(),
    status: t.free('ACTIVE when it works, DOWN otherwise.').readOnly().filter().sort().list(),
    subnet_id: t.id('The subnet from which to choose the address outside.').nullable().default(null).hidden().virtual(),
    port_details: t
      .json<PortDetails>('What the port it leads to is like.', {
        type: 'object',
        properties: {
          name: text,
          network_id: text,
          mac_address: text,
          admin_state_up: { type: 'boolean' },
          status: text,
          device_id: text,
          device_owner: text,
        },
      })
      .nullable()
      .readOnly()
      .derived(portDetails)
      .extension('fip-port-details'),
    port_forwardings: t
      .rows('What is forwarded by it.', portForwarding, 'floatingip_id', [
        'id',
        'protocol',
        'internal_ip_address',
        'internal_port_id',
        'internal_port',
        'external_port',
      ])
      .extension('expose-port-forwarding-in-fip'),
    dns_domain: t
      .text('Domain of its name, with a dot at its end.')
      .convert(toLowerCase)
      .validate(check.dnsDomain(255))
      .default('')
      .extension('dns-integration'),
    dns_name: t.text('Its name.').convert(toLowerCase).validate(check.dnsName(255)).default('').extension('dns-integration'),
    qos_policy_id: qosPolicyId.extension('qos-fip'),
    ...tagged,
    ...standard,
  },
  notFound: (floatingip_id) => floatingIpErrors.FloatingIPNotFound({ floatingip_id }),
  inUse: (id) => floatingIpErrors.FipInUseByPortForwarding({ id }),
  conflict: ({ id, floating_ip_address, floating_network_id, port_id, fixed_ip_address }, { constraint }) =>
    constraint.includes('port')
      ? floatingIpErrors.FloatingIPPortAlreadyAssociated({
          floating_ip_address: floating_ip_address ?? '',
          fip_id: id,
          port_id: port_id ?? '',
          fixed_ip: fixed_ip_address ?? '',
          net_id: floating_network_id,
        })
      : undefined,
  scopes: ({ router_id }) => (router_id === null ? [] : [`router:${router_id}`]),
});
