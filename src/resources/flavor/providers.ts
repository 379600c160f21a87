// Service providers: the ways in which a service can be done, by name, each with the driver that service profiles know it by. They come with the program;
// clients may look at them.
import { t } from '#core/attributes.ts';
import { resource } from '#core/resource.ts';

export interface Provider {
  readonly serviceType: string;
  readonly name: string;
  readonly driver: string;
}

const router = (name: string, driver: string): Provider => ({
  serviceType: 'L3_ROUTER_NAT',
  name,
  driver: `neutron.services.l3_router.service_providers.${driver}`,
});

/** Clients name drivers as the reference project does. */
export const providers: readonly Provider[] = [
  router('dvrha', 'dvrha.DvrHaDriver'),
  router('dvr', 'dvr.DvrDriver'),
  router('ha', 'ha.HaDriver'),
  router('single_node', 'single_node.SingleNodeDriver'),
];

/** Services that a flavor may be of. */
export const serviceTypes: ReadonlySet<string> = new Set([
  ...['CONNTRACKHELPER', 'CORE', 'FLAVORS', 'L3_ROUTER_NAT', 'LOCAL_IP', 'LOGGING', 'METERING', 'NDPPROXY', 'NETWORK_SEGMENT_RANGE'],
  ...[
    'PORTFORWARDING',
    'QOS',
    'TAG',
    'auto-allocated-topology',
    'network-ip-availability',
    'revision_plugin',
    'segments',
    'timestamp',
    'trunk',
  ],
]);

const ROWS = providers
  .map(
    ({ serviceType, name }) =>
      `SELECT '${serviceType}/${name}' AS id, '${serviceType}' AS service_type, '${name}' AS name, 0 AS is_default`,
  )
  .join(' UNION ALL ');

export const serviceProvider = resource({
  name: 'service_provider',
  collection: 'service_providers',
  doc: 'A way in which a service can be done.',
  table: `(${ROWS})`,
  extension: 'service-type',
  operations: ['list'],
  attributes: {
    id: t.free('Its service and its name.').readOnly().hidden(),
    service_type: t.free('The service.').readOnly().filter().list(),
    name: t.free('Its name.').readOnly().filter().list(),
    default: t.bool('Whether it is taken when none is asked for.').readOnly().filter().derived('r.is_default').list(),
  },
  scopes: () => [],
});
