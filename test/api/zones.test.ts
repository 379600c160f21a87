// Availability zones: which there are, who asks for which, and where DHCP is served in consequence; and what becomes of the networks of a host that dies.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Write } from '#resources/agent/upkeep.ts';
import { failOver, fillDhcp } from '#resources/dhcp/upkeep.ts';
import { engines } from '#test/postgres.ts';
import { agentsOf, type Cloud, expectError, openCloud, type Shown } from './cloud.ts';

describe.each(engines())('zones on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());
  beforeEach(async () => {
    for (const { id } of (await admin('GET', '/networks')).at('networks') as Shown[]) await admin('DELETE', `/networks/${id}`);
    for (const { id } of (await admin('GET', '/agents')).at('agents') as Shown[]) await admin('DELETE', `/agents/${id}`);
  });

  const join = async (host: string, availability_zone?: string) => {
    const configurations = { tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.1' };
    const agents = agentsOf(configurations).map((one) => ({ ...one, ...(availability_zone !== undefined && { availability_zone }) }));
    await cloud.hosts.of(host).hello(agents, new Date());
  };
  const agentId = async (host: string) => (await admin('GET', `/agents?host=${host}&agent_type=DHCP%20agent`)).at('agents.0.id');
  const zonesOf = async (query = '') => (await member('GET', `/availability_zones${query}`)).at('availability_zones') as Shown[];
  const hostsOf = async (network: Shown) =>
    ((await admin('GET', `/networks/${network.id}/dhcp-agents?sort_key=host&sort_dir=asc`)).at('agents') as Shown[]).map(
      ({ host }) => host,
    );
  /** A network with DHCP that asks for zones. */
  const served = async (hints: readonly string[] = []) => {
    const network = await cloud.make('network', { availability_zone_hints: hints });
    await cloud.make('subnet', { network_id: network.id, cidr: '10.0.0.0/24', ip_version: 4 });
    return network;
  };
  const shown = async ({ id }: Shown) => (await member('GET', `/networks/${id}`)).at('network') as Shown;

  test('are those of the agents that are scheduled, and available while one of these is enabled', async () => {
    expect(await zonesOf()).toEqual([]);
    await join('one', 'east');
    await join('two');
    const [east, nova] = ['east', 'nova'].map((name) => ({ name, resource: 'network', state: 'available' }));
    expect(await zonesOf()).toEqual([east, nova]);
    expect(await zonesOf('?name=east')).toEqual([east]);
    expect(await zonesOf('?resource=router')).toEqual([]);
    expect(await zonesOf('?name=east&name=nova&fields=name')).toEqual([{ name: 'east' }, { name: 'nova' }]);
    await admin('PUT', `/agents/${await agentId('one')}`, { agent: { admin_state_up: false } });
    expect(await zonesOf('?state=unavailable')).toEqual([{ ...east, state: 'unavailable' }]);
    await join('three', 'east');
    expect(await zonesOf('?name=east')).toEqual([east]);
    expectError(await member('GET', '/availability_zones?zone=east'), 400, 'HTTPBadRequest');
    for (const [method, path] of [
      ['POST', ''],
      ['GET', '/east'],
      ['PUT', '/east'],
      ['DELETE', '/east'],
    ] as const) {
      expectError(await admin(method, `/availability_zones${path}`, method === 'GET' ? undefined : {}), 405, 'HTTPMethodNotAllowed');
    }
  });

  test('are shown to readers and to nobody without a role', async () => {
    await join('one');
    expect((await cloud.as(cloud.reader)('GET', '/availability_zones')).at('availability_zones')).toHaveLength(1);
    expect((await cloud.as(cloud.service)('GET', '/availability_zones')).at('availability_zones')).toEqual([]);
    expect((await cloud.send('GET', '/availability_zones')).status).toBe(401);
  });

  test('follow the configuration of the host', async () => {
    await join('one', 'east');
    expect((await admin('GET', '/agents?availability_zone=east')).at('agents')).toEqual([expect.objectContaining({ host: 'one' })]);
    await join('one', 'west');
    expect((await zonesOf()).map(({ name }) => name)).toEqual(['west']);
    expect((await admin('GET', '/agents?agent_type=Linux%20bridge%20agent')).at('agents.0.availability_zone')).toBeNull();
  });

  test('may be asked for by a network when it is made', async () => {
    const ask = (hints: unknown) => member('POST', '/networks', { network: { availability_zone_hints: hints } });
    await join('one', 'east');
    expect((await ask(['east'])).at('network.availability_zone_hints')).toEqual(['east']);
    expect((await ask([])).at('network.availability_zone_hints')).toEqual([]);
    expectError(await ask(['west']), 404, 'AvailabilityZoneNotFound', 'AvailabilityZone west could not be found.');
    expectError(await ask(['east', 'west']), 404, 'AvailabilityZoneNotFound');
    expectError(await ask(['east', 'east']), 400, 'HTTPBadRequest', /Duplicate items in the list: 'east'/);
    expectError(await ask('east'), 400, 'HTTPBadRequest', "Invalid input for availability_zone_hints. Reason: 'east' is not a list.");
    expectError(await ask(null), 400, 'HTTPBadRequest');
    expectError(await ask([1]), 400, 'HTTPBadRequest');
    const many = Array.from({ length: 60 }, (_, index) => `zone-${index}`);
    expectError(await ask(many), 400, 'InvalidInput', 'Invalid input for operation: Too many availability_zone_hints specified.');
    const { id } = await cloud.make('network', {});
    expectError(await member('PUT', `/networks/${id}`, { network: { availability_zone_hints: [] } }), 400, 'HTTPBadRequest');
  });

  test('decide which hosts serve a network', async () => {
    await join('one', 'east');
    await join('two', 'west');
    const west = await Promise.all([served(['west']), served(['west'])]);
    for (const network of west) {
      expect(await hostsOf(network)).toEqual(['two']);
      expect(await shown(network)).toMatchObject({ availability_zone_hints: ['west'], availability_zones: ['west'] });
    }
    // The least loaded one, where any zone will do.
    expect(await hostsOf(await served())).toEqual(['one']);
    await admin('PUT', `/agents/${await agentId('one')}`, { agent: { admin_state_up: false } });
    const waiting = await served(['east']);
    expect(await hostsOf(waiting)).toEqual([]);
    expect(await shown(waiting)).toMatchObject({ availability_zones: [] });
    await join('three', 'west');
    expect(await hostsOf(waiting)).toEqual([]);
    await join('four', 'east');
    expect(await hostsOf(waiting)).toEqual(['four']);
  });

  const write: Write = (work) => cloud.pipeline.write({ actor: systemActor, requestId: 'req-upkeep' }, work);
  const systemActor = { userId: 'system', userName: 'system', projectId: '', projectName: '', domainId: '', roles: ['admin'] };
  const silence = (host: string, since = '2020-01-01 00:00:00') =>
    cloud.store.transaction((tx) => tx.run('UPDATE agents SET alive_until = ? WHERE host = ?', since, host));
  const failed = () => failOver(cloud.store.read, write, 75);

  test('a host that is dead for long gives its networks to others, in their zones', async () => {
    await join('one', 'east');
    const east = await served(['east']);
    const any = await served();
    await silence('one');
    // Nobody else is there, or may.
    await failed();
    expect(await hostsOf(any)).toEqual(['one']);
    await join('two', 'west');
    await failed();
    expect(await hostsOf(any)).toEqual(['two']);
    expect(await hostsOf(east)).toEqual(['one']);
    await join('three', 'east');
    await Promise.all([failed(), failed()]);
    expect(await hostsOf(east)).toEqual(['three']);
    const ports = (await admin('GET', `/ports?network_id=${east.id}&device_owner=network:dhcp`)).at('ports') as Shown[];
    expect(ports.map((port) => port['binding:host_id'])).toEqual(['three']);
    expect((await shown(east)).availability_zones).toEqual(['east']);
  });

  test('one that was silent for a while keeps them, and one that is disabled inherits none', async () => {
    await join('one');
    const network = await served();
    await join('two');
    await silence('one', new Date(Date.now() - 30_000).toISOString().slice(0, 19).replace('T', ' '));
    await failed();
    expect(await hostsOf(network)).toEqual(['one']);
    await silence('one');
    await admin('PUT', `/agents/${await agentId('two')}`, { agent: { admin_state_up: false } });
    await failed();
    expect(await hostsOf(network)).toEqual(['one']);
    await admin('PUT', `/agents/${await agentId('two')}`, { agent: { admin_state_up: true } });
    await failed();
    expect(await hostsOf(network)).toEqual(['two']);
  });

  test('a network that nobody could serve is served when somebody can', async () => {
    const network = await served();
    const fill = () => fillDhcp(cloud.store.read, write);
    await fill();
    expect(await hostsOf(network)).toEqual([]);
    await join('one');
    expect(await hostsOf(network)).toEqual(['one']);
    // Its port gone, it gets another; taken from its host by an administrator, it stays without.
    const port = async () => (await admin('GET', `/ports?network_id=${network.id}&device_owner=network:dhcp`)).at('ports.0.id');
    const before = await port();
    expect((await admin('DELETE', `/ports/${before}`)).status).toBe(204);
    await fill();
    expect(await port()).not.toBe(before);
    expect(await port()).toBeDefined();
    expect((await admin('DELETE', `/agents/${await agentId('one')}/dhcp-networks/${network.id}`)).status).toBe(204);
    await fill();
    expect(await hostsOf(network)).toEqual([]);
  });
});

describe.each(engines())('several servers for a network, on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { dhcpAgentsPerNetwork: 2, defaultAvailabilityZones: ['east', 'west'] } });
  });
  afterAll(() => cloud.close());

  test('are spread over zones, those of the configuration where none was asked for', async () => {
    const admin = cloud.as(cloud.admin);
    const join = (host: string, availability_zone: string) =>
      cloud.hosts.of(host).hello(
        agentsOf({ tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.1' }).map((one) => ({ ...one, availability_zone })),
        new Date(),
      );
    for (const host of ['a', 'b']) await join(host, 'east');
    await join('elsewhere', 'north');
    const hosts = async (id: string) =>
      ((await admin('GET', `/networks/${id}/dhcp-agents`)).at('agents') as Shown[]).map(({ host }) => host).sort();
    const { network } = await cloud.wired('10.0.0.0/24');
    expect(await hosts(network.id)).toEqual(['a', 'b']);
    await join('c', 'west');
    const { network: second } = await cloud.wired('10.0.0.0/24');
    expect(await hosts(second.id)).toEqual(['a', 'c']);
    const { network: third } = await cloud.wired('10.0.0.0/24');
    expect(await hosts(third.id)).toEqual(['b', 'c']);
    const asked = await cloud.make('network', { availability_zone_hints: ['north'] });
    await cloud.make('subnet', { network_id: asked.id, cidr: '10.0.0.0/24', ip_version: 4 });
    expect(await hosts(asked.id)).toEqual(['elsewhere']);
    await join('d', 'north');
    expect(await hosts(asked.id)).toEqual(['d', 'elsewhere']);
    expect((await admin('GET', `/networks/${third.id}`)).at('network.availability_zones')).toEqual(
      expect.arrayContaining(['east', 'west']),
    );
  });
});
