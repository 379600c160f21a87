// Which agent serves what, seen from both ends, and steered by administrators: `/agents/:id/dhcp-networks`, `/networks/:id/dhcp-agents`. Called by
// server.ts with each schedule.
import type { FastifyInstance } from 'fastify';
import type { Caller } from '#core/context.ts';
import { checkValue, requestErrors } from '#core/input.ts';
import { list } from '#core/list.ts';
import type { Pipeline } from '#core/pipeline.ts';
import type { Field, Resource } from '#core/resource.ts';
import { agent } from '#resources/agent/schema.ts';
import type { Schedule } from '#resources/agent/served.ts';
import { httpErrors } from './errors.ts';
import { parseQuery } from './query.ts';
import { callerOf, searchOf } from './request.ts';

interface ItemRoute {
  readonly Params: { readonly id: string };
}
interface ServedRoute {
  readonly Params: { readonly id: string; readonly served: string };
}

const agents = agent as unknown as Resource;

/** Names have dashes or underscores, as the client likes. */
const spellings = (name: string): string[] => [name, name.replaceAll('-', '_')];

export function agentSchedulerRoutes(app: FastifyInstance, pipeline: Pipeline, schedule: Schedule): void {
  const { resource, name, agentType } = schedule;
  /** Rows of a resource, filtered by the client's query and by what they have to do with each other. */
  const listed = async (of: Resource, caller: Caller, search: string, condition: string, param: string) => {
    const query = parseQuery(of, search);
    const related: Field = { ...(of.field.get('id') as Field), filterSql: () => ({ sql: condition, params: [param] }) };
    return list(pipeline, of, caller, { ...query, filters: [...query.filters, [related, []]] });
  };
  const refused = async (): Promise<never> => {
    throw httpErrors.HTTPMethodNotAllowed({});
  };
  /** Does something about an agent in one transaction. */
  const steer = (caller: Caller, id: string, what: 'assign' | 'withdraw', served: string): Promise<void> =>
    pipeline.write(caller, async (work) => {
      const server = await work.load(agent, id);
      if (!server) throw agents.notFound(id);
      await schedule[what](work, server, served);
    });

  for (const path of spellings(`${name}s`).map((one) => `/v2.0/agents/:id/${one}`)) {
    app.get<ItemRoute>(path, async (request) => {
      const caller = callerOf(request);
      pipeline.demand(caller, `get_${name}s`, {});
      const { host } = (await pipeline.show(agents, caller, request.params.id)) as { host: string };
      return { [resource.collection]: await listed(resource, caller, searchOf(request), `r.id IN (${schedule.served})`, host) };
    });

    app.post<ItemRoute>(path, async (request, reply) => {
      const caller = callerOf(request);
      pipeline.demand(caller, `create_${name}`, {});
      await steer(caller, request.params.id, 'assign', idIn(resource, request.body));
      return reply.code(201).type('application/json').serializer(JSON.stringify).send(null);
    });
    app.route({ method: ['PUT', 'PATCH', 'DELETE'], url: path, handler: refused });

    app.delete<ServedRoute>(`${path}/:served`, async (request, reply) => {
      // A body is passed over here, unlike in other deletions: openstacksdk sends one.
      const caller = callerOf(request);
      pipeline.demand(caller, `delete_${name}`, {});
      await steer(caller, request.params.id, 'withdraw', request.params.served);
      return reply.code(204).send();
    });
    app.route({ method: ['GET', 'POST', 'PUT', 'PATCH'], url: `${path}/:served`, handler: refused });
  }

  for (const path of spellings(schedule.agents).map((one) => `/v2.0/${resource.collection}/:id/${one}`)) {
    app.get<ItemRoute>(path, async (request) => {
      const caller = callerOf(request);
      pipeline.demand(caller, `get_${schedule.agents}`, {});
      const { id } = await pipeline.show(resource, caller, request.params.id);
      const condition = `r.agent_type = '${agentType}' AND r.host IN (${schedule.serving})`;
      const servers = await listed(agents, caller, searchOf(request), condition, String(id));
      return { agents: (await schedule.detail?.of(pipeline.parts.store.read, String(id), servers)) ?? servers };
    });
    app.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE'], url: path, handler: refused });
  }
}

/** `{"network_id": …}` of a POST. */
function idIn(resource: Resource, body: unknown): string {
  const name = `${resource.name}_id`;
  const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw bad('Resource body required');
  const { [name]: id, ...rest } = body as Record<string, unknown>;
  const unknown = Object.keys(rest);
  if (unknown.length > 0) throw bad(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
  if (id === undefined) throw bad(`Failed to parse request. Required attribute '${name}' not specified`);
  checkValue({ ...(resource.field.get('id') as Field), name }, id);
  return id as string;
}
