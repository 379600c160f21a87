// Kinds of routers: highly available ones, distributed ones, and those that a flavor decides about.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, type Reply, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';
import { l3, openRouted, type Routed } from './routed-hosts.ts';

describe.each(engines())('kinds of routers on $name', (engine) => {
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
    routed = await openRouted(engine, { l3AgentsPerRouter: 2 });
    ({ cloud, external, portsOf, agentsAt, hostsOf, join } = routed);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });
  beforeEach(() => routed.empty());

  const ownersOf = async (router: Shown) => (await portsOf(router)).map(({ device_owner }) => device_owner).sort();
  const add = (router: Shown, subnet: Shown) => admin('PUT', `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const gateway = () => ({ external_gateway_info: { network_id: external.id } });
  const put = (router: Shown, body: object, as = admin) => as('PUT', `/routers/${router.id}`, { router: body });
  const make = (attributes: object) => cloud.make('router', { project_id: cloud.member.projectId, ...attributes }, cloud.admin);
  const bad = (answer: Reply, msg: string) => expectError(answer, 400, 'BadRequest', `Bad router request: ${msg}.`);
  const haNetworks = async () =>
    (await admin('GET', `/networks?name=HA%20network%20tenant%20${cloud.member.projectId}`)).at('networks') as Shown[];

  describe('a highly available one', () => {
    test('is on several hosts from the start, each with a port on a network of its project', async () => {
      for (const host of ['one', 'two', 'three']) await join(host);
      const router = await make({ ha: true });
      expect(router).toMatchObject({ ha: true, status: 'ACTIVE' });
      const servers = await agentsAt(router);
      expect(servers.map(({ ha_state }) => ha_state)).toEqual(['unknown', 'unknown']);
      const [network] = await haNetworks();
      expect(network).toMatchObject({ project_id: '', tenant_id: '', shared: false });
      const [subnet] = (await admin('GET', `/subnets?network_id=${network?.id}`)).at('subnets') as Shown[];
      expect(subnet).toMatchObject({
        name: `HA subnet tenant ${cloud.member.projectId}`,
        cidr: '169.254.192.0/18',
        gateway_ip: null,
        enable_dhcp: false,
        project_id: '',
      });
      const ports = await portsOf(router);
      expect(ports.map((port) => port['binding:host_id']).sort()).toEqual(servers.map(({ host }) => host));
      for (const port of ports) {
        expect(port).toMatchObject({
          name: `HA port tenant ${cloud.member.projectId}`,
          device_owner: 'network:router_ha_interface',
          network_id: network?.id,
          project_id: '',
          status: 'DOWN',
          fixed_ips: [{ subnet_id: subnet?.id, ip_address: expect.stringMatching(/^169\.254\./) }],
        });
        const moved = await admin('PUT', `/ports/${port.id}`, { port: { fixed_ips: [] } });
        expectError(moved, 400, 'BadRequest', `Bad ports request: IP updates for port ${port.id} are not allowed.`);
      }
      expect((await member('GET', '/networks')).text).not.toContain(network?.id);
      expect((await member('GET', '/ports')).text).not.toContain('HA port');
      expect((await member('GET', `/routers/${router.id}`)).at('router')).not.toHaveProperty('ha');
      expectError(await admin('DELETE', `/networks/${network?.id}`), 409, 'NetworkInUse');
    });

    test('its interfaces are on no host until one of its hosts says that it is active', async () => {
      await join('one');
      const router = await make({ ha: true });
      const { subnet } = await cloud.wired('10.0.1.0/24');
      const { port_id } = (await add(router, subnet)).body as { port_id: string };
      const port = (await admin('GET', `/ports/${port_id}`)).at('port');
      expect(port).toMatchObject({ device_owner: 'network:ha_router_replicated_interface', 'binding:host_id': '', status: 'DOWN' });
      const taken = `Port ${port_id} cannot be deleted directly via the port API: has device owner network:ha_router_replicated_interface.`;
      expectError(await member('DELETE', `/ports/${port_id}`), 409, 'ServicePortInUse', taken);
      const change = await member('PUT', `/subnets/${subnet.id}`, { subnet: { gateway_ip: '10.0.1.254' } });
      expectError(change, 409, 'GatewayIpInUse');
    });

    test('takes the network with it when it is the last of its project', async () => {
      await join('one');
      const [first, second] = [await make({ ha: true }), await make({ ha: true })];
      const [network] = await haNetworks();
      expect((await member('DELETE', `/routers/${first.id}`)).status).toBe(204);
      expect((await haNetworks()).map(({ id }) => id)).toEqual([network?.id]);
      expect((await member('DELETE', `/routers/${second.id}`)).status).toBe(204);
      expect(await haNetworks()).toEqual([]);
    });

    test('of many made at once, all share one network, and each has a number of its own', async () => {
      await join('one');
      const routers = await Promise.all(Array.from({ length: 5 }, () => make({ ha: true })));
      expect(await haNetworks()).toHaveLength(1);
      const numbers = await cloud.store.read.all<{ n: number }>('SELECT ha_vr_id AS n FROM routers WHERE ha = 1 ORDER BY ha_vr_id');
      expect(numbers.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
      await Promise.all(routers.map(({ id }) => admin('DELETE', `/routers/${id}`)));
      expect(await haNetworks()).toEqual([]);
    });

    test('there are 254 in a project at most', async () => {
      const router = await make({ ha: true });
      await cloud.store.transaction(async (tx) => {
        const copied = 'name, description, admin_state_up, status, distributed, ha, routes, availability_zone_hints, gw_enable_snat, tags';
        const rest = 'revision_number, created_at, updated_at';
        for (let n = 2; n <= 254; n++) {
          await tx.run(
            `INSERT INTO routers (id, ha_vr_id, project_id, ${copied}, ${rest}) SELECT ?, ?, project_id, ${copied}, ${rest} FROM routers WHERE id = ?`,
            `copy-${n}`,
            n,
            router.id,
          );
        }
      });
      const refused = await admin('POST', '/routers', { router: { ha: true, project_id: cloud.member.projectId } });
      expectError(refused, 409, 'NoVRIDAvailable', /^No more Virtual Router Identifier \(VRID\) available when creating router /);
      await cloud.store.transaction((tx) => tx.run("DELETE FROM routers WHERE id LIKE 'copy-%'"));
    });

    test('one is made of another that is out of service, and the other way', async () => {
      for (const host of ['one', 'two']) await join(host);
      const router = await make({});
      const { subnet } = await cloud.wired('10.0.2.0/24');
      await add(router, subnet);
      await put(router, gateway());
      const active = 'Cannot change HA attribute of active routers. Please set router admin_state_up to False prior to upgrade';
      bad(await put(router, { ha: true }), active);
      expect((await put(router, { ha: false })).status).toBe(200);
      expectError(await put(router, { ha: true, admin_state_up: false }, member), 403, 'PolicyNotAuthorized');
      expect((await put(router, { ha: true, admin_state_up: false })).at('router')).toMatchObject({ ha: true, admin_state_up: false });
      expect(await hostsOf(router)).toEqual(['one', 'two']);
      expect(await ownersOf(router)).toEqual([
        'network:ha_router_replicated_interface',
        'network:router_gateway',
        'network:router_ha_interface',
        'network:router_ha_interface',
      ]);
      bad(await put(router, { ha: false, admin_state_up: true }), active);
      expect((await put(router, { ha: null })).at('router.ha')).toBe(true);
      expect((await put(router, { ha: false })).at('router.ha')).toBe(false);
      expect(await ownersOf(router)).toEqual(['network:router_gateway', 'network:router_interface']);
      expect(await hostsOf(router)).toHaveLength(1);
      expect(new Set((await portsOf(router)).map((port) => port['binding:host_id']))).toEqual(new Set(await hostsOf(router)));
      expect(await haNetworks()).toEqual([]);
    });

    test('waits for hosts it lacks, spreads over zones, and may be given to more', async () => {
      const one = await join('one', l3('legacy', 'east'));
      const router = await make({ ha: true });
      expect(await hostsOf(router)).toEqual(['one']);
      await join('two', l3('legacy', 'east'));
      expect(await hostsOf(router)).toEqual(['one', 'two']);
      const three = await join('three', l3('legacy', 'west'));
      expect(await hostsOf(router)).toEqual(['one', 'two']);
      expect((await admin('POST', `/agents/${three}/l3-routers`, { router_id: router.id })).status).toBe(201);
      expect(await hostsOf(router)).toEqual(['one', 'three', 'two']);
      expect((await admin('DELETE', `/agents/${one}/l3-routers/${router.id}`)).status).toBe(204);
      expect((await portsOf(router)).map((port) => port['binding:host_id']).sort()).toEqual(['three', 'two']);
      const spread = await make({ ha: true });
      expect((await admin('GET', `/routers/${spread.id}`)).at('router.availability_zones')).toHaveLength(2);
    });

    test('loses the port that an administrator removes', async () => {
      await join('one');
      const router = await make({ ha: true });
      const [port] = await portsOf(router);
      expect((await admin('DELETE', `/ports/${port?.id}`)).status).toBe(204);
      expect(await hostsOf(router)).toEqual(['one']);
      expect((await admin('DELETE', `/routers/${router.id}`)).status).toBe(204);
    });
  });

  test('a project has one network for that, by whoever it is made', async () => {
    const network = await cloud.make('network', { ha: true });
    expect(network).not.toHaveProperty('ha');
    const message = `Project ${cloud.member.projectId} already has a HA network.`;
    expectError(await member('POST', '/networks', { network: { ha: true } }), 409, 'DuplicatedHANetwork', message);
    await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '192.0.2.0/28', enable_dhcp: false });
    await join('one');
    const router = await make({ ha: true });
    expect((await portsOf(router)).map(({ network_id }) => network_id)).toEqual([network.id]);
    expect((await admin('DELETE', `/routers/${router.id}`)).status).toBe(204);
    expect((await member('DELETE', `/networks/${network.id}`)).status).toBe(204);
  });

  describe('a distributed one', () => {
    test('is carried where its kind is, and has a second port on each subnet while it has a gateway', async () => {
      const legacy = await join('one');
      const router = await make({ distributed: true });
      const network = await cloud.make('network', {});
      const v4 = await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.3.0/24' });
      const first = await cloud.make('subnet', { network_id: network.id, ip_version: 6, cidr: '2001:db8:1::/64' });
      const second = await cloud.make('subnet', { network_id: network.id, ip_version: 6, cidr: '2001:db8:2::/64' });
      await add(router, v4);
      await add(router, first);
      const own = 'network:router_interface_distributed';
      expect(await ownersOf(router)).toEqual([own, own]);
      await put(router, gateway());
      const snat = 'network:router_centralized_snat';
      expect(await ownersOf(router)).toEqual([snat, snat, 'network:router_gateway', own, own]);
      await add(router, second);
      const translating = async () => (await portsOf(router)).filter(({ device_owner }) => device_owner === snat);
      const subnets = (ports: readonly Shown[]) =>
        ports.map(({ fixed_ips }) => (fixed_ips as { subnet_id: string }[]).map(({ subnet_id }) => subnet_id).sort()).sort();
      expect(subnets(await translating())).toEqual([[v4.id], [first.id, second.id].sort()].sort());
      const [port] = await translating();
      expect(port).toMatchObject({ project_id: '', status: 'DOWN' });
      expectError(await admin('DELETE', `/ports/${port?.id}`), 409, 'ServicePortInUse');
      expectError(await admin('PUT', `/ports/${port?.id}`, { port: { fixed_ips: [] } }), 400, 'BadRequest');
      const off = (subnet: Shown) => admin('PUT', `/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id });
      expect((await off(first)).status).toBe(200);
      expect(subnets(await translating())).toEqual([[v4.id], [second.id]].sort());
      expect((await off(second)).status).toBe(200);
      expect(subnets(await translating())).toEqual([[v4.id]]);
      expect(await hostsOf(router)).toEqual([]);
      const assign = (agent: string) => admin('POST', `/agents/${agent}/l3-routers`, { router_id: router.id });
      const mismatch = `Cannot host distributed router ${router.id} on legacy L3 agent ${legacy}.`;
      expectError(await assign(legacy), 409, 'RouterL3AgentMismatch', mismatch);
      const local = await join('two', l3('dvr'));
      expectError(await assign(local), 409, 'DVRL3CannotAssignToDvrAgent');
      expectError(await admin('DELETE', `/agents/${local}/l3-routers/${router.id}`), 409, 'DVRL3CannotRemoveFromDvrAgent');
      await join('three', l3('dvr_snat'));
      expect(await hostsOf(router)).toEqual(['three']);
      await put(router, { external_gateway_info: null });
      expect(await ownersOf(router)).toEqual([own]);
    });

    test('one is made of another that is out of service, and the other way', async () => {
      await join('one');
      const router = await make({});
      const { subnet } = await cloud.wired('10.0.4.0/24');
      await add(router, subnet);
      await put(router, gateway());
      const active =
        "Cannot change the 'distributed' attribute of active routers. Please set router admin_state_up to False prior to upgrade";
      bad(await put(router, { distributed: true }), active);
      bad(await put(router, { distributed: true, admin_state_up: false }), active);
      await put(router, { admin_state_up: false });
      bad(await put(router, { distributed: true, admin_state_up: true }), active);
      expect((await put(router, { distributed: true })).at('router.distributed')).toBe(true);
      expect(await hostsOf(router)).toEqual([]);
      const distributed = ['network:router_centralized_snat', 'network:router_gateway', 'network:router_interface_distributed'];
      expect(await ownersOf(router)).toEqual(distributed);
      expect((await put(router, { distributed: false })).at('router.distributed')).toBe(false);
      expect(await ownersOf(router)).toEqual(['network:router_gateway', 'network:router_interface']);
      expect(await hostsOf(router)).toEqual(['one']);
    });
  });

  describe('of a flavor', () => {
    const driver = (name: string) => `neutron.services.l3_router.service_providers.${name}`;
    const offered = async (profile: object, flavorAttributes: object = {}) => {
      const flavor = await cloud.make('flavor', { name: 'f', service_type: 'L3_ROUTER_NAT', ...flavorAttributes }, cloud.admin);
      const { id } = await cloud.make('service_profile', profile, cloud.admin);
      await admin('POST', `/flavors/${flavor.id}/service_profiles`, { service_profile: { id } });
      return flavor;
    };
    const post = (attributes: object, as = member) => as('POST', '/routers', { router: attributes });

    test.each([
      ['single_node.SingleNodeDriver', false, false],
      ['ha.HaDriver', true, false],
      ['dvr.DvrDriver', false, true],
      ['dvrha.DvrHaDriver', true, true],
    ])('%s: ha %s, distributed %s', async (name, ha, distributed) => {
      const flavor = await offered({ driver: driver(name) });
      const made = await post({ flavor_id: flavor.id });
      expect([made.status, made.at('router.flavor_id')]).toEqual([201, flavor.id]);
      const router = made.at('router') as Shown;
      expect((await admin('GET', `/routers/${router.id}`)).at('router')).toMatchObject({ flavor_id: flavor.id, ha, distributed });
      const provider = name.split('.')[0];
      const refused = await post({ flavor_id: flavor.id, ha: !ha }, admin);
      const text = `Invalid input for operation: Provider ${provider} does not support ha=${ha ? 'False' : 'True'}.`;
      expectError(refused, 400, 'InvalidInput', text);
      const fixed =
        "Invalid input for operation: Changing the 'ha' and 'distributed' attributes on a router associated with a flavor is not supported.";
      expectError(await put(router, { ha: !ha, admin_state_up: false }), 400, 'InvalidInput', fixed);
      const inUse = `Flavor ${flavor.id} is used by some service instance.`;
      expectError(await admin('DELETE', `/flavors/${flavor.id}`), 409, 'FlavorInUse', inUse);
      expectError(await put(router, { flavor_id: null }), 400, 'HTTPBadRequest', 'Cannot update read-only attribute flavor_id');
      expect((await member('DELETE', `/routers/${router.id}`)).status).toBe(204);
      expect((await admin('DELETE', `/flavors/${flavor.id}`)).status).toBe(204);
    });

    test('one that is not there, or not ready, makes none', async () => {
      for (const id of ['x', NOWHERE])
        expectError(await post({ flavor_id: id }), 404, 'FlavorNotFound', `Flavor ${id} could not be found.`);
      const bare = await cloud.make('flavor', { name: 'f', service_type: 'L3_ROUTER_NAT' }, cloud.admin);
      expectError(await post({ flavor_id: bare.id }), 404, 'FlavorServiceProfileBindingNotFound');
      const closed = await offered({ driver: driver('ha.HaDriver') }, { enabled: false });
      expectError(await post({ flavor_id: closed.id }), 503, 'FlavorDisabled');
      expect((await post({ flavor_id: null })).at('router.flavor_id')).toBeNull();
    });
  });
});
