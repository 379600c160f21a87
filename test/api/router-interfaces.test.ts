// Routers' interfaces: by subnet and by port, what is refused, what becomes of their ports; and their extra routes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('interfaces on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { router: 200, network: -1, subnet: -1, router_route: 3 } } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const add = (router: Shown, body: unknown, as = member) => as('PUT', `/routers/${router.id}/add_router_interface`, body);
  const remove = (router: Shown, body: unknown, as = member) => as('PUT', `/routers/${router.id}/remove_router_interface`, body);
  const portsOf = async (router: Shown) => (await admin('GET', `/ports?device_id=${router.id}`)).at('ports') as Shown[];
  const routes = (...pairs: [string, string][]) => ({
    router: { routes: pairs.map(([destination, nexthop]) => ({ destination, nexthop })) },
  });
  const bad = (answer: Reply, msg: string) => expectError(answer, 400, 'BadRequest', `Bad router request: ${msg}.`);
  const six = (network: Shown, cidr: string, more: object = {}) =>
    cloud.make('subnet', { network_id: network.id, ip_version: 6, cidr, ...more });

  test("a subnet's gateway address is the router's", async () => {
    const router = await cloud.make('router', {});
    const { network, subnet } = await cloud.wired('10.0.1.0/24');
    const added = await add(router, { subnet_id: subnet.id });
    const { projectId } = cloud.member;
    const answer = {
      id: router.id,
      tenant_id: projectId,
      project_id: projectId,
      port_id: expect.any(String),
      network_id: network.id,
      subnet_id: subnet.id,
      subnet_ids: [subnet.id],
    };
    expect([added.status, added.body]).toEqual([200, answer]);
    const port = (await member('GET', `/ports/${added.at('port_id')}`)).at('port');
    expect(port).toMatchObject({
      device_id: router.id,
      device_owner: 'network:router_interface',
      project_id: projectId,
      name: '',
      status: 'DOWN',
      port_security_enabled: false,
      fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.1.1' }],
    });
    const shown = (await member('GET', `/routers/${router.id}`)).at('router') as Shown;
    expect(shown.revision_number).toBeGreaterThan(Number(router.revision_number));
    bad(await add(router, { subnet_id: subnet.id }), `Router already has a port on subnet ${subnet.id}`);
    const inUse = `Router ${router.id} has ports still attached: ${added.at('port_id')}`;
    expectError(await member('DELETE', `/routers/${router.id}`), 409, 'RouterInUse', inUse);
    expect((await remove(router, { subnet_id: subnet.id })).body).toEqual({ ...answer, port_id: added.at('port_id') });
    expectError(await member('GET', `/ports/${added.at('port_id')}`), 404, 'PortNotFound');
    expect((await member('DELETE', `/routers/${router.id}`)).status).toBe(204);
  });

  test('what names no subnet and no port is refused', async () => {
    const router = await cloud.make('router', {});
    for (const call of [add, remove]) {
      for (const body of [undefined, {}, [], '"x"', { router: {} }]) {
        bad(await call(router, body), 'Either subnet_id or port_id must be specified');
      }
      for (const value of ['x', null, 5]) {
        const text = value === null ? 'None' : value;
        bad(await call(router, { subnet_id: value }), `'${text}' is not a valid UUID`);
        bad(await call(router, { port_id: value }), `'${text}' is not a valid UUID`);
      }
      expectError(await call(router, { subnet_id: NOWHERE }), 404, 'SubnetNotFound', `Subnet ${NOWHERE} could not be found.`);
    }
    bad(await add(router, { subnet_id: NOWHERE, port_id: NOWHERE }), 'Cannot specify both subnet-id and port-id');
    expectError(await add(router, { port_id: NOWHERE }), 404, 'PortNotFound', `Port ${NOWHERE} could not be found.`);
    expectError(await add({ id: NOWHERE }, { port_id: NOWHERE }), 404, 'RouterNotFound', `Router ${NOWHERE} could not be found`);
  });

  test('a subnet needs a gateway address that nobody has', async () => {
    const router = await cloud.make('router', {});
    const { network, subnet } = await cloud.wired('10.0.2.0/24');
    const none = await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.3.0/24', gateway_ip: null });
    bad(await add(router, { subnet_id: none.id }), 'Subnet for router interface must have a gateway IP');
    await add(router, { subnet_id: subnet.id });
    const other = await cloud.make('router', {});
    const message = `IP address 10.0.2.1 already allocated in subnet ${subnet.id}`;
    expectError(await add(other, { subnet_id: subnet.id }), 409, 'IpAddressAlreadyAllocated', message);
    const change = await member('PUT', `/subnets/${subnet.id}`, { subnet: { gateway_ip: '10.0.2.254' } });
    expectError(change, 409, 'GatewayIpInUse');
    expectError(await member('DELETE', `/subnets/${subnet.id}`), 409, 'SubnetInUse');
  });

  test('subnets of one router do not overlap', async () => {
    const router = await cloud.make('router', {});
    const { subnet } = await cloud.wired('10.0.4.0/24');
    const { subnet: wider } = await cloud.wired('10.0.4.0/22');
    await add(router, { subnet_id: subnet.id });
    const clash = (one: Shown, cidr: string) => `Cidr ${cidr} of subnet ${one.id} overlaps with cidr 10.0.4.0/24 of subnet ${subnet.id}`;
    bad(await add(router, { subnet_id: wider.id }), clash(wider, '10.0.4.0/22'));
    const port = await cloud.make('port', { network_id: wider.network_id });
    bad(await add(router, { port_id: port.id }), clash(wider, '10.0.4.0/22'));
    const answers = await Promise.all(
      ['10.9.0.0/16', '10.9.9.0/24', '10.9.8.0/23'].map(async (cidr) => (await cloud.wired(cidr)).subnet),
    ).then((subnets) => Promise.all(subnets.map(({ id }) => add(router, { subnet_id: id }))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
  });

  test('of many calls for one subnet at once, one is heard', async () => {
    const router = await cloud.make('router', {});
    const { subnet } = await cloud.wired('10.0.8.0/24');
    const answers = await Promise.all(Array.from({ length: 6 }, () => add(router, { subnet_id: subnet.id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
    expect(await portsOf(router)).toHaveLength(1);
    const gone = await Promise.all(Array.from({ length: 4 }, () => remove(router, { subnet_id: subnet.id })));
    expect(gone.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404]);
  });

  test('IPv6 subnets of a network share a port', async () => {
    const router = await cloud.make('router', {});
    const network = await cloud.make('network', {});
    const slaac = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
    const first = await six(network, '2001:db8:1::/64', slaac);
    const second = await six(network, '2001:db8:2::/64', slaac);
    const added = await add(router, { subnet_id: first.id });
    const more = await add(router, { subnet_id: second.id });
    expect(more.body).toMatchObject({ port_id: added.at('port_id'), subnet_id: second.id, subnet_ids: [second.id] });
    const [port, ...others] = await portsOf(router);
    expect(others).toEqual([]);
    const fixed = [
      { subnet_id: first.id, ip_address: '2001:db8:1::' },
      { subnet_id: second.id, ip_address: '2001:db8:2::' },
    ];
    expect(port?.fixed_ips).toEqual(fixed);
    bad(await add(router, { subnet_id: second.id }), `Router already has a port on subnet ${second.id}`);
    const third = await six(network, '2001:db8:3::/64');
    const own = await cloud.make('port', { network_id: network.id, fixed_ips: [{ subnet_id: third.id }] });
    const answer = await add(router, { port_id: own.id });
    expectError(
      answer,
      400,
      'BadRequest',
      /^Bad router request: (Router already has a port|Cannot have multiple router ports with the same)/,
    );
    expectError(await member('DELETE', `/subnets/${second.id}`), 409, 'SubnetInUse');
    expect((await remove(router, { subnet_id: first.id })).at('subnet_ids')).toEqual([first.id]);
    expect((await portsOf(router)).map(({ fixed_ips }) => fixed_ips)).toEqual([[fixed[1]]]);
    expect((await remove(router, { subnet_id: second.id, port_id: port?.id })).status).toBe(200);
    expect(await portsOf(router)).toEqual([]);
  });

  test('two router ports of a network with IPv6 would be two routers to its hosts', async () => {
    const router = await cloud.make('router', {});
    const network = await cloud.make('network', {});
    const first = await six(network, '2001:db8:1::/64');
    const second = await six(network, '2001:db8:2::/64');
    const { port_id } = (await add(router, { subnet_id: first.id })).body as { port_id: string };
    const port = await cloud.make('port', { network_id: network.id, fixed_ips: [{ subnet_id: second.id }] });
    bad(
      await add(router, { port_id: port.id }),
      `Cannot have multiple router ports with the same network id if both contain IPv6 subnets. Existing port ${port_id} has IPv6 subnet(s) and network id ${network.id}`,
    );
  });

  test('a port that is there joins with the addresses it has', async () => {
    const router = await cloud.make('router', {});
    const { network, subnet } = await cloud.wired('10.0.12.0/24');
    const v6 = await six(network, '2001:db8:4::/64');
    const fixed_ips = [
      { subnet_id: subnet.id, ip_address: '10.0.12.77' },
      { subnet_id: v6.id, ip_address: '2001:db8:4::77' },
    ];
    const port = await cloud.make('port', { network_id: network.id, name: 'mine', fixed_ips });
    const added = await add(router, { port_id: port.id });
    expect(added.body).toMatchObject({ port_id: port.id, subnet_id: v6.id, subnet_ids: [subnet.id, v6.id] });
    const joined = { device_id: router.id, device_owner: 'network:router_interface', name: 'mine', fixed_ips };
    expect((await member('GET', `/ports/${port.id}`)).at('port')).toMatchObject(joined);
    const inUse = `Unable to complete operation on port ${port.id} for network ${network.id}. Port already has an attached device ${router.id}.`;
    expectError(await add(await cloud.make('router', {}), { port_id: port.id }), 409, 'PortInUse', inUse);
    const mismatch = `Subnet on port ${port.id} does not match the requested subnet ${NOWHERE}.`;
    expectError(await remove(router, { port_id: port.id, subnet_id: NOWHERE }), 400, 'SubnetMismatchForPort', mismatch);
    expect((await remove(router, { port_id: port.id })).at('subnet_ids')).toHaveLength(2);
    expectError(await member('GET', `/ports/${port.id}`), 404, 'PortNotFound');
  });

  test('a port that cannot join is refused', async () => {
    const router = await cloud.make('router', {});
    const { network, subnet } = await cloud.wired('10.0.13.0/24');
    const second = await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.14.0/24' });
    const port = (fixed_ips: object[], more: object = {}) => cloud.make('port', { network_id: network.id, fixed_ips, ...more });
    bad(await add(router, { port_id: (await port([])).id }), 'Router port must have at least one fixed IP');
    for (const other of [subnet, second]) {
      const two = await port([{ subnet_id: subnet.id }, { subnet_id: other.id }]);
      bad(await add(router, { port_id: two.id }), 'Cannot have multiple IPv4 subnets on router port');
    }
    const used = await port([{ subnet_id: subnet.id }], { device_id: 'x' });
    expectError(await add(router, { port_id: used.id }), 409, 'PortInUse');
  });

  test('an absent interface is not removed', async () => {
    const router = await cloud.make('router', {});
    const { network, subnet } = await cloud.wired('10.0.15.0/24');
    const port = await cloud.make('port', { network_id: network.id });
    const onPort = (id: string) => `Router ${router.id} does not have an interface with id ${id}`;
    for (const id of [NOWHERE, port.id]) expectError(await remove(router, { port_id: id }), 404, 'RouterInterfaceNotFound', onPort(id));
    const onSubnet = `Router ${router.id} has no interface on subnet ${subnet.id}`;
    expectError(await remove(router, { subnet_id: subnet.id }), 404, 'RouterInterfaceNotFoundForSubnet', onSubnet);
  });

  describe('of other projects', () => {
    test("a foreign subnet is absent, or nobody's to join where it is shared", async () => {
      const router = await cloud.make('router', {});
      const { subnet: hidden } = await cloud.wired('10.0.16.0/24', cloud.stranger);
      expectError(await add(router, { subnet_id: hidden.id }), 404, 'SubnetNotFound');
      const shared = await cloud.make('network', { shared: true }, cloud.admin);
      const subnet = await cloud.make('subnet', { network_id: shared.id, ip_version: 4, cidr: '10.0.17.0/24' }, cloud.admin);
      const refused = `Cannot add interface to router because subnet ${subnet.id} is not owned by project making the request`;
      bad(await add(router, { subnet_id: subnet.id }), refused);
      const own = await cloud.make('port', { network_id: shared.id });
      expect((await add(router, { port_id: own.id })).status).toBe(200);
    });

    test("a foreign port on one's own network does not join", async () => {
      const router = await cloud.make('router', {});
      const { network } = await cloud.wired('10.0.18.0/24');
      const foreign = await cloud.make('port', { network_id: network.id }, cloud.admin);
      const message = `The following device_id ${router.id} is not owned by your project or matches another project router.`;
      expectError(await add(router, { port_id: foreign.id }), 409, 'DeviceIDNotOwnedByTenant', message);
      expect((await add(router, { port_id: foreign.id }, admin)).status).toBe(200);
    });

    test("nobody's port is said to be another project's router's", async () => {
      const theirs = await cloud.make('router', {}, cloud.stranger);
      const { network } = await cloud.wired('10.0.19.0/24');
      const claim = { device_owner: 'network:router_interface', device_id: theirs.id };
      const made = await member('POST', '/ports', { port: { network_id: network.id, ...claim } });
      expectError(made, 409, 'DeviceIDNotOwnedByTenant');
      const port = await cloud.make('port', { network_id: network.id });
      expectError(await member('PUT', `/ports/${port.id}`, { port: claim }), 409, 'DeviceIDNotOwnedByTenant');
      expect((await member('PUT', `/ports/${port.id}`, { port: { ...claim, device_id: NOWHERE } })).status).toBe(200);
      expectError(await member('PUT', `/ports/${port.id}`, { port: { device_id: theirs.id } }), 409, 'DeviceIDNotOwnedByTenant');
      expect((await admin('PUT', `/ports/${port.id}`, { port: { device_id: theirs.id } })).status).toBe(200);
    });
  });

  describe('the port of one', () => {
    const joined = async (cidr: string) => {
      const router = await cloud.make('router', {});
      const { subnet } = await cloud.wired(cidr);
      const { port_id } = (await add(router, { subnet_id: subnet.id })).body as { port_id: string };
      const change = (port: object) => member('PUT', `/ports/${port_id}`, { port });
      return { router, subnet, port_id, change };
    };

    test('stays, and keeps its addresses', async () => {
      const { subnet, port_id, change } = await joined('10.0.20.0/24');
      const taken = `Port ${port_id} cannot be deleted directly via the port API: has device owner network:router_interface.`;
      for (const as of [member, admin]) expectError(await as('DELETE', `/ports/${port_id}`), 409, 'ServicePortInUse', taken);
      const fixed = `Bad ports request: IP updates for port ${port_id} are not allowed.`;
      for (const fixed_ips of [
        [],
        [{ subnet_id: subnet.id, ip_address: '10.0.20.9' }],
        [{ subnet_id: subnet.id }, { subnet_id: subnet.id }],
      ]) {
        expectError(await change({ fixed_ips }), 400, 'BadRequest', fixed);
      }
      expect((await change({ fixed_ips: [{ subnet_id: subnet.id }], name: 'gate' })).at('port')).toMatchObject({
        name: 'gate',
        fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.20.1' }],
      });
    });

    test("is the router's, whatever its owner says", async () => {
      const { router, subnet, port_id, change } = await joined('10.0.21.0/24');
      expect((await change({ device_owner: 'compute:nova', device_id: 'vm' })).status).toBe(200);
      expectError(await member('DELETE', `/ports/${port_id}`), 409, 'ServicePortInUse');
      expectError(await change({ fixed_ips: [] }), 400, 'BadRequest');
      expectError(await member('DELETE', `/routers/${router.id}`), 409, 'RouterInUse');
      expectError(await member('DELETE', `/subnets/${subnet.id}`), 409, 'SubnetInUse');
      expect((await remove(router, { subnet_id: subnet.id })).at('port_id')).toBe(port_id);
    });

    test('a port that only says so goes with its word', async () => {
      const router = await cloud.make('router', {});
      const { network } = await cloud.wired('10.0.22.0/24');
      for (const device_owner of ['network:router_interface', 'network:router_gateway', 'network:router_centralized_snat']) {
        const { id } = await cloud.make('port', { network_id: network.id, device_owner, device_id: router.id });
        expectError(await remove(router, { port_id: id }), 404, 'RouterInterfaceNotFound');
        expectError(await member('DELETE', `/ports/${id}`), 409, 'ServicePortInUse');
        await member('PUT', `/ports/${id}`, { port: { device_id: NOWHERE } });
        expect((await member('DELETE', `/ports/${id}`)).status).toBe(204);
      }
      expect((await member('DELETE', `/routers/${router.id}`)).status).toBe(204);
    });
  });

  describe('extra routes', () => {
    let router: Shown;
    let subnet: Shown;
    beforeAll(async () => {
      router = await cloud.make('router', {});
      ({ subnet } = await cloud.wired('10.0.30.0/24'));
      await add(router, { subnet_id: subnet.id });
    });
    const put = (body: object) => member('PUT', `/routers/${router.id}`, body);
    const call = (name: string, body?: unknown) => member('PUT', `/routers/${router.id}/${name}_extraroutes`, body);
    const invalid = (answer: Reply, route: [string, string], reason: string) => {
      const text = `[{'destination': '${route[0]}', 'nexthop': '${route[1]}'}]`;
      expectError(answer, 400, 'InvalidRoutes', `Invalid format for routes: ${text}, the nexthop is ${reason}`);
    };

    test('lead through neighbours', async () => {
      const given = routes(['192.168.0.0/24', '10.0.30.5'], ['192.168.0.0/24', '10.0.30.6'], ['2001:db8::/64', '10.0.30.5']);
      expect((await put(given)).at('router.routes')).toEqual(given.router.routes);
      for (const [nexthop, reason] of [
        ['10.0.30.1', 'used by router'],
        ['10.0.31.1', 'not connected with router'],
        ['2001:db8::1', 'not connected with router'],
      ] as const) {
        invalid(await put(routes(['192.168.0.0/24', nexthop])), ['192.168.0.0/24', nexthop], reason);
      }
      expect((await put({ router: { routes: null } })).at('router.routes')).toEqual([]);
    });

    test.each<[unknown, string]>([
      ['x', "Invalid data format for hostroute: 'x'"],
      [{}, "Invalid data format for hostroute: '{}'"],
      [[{ destination: '192.168.0.0/24', nexthop: 'x' }], "'x' is not a valid IP address"],
      [[{ destination: 'x', nexthop: '10.0.30.5' }], "'x' is not a valid CIDR"],
      [[{ destination: '10.1.2.3/24', nexthop: '10.0.30.5' }], "'10.1.2.3/24' is not a recognized CIDR, '10.1.2.0/24' is recommended"],
      [[{ destination: '10.1.2.3', nexthop: '10.0.30.5' }], "'10.1.2.3' is not a recognized CIDR, '10.1.2.3/32' is recommended"],
      [
        [{ destination: '2001:DB8::1/64', nexthop: '10.0.30.5' }],
        "'2001:DB8::1/64' is not a recognized CIDR, '2001:db8::/64' is recommended",
      ],
    ])('are refused where they make no sense: %j', async (given, reason) => {
      for (const answer of [await put({ router: { routes: given } }), await call('add', { router: { routes: given } })]) {
        expectError(answer, 400, 'HTTPBadRequest', `Invalid input for routes. Reason: ${reason}.`);
      }
    });

    test('are added to those that are there, and taken from them', async () => {
      const [a, b, c]: [string, string][] = [
        ['10.1.0.0/24', '10.0.30.5'],
        ['10.2.0.0/24', '10.0.30.5'],
        ['10.1.0.0/24', '10.0.30.6'],
      ];
      if (!a || !b || !c) return;
      expect((await call('add', routes(a))).at('router.routes')).toEqual(routes(a).router.routes);
      expect((await call('add', routes(a, b))).at('router.routes')).toEqual(routes(a, b).router.routes);
      const shown = (await call('add', routes(c))).at('router');
      expect(shown).toEqual((await member('GET', `/routers/${router.id}`)).at('router'));
      const full = `Unable to complete operation for ${router.id}. The number of routes exceeds the maximum 3.`;
      expectError(await call('add', routes(['10.3.0.0/24', '10.0.30.5'])), 400, 'RoutesExhausted', full);
      const all = await Promise.all([call('remove', routes(a)), call('remove', routes(b, ['10.9.0.0/24', '10.0.30.5']))]);
      expect(all.map(({ status }) => status)).toEqual([200, 200]);
      expect((await call('remove', { router: { routes: [] } })).at('router.routes')).toEqual(routes(c).router.routes);
      expect((await call('remove', routes(c))).at('router.routes')).toEqual([]);
      for (const name of ['add', 'remove']) {
        for (const body of [undefined, {}, { routes: [] }]) {
          expectError(await call(name, body), 400, 'HTTPBadRequest', "Unable to find 'router' in request body");
        }
      }
    });

    test('keep their router on the subnet that they lead through', async () => {
      await put(routes(['192.168.0.0/24', '10.0.30.5']));
      const needed = `Router interface for subnet ${subnet.id} on router ${router.id} cannot be deleted, as it is required by one or more routes.`;
      expectError(await remove(router, { subnet_id: subnet.id }), 409, 'RouterInterfaceInUseByRoute', needed);
      await put({ router: { routes: [] } });
    });

    test('keep their gateway where it is', async () => {
      const external = await cloud.make('network', { 'router:external': true }, cloud.admin);
      const outside = { network_id: external.id, cidr: '198.51.100.0/24', ip_version: 4 };
      await cloud.make('subnet', outside, cloud.admin);
      const at = (ip_address: string) => ({ network_id: external.id, external_fixed_ips: [{ ip_address }] });
      await admin('PUT', `/routers/${router.id}`, { router: { external_gateway_info: at('198.51.100.9') } });
      expect((await put(routes(['192.168.0.0/24', '198.51.100.7']))).status).toBe(200);
      invalid(await put({ router: { external_gateway_info: null } }), ['192.168.0.0/24', '198.51.100.7'], 'not connected with router');
      const onto = await admin('PUT', `/routers/${router.id}`, { router: { external_gateway_info: at('198.51.100.7') } });
      invalid(onto, ['192.168.0.0/24', '198.51.100.7'], 'used by router');
      const both = await put({ router: { external_gateway_info: null, routes: [] } });
      expect(both.at('router')).toMatchObject({ external_gateway_info: null, routes: [] });
    });
  });

  test("a router's port is no other router's, whatever it says", async () => {
    const { subnet } = await cloud.wired('10.31.0.0/24');
    const [one, other] = [await cloud.make('router', {}), await cloud.make('router', {})];
    const { port_id, network_id } = (await add(one, { subnet_id: subnet.id })).body as { port_id: string; network_id: string };
    expect((await member('PUT', `/ports/${port_id}`, { port: { device_id: '', device_owner: '' } })).status).toBe(200);
    for (const router of [other, one]) {
      expectError(
        await add(router, { port_id }),
        409,
        'PortInUse',
        `Unable to complete operation on port ${port_id} for network ${network_id}. Port already has an attached device ${one.id}.`,
      );
    }
    expect((await remove(one, { port_id })).status).toBe(200);
  });

  test('a router on a hundred subnets is shown as fast as any, and leaves them', async () => {
    const router = await cloud.make('router', {});
    const network = await cloud.make('network', {});
    for (let i = 0; i < 100; i++) {
      const subnet = await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: `10.100.${i}.0/24`, enable_dhcp: false });
      expect((await add(router, { subnet_id: subnet.id })).status).toBe(200);
    }
    expect((await member('GET', `/routers/${router.id}`)).at('router.id')).toBe(router.id);
    const ports = await portsOf(router);
    expect(ports).toHaveLength(100);
    await Promise.all(ports.map(({ id }) => remove(router, { port_id: id })));
    expect((await member('DELETE', `/routers/${router.id}`)).status).toBe(204);
  });
});
