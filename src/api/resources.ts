// Routes of the resources, derived from their declarations: a collection, its items and their actions, as the Networking API has them.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Found, find } from '#core/list.ts';
import type { Item, Pipeline, Within } from '#core/pipeline.ts';
import type { Resource } from '#core/resource.ts';
import { httpErrors } from './errors.ts';
import { actionPath, pathsOf } from './paths.ts';
import { type Link, pageLinks, parseFields, parseQuery, queryErrors, type Shape } from './query.ts';
import { callerOf, originOf, searchOf } from './request.ts';

interface ItemRoute {
  readonly Params: { readonly id: string; readonly parent?: string; readonly about?: string };
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
  const bad = (msg: string): Error => queryErrors.BadRequest({ resource: 'if-match', msg });
  if (tags.length > 1) throw bad('Multiple revision_number etags are not supported.');
  if (!/^-?\d{1,15}$/.test(value)) throw bad('Revision number etag must be in the format of revision_number=<int>');
  return Number(value);
}

export function resourceRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource): void {
  if (resource.operations.length === 0) return;
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
  // Clients that name no project mean their own; some of them write so.
  const name = resource.item === 'project_id' && id === 'None' ? callerOf(request).actor.projectId : id;
  return within ? { name, within } : name;
}

function collectionRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource, path: string): void {
  const { collection, key } = resource;
  const offers = new Set(resource.operations);
  if (offers.has('list')) {
    app.get(path, async (request, reply) => {
      const search = searchOf(request);
      const query = parseQuery(resource, search);
      const found = await find(pipeline, resource, callerOf(request), query, { within: withinOf(resource, request) });
      const url = `${originOf(request)}${path.replace(':parent', (request.params as ItemRoute['Params']).parent ?? '')}`;
      const text = listText(resource, found, (shape) => pageLinks(url, search, query, pipeline.parts.settings.paginationMaxLimit, shape));
      return sendText(reply, await whole(text));
    });
  } else app.get(path, refused);
  if (offers.has('create')) {
    app.post(path, async (request, reply) => {
      const caller = callerOf(request);
      const { rows, bulk } = await pipeline.create(resource, caller, request.body, withinOf(resource, request));
      const texts = rows.map(pipeline.views.of(resource, caller.actor).write);
      return sendText(reply.code(201), bulk ? `{"${collection}":[${texts.join()}]}` : `{"${key}":${texts[0]}}`);
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
  const { key } = resource;
  const offers = new Set(resource.operations);
  if (offers.has('show')) {
    app.get<ItemRoute>(path, async (request, reply) => {
      const text = await pipeline.showText(resource, callerOf(request), itemOf(resource, request), parseFields(searchOf(request)));
      return sendText(reply, `{"${key}":${text}}`);
    });
  } else app.get(path, refused);
  if (offers.has('update')) {
    app.put<ItemRoute>(path, async (request, reply) => {
      const caller = callerOf(request);
      const row = await pipeline.update(resource, caller, itemOf(resource, request), request.body, expectedRevision(request));
      return sendText(reply, `{"${key}":${pipeline.views.of(resource, caller.actor).write(row)}}`);
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
  actionRoutes(app, pipeline, resource, path);
}

function actionRoutes(app: FastifyInstance, pipeline: Pipeline, resource: Resource, path: string): void {
  const actions = Map.groupBy(pipeline.parts.registry.actions(resource), (action) => actionPath(path, action));
  for (const [url, some] of actions) {
    for (const action of some) {
      app.route({
        method: action.method,
        url,
        async handler(request, reply) {
          if (action.method === 'DELETE') refuseBody(request);
          const { about } = request.params as ItemRoute['Params'];
          const answer = await pipeline.act(action, callerOf(request), itemOf(resource, request), request.body, about);
          return action.method === 'DELETE' ? reply.code(204).send() : reply.code(action.status ?? 200).send(answer);
        },
      });
    }
    const methods = some.map((action) => action.method);
    app.route({
      method: (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((one) => !methods.some((method) => method === one)),
      url,
      handler: refused,
    });
  }
}

/** The body of a list, a batch at a time. `linksOf` says where the neighbouring pages are once all rows are known. */
async function* listText({ collection, item }: Resource, { view, batches }: Found, linksOf: (shape: Shape) => Link[] | undefined) {
  let [count, first, last]: [number, unknown, unknown] = [0, undefined, undefined];
  let start = `{"${collection}":[`;
  for await (const batch of batches) {
    const { rows } = batch;
    if (rows.length > 0) {
      first ??= rows[0]?.[item];
      last = rows.at(-1)?.[item];
      start += `${count > 0 ? ',' : ''}${rows.map(view.write).join()}`;
      count += rows.length;
    }
    if (!batch.last) yield start;
    else {
      const links = linksOf({ count, first, last });
      yield `${start}]${links ? `,"${collection}_links":${JSON.stringify(links)}` : ''}}`;
    }
    start = '';
  }
}

/** A short body as it is, so that its length is known; a long one as a stream that is read no faster than its reader takes it. */
async function whole(text: AsyncGenerator<string>): Promise<string | Readable> {
  const first = await text.next();
  const second = await text.next();
  if (second.done) return first.value ?? '';
  return Readable.from(chained(first.value, second.value, text), { objectMode: false, highWaterMark: 1 });
}

async function* chained(first: string, second: string, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  yield first;
  yield second;
  yield* rest;
}

const asIs = (body: unknown): string => body as string;

/** Sends JSON that is written already. */
const sendText = (reply: FastifyReply, body: string | Readable): FastifyReply =>
  reply.type('application/json; charset=utf-8').serializer(asIs).send(body);

const hasBody = (request: FastifyRequest): boolean => request.body !== undefined && request.body !== null;

/** No deletion has a body. */
export function refuseBody(request: FastifyRequest): void {
  if (hasBody(request)) throw httpErrors.HTTPBadRequest({ reason: 'Request body is not supported in DELETE.' });
}
