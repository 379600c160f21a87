// A binding: that an instance's port is plugged on a host, or is about to be. Before an instance moves, its port is bound to both hosts.
import { t } from '#core/attributes.ts';
import { noneToEmptyObject } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import * as check from '#core/validate.ts';
import { VNIC_TYPES } from '#resources/port/schema.ts';
import { portBindingErrors } from './errors.ts';

export const portBinding = resource({
  name: 'port_binding',
  key: 'binding',
  collection: 'bindings',
  parent: { resource: 'port', field: 'port_id' },
  item: 'host',
  doc: 'That a port is plugged on a host, or is to be.',
  table: 'port_bindings',
  extension: 'binding-extended',
  bulk: false,
  attributes: {
    id: t.id('Identifies the row.').readOnly().hidden(),
    port_id: t.id('The port.').readOnly().hidden().ref('port', 'delete'),
    project_id: t
      .text('The project of the port; `tenant_id` is the same.')
      .validate(check.notBlank(255))
      .derived('(SELECT p.project_id FROM ports p WHERE p.id = r.port_id)'),
    host: t.text('The host.').validate(check.notBlank(255)).mutable().filter().list(),
    vif_type: t.free('How it is plugged there.').readOnly().filter().policy().list(),
    vnic_type: t.oneOf('What kind of interface the device gets there.', VNIC_TYPES).default('normal').mutable().filter().policy(),
    status: t.oneOf('Where the instance is (ACTIVE), or is to be (INACTIVE).', ['ACTIVE', 'INACTIVE']).readOnly().filter().list(),
    profile: t
      .json<Record<string, unknown>>(
        'What the host needs to know to plug it.',
        { type: 'object' },
        check.orNull(check.object),
        noneToEmptyObject,
      )
      .optional()
      .mutable()
      .policy(),
    vif_details: t.json<Record<string, unknown>>('What os-vif needs to plug it there.', { type: 'object' }).readOnly().policy(),
  },
  notFound: (host, port_id = '') => portBindingErrors.PortBindingNotFound({ port_id, host }),
  conflict: ({ port_id, host }) => portBindingErrors.PortBindingAlreadyExists({ port_id, host }),
  scopes: () => [],
});
