// Where things are: the service catalog of tokens, and the same as services, endpoints and regions. Pure. The two services are fixed: this server
// answers both; their addresses are made from the one the client reached us by.
import { createHash } from 'node:crypto';

export interface CatalogService {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly description: string;
}
export interface CatalogEndpoint {
  readonly id: string;
  readonly serviceId: string;
  readonly interface: (typeof interfaces)[number];
  readonly region: string;
  readonly url: string;
}

/** The one region. */
export const REGION = 'RegionOne';
const interfaces = ['public', 'internal', 'admin'] as const;

/** The same on every server and after every restart, as ids have to be. */
const idOf = (name: string): string => createHash('sha256').update(`isospin ${name}`).digest('hex').slice(0, 32);

/** Path of each service below the server's address, as clients want it: identity with its version, network without. */
const offered = [
  { type: 'identity', name: 'keystone', description: 'Identity', path: '/identity/v3' },
  { type: 'network', name: 'neutron', description: 'Networking', path: '' },
] as const;

export const catalogServices: readonly CatalogService[] = offered.map(({ type, name, description }) => ({
  id: idOf(type),
  type,
  name,
  description,
}));

/** Every endpoint, for a client that reached us by `origin`. */
export const catalogEndpoints = (origin: string): CatalogEndpoint[] =>
  offered.flatMap(({ type, path }) =>
    interfaces.map((face) => ({ id: idOf(`${type} ${face}`), serviceId: idOf(type), interface: face, region: REGION, url: origin + path })),
  );

/** The catalog as tokens carry it. */
export const catalogOf = (origin: string): object[] =>
  catalogServices.map(({ id, type, name }) => ({
    id,
    type,
    name,
    endpoints: catalogEndpoints(origin)
      .filter(({ serviceId }) => serviceId === id)
      .map((endpoint) => ({ id: endpoint.id, interface: endpoint.interface, region: REGION, region_id: REGION, url: endpoint.url })),
  }));
