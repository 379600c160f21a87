// Logs: which packets of which ports are written down. What can be logged is a resource too.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';
import { identity, owner, standard } from '#packs/standard.ts';
import { logErrors } from './errors.ts';

/** The types of resource whose events can be logged. */
export const LOGGABLE = ['security_group'];

export const loggableResource = resource({
  name: 'loggable_resource',
  collection: 'loggable_resources',
  prefix: 'log',
  doc: 'A type of resource whose events can be logged.',
  table: `(${LOGGABLE.map((type) => `SELECT '${type}' AS id, '${type}' AS type`).join(' UNION ALL ')})`,
  extension: 'logging',
  operations: ['list'],
  attributes: {
    id: t.free('As `type`.').readOnly().hidden(),
    type: t.free('Its name.').readOnly().list(),
  },
  scopes: () => [],
});

export const log = resource({
  name: 'log',
  collection: 'logs',
  prefix: 'log',
  doc: 'Has events of a resource written down.',
  table: 'logs',
  extension: 'logging',
  attributes: {
    ...identity,
    ...owner,
    resource_type: t.text('What kind of resource it is about: security_group.').filter().sort().list(),
    resource_id: t.id('The resource; null for all.').nullable().default(null).ref('security_group', 'delete').filter().sort().list(),
    target_id: t.id('The port; null for all.').nullable().default(null).ref('port', 'delete').filter().sort().list(),
    event: t.oneOf('What is written down.', ['ACCEPT', 'DROP', 'ALL']).default('ALL').filter().list(),
    enabled: t.bool('False suspends it.').default(true).mutable().filter().sort().list(),
    ...standard,
  },
  notFound: (log_id) => logErrors.LogResourceNotFound({ log_id }),
  scopes: () => [],
});
