// Which DHCP agent serves which network, seen from both ends, and steered by administrators. Called by server.ts.
import type { FastifyInstance } from 'fastify';
import type { Caller } from '#core/context.ts';
import { checkValue, requestErrors } from '#core/input.ts';
import { list } from '#core/list.ts';
import type { Pipeline } from '#core/pipeline.ts';
import type { Field, Resource } from '#core/resource.ts';
import { agent, agentErrors } from '#resources/agent/schema.ts';
import { bindingsOf, schedule, unschedule } from '#resources/dhcp/schedule.ts';
import { network } from '#resources/network/schema.ts';
import { subnet } from '#resources/subnet/schema.ts';
import { httpErrors } from './errors.ts';
import { parseQuery } from './query.ts';
import { callerOf, searchOf } from './request.ts';

interface AgentRoute {
  readonly Params: { readonly id: string };
}
interface NetworkRoute {
  readonly Params: { readonly id: string; readonly network: string };
}

const agents = agent as unknown as Resource;
const networks = network as unknown as Resource;
const DHCP = 'DHCP agent';

export function agentSchedulerRoutes(app: FastifyInstance, pipeline: Pipeline): void {
  /** Rows of a resource, filtered by the client's query and by what they have to do with each other. */
  const listed = async (resource: Resource, caller: Caller, search: string, condition: string, param: string) => {
    const query = parseQuery(resource, search);
    const related: Field = { ...(resource.field.get('id') as Field), filterSql: () => ({ sql: condition, params: [param] }) };
    return list(pipeline, resource, caller, { ...query, filters: [...query.filters, [related, []]] });
  };
  const refused = async (): Promise<never> => {
    throw httpErrors.HTTPMethodNotAllowed({});
  };

  for (const path of ['dhcp-networks', 'dhcp_networks'].map((name) => `/v2.0/agents/:id/${name}`)) {
    app.get<AgentRoute>(path, async (request) => {
      const caller = callerOf(request);
      pipeline.demand(caller, 'get_dhcp-networks', {});
      const { host } = (await pipeline.show(agents, caller, request.params.id)) as { host: string };
      const condition = 'r.id IN (SELECT b.network_id FROM dhcp_bindings b WHERE b.host = ?)';
      return { networks: await listed(networks, caller, searchOf(request), condition, host) };
    });

    app.post<AgentRoute>(path, async (request, reply) => {
      const caller = callerOf(request);
      pipeline.demand(caller, 'create_dhcp-network', {});
      await assign(pipeline, caller, request.params.id, networkIn(request.body));
      return reply.code(201).type('application/json').serializer(JSON.stringify).send(null);
    });
    app.route({ method: ['PUT', 'PATCH', 'DELETE'], url: path, handler: refused });

    app.delete<NetworkRoute>(`${path}/:network`, async (request, reply) => {
      // A body is passed over here, unlike in other deletions: openstacksdk sends one.
      const caller = callerOf(request);
      pipeline.demand(caller, 'delete_dhcp-network', {});
      await withdraw(pipeline, caller, request.params.id, request.params.network);
      return reply.code(204).send();
    });
    app.route({ method: ['GET', 'POST', 'PUT', 'PATCH'], url: `${path}/:network`, handler: refused });
  }

  for (const path of ['dhcp-agents', 'dhcp_agents'].map((name) => `/v2.0/networks/:id/${name}`)) {
    app.get<AgentRoute>(path, async (request) => {
      const caller = callerOf(request);
      pipeline.demand(caller, 'get_dhcp-agents', {});
      const { id } = await pipeline.show(networks, caller, request.params.id);
      const condition = `r.agent_type = '${DHCP}' AND r.host IN (SELECT b.host FROM dhcp_bindings b WHERE b.network_id = ?)`;
      return { agents: await listed(agents, caller, searchOf(request), condition, String(id)) };
    });
    app.route({ method: ['POST', 'PUT', 'PATCH', 'DELETE'], url: path, handler: refused });
  }
}

/** `{"network_id": …}` of a POST. */
function networkIn(body: unknown): string {
  const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw bad('Resource body required');
  const { network_id, ...rest } = body as Record<string, unknown>;
  const unknown = Object.keys(rest);
  if (unknown.length > 0) throw bad(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
  if (network_id === undefined) throw bad("Failed to parse request. Required attribute 'network_id' not specified");
  checkValue({ ...(networks.field.get('id') as Field), name: 'network_id' }, network_id);
  return network_id as string;
}

function assign(pipeline: Pipeline, caller: Caller, id: string, networkId: string): Promise<void> {
  return pipeline.write(caller, async (work) => {
    const server = await work.load(agent, id);
    if (!server) throw agents.notFound(id);
    if (server.agent_type !== DHCP || !server.admin_state_up) throw agentErrors.InvalidDHCPAgent({ id });
    // Locked, so that of two that assign the same agent one sees the other.
    if (!(await work.load(network, networkId, 'change'))) throw networks.notFound(networkId);
    const hosts = (await bindingsOf(work, networkId)).map((binding) => binding.host);
    if (hosts.includes(server.host)) throw agentErrors.NetworkHostedByDHCPAgent({ network_id: networkId, agent_id: id });
    await schedule(work, networkId, server.host, await work.find(subnet, 'r.network_id = ? AND r.enable_dhcp = 1', networkId));
  });
}

function withdraw(pipeline: Pipeline, caller: Caller, id: string, networkId: string): Promise<void> {
  return pipeline.write(caller, async (work) => {
    const server = await work.load(agent, id);
    if (!server) throw agents.notFound(id);
    if (!(await work.load(network, networkId, 'change'))) throw networks.notFound(networkId);
    const hosts = (await bindingsOf(work, networkId)).map((binding) => binding.host);
    if (!hosts.includes(server.host)) throw agentErrors.NetworkNotHostedByDhcpAgent({ network_id: networkId, agent_id: id });
    await unschedule(work, networkId, server.host);
  });
}
