// A trunk: ports of other networks that reach an instance through one port of its, each in frames marked with a number of its own.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { tagged } from '#packs/tags.ts';
import { trunkErrors } from './errors.ts';
import { checkSubPorts, type SubPortRequest } from './subports.ts';

export const trunk = resource({
  name: 'trunk',
  collection: 'trunks',
  doc: 'Ports of several networks that share the wire of one.',
  table: 'trunks',
  extension: 'trunk',
  quota: -1,
  bulk: false,
  attributes: {
    ...identity,
    ...owner,
    admin_state_up: t.bool('False takes the trunk out of service, and lets nobody change it.').default(true).mutable().filter().sort(),
    port_id: t.id('The parent port, which the instance is plugged into.').ref('port', 'restrict').filter().sort().list(),
    status: t.free('DOWN until it is wired on its host.').readOnly().filter().sort().list(),
    sub_ports: t
      .json<SubPortRequest[]>(
        'The ports that share the wire, and how the frames of each are marked.',
        {
          type: 'array',
          items: {
            type: 'object',
            properties: { port_id: { type: 'string' }, segmentation_type: { type: 'string' }, segmentation_id: { type: 'integer' } },
          },
        },
        checkSubPorts,
      )
      .default([])
      .policy()
      .derived((d) => {
        const one = d.jsonObject({
          port_id: 's.port_id',
          segmentation_type: 's.segmentation_type',
          segmentation_id: 's.segmentation_id',
        });
        return `(SELECT ${d.jsonArray(one)} FROM trunk_subports s WHERE s.trunk_id = r.id)`;
      }),
    ...tagged,
    ...standard,
  },
  notFound: (trunk_id) => trunkErrors.TrunkNotFound({ trunk_id }),
  conflict: ({ port_id }, { constraint }) => (constraint.includes('port') ? trunkErrors.ParentPortInUse({ port_id }) : undefined),
  scopes: () => [],
});
