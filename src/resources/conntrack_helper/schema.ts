// A conntrack helper: lets a router follow a protocol whose connections make further ones, such as FTP.
import { t } from '#core/attributes.ts';
import { toText } from '#core/convert.ts';
import { repr } from '#core/python.ts';
import { resource } from '#core/resource.ts';
import { notBlank } from '#core/validate.ts';
import { portNumber, transportProtocol } from '#packs/transport.ts';
import { conntrackHelperErrors } from './errors.ts';

export const conntrackHelper = resource({
  name: 'router_conntrack_helper',
  key: 'conntrack_helper',
  collection: 'conntrack_helpers',
  parent: { resource: 'router', field: 'router_id' },
  doc: 'Lets a router follow a protocol whose connections make further ones.',
  table: 'conntrack_helpers',
  extension: 'l3-conntrack-helper',
  attributes: {
    id: t.id('Identifies the helper; made by the server.').readOnly().filter().sort().list(),
    project_id: t.text('The project it belongs to.').validate(notBlank(255)).hidden(),
    router_id: t.id('The router.').readOnly().hidden().ref('router', 'delete'),
    protocol: transportProtocol.mutable().filter().sort().list(),
    port: t.int('The port where connections of the protocol begin.', portNumber).mutable().filter().sort().list(),
    helper: t.text('The protocol it follows: ftp, tftp, sip, …', 64).convert(toText).mutable().filter().sort().list(),
  },
  notFound: (id) => conntrackHelperErrors.ConntrackHelperNotFound({ id }),
  conflict: ({ router_id, protocol, port, helper }) =>
    conntrackHelperErrors.BadRequest({
      resource: 'conntrack_helper',
      msg: `A duplicate conntrack helper entry with same attributes already exists, conflicting values are ${repr({ router_id, protocol, port, helper })}`,
    }),
  scopes: (row) => [`router:${row.router_id}`],
});
