// Which hosts carry routers: chosen by load and zone, steered by administrators, several that stand by; and what becomes of routers' ports there.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';
import { l3, openRouted, type Routed } from './routed-hosts.ts';

describe.each(engines())('L3 agents on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let external: Shown;
  let routed: Routed;
  let portsOf: Routed['portsOf'];
  let agentsAt: Routed['agentsAt'];
  let hostsOf: Routed['hostsOf'];
  let join: Routed['join'];
  beforeAll(async () => {
    routed = await openRouted(engine);
    ({ cloud, external, portsOf, agentsAt, hostsOf, join } = routed);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });
  beforeEach(() => routed.empty());

  const add = (router: Shown, subnet: Shown) => member('PUT', `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const gateway = () => ({ external_gateway_info: { network_id: external.id } });
  const shown = async ({ id }: Shown) => (await admin('GET', `/routers/${id}`)).at('router') as Shown;
  const put = (router: Shown, body: object) => admin('PUT', `/routers/${router.id}`, { router: body });

  test('a router is carried when it has something to carry, and its ports are on the host', async () => {
    await join('one');
    const router = await cloud.make('router', {});
    expect(await hostsOf(router)).toEqual([]);
    const { subnet } = await cloud.wired('10.0.1.0/24');
    await add(router, subnet);
    const [server] = await agentsAt(router);
    expect(server).toMatchObject({ host: 'one', agent_type: 'L3 agent', topic: 'l3_agent', availability_zone: 'nova', ha_state: null });
    expect((await shown(router)).availability_zones).toEqual(['nova']);
    await put(router, gateway());
    for (const port of await portsOf(router)) {
      expect(port).toMatchObject({ 'binding:host_id': 'one', 'binding:vif_type': 'bridge', status: 'DOWN' });
    }
    const early = await cloud.make('router', gateway());
    expect((await portsOf(early)).map((port) => port['binding:host_id'])).toEqual(['one']);
  });

  test('a report of its host makes no port of a router ACTIVE', async () => {
    await join('one');
    const router = await cloud.make('router', {});
    const { network, subnet } = await cloud.wired('10.0.2.0/24');
    await add(router, subnet);
    const [port] = await portsOf(router);
    const link = cloud.hosts.of('one');
    const { put: objects } = await link.pull(undefined);
    expect(objects.filter(({ key }) => key === `network/${network.id}`)).toHaveLength(1);
    expect(objects.filter(({ key }) => key === `port/${port?.id}`)).toEqual([]);
    await link.report([{ key: `port/${port?.id}`, digest: '0123456789abcdef', error: null }]);
    expect((await admin('GET', `/ports/${port?.id}`)).at('port.status')).toBe('DOWN');
  });

  test('the host with the fewest routers is chosen, in the zones that are asked for', async () => {
    await join('east-1', l3('legacy', 'east'));
    await join('west-1', l3('legacy', 'west'));
    const made = async (zones: string[] = []) => hostsOf(await cloud.make('router', { ...gateway(), availability_zone_hints: zones }));
    expect(await made(['east'])).toEqual(['east-1']);
    expect(await made()).toEqual(['west-1']);
    await join('east-2', l3('legacy', 'east'));
    expect(await made(['east'])).toEqual(['east-2']);
    expect(await made(['west', 'east'])).toHaveLength(1);
    const zoned = await cloud.make('router', { ...gateway(), availability_zone_hints: ['west'] });
    expect(await shown(zoned)).toMatchObject({ availability_zone_hints: ['west'], availability_zones: ['west'] });
    const zones = (await member('GET', '/availability_zones?resource=router&fields=name')).at('availability_zones');
    expect(zones).toEqual([{ name: 'east' }, { name: 'west' }]);
    const nowhere = await member('POST', '/routers', { router: { availability_zone_hints: ['nowhere'] } });
    expectError(nowhere, 404, 'AvailabilityZoneNotFound', 'AvailabilityZone nowhere could not be found.');
    const twice = await member('POST', '/routers', { router: { availability_zone_hints: ['east', 'east'] } });
    expectError(twice, 400, 'HTTPBadRequest', "Invalid input for availability_zone_hints. Reason: Duplicate items in the list: 'east'.");
  });

  test('a router waits for the first host that comes, and goes to another when that one is removed', async () => {
    const router = await cloud.make('router', gateway());
    const idle = await cloud.make('router', {});
    expect(await hostsOf(router)).toEqual([]);
    const first = await join('one');
    expect(await hostsOf(router)).toEqual(['one']);
    expect(await hostsOf(idle)).toEqual([]);
    await join('two');
    expect((await admin('DELETE', `/agents/${first}`)).status).toBe(204);
    expect(await hostsOf(router)).toEqual(['two']);
    expect((await portsOf(router)).map((port) => port['binding:host_id'])).toEqual(['two']);
  });

  test('of many that need a router at once, one gives it to a host', async () => {
    await join('one');
    await join('two');
    const router = await cloud.make('router', {});
    const network = await cloud.make('network', {});
    const subnets = [];
    for (let i = 0; i < 4; i++) subnets.push(await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: `10.7.${i}.0/24` }));
    const answers = await Promise.all(subnets.map((subnet) => add(router, subnet)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const [host, ...more] = await hostsOf(router);
    expect(more).toEqual([]);
    expect(new Set((await portsOf(router)).map((port) => port['binding:host_id']))).toEqual(new Set([host]));
  });

  describe('administrators', () => {
    test('give routers to agents, and take them away', async () => {
      const [one, two] = [await join('one'), await join('two')];
      const router = await cloud.make('router', {});
      const { subnet } = await cloud.wired('10.0.3.0/24');
      const assign = (agent: string, body: unknown = { router_id: router.id }, as = admin) =>
        as('POST', `/agents/${agent}/l3-routers`, body);
      const given = await assign(two);
      expect([given.status, given.text]).toEqual([201, 'null']);
      expect((await assign(two)).status).toBe(201);
      expect((await admin('GET', `/agents/${two}/l3-routers?fields=id`)).at('routers')).toEqual([{ id: router.id }]);
      const hosted = `The router ${router.id} has been already hosted by the L3 Agent ${two}.`;
      expectError(await assign(one), 409, 'RouterHostedByL3Agent', hosted);
      await add(router, subnet);
      expect(await hostsOf(router)).toEqual(['two']);
      expect((await admin('DELETE', `/agents/${two}/l3-routers/${router.id}`)).status).toBe(204);
      expect((await admin('DELETE', `/agents/${two}/l3-routers/${router.id}`)).status).toBe(204);
      expect(await hostsOf(router)).toEqual([]);
      expect((await portsOf(router)).map((port) => port['binding:host_id'])).toEqual(['']);
      expect((await assign(one)).status).toBe(201);
      expect((await portsOf(router)).map((port) => port['binding:host_id'])).toEqual(['one']);
      expectError(await assign(one, { router_id: NOWHERE }), 404, 'RouterNotFound');
      expectError(await assign(NOWHERE), 404, 'AgentNotFound');
      expectError(await admin('DELETE', `/agents/${one}/l3-routers/${NOWHERE}`), 404, 'RouterNotFound');
      await admin('PUT', `/agents/${two}`, { agent: { admin_state_up: false } });
      const dhcp = String((await admin('GET', '/agents?host=one&agent_type=DHCP%20agent')).at('agents.0.id'));
      for (const agent of [two, dhcp]) {
        expectError(await assign(agent), 404, 'InvalidL3Agent', `Agent ${agent} is not a L3 Agent or has been disabled`);
      }
      expectError(await admin('DELETE', `/agents/${dhcp}/l3-routers/${router.id}`), 404, 'InvalidL3Agent');
    });

    test('are alone in that', async () => {
      const agent = await join('one');
      const router = await cloud.make('router', {});
      const refused = (name: string) => ['PolicyNotAuthorized', `rule:${name} is disallowed by policy`] as const;
      expectError(await member('GET', `/routers/${router.id}/l3-agents`), 403, ...refused('get_l3-agents'));
      expectError(await member('GET', `/agents/${agent}/l3-routers`), 403, ...refused('get_l3-routers'));
      expectError(await member('POST', `/agents/${agent}/l3-routers`, { router_id: router.id }), 403, ...refused('create_l3-router'));
      expectError(await member('DELETE', `/agents/${agent}/l3-routers/${router.id}`), 403, ...refused('delete_l3-router'));
      expectError(await admin('GET', `/routers/${NOWHERE}/l3-agents`), 404, 'RouterNotFound');
      expectError(await admin('GET', `/agents/${NOWHERE}/l3-routers`), 404, 'AgentNotFound');
    });
  });
});
