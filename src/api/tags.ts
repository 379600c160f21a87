// Tags over HTTP: below the items of every resource that has them. Called by server.ts.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Pipeline } from '#core/pipeline.ts';
import type { Resource } from '#core/resource.ts';
import type { StoredRow } from '#core/sql.ts';
import type { Work } from '#core/work.ts';
import { retag, tagErrors, tagsIn } from '#packs/tags.ts';
import { httpErrors } from './errors.ts';
import { pathsOf } from './paths.ts';
import { callerOf } from './request.ts';
import { refuseBody } from './resources.ts';

interface TagRoute {
  readonly Params: { readonly id: string; readonly tag: string };
}

type Verb = 'get' | 'create' | 'update' | 'delete';

export function tagRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const { registry } = pipeline.parts;
  for (const resource of registry.all) {
    if (!resource.field.get('tags')?.visible) continue;
    for (const path of pathsOf(resource, registry)) routesOf(app, pipeline, resource, `${path}/:id/tags`);
  }
}

function routesOf(app: FastifyInstance, pipeline: Pipeline, resource: Resource, path: string): void {
  /** Does something with the tags of the row that a request is about, if its caller may. */
  const withTags = <T>(
    request: FastifyRequest,
    verb: Verb,
    run: (tags: string[], work: Work, row: StoredRow) => Promise<T>,
  ): Promise<T> => {
    const { id } = request.params as TagRoute['Params'];
    const rule = `${verb}_${resource.name}:tags`;
    return pipeline.write(callerOf(request), async (work) => {
      const row = (await work.load(resource, id, verb === 'get' ? 'share' : 'change')) as StoredRow | undefined;
      if (!row) throw tagErrors.TagResourceNotFound({ resource: resource.collection, resource_id: id });
      await pipeline.demandOf(work, resource, row, rule);
      return run(row.tags as string[], work, row);
    });
  };
  const refused = async (): Promise<never> => {
    throw httpErrors.HTTPMethodNotAllowed({});
  };

  app.get<TagRoute>(path, async (request) => ({ tags: await withTags(request, 'get', async (tags) => tags) }));
  app.put<TagRoute>(path, async (request) => {
    const next = tagsIn(request.body);
    await withTags(request, 'update', (_, work, row) => retag(work, resource, row, next));
    return request.body;
  });
  app.post<TagRoute>(path, async (request) => {
    const more = tagsIn(request.body);
    await withTags(request, 'create', (tags, work, row) => retag(work, resource, row, [...new Set([...tags, ...more])]));
    return request.body;
  });
  app.delete<TagRoute>(path, async (request, reply) => {
    refuseBody(request);
    await withTags(request, 'delete', (_, work, row) => retag(work, resource, row, []));
    return reply.code(204).send();
  });
  app.route({ method: 'PATCH', url: path, handler: refused });

  const one = `${path}/:tag`;
  const known = (tags: readonly string[], tag: string): void => {
    if (!tags.includes(tag)) throw tagErrors.TagNotFound({ tag });
  };
  app.get<TagRoute>(one, async (request, reply) => {
    await withTags(request, 'get', async (tags) => known(tags, request.params.tag));
    return reply.code(204).send();
  });
  app.put<TagRoute>(one, async (request, reply) => {
    await withTags(request, 'update', (tags, work, row) => retag(work, resource, row, [...new Set([...tags, request.params.tag])]));
    return reply.code(201).type('application/json').serializer(JSON.stringify).send(null);
  });
  app.delete<TagRoute>(one, async (request, reply) => {
    refuseBody(request);
    const { tag } = request.params;
    await withTags(request, 'delete', async (tags, work, row) => {
      known(tags, tag);
      await retag(
        work,
        resource,
        row,
        tags.filter((other) => other !== tag),
      );
    });
    return reply.code(204).send();
  });
  app.route({ method: ['POST', 'PATCH'], url: one, handler: refused });
}
