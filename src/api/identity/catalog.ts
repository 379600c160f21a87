// Services, endpoints and regions as lists: what `openstack service list` and `endpoint list` show. Read only: the catalog is fixed.
import { catalogEndpoints, catalogServices, REGION } from '#identity/catalog.ts';
import { type Ask, admin, anyone, type Call, filter, found, listed, ok, param } from './call.ts';

const services = (ask: Ask) =>
  catalogServices.map((service) => ({ ...service, enabled: true, links: { self: ask.url(`/services/${service.id}`) } }));

const endpoints = (ask: Ask) =>
  catalogEndpoints(ask.origin).map(({ id, serviceId, interface: face, region, url }) => ({
    id,
    service_id: serviceId,
    interface: face,
    region,
    region_id: region,
    url,
    enabled: true,
    links: { self: ask.url(`/endpoints/${id}`) },
  }));

const regions = (ask: Ask) => [{ id: REGION, description: '', parent_region_id: null, links: { self: ask.url(`/regions/${REGION}`) } }];

/** The rows that have the value asked for in each of these attributes. */
function matching<Row extends object>(ask: Ask, rows: readonly Row[], attributes: readonly (keyof Row & string)[]): Row[] {
  return rows.filter((row) => attributes.every((name) => filter(ask, name) === undefined || row[name] === filter(ask, name)));
}

export const catalogCalls: readonly Call[] = [
  {
    method: 'GET',
    path: '/services',
    says: 'Lists services; filters `name`, `type`.',
    may: admin,
    answer: async (ask) => listed(ask, 'services', matching(ask, services(ask), ['name', 'type'])),
  },
  {
    method: 'GET',
    path: '/services/:service_id',
    says: 'Shows a service.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'service_id');
      return ok({
        service: found(
          services(ask).find((one) => one.id === id),
          'service',
          id,
        ),
      });
    },
  },
  {
    method: 'GET',
    path: '/endpoints',
    says: 'Lists endpoints; filters `service_id`, `interface`, `region_id`, `region`.',
    may: admin,
    answer: async (ask) => listed(ask, 'endpoints', matching(ask, endpoints(ask), ['service_id', 'interface', 'region_id', 'region'])),
  },
  {
    method: 'GET',
    path: '/endpoints/:endpoint_id',
    says: 'Shows an endpoint.',
    may: admin,
    async answer(ask) {
      const id = param(ask, 'endpoint_id');
      return ok({
        endpoint: found(
          endpoints(ask).find((one) => one.id === id),
          'endpoint',
          id,
        ),
      });
    },
  },
  {
    method: 'GET',
    path: '/regions',
    says: 'Lists regions: the one there is.',
    may: anyone,
    answer: async (ask) => listed(ask, 'regions', filter(ask, 'parent_region_id') ? [] : regions(ask)),
  },
  {
    method: 'GET',
    path: '/regions/:region_id',
    says: 'Shows a region.',
    may: anyone,
    async answer(ask) {
      const id = param(ask, 'region_id');
      return ok({
        region: found(
          regions(ask).find((one) => one.id === id),
          'region',
          id,
        ),
      });
    },
  },
];
