// A port forwarding: hands what comes for some ports of a floating IP to ports of an address inside. Its rules are forwarding-rules.ts.
import { t } from '#core/attributes.ts';
import type { ApiError } from '#core/errors.ts';
import { resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { type PortRange, portNumber, portRange, toPortRange, transportProtocol } from '#packs/transport.ts';
import { badForwarding, floatingIpErrors } from './errors.ts';

export type Side = 'external' | 'internal';

export const rangeText = ([first, last]: PortRange): string => `${first}:${last}`;

/** Two forwardings would take the same ports. */
export const collision = (side: Side, there: PortRange, wanted: PortRange): ApiError =>
  badForwarding(
    `There is a port collision with the ${side}_port_range. The following ranges collides: ${rangeText(there)} and ${rangeText(wanted)}`,
  );

const PORT_RANGES = 'floating-ip-port-forwarding-port-ranges';

const single = (side: Side, doc: string) =>
  t.int(doc, portNumber).nullable().default(null).mutable().derived(`CASE WHEN r.${side}_first = r.${side}_last THEN r.${side}_first END`);
const several = (side: Side, doc: string) =>
  t
    .free(doc)
    .convert(toPortRange)
    .validate(portRange)
    .nullable()
    .default(null)
    .mutable()
    .derived(`CAST(r.${side}_first AS TEXT) || ':' || CAST(r.${side}_last AS TEXT)`)
    .extension(PORT_RANGES);
const end = (doc: string) => t.int(doc).readOnly().hidden();

export const portForwarding = resource({
  name: 'floatingip_port_forwarding',
  key: 'port_forwarding',
  collection: 'port_forwardings',
  parent: { resource: 'floatingip', field: 'floatingip_id' },
  doc: 'Hands what comes for some ports of a floating IP to an address inside.',
  table: 'port_forwardings',
  extension: 'floating-ip-port-forwarding',
  attributes: {
    id: t.id('Identifies the forwarding; made by the server.').readOnly().filter().sort().list(),
    project_id: t.text('The project it belongs to.').validate(notBlank(255)).hidden(),
    floatingip_id: t.id('The floating IP.').readOnly().hidden().ref('floatingip', 'restrict'),
    protocol: transportProtocol.mutable().filter().sort().list(),
    external_port: single('external', 'The port of the floating IP; null when there are several.').filter().sort(),
    external_port_range: several('external', 'First and last of the ports of the floating IP, `80:90`.').filter().sort().list(),
    internal_port_id: t.id('The port that gets it.').mutable().ref('port', 'delete').filter().sort(),
    internal_ip_address: t.ip('The address of that port.').mutable().list(),
    internal_port: single('internal', 'The port at that address; null when there are several.'),
    internal_port_range: several('internal', 'First and last of the ports at that address: as many as outside, or one.').list(),
    description: t.text('Free text for people.', 1024).default('').mutable().filter().extension('floating-ip-port-forwarding-description'),
    external_first: end('First of the ports outside.'),
    external_last: end('Last of the ports outside.'),
    internal_first: end('First of the ports inside.'),
    internal_last: end('Last of the ports inside.'),
  },
  // Ranges that begin apart may meet: whoever makes one has the floating IP to itself.
  oneByOne: true,
  notFound: (id) => floatingIpErrors.PortForwardingNotFound({ id }),
  conflict: ({ external_first, external_last, internal_first, internal_last }, { constraint }) =>
    constraint.includes('external')
      ? collision('external', [external_first, external_last], [external_first, external_last])
      : collision('internal', [internal_first, internal_last], [internal_first, internal_last]),
  scopes: (row) => [`floatingip:${row.floatingip_id}`],
});
