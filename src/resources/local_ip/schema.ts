// A local IP: an address that on every host stands for another port, the one associated with it there; and these associations.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { localIpErrors } from './errors.ts';

export const localIp = resource({
  name: 'local_ip',
  collection: 'local_ips',
  doc: 'An address that on every host leads to a port near by.',
  table: 'local_ips',
  extension: 'local_ip',
  attributes: {
    ...identity,
    ...owner,
    local_port_id: t.id('The port whose address it is; made when a network is given.').optional().filter().sort(),
    network_id: t.id('The network of the address.').optional().filter().sort().list(),
    local_ip_address: t.ip('The address; needed when the port has several.').nullable().optional().filter().sort().policy().list(),
    ip_mode: t
      .oneOf('Whether packets get the address of the port they are led to, or keep this one.', ['translate', 'passthrough'])
      .default('translate')
      .filter()
      .sort(),
    ...standard,
  },
  notFound: (id) => localIpErrors.LocalIPNotFound({ id }),
  inUse: (id) => localIpErrors.LocalIPInUse({ id }),
  scopes: (row) => [`network:${row.network_id}`],
});

export const portAssociation = resource({
  name: 'local_ip_port_association',
  key: 'port_association',
  collection: 'port_associations',
  parent: { resource: 'local_ip', field: 'local_ip_id' },
  item: 'fixed_port_id',
  doc: 'Leads a local IP to a port, on the host of that port.',
  table: 'local_ip_associations',
  extension: 'local_ip',
  operations: ['list', 'show', 'create', 'delete'],
  attributes: {
    id: t.id('Identifies the association.').readOnly().hidden(),
    project_id: t.text('The project it belongs to.').validate(notBlank(255)).hidden(),
    local_ip_id: t.id('The local IP.').readOnly().ref('local_ip', 'restrict'),
    fixed_port_id: t.id('The port it leads to.').filter().sort(),
    fixed_ip: t.ip('The address of the port; needed when it has several.').nullable().default(null).filter().sort(),
    local_ip_address: t
      .ip('The address of the local IP.')
      .readOnly()
      .filter()
      .sort()
      .derived('(SELECT l.local_ip_address FROM local_ips l WHERE l.id = r.local_ip_id)'),
    host: t
      .free('The host of the port.')
      .readOnly()
      .filter()
      .sort()
      .derived('(SELECT p.binding_host_id FROM ports p WHERE p.id = r.fixed_port_id)'),
  },
  notFound: (port_id, local_ip_id = '') => localIpErrors.LocalIPAssociationNotFound({ local_ip_id, port_id }),
  conflict: ({ fixed_port_id, local_ip_id }) =>
    localIpErrors.NeutronDbObjectDuplicateEntry({
      object_type: 'LocalIPAssociation',
      attributes: "['fixed_port_id', 'local_ip_id']",
      values: `${fixed_port_id}-${local_ip_id}`,
    }),
  scopes: (row) => [`local_ip:${row.local_ip_id}`],
});
