// An interface: that a port of a router is on a subnet. Not served by itself; whoever must know of interfaces that come and go follows it.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { badRouter, routerErrors } from './errors.ts';

export const routerInterface = resource({
  name: 'router_interface',
  collection: 'router_interfaces',
  doc: 'A subnet that a router has an address on.',
  table: 'router_interfaces',
  extension: 'router',
  operations: [],
  attributes: {
    id: t.id('Identifies the interface.').readOnly().hidden(),
    router_id: t.id('The router.'),
    subnet_id: t.id('The subnet.'),
    port_id: t.id('The port, which may be on several IPv6 subnets.'),
    network_id: t.id('The network of both.'),
    snat_port_id: t.id('The port by which a distributed router translates for the subnet.').nullable().default(null),
  },
  notFound: (port_id) => routerErrors.RouterInterfaceNotFound({ router_id: '', port_id }),
  conflict: ({ subnet_id }, { kind }) => (kind === 'unique' ? badRouter(`Router already has a port on subnet ${subnet_id}`) : undefined),
  scopes: (row) => [`router:${row.router_id}`, `network:${row.network_id}`],
});
