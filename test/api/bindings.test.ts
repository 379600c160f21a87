// Ports and hosts: honest failures without an agent, bound after its hello, what os-vif is told, and DHCP servers that come with subnets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

const UNBOUND = { 'binding:vif_type': 'unbound', 'binding:vif_details': {} };
const FAILED = { 'binding:vif_type': 'binding_failed', 'binding:vif_details': {} };

describe.each(engines())('bindings on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const portOn = (network: Shown, host: string, more: object = {}) =>
    cloud.make('port', { network_id: network.id, 'binding:host_id': host, ...more }, cloud.admin);
  const shown = async (port: Shown) => (await admin('GET', `/ports/${port.id}`)).at('port') as Shown;

  test('without an agent: binding_failed; bound after its hello', async () => {
    const { network } = await cloud.wired('10.0.0.0/24');
    const port = await portOn(network, 'late', { device_owner: 'compute:nova', device_id: 'i1' });
    expect(port).toMatchObject({ ...FAILED, 'binding:host_id': 'late', status: 'DOWN' });
    await cloud.join('late');
    expect(await shown(port)).toMatchObject({
      'binding:vif_type': 'bridge',
      'binding:vif_details': { port_filter: false, connectivity: 'l2', bridge_name: `brq${network.id.slice(0, 11)}` },
      status: 'DOWN',
    });
  });

  test('an agent that is dead or cannot carry the network binds nothing', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    await cloud.join('no-tunnels', { bridge_mappings: {} });
    expect(await portOn(network, 'no-tunnels')).toMatchObject(FAILED);
    await cloud.join('dead');
    await cloud.store.transaction((tx) => tx.run("UPDATE agents SET alive_until = '2020-01-01 00:00:00' WHERE host = 'dead'"));
    const port = await portOn(network, 'dead');
    expect(port).toMatchObject(FAILED);
    const flat = await cloud.make('network', { 'provider:network_type': 'flat', 'provider:physical_network': 'elsewhere' }, cloud.admin);
    await cloud.join('fit');
    expect(await portOn(flat, 'fit')).toMatchObject(FAILED);
    expect(await portOn(network, 'fit')).toMatchObject({ 'binding:vif_type': 'bridge' });
    expect(await portOn(network, 'fit', { 'binding:vnic_type': 'direct' })).toMatchObject(FAILED);
    // Naming the host once more tries again.
    await cloud.hosts.of('dead').heartbeat();
    const again = await admin('PUT', `/ports/${port.id}`, { port: { 'binding:host_id': 'dead' } });
    expect(again.at('port.binding:vif_type')).toBe('bridge');
  });

  test('moved, and let go', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    for (const host of ['one', 'two']) await cloud.join(host);
    const port = await portOn(network, 'one');
    const presence = async () =>
      cloud.store.read.all<{ host: string; ports: number }>(
        'SELECT host, ports FROM network_hosts WHERE network_id = ? ORDER BY host',
        network.id,
      );
    expect(await presence()).toEqual([{ host: 'one', ports: 1 }]);
    const moved = await admin('PUT', `/ports/${port.id}`, { port: { 'binding:host_id': 'two' } });
    expect(moved.at('port')).toMatchObject({ 'binding:host_id': 'two', 'binding:vif_type': 'bridge' });
    expect(await presence()).toEqual([{ host: 'two', ports: 1 }]);
    const told = async () =>
      cloud.store.read.all("SELECT position FROM journal WHERE kind = 'presence' AND object_id LIKE ?", `${network.id}%`);
    const before = await told();
    await admin('PUT', `/ports/${port.id}`, { port: { name: 'renamed' } });
    expect(await told()).toEqual(before);
    // Nova lets go with null.
    for (const nowhere of ['', null]) {
      const free = await admin('PUT', `/ports/${port.id}`, { port: { 'binding:host_id': nowhere } });
      expect(free.at('port')).toMatchObject({ ...UNBOUND, 'binding:host_id': '' });
      expect(await presence()).toEqual([]);
      await admin('PUT', `/ports/${port.id}`, { port: { 'binding:host_id': 'two' } });
    }
    await admin('PUT', `/ports/${port.id}`, { port: { 'binding:host_id': 'one' } });
    await admin('DELETE', `/ports/${port.id}`);
    expect(await presence()).toEqual([]);
  });

  test("a bound port's MAC stays", async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    await cloud.join('bound');
    const port = await portOn(network, 'bound');
    expectError(
      await admin('PUT', `/ports/${port.id}`, { port: { mac_address: 'fa:16:3e:00:00:01' } }),
      409,
      'PortBound',
      `Unable to complete operation on port ${port.id}, port is already bound, port type: bridge, old_mac ${port.mac_address}, new_mac fa:16:3e:00:00:01.`,
    );
    expect((await admin('PUT', `/ports/${port.id}`, { port: { mac_address: port.mac_address } })).status).toBe(200);
  });

  test('only the services may write a profile', async () => {
    const network = await cloud.make('network', { shared: true }, cloud.admin);
    const body = { port: { network_id: network.id, 'binding:profile': { vlan: 7, nested: { a: [1, null, 'x'] } } } };
    expectError(
      await admin('POST', '/ports', body),
      403,
      'PolicyNotAuthorized',
      '(rule:create_port and rule:create_port:binding:profile) is disallowed by policy',
    );
    const made = await cloud.as(cloud.service)('POST', '/ports', body);
    expect([made.status, made.at('port.binding:profile')]).toEqual([201, { vlan: 7, nested: { a: [1, null, 'x'] } }]);
    const cleared = await cloud.as(cloud.service)('PUT', `/ports/${made.at('port.id')}`, { port: { 'binding:profile': null } });
    expect(cleared.at('port.binding:profile')).toEqual({});
    expectError(
      await cloud.as(cloud.service)('POST', '/ports', { port: { ...body.port, 'binding:profile': 'x' } }),
      400,
      'HTTPBadRequest',
      "Invalid input for binding:profile. Reason: 'x' is not a dictionary.",
    );
  });

  test('a port is DOWN until its host and its DHCP server have said that it is wired', async () => {
    for (const one of (await admin('GET', '/agents')).at('agents') as Shown[]) await admin('DELETE', `/agents/${one.id}`);
    const link = await cloud.join('wiring');
    const { network } = await cloud.wired('10.0.0.0/24');
    const port = await portOn(network, 'wiring');
    expect(port.status).toBe('DOWN');
    const objects = async () => (await link.pull(undefined)).put.filter(({ key }) => key.endsWith(port.id));
    const say = async (key: string, error: string | null) => {
      const object = (await objects()).find((one) => one.key === `${key}/${port.id}`);
      await link.report([{ key: `${key}/${port.id}`, digest: object?.digest ?? '', error }]);
      return (await shown(port)).status;
    };
    expect(await say('port', 'no such device')).toBe('DOWN');
    expect(await say('port', null)).toBe('BUILD');
    expect(await say('lease', null)).toBe('ACTIVE');
    // News of what is no more wished says nothing.
    await link.report([{ key: `port/${port.id}`, digest: 'of another time', error: null }]);
    expect((await shown(port)).status).toBe('BUILD');
    expect(await say('port', null)).toBe('ACTIVE');
    // New wiring is not wired yet.
    await admin('PUT', `/ports/${port.id}`, { port: { fixed_ips: [{ ip_address: '10.0.0.77' }] } });
    expect((await shown(port)).status).toBe('BUILD');
    expect(await say('lease', null)).toBe('ACTIVE');
    const renamed = await admin('PUT', `/ports/${port.id}`, { port: { name: 'renamed' } });
    expect(renamed.at('port.status')).toBe('ACTIVE');
    expect((await admin('PUT', `/ports/${port.id}`, { port: { admin_state_up: false } })).at('port.status')).toBe('DOWN');
    await admin('DELETE', `/ports/${port.id}`);
    expect(await cloud.store.read.all('SELECT object_key FROM reports WHERE object_key LIKE ?', `%${port.id}`)).toEqual([]);
  });
});

describe.each(engines())('DHCP servers on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const serversOf = async (network: Shown) =>
    (await admin('GET', `/ports?network_id=${network.id}&device_owner=network:dhcp`)).at('ports') as Shown[];
  const agentOf = async (host: string) => (await admin('GET', `/agents?host=${host}&agent_type=DHCP%20agent`)).at('agents.0') as Shown;
  const idsOf = (rows: unknown) => (rows as Shown[]).map(({ id }) => id);

  test('come with the first agent and the first subnet, have an address on each, and go with the last', async () => {
    const { network, subnet } = await cloud.wired('10.0.0.0/24');
    expect(await serversOf(network)).toEqual([]);
    await cloud.join('first');
    const [server, ...more] = await serversOf(network);
    expect(more).toEqual([]);
    expect(server).toMatchObject({
      project_id: cloud.member.projectId,
      'binding:host_id': 'first',
      'binding:vif_type': 'bridge',
      device_id: expect.stringMatching(new RegExp(`^dhcp[0-9a-f-]{36}-${network.id}$`)),
      port_security_enabled: false,
    });
    const second = await cloud.make('subnet', {
      network_id: network.id,
      ip_version: 4,
      cidr: '10.1.0.0/24',
    });
    const subnetsOf = async () => {
      const [{ fixed_ips } = { fixed_ips: [] }] = await serversOf(network);
      return (fixed_ips as { subnet_id: string }[]).map(({ subnet_id }) => subnet_id).sort();
    };
    expect(await subnetsOf()).toEqual([subnet.id, second.id].sort());
    await admin('PUT', `/subnets/${second.id}`, { subnet: { enable_dhcp: false } });
    expect(await subnetsOf()).toEqual([subnet.id]);
    await admin('PUT', `/subnets/${subnet.id}`, { subnet: { enable_dhcp: false } });
    expect(await serversOf(network)).toEqual([]);
    await admin('PUT', `/subnets/${subnet.id}`, { subnet: { enable_dhcp: true } });
    expect(await serversOf(network)).toHaveLength(1);
    expect((await admin('DELETE', `/networks/${network.id}`)).status).toBe(204);
    expect(await serversOf(network)).toEqual([]);
  });

  test('are told from both ends, and steered', async () => {
    await cloud.join('steered');
    const agent = await agentOf('steered');
    const network = await cloud.make('network', { name: 'steered' });
    await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24', enable_dhcp: true });
    const agentsOf = async () => (await admin('GET', `/networks/${network.id}/dhcp-agents`)).at('agents') as Shown[];
    for (const one of await agentsOf()) expect((await admin('DELETE', `/agents/${one.id}/dhcp-networks/${network.id}`)).status).toBe(204);
    expect(await agentsOf()).toEqual([]);
    expect(await serversOf(network)).toEqual([]);
    const add = async () => admin('POST', `/agents/${agent.id}/dhcp-networks`, { network_id: network.id });
    const added = await add();
    expect([added.status, added.body]).toEqual([201, null]);
    expect(await agentsOf()).toEqual([agent]);
    const listed = await admin('GET', `/agents/${agent.id}/dhcp-networks?name=steered`);
    expect(listed.at('networks')).toEqual([(await admin('GET', `/networks/${network.id}`)).at('network')]);
    expect((await admin('GET', `/agents/${agent.id}/dhcp-networks?fields=name&name=steered`)).at('networks')).toEqual([
      { name: 'steered' },
    ]);
    expect((await serversOf(network))[0]?.['binding:host_id']).toBe('steered');
    expectError(
      await add(),
      409,
      'NetworkHostedByDHCPAgent',
      `The network ${network.id} has been already hosted by the DHCP Agent ${agent.id}.`,
    );
    // With a body, as openstacksdk sends it.
    const remove = async () => admin('DELETE', `/agents/${agent.id}/dhcp-networks/${network.id}`, { network_id: network.id });
    const removed = await remove();
    expect([removed.status, removed.text]).toEqual([204, '']);
    expectError(
      await remove(),
      409,
      'NetworkNotHostedByDhcpAgent',
      `The network ${network.id} is not hosted by the DHCP Agent ${agent.id}.`,
    );
  });

  test('leave their networks to others when their agent is removed', async () => {
    for (const one of (await admin('GET', '/agents')).at('agents') as Shown[]) await admin('DELETE', `/agents/${one.id}`);
    await cloud.join('leaves');
    const { network } = await cloud.wired('10.0.0.0/24');
    const hostsOf = async () => (await serversOf(network)).map((one) => one['binding:host_id']);
    expect(await hostsOf()).toEqual(['leaves']);
    await cloud.join('stays');
    expect(await hostsOf()).toEqual(['leaves']);
    const agent = await agentOf('leaves');
    expect((await admin('DELETE', `/agents/${agent.id}`)).status).toBe(204);
    expect(await hostsOf()).toEqual(['stays']);
    const [last] = (await admin('GET', `/networks/${network.id}/dhcp-agents`)).at('agents') as Shown[];
    expect((await admin('DELETE', `/agents/${last?.id}`)).status).toBe(204);
    expect(await hostsOf()).toEqual([]);
    await cloud.join('leaves');
    expect(await hostsOf()).toEqual(['leaves']);
  });

  test('are steered one at a time, however many ask', async () => {
    await cloud.join('asked');
    const agent = await agentOf('asked');
    const network = await cloud.make('network', {});
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => admin('POST', `/agents/${agent.id}/dhcp-networks`, { network_id: network.id })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409, 409]);
    expect(await serversOf(network)).toHaveLength(1);
  });

  test('steering that cannot be', async () => {
    await cloud.join('refusing');
    const agent = await agentOf('refusing');
    const wiring = (await admin('GET', '/agents?host=refusing&agent_type=Linux%20bridge%20agent')).at('agents.0.id');
    const network = await cloud.make('network', {});
    const nowhere = '00000000-0000-4000-8000-000000000000';
    const add = async (id: unknown, body: unknown) => admin('POST', `/agents/${id}/dhcp-networks`, body);
    expectError(await add(nowhere, { network_id: network.id }), 404, 'AgentNotFound', `Agent ${nowhere} could not be found.`);
    expectError(
      await add(wiring, { network_id: network.id }),
      404,
      'InvalidDHCPAgent',
      `Agent ${wiring} is not a valid DHCP Agent or has been disabled.`,
    );
    expectError(await add(agent.id, { network_id: nowhere }), 404, 'NetworkNotFound', `Network ${nowhere} could not be found.`);
    expectError(await add(agent.id, {}), 400, 'HTTPBadRequest', "Failed to parse request. Required attribute 'network_id' not specified");
    expectError(
      await add(agent.id, { network_id: 7 }),
      400,
      'HTTPBadRequest',
      "Invalid input for network_id. Reason: '7' is not a valid UUID.",
    );
    expectError(await add(agent.id, { network_id: network.id, more: 1 }), 400, 'HTTPBadRequest', "Unrecognized attribute(s) 'more'");
    expectError(await add(agent.id, []), 400, 'HTTPBadRequest', 'Resource body required');
    expectError(await admin('GET', `/agents/${nowhere}/dhcp-networks`), 404, 'AgentNotFound');
    expectError(await admin('DELETE', `/agents/${nowhere}/dhcp-networks/${network.id}`), 404, 'AgentNotFound');
    expectError(await admin('DELETE', `/agents/${agent.id}/dhcp-networks/${nowhere}`), 404, 'NetworkNotFound');
    expectError(await admin('GET', `/networks/${nowhere}/dhcp-agents`), 404, 'NetworkNotFound');
    await admin('PUT', `/agents/${agent.id}`, { agent: { admin_state_up: false } });
    expectError(await add(agent.id, { network_id: network.id }), 404, 'InvalidDHCPAgent');
    expect(idsOf((await admin('GET', `/networks/${network.id}/dhcp-agents`)).at('agents'))).toEqual([]);
  });
});
