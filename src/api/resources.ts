// Routes of the resources, derived from their declarations: a collection and its items, as the Networking API has them.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { list } from '#core/list.ts';
import type { Pipeline } from '#core/pipeline.ts';
import type { Resource } from '#core/resource.ts';
import { asAsked } from '#core/view.ts';
import { httpErrors } from './errors.ts';
import { pageLinks, parseFields, parseQuery, queryErrors } from './query.ts';
import { callerOf, originOf, searchOf } from './request.ts';
import { manySchema, oneSchema } from './serialise.ts';

interface ItemRoute {
  readonly Params: { readonly id: string };
}

/** `If-Match: revision_number=N`; undefined when there is none of ours. */
export function expectedRevision(request: FastifyRequest): number | undefined {
  const header = request.headers['if-match'];
  if (header === undefined) return undefined;
  const tags = header
    .split(',')
    .map((tag) => tag.trim().replaceAll('"', ''))
    .filter((tag) => tag.startsWith('revision_number='));
  if (tags.length === 0) return undefined;
  const value = tags[0]?.slice('revision_number='.length) ?? '';
  if (tags.length > 1 || !/^-?\d{1,15}$/.test(value)) {
    throw queryErrors.BadRequest({ resource: 'revision', msg: `Unable to parse the revision number in the If-Match header '${header}'` });
  }
  return Number(value);
}

/** Collection names have dashes or underscores, as the client likes. */
const spellings = (collection: string): string[] => [...new Set([collection, collection.replaceAll('_', '-')])];

export function resourceRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource): void {
  for (const path of spellings(resource.collection)) collectionRoutes(app, pipeline, resource, `/v2.0/${path}`);
}

function collectionRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource, path: string): void {
  const offers = new Set(resource.operations);
  const refused = async (): Promise<never> => {
    throw httpErrors.HTTPMethodNotAllowed({});
  };
  const one = { schema: { response: { '2xx': oneSchema(resource) } } };
  const many = { schema: { response: { '2xx': manySchema(resource) } } };

  app.get(path, many, async (request) => {
    const search = searchOf(request);
    const query = parseQuery(resource, search);
    const rows = await list(pipeline, resource, callerOf(request), query);
    const links = pageLinks(`${originOf(request)}${path}`, search, query, pipeline.parts.settings.paginationMaxLimit, rows);
    asAsked(rows, query.fields);
    return { [resource.collection]: rows, ...(links && { [`${resource.collection}_links`]: links }) };
  });
  if (offers.has('create')) {
    const both = { schema: { response: { '2xx': { ...oneSchema(resource), properties: { ...properties(one), ...properties(many) } } } } };
    app.post(path, both, async (request, reply) => {
      const { rows, bulk } = await pipeline.create(resource, callerOf(request), request.body);
      reply.code(201);
      return bulk ? { [resource.collection]: rows } : { [resource.name]: rows[0] };
    });
  } else {
    app.post(path, async () => {
      throw httpErrors.HTTPBadRequest({ reason: `Invalid request: ${resource.collection} cannot be created through the API` });
    });
  }
  // A change without an id is a change of the item whose id is None.
  for (const method of ['PUT', 'DELETE'] as const) {
    app.route({
      method,
      url: path,
      handler: async () => {
        throw resource.notFound('None');
      },
    });
  }
  app.route({ method: 'PATCH', url: path, handler: refused });

  const item = `${path}/:id`;
  app.get<ItemRoute>(item, one, async (request) => ({
    [resource.name]: await pipeline.show(resource, callerOf(request), request.params.id, parseFields(searchOf(request))),
  }));
  if (offers.has('update')) {
    app.put<ItemRoute>(item, one, async (request) => ({
      [resource.name]: await pipeline.update(resource, callerOf(request), request.params.id, request.body, expectedRevision(request)),
    }));
  } else app.put(item, refused);
  if (offers.has('delete')) {
    app.delete<ItemRoute>(item, async (request, reply) => {
      if (hasBody(request)) throw httpErrors.HTTPBadRequest({ reason: 'Request body is not supported in DELETE.' });
      await pipeline.delete(resource, callerOf(request), request.params.id, expectedRevision(request));
      return reply.code(204).send();
    });
  } else app.delete(item, refused);
  app.route({ method: ['POST', 'PATCH'], url: item, handler: refused });
}

const properties = (route: { readonly schema: { readonly response: { readonly '2xx': object } } }): object =>
  (route.schema.response['2xx'] as { properties: object }).properties;

export const hasBody = (request: FastifyRequest): boolean => request.body !== undefined && request.body !== null;
