// Quotas over HTTP: limits per project, which are no resource (their items are named by project, and made by being set). Called by server.ts.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { innerBody } from '#core/input.ts';
import type { Pipeline } from '#core/pipeline.ts';
import { limitErrors } from '#resources/quota/errors.ts';
import {
  clearLimits,
  defaultLimits,
  detailsOf,
  limited,
  limitsOf,
  overriddenLimits,
  parseLimits,
  setLimits,
} from '#resources/quota/limits.ts';
import { httpErrors } from './errors.ts';
import { callerOf } from './request.ts';
import { refuseBody } from './resources.ts';

interface ProjectRoute {
  readonly Params: { readonly project: string };
}

export function quotaRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  const { store, settings, registry } = pipeline.parts;
  const resources = limited(registry);
  const projectOf = (request: FastifyRequest): string => callerOf(request).actor.projectId;
  const demand = (request: FastifyRequest, rule: string, project?: string): void =>
    pipeline.demand(callerOf(request), rule, project === undefined ? {} : { project_id: project });
  /** One's own limits are everybody's to read. */
  const demandRead = (request: FastifyRequest<ProjectRoute>): string => {
    const { project } = request.params;
    if (project !== projectOf(request)) demand(request, 'get_quota', project);
    return project;
  };

  app.get('/v2.0/quotas', async (request) => {
    demand(request, 'get_quota');
    const found = await overriddenLimits(store.read, resources, settings);
    return { quotas: [...found].map(([project, limits]) => ({ ...limits, project_id: project, tenant_id: project })) };
  });
  app.get('/v2.0/quotas/tenant', async (request) => ({ tenant: { tenant_id: projectOf(request) } }));
  app.get('/v2.0/quotas/project', async (request) => ({ project: { project_id: projectOf(request) } }));
  app.get<ProjectRoute>('/v2.0/quotas/:project', async (request) => ({
    quota: await limitsOf(store.read, resources, settings, demandRead(request)),
  }));
  app.get<ProjectRoute>('/v2.0/quotas/:project/default', async (request) => {
    demandRead(request);
    return { quota: defaultLimits(resources, settings) };
  });
  app.get<ProjectRoute>('/v2.0/quotas/:project/details', async (request) => {
    const { project } = request.params;
    if (project !== projectOf(request) && !pipeline.permits(callerOf(request), 'admin_only')) {
      throw limitErrors.AdminRequired({ reason: 'only an administrator sees the quotas of another project' });
    }
    return { quota: await detailsOf(store.read, resources, settings, project) };
  });
  app.put<ProjectRoute>('/v2.0/quotas/:project', async (request) => {
    const { project } = request.params;
    demand(request, 'update_quota', project);
    const change = parseLimits(resources, innerBody({ key: 'quota' }, request.body), settings);
    return pipeline.write(callerOf(request), async (work) => {
      await setLimits(work, project, change);
      return { quota: await limitsOf(work.tx, resources, settings, project) };
    });
  });
  app.delete<ProjectRoute>('/v2.0/quotas/:project', async (request, reply) => {
    const { project } = request.params;
    refuseBody(request);
    demand(request, 'delete_quota', project);
    await pipeline.write(callerOf(request), (work) => clearLimits(work, project));
    return reply.code(204).send();
  });
  app.post('/v2.0/quotas', async () => {
    throw httpErrors.HTTPNotImplemented({ reason: 'POST requests are not supported on this resource.' });
  });
  // As on every collection, a change without an id is a change of the item whose id is None.
  app.route({
    method: ['PUT', 'DELETE'],
    url: '/v2.0/quotas',
    handler: async () => {
      throw limitErrors.TenantQuotaNotFound({ tenant_id: 'None' });
    },
  });
  const refused = async (): Promise<never> => {
    throw httpErrors.HTTPMethodNotAllowed({});
  };
  app.route({ method: 'PATCH', url: '/v2.0/quotas', handler: refused });
  app.route({ method: ['POST', 'PATCH'], url: '/v2.0/quotas/:project', handler: refused });
  for (const view of ['default', 'details']) {
    app.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE'], url: `/v2.0/quotas/:project/${view}`, handler: refused });
  }
}
