// Agents as administrators see them: what hosts say of themselves, alive or not, what may be changed, and that they go.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { agentsOf, type Cloud, expectError, openCloud, type Shown } from './cloud.ts';

describe.each(engines())('agents on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
  });
  afterAll(() => cloud.close());

  const moment = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  const find = async (query: string) => (await admin('GET', `/agents?${query}`)).at('agents') as Shown[];

  test('a host that says hello is there, alive', async () => {
    const configurations = { tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.7', bridge_mappings: { physnet: 'eth1' } };
    await cloud.join('shown', configurations);
    const listed = await find('host=shown&sort_key=agent_type&sort_dir=desc');
    const shown = (agent_type: string, binary: string, topic: string, zone: string | null, said: object) => ({
      id: expect.any(String),
      agent_type,
      binary,
      topic,
      host: 'shown',
      admin_state_up: true,
      alive: true,
      availability_zone: zone,
      resources_synced: null,
      configurations: said,
      description: null,
      created_at: moment,
      started_at: moment,
      heartbeat_timestamp: moment,
    });
    expect(listed).toEqual([
      shown('Linux bridge agent', 'isospin-l2-agent', 'N/A', null, configurations),
      shown('DHCP agent', 'isospin-dhcp-agent', 'dhcp_agent', 'nova', {}),
    ]);
    for (const one of listed) expect((await admin('GET', `/agents/${one.id}`)).body).toEqual({ agent: one });
  });

  test('saying hello again is the same agent with what it says now', async () => {
    await cloud.join('again', { tunneling_ip: '192.0.2.1' });
    const before = await find('host=again&sort_key=agent_type&sort_dir=asc');
    await admin('PUT', `/agents/${before[1]?.id}`, { agent: { admin_state_up: false, description: 'being repaired' } });
    await cloud.hosts.of('again').hello(agentsOf({ tunneling_ip: '192.0.2.2' }), new Date());
    const after = await find('host=again&sort_key=agent_type&sort_dir=asc');
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(after[1]).toMatchObject({ configurations: { tunneling_ip: '192.0.2.2' }, admin_state_up: false, description: 'being repaired' });
  });

  test('a host that is silent is dead until its heartbeat', async () => {
    await cloud.join('silent');
    await cloud.store.transaction((tx) => tx.run("UPDATE agents SET alive_until = '2020-01-01 00:00:00' WHERE host = 'silent'"));
    expect((await find('host=silent')).map(({ alive }) => alive)).toEqual([false, false]);
    expect(await find('host=silent&alive=true')).toEqual([]);
    expect(await find('host=silent&alive=False')).toHaveLength(2);
    const again = [() => cloud.hosts.of('silent').heartbeat(), () => cloud.join('silent')];
    for (const back of again) {
      await cloud.store.transaction((tx) => tx.run("UPDATE agents SET alive_until = '2020-01-01 00:00:00' WHERE host = 'silent'"));
      await back();
      expect(await find('host=silent&alive=true')).toHaveLength(2);
    }
    expect((await find('sort_key=alive&sort_dir=asc')).every(({ alive }) => alive)).toBe(true);
  });

  test('what may be changed', async () => {
    await cloud.join('changed');
    const [{ id } = { id: '' }] = await find('host=changed');
    const change = async (attributes: object) => admin('PUT', `/agents/${id}`, { agent: attributes });
    expect((await change({ admin_state_up: 'no', description: 'text' })).at('agent')).toMatchObject({
      admin_state_up: false,
      description: 'text',
    });
    expect((await change({ description: null })).at('agent.description')).toBeNull();
    for (const name of ['host', 'agent_type', 'alive', 'configurations', 'heartbeat_timestamp', 'binary']) {
      expectError(await change({ [name]: 'x' }), 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    }
    expectError(await change({ description: 'x'.repeat(256) }), 400, 'HTTPBadRequest', /exceeds maximum length of 255/);
    expectError(await change({ admin_state_up: null }), 400, 'InvalidInput');
    expectError(await change({ tenant_id: 'x' }), 400, 'HTTPBadRequest', "Unrecognized attribute(s) 'tenant_id'");
  });

  test('one that is deleted is gone, and comes back with the next hello', async () => {
    await cloud.join('gone');
    const [{ id } = { id: '' }] = await find('host=gone&agent_type=DHCP%20agent');
    expect((await admin('DELETE', `/agents/${id}`)).status).toBe(204);
    expectError(await admin('GET', `/agents/${id}`), 404, 'AgentNotFound', `Agent ${id} could not be found.`);
    expectError(await admin('DELETE', `/agents/${id}`), 404, 'AgentNotFound');
    await cloud.join('gone');
    expect(await find('host=gone')).toHaveLength(2);
  });

  test('pages and orders', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await cloud.join(name);
    const query = 'agent_type=DHCP%20agent&host=page-a&host=page-b&host=page-c&sort_key=host&sort_dir=desc&fields=host';
    const first = await admin('GET', `/agents?${query}&limit=2`);
    expect(first.at('agents')).toEqual([{ host: 'page-c' }, { host: 'page-b' }]);
    const next = new URL((first.at('agents_links') as { rel: string; href: string }[]).find(({ rel }) => rel === 'next')?.href ?? '');
    expect((await admin('GET', next.pathname + next.search)).at('agents')).toEqual([{ host: 'page-a' }]);
  });

  test('a disabled or dead DHCP agent gets no new network', async () => {
    for (const one of await find('agent_type=DHCP%20agent')) await admin('PUT', `/agents/${one.id}`, { agent: { admin_state_up: false } });
    await cloud.join('dead');
    await cloud.store.transaction((tx) => tx.run("UPDATE agents SET alive_until = '2020-01-01 00:00:00' WHERE host = 'dead'"));
    const { network } = await cloud.wired('10.0.0.0/24');
    expect((await admin('GET', `/networks/${network.id}/dhcp-agents`)).at('agents')).toEqual([]);
    const [{ id } = { id: '' }] = await find('agent_type=DHCP%20agent&host=page-a');
    await admin('PUT', `/agents/${id}`, { agent: { admin_state_up: true } });
    await cloud.join('page-a');
    expect(((await admin('GET', `/networks/${network.id}/dhcp-agents`)).at('agents') as Shown[]).map(({ host }) => host)).toEqual([
      'page-a',
    ]);
  });
});
