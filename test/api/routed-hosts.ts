// Hosts that carry routers, in a cloud with a network that leads outside. Called by the tests of routers' kinds and of L3 agents.
import { expect } from 'vitest';
import type { AgentRecord } from '#agents/link.ts';
import type { Engine } from '#test/postgres.ts';
import { agentsOf, type CloudOptions, openCloud, type Shown } from './cloud.ts';
import { outside } from './outside.ts';

/** An L3 agent as its host tells of it. */
export const l3 = (agent_mode = 'legacy', availability_zone = 'nova'): AgentRecord => ({
  agent_type: 'L3 agent',
  binary: 'isospin-l3-agent',
  configurations: { agent_mode },
  availability_zone,
});

export async function openRouted(engine: Engine, settings: CloudOptions['settings'] = {}) {
  const cloud = await openCloud(engine, { settings: { quota: { router: -1, network: -1, subnet: -1 }, ...settings } });
  const admin = cloud.as(cloud.admin);
  const { external } = await outside(cloud, '198.51.100.0/24');
  const listed = async (path: string, name: string) => (await admin('GET', path)).at(name) as Shown[];
  const portsOf = ({ id }: { readonly id: string }) => listed(`/ports?device_id=${id}&sort_key=id&sort_dir=asc`, 'ports');
  const agentsAt = async ({ id }: Shown) =>
    (await listed(`/routers/${id}/l3-agents?sort_key=host&sort_dir=asc`, 'agents')) as (Shown & { readonly host: string })[];
  return {
    cloud,
    external,
    portsOf,
    agentsAt,
    hostsOf: async (router: Shown) => (await agentsAt(router)).map(({ host }) => host),
    /** Lets a host join; answers its L3 agent's id. */
    async join(host: string, record = l3()): Promise<string> {
      const configurations = { tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.1', bridge_mappings: {} };
      await cloud.hosts.of(host).hello([...agentsOf(configurations), record], new Date());
      return String((await listed(`/agents?host=${host}&agent_type=L3%20agent`, 'agents'))[0]?.id);
    },
    /** No host and no router is left. */
    async empty(): Promise<void> {
      for (const { id } of await listed('/agents', 'agents')) await admin('DELETE', `/agents/${id}`);
      for (const { id } of await listed('/routers', 'routers')) {
        for (const port of await portsOf({ id })) await admin('PUT', `/routers/${id}/remove_router_interface`, { port_id: port.id });
        expect((await admin('DELETE', `/routers/${id}`)).status).toBe(204);
      }
    },
  };
}

export type Routed = Awaited<ReturnType<typeof openRouted>>;
