// What a client may ask before it knows anything: versions, the core collections, the extensions.
import type { FastifyInstance } from 'fastify';
import type { Settings } from '#core/settings.ts';
import { offeredWith } from '#packs/extensions.ts';
import { originOf } from './request.ts';

const link = (href: string) => [{ rel: 'self', href }];

/** Needs no token. */
export function versionRoutes(app: FastifyInstance): void {
  app.get('/', async (request) => ({ versions: [{ id: 'v2.0', status: 'CURRENT', links: link(`${originOf(request)}/v2.0/`) }] }));
  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/',
    handler: async (_, reply) => reply.code(405).type('text/plain').send('Method Not Allowed'),
  });
}

const CORE = ['network', 'subnet', 'subnetpool', 'port'];

export function extensionRoutes(app: FastifyInstance, settings: Settings): void {
  const offered = offeredWith(settings);
  app.get('/v2.0/', async (request) => ({
    resources: CORE.map((name) => ({ name, collection: `${name}s`, links: link(`${originOf(request)}/v2.0/${name}s`) })),
  }));
  app.get('/v2.0/extensions', async () => ({ extensions: offered.map((one) => ({ ...one, links: [] })) }));
  app.get<{ Params: { alias: string } }>('/v2.0/extensions/:alias', async (request, reply) => {
    const found = offered.find(({ alias }) => alias === request.params.alias);
    if (!found)
      return reply
        .code(404)
        .type('text/plain')
        .send(`Extension with alias ${request.params.alias.slice(0, 100)} does not exist`);
    return { extension: { ...found, links: [] } };
  });
}
