// Routes of the resources, derived from their declarations: a collection, its items and their actions, as the Networking API has them.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { list } from '#core/list.ts';
import type { Item, Pipeline, Within } from '#core/pipeline.ts';
import type { Registry } from '#core/registry.ts';
import type { Resource } from '#core/resource.ts';
import { asAsked } from '#core/view.ts';
import { httpErrors } from './errors.ts';
import { pageLinks, parseFields, parseQuery, queryErrors } from './query.ts';
import { callerOf, originOf, searchOf } from './request.ts';
import { manySchema, oneSchema } from './serialise.ts';

interface ItemRoute {
  readonly Params: { readonly id: string; readonly parent?: string };
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

/**
 * The paths of a resource's collection, the usual one first. Names have dashes or underscores and a prefix or none, as the client likes;
 * of a nested resource `:parent` is the item it belongs to.
 */
export function pathsOf(resource: Resource, registry: Registry): string[] {
  const { collection, prefix, parent } = resource;
  const spellings = [...new Set([collection, collection.replaceAll('_', '-')])];
  const of = parent && registry.byName(parent.resource);
  if (of) return pathsOf(of, registry).flatMap((path) => spellings.map((one) => `${path}/:parent/${one}`));
  return [...(prefix === undefined ? [] : spellings.map((one) => `/v2.0/${prefix}/${one}`)), ...spellings.map((one) => `/v2.0/${one}`)];
}

export function resourceRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource): void {
  for (const path of pathsOf(resource, pipeline.parts.registry)) {
    collectionRoutes(app, pipeline, resource, path);
    itemRoutes(app, pipeline, resource, `${path}/:id`);
  }
}

const refused = async (): Promise<never> => {
  throw httpErrors.HTTPMethodNotAllowed({});
};

/** The item of the parent that a path leads through. */
function withinOf({ parent }: Resource, request: FastifyRequest): Within | undefined {
  const { parent: id } = request.params as ItemRoute['Params'];
  return parent && id !== undefined ? { field: parent.field, id } : undefined;
}

function itemOf(resource: Resource, request: FastifyRequest): Item {
  const within = withinOf(resource, request);
  const { id } = request.params as ItemRoute['Params'];
  return within ? { name: id, within } : id;
}

function collectionRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource, path: string): void {
  const offers = new Set(resource.operations);
  const one = { schema: { response: { '2xx': oneSchema(resource) } } };
  const many = { schema: { response: { '2xx': manySchema(resource) } } };

  if (offers.has('list')) {
    app.get(path, many, async (request) => {
      const search = searchOf(request);
      const query = parseQuery(resource, search);
      const rows = await list(pipeline, resource, callerOf(request), query, withinOf(resource, request));
      const url = `${originOf(request)}${path.replace(':parent', (request.params as ItemRoute['Params']).parent ?? '')}`;
      const links = pageLinks(resource, url, search, query, pipeline.parts.settings.paginationMaxLimit, rows);
      asAsked(rows, query.fields);
      return { [resource.collection]: rows, ...(links && { [`${resource.collection}_links`]: links }) };
    });
  } else app.get(path, refused);
  if (offers.has('create')) {
    const both = { schema: { response: { '2xx': { ...oneSchema(resource), properties: { ...properties(one), ...properties(many) } } } } };
    app.post(path, resource.bulk ? both : one, async (request, reply) => {
      const { rows, bulk } = await pipeline.create(resource, callerOf(request), request.body, withinOf(resource, request));
      reply.code(201);
      return bulk ? { [resource.collection]: rows } : { [resource.key]: rows[0] };
    });
  } else if (offers.has('update')) {
    app.post(path, async () => {
      throw httpErrors.HTTPBadRequest({ reason: `Invalid request: ${resource.collection} cannot be created through the API` });
    });
  } else app.post(path, refused);
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
}

function itemRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource, path: string): void {
  const offers = new Set(resource.operations);
  const one = { schema: { response: { '2xx': oneSchema(resource) } } };
  if (offers.has('show')) {
    app.get<ItemRoute>(path, one, async (request) => ({
      [resource.key]: await pipeline.show(resource, callerOf(request), itemOf(resource, request), parseFields(searchOf(request))),
    }));
  } else app.get(path, refused);
  if (offers.has('update')) {
    app.put<ItemRoute>(path, one, async (request) => {
      const item = itemOf(resource, request);
      return { [resource.key]: await pipeline.update(resource, callerOf(request), item, request.body, expectedRevision(request)) };
    });
  } else app.put(path, refused);
  if (offers.has('delete')) {
    app.delete<ItemRoute>(path, async (request, reply) => {
      refuseBody(request);
      await pipeline.delete(resource, callerOf(request), itemOf(resource, request), expectedRevision(request));
      return reply.code(204).send();
    });
  } else app.delete(path, refused);
  app.route({ method: ['POST', 'PATCH'], url: path, handler: refused });
  for (const action of pipeline.parts.registry.actions(resource)) {
    const url = `${path}/${action.name}`;
    app.route({
      method: action.method,
      url,
      handler: async (request) => pipeline.act(action, callerOf(request), itemOf(resource, request), request.body),
    });
    app.route({
      method: (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((one) => one !== action.method),
      url,
      handler: refused,
    });
  }
}

const properties = (route: { readonly schema: { readonly response: { readonly '2xx': object } } }): object =>
  (route.schema.response['2xx'] as { properties: object }).properties;

const hasBody = (request: FastifyRequest): boolean => request.body !== undefined && request.body !== null;

/** No deletion has a body. */
export function refuseBody(request: FastifyRequest): void {
  if (hasBody(request)) throw httpErrors.HTTPBadRequest({ reason: 'Request body is not supported in DELETE.' });
}
