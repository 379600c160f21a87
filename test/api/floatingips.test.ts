// Floating IPs: their addresses outside, what they lead to inside, and what they keep. Pools, too. Port forwardings are in port-forwardings.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { addressOf, type Behind, behind, outside, poolOf } from './outside.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('floating IPs on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let external: Shown;
  let pool: Shown;
  let inside: Behind;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    ({ external, pool } = await outside(cloud, '198.51.100.0/24'));
    inside = await behind(cloud, '10.0.0.0/24', external);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const post = (attributes: object = {}, as = member) =>
    as('POST', '/floatingips', { floatingip: { floating_network_id: external.id, ...attributes } });
  const make = async (attributes: object = {}): Promise<Shown> => {
    const made = await post(attributes);
    if (made.status !== 201) throw new Error(made.text);
    return made.at('floatingip') as Shown;
  };
  const put = (id: unknown, attributes: object, as = member) => as('PUT', `/floatingips/${id}`, { floatingip: attributes });
  const shown = async (id: unknown) => (await member('GET', `/floatingips/${id}`)).at('floatingip') as Shown;
  const port = (attributes: object = {}): Promise<Shown> => cloud.make('port', { network_id: inside.network.id, ...attributes });
  const ports = (count: number): Promise<Shown> => port({ fixed_ips: Array(count).fill({ subnet_id: inside.subnet.id }) });
  const heldBy = async (id: unknown) => (await admin('GET', `/ports?device_id=${id}`)).at('ports') as Shown[];
  const bad = (msg: string) => `Bad floatingip request: ${msg}.`;

  test('one that leads nowhere, and the port that holds its address', async () => {
    const made = await post({ description: 'd', port_id: null, floating_ip_address: null, subnet_id: null, fixed_ip_address: null });
    const { projectId } = cloud.member;
    expect([made.status, made.body]).toEqual([
      201,
      {
        floatingip: {
          id: expect.any(String),
          project_id: projectId,
          tenant_id: projectId,
          floating_ip_address: expect.stringMatching(/^198\.51\.100\.\d+$/),
          floating_network_id: external.id,
          router_id: null,
          port_id: null,
          fixed_ip_address: null,
          status: 'DOWN',
          description: 'd',
          port_details: null,
          qos_policy_id: null,
          port_forwardings: [],
          dns_domain: '',
          dns_name: '',
          tags: [],
          revision_number: 0,
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
      },
    ]);
    const { id, floating_ip_address } = made.at('floatingip') as Shown;
    expect(await shown(id)).toEqual(made.at('floatingip'));
    const [held, ...more] = await heldBy(id);
    expect(more).toEqual([]);
    expect(held).toMatchObject({
      network_id: external.id,
      project_id: '',
      device_owner: 'network:floatingip',
      status: 'N/A',
      port_security_enabled: false,
      fixed_ips: [{ subnet_id: pool.id, ip_address: floating_ip_address }],
    });
    const path = `/ports/${held?.id}`;
    expectError(await member('GET', path), 404, 'PortNotFound');
    const reason = `Port ${held?.id} cannot be deleted directly via the port API: has device owner network:floatingip.`;
    expectError(await admin('DELETE', path), 409, 'ServicePortInUse', reason);
    expect((await admin('PUT', path, { port: { name: 'x' } })).status).toBe(200);
    const elsewhere = { fixed_ips: [{ subnet_id: pool.id, ip_address: '198.51.100.250' }] };
    const moved = `Bad ports request: IP updates for port ${held?.id} are not allowed.`;
    expectError(await admin('PUT', path, { port: elsewhere }), 400, 'BadRequest', moved);
    expectError(await admin('PUT', path, { port: { device_owner: 'x' } }), 409, 'PortInUse');
    expect((await member('DELETE', `/floatingips/${id}`)).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) {
      const gone = await member(method, `/floatingips/${id}`);
      expectError(gone, 404, 'FloatingIPNotFound', `Floating IP ${id} could not be found`);
    }
    expectError(await admin('GET', path), 404, 'PortNotFound');
  });

  test('names are kept in lower case; what cannot change is read-only', async () => {
    const { id, ...row } = await make({ dns_name: 'Web.Inside', dns_domain: 'Example.ORG.' });
    expect(row).toMatchObject({ dns_name: 'web.inside', dns_domain: 'example.org.' });
    expectError(await post({ dns_name: 'a_b' }), 400, 'HTTPBadRequest');
    expectError(await post({ dns_domain: 5 }), 400, 'InvalidInput', 'Invalid input for operation: Input value 5 must be string type.');
    for (const name of ['floating_ip_address', 'floating_network_id', 'dns_name', 'subnet_id', 'router_id', 'status']) {
      expectError(await put(id, { [name]: null }), 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    }
    expectError(await post({ distributed: true }), 400, 'HTTPBadRequest', "Unrecognized attribute(s) 'distributed'");
    expectError(await member('POST', '/floatingips', { floatingips: [{}] }), 400, 'HTTPBadRequest', 'Bulk operation not supported');
  });

  test('an address of a network that leads outside, and that the caller sees', async () => {
    const refused = await post({ floating_network_id: inside.network.id });
    expectError(refused, 400, 'BadRequest', bad(`Network ${inside.network.id} is not a valid external network`));
    expectError(await post({ floating_network_id: NOWHERE }), 404, 'NetworkNotFound');
    expectError(await post({ floating_network_id: inside.network.id }, cloud.as(cloud.stranger)), 404, 'NetworkNotFound');
    const bare = await cloud.make('network', { 'router:external': true }, cloud.admin);
    const without = bad(`Network ${bare.id} does not contain any IPv4 subnet`);
    expectError(await post({ floating_network_id: bare.id }), 400, 'BadRequest', without);
    const six = await poolOf(cloud, bare, '2001:db8:1::/64');
    expectError(await post({ floating_network_id: bare.id }), 400, 'BadRequest', without);
    expectError(
      await post({ floating_network_id: bare.id, subnet_id: six.id }),
      400,
      'ExternalIpAddressExhausted',
      `Unable to find any IP address on external network ${bare.id}.`,
    );
    await poolOf(cloud, bare, '198.51.101.0/30');
    const one = await post({ floating_network_id: bare.id });
    expect(one.at('floatingip.floating_ip_address')).toBe('198.51.101.2');
    expectError(await post({ floating_network_id: bare.id }), 409, 'IpAddressGenerationFailure');
    const [held] = await heldBy(one.at('floatingip.id'));
    expect(held?.fixed_ips).toContainEqual({ subnet_id: six.id, ip_address: expect.any(String) });
  });

  test('of a subnet, or the very address, for those who may', async () => {
    const second = await poolOf(cloud, external, '198.51.102.0/24');
    expect((await make({ subnet_id: second.id })).floating_ip_address).toMatch(/^198\.51\.102\./);
    expectError(await post({ subnet_id: NOWHERE }), 404, 'SubnetNotFound');
    const foreign = await post({ subnet_id: inside.subnet.id });
    const text = `Failed to create port on network ${external.id}, because fixed_ips included invalid subnet ${inside.subnet.id}`;
    expectError(foreign, 400, 'InvalidInput', `Invalid input for operation: ${text}.`);
    const wanted = { floating_ip_address: '198.51.100.200' };
    expectError(
      await post(wanted),
      403,
      'PolicyNotAuthorized',
      '(rule:create_floatingip and rule:create_floatingip:floating_ip_address) is disallowed by policy',
    );
    const manager = cloud.as(cloud.manager);
    expect((await post(wanted, manager)).at('floatingip.floating_ip_address')).toBe('198.51.100.200');
    expectError(await post(wanted, admin), 409, 'IpAddressAlreadyAllocated');
    expectError(await post({ floating_ip_address: '192.0.2.1' }, admin), 400, 'InvalidIpForNetwork');
    expectError(await post({ floating_ip_address: '198.51.100.201', subnet_id: second.id }, admin), 400, 'InvalidIpForSubnet');
    const both = await post({ floating_ip_address: '198.51.102.201', subnet_id: second.id }, admin);
    expect(both.at('floatingip.floating_ip_address')).toBe('198.51.102.201');
    await poolOf(cloud, external, '2001:db8:2::/64');
    expectError(await post({ floating_ip_address: '2001:db8:2::5' }, admin), 400, 'ExternalIpAddressExhausted');
  });

  test('leads to a port when it is made, and shows what the port is like', async () => {
    const one = await port({ name: 'p1', device_id: 'vm', device_owner: 'compute:nova' });
    const made = await make({ port_id: one.id });
    expect(made).toMatchObject({
      port_id: one.id,
      fixed_ip_address: addressOf(one),
      router_id: inside.router.id,
      status: 'DOWN',
      port_details: {
        name: 'p1',
        network_id: inside.network.id,
        mac_address: one.mac_address,
        admin_state_up: true,
        status: 'DOWN',
        device_id: 'vm',
        device_owner: 'compute:nova',
      },
    });
    await member('PUT', `/ports/${one.id}`, { port: { admin_state_up: false, name: 'p2' } });
    expect((await shown(made.id)).port_details).toMatchObject({ name: 'p2', admin_state_up: false });
    for (const query of [`port_id=${one.id}`, `fixed_ip_address=${addressOf(one)}`, `floating_ip_address=${made.floating_ip_address}`]) {
      expect((await member('GET', `/floatingips?${query}&fields=id`)).at('floatingips')).toEqual([{ id: made.id }]);
    }
    expect((await member('GET', `/floatingips?router_id=${inside.router.id}&status=DOWN&fields=id`)).at('floatingips')).toContainEqual({
      id: made.id,
    });
    expectError(await member('GET', '/floatingips?port_details=x'), 400, 'HTTPBadRequest');
  });

  test('is led elsewhere, and nowhere', async () => {
    const [one, two] = [await port(), await ports(2)];
    const { id, floating_ip_address } = await make();
    const led = await put(id, { port_id: one.id });
    expect(led.at('floatingip')).toMatchObject({ port_id: one.id, fixed_ip_address: addressOf(one), revision_number: 1 });
    expect((await put(id, { description: 'd' })).at('floatingip')).toMatchObject({ port_id: one.id, description: 'd' });
    expect((await put(id, { port_id: one.id })).at('floatingip.revision_number')).toBe(2);
    expectError(
      await put(id, { port_id: two.id }),
      400,
      'BadRequest',
      bad(`Port ${two.id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`),
    );
    const second = addressOf(two, 1);
    expect((await put(id, { port_id: two.id, fixed_ip_address: second })).at('floatingip')).toMatchObject({
      port_id: two.id,
      fixed_ip_address: second,
      floating_ip_address,
    });
    const alone = bad('fixed_ip_address cannot be specified without a port_id');
    expectError(await put(id, { fixed_ip_address: second }), 400, 'BadRequest', alone);
    expectError(await put(id, { port_id: null, fixed_ip_address: second }), 400, 'BadRequest', alone);
    expectError(await post({ fixed_ip_address: second }), 400, 'BadRequest', alone);
    expectError(await put(id, { fixed_ip_address: null }), 400, 'BadRequest', /has multiple fixed IPv4 addresses/);
    const nowhere = { port_id: null, fixed_ip_address: null, router_id: null, port_details: null };
    expect((await put(id, { port_id: null, description: '' })).at('floatingip')).toMatchObject({ ...nowhere, description: '' });
    await put(id, { port_id: one.id });
    expect((await put(id, {})).at('floatingip')).toMatchObject(nowhere);
    expect((await put(id, { fixed_ip_address: null })).at('floatingip')).toMatchObject(nowhere);
  });

  test('not to any port', async () => {
    const [none, two] = [await port({ fixed_ips: [] }), await ports(2)];
    const { id } = await make();
    for (const ask of [post, (attributes: object) => put(id, attributes)]) {
      expectError(await ask({ port_id: NOWHERE }), 404, 'PortNotFound');
      const without = bad(`Cannot add floating IP to port ${none.id} that has no fixed IPv4 addresses`);
      expectError(await ask({ port_id: none.id }), 400, 'BadRequest', without);
      const unknown = bad(`Port ${two.id} does not have fixed ip 10.0.0.254`);
      expectError(await ask({ port_id: two.id, fixed_ip_address: '10.0.0.254' }), 400, 'BadRequest', unknown);
      const six = bad('Cannot process floating IP association with 2001:db8::1, since that is not an IPv4 address');
      expectError(await ask({ port_id: two.id, fixed_ip_address: '2001:db8::1' }), 400, 'BadRequest', six);
    }
  });

  test("only to the project's own ports, but for administrators", async () => {
    const hidden = await cloud.make('port', { network_id: (await cloud.wired('10.5.0.0/24', cloud.stranger)).network.id }, cloud.stranger);
    expectError(await post({ port_id: hidden.id }), 404, 'PortNotFound');
    const theirs = await cloud.make('port', { network_id: inside.network.id, project_id: cloud.stranger.projectId }, cloud.admin);
    const { id } = await make();
    const text = bad(`Cannot process floating IP association with Port ${theirs.id}, since that port is owned by a different tenant`);
    expectError(await post({ port_id: theirs.id }), 400, 'BadRequest', text);
    expectError(await put(id, { port_id: theirs.id }), 400, 'BadRequest', text);
    expect((await put(id, { port_id: theirs.id }, admin)).at('floatingip.port_id')).toBe(theirs.id);
    const made = await post({ project_id: cloud.member.projectId, port_id: (await port()).id }, admin);
    expect(made.at('floatingip.project_id')).toBe(cloud.member.projectId);
  });

  test('only through a router that leads to its network: the one instances are told of', async () => {
    const lost = await behind(cloud, '10.6.0.0/24', undefined);
    const far = await cloud.make('port', { network_id: lost.network.id });
    const text = `External network ${external.id} is not reachable from subnet ${lost.subnet.id}.  Therefore, cannot associate Port ${far.id} with a Floating IP.`;
    expectError(await post({ port_id: far.id }), 404, 'ExternalGatewayForFloatingIPNotFound', text);
    expectError(await put((await make()).id, { port_id: far.id }), 404, 'ExternalGatewayForFloatingIPNotFound', text);
    // A second router on the subnet, which is not its gateway; whichever has the lower id.
    const others: Shown[] = [];
    for (const ip_address of ['10.0.0.201', '10.0.0.202', '10.0.0.203']) {
      const router = await cloud.make('router', { external_gateway_info: { network_id: external.id } });
      const arm = await port({ fixed_ips: [{ ip_address }] });
      expect((await member('PUT', `/routers/${router.id}/add_router_interface`, { port_id: arm.id })).status).toBe(200);
      others.push(router);
    }
    const { id, router_id } = await make({ port_id: (await port()).id });
    expect(router_id).toBe(inside.router.id);
    for (const router of others) {
      const off = await member('PUT', `/routers/${router.id}/remove_router_interface`, { subnet_id: inside.subnet.id });
      expect([router.id, off.status]).toEqual([router.id, 200]);
    }
    expect((await shown(id)).router_id).toBe(inside.router.id);
  });

  test('a fixed address has one floating IP of a network', async () => {
    const { id, ...one } = await port();
    await make({ port_id: id });
    const other = await make();
    expectError(
      await put(other.id, { port_id: id }),
      409,
      'FloatingIPPortAlreadyAssociated',
      `Cannot associate floating IP ${other.floating_ip_address} (${other.id}) with port ${id} using fixed IP ${addressOf({ id, ...one })}, as that fixed IP already has a floating IP on external network ${external.id}.`,
    );
    expectError(await post({ port_id: id }), 409, 'FloatingIPPortAlreadyAssociated');
    // The address that was taken for the one refused is free again.
    expect((await admin('GET', `/ports?network_id=${external.id}&device_owner=network:floatingip`)).at('ports')).toHaveLength(
      ((await admin('GET', `/floatingips?floating_network_id=${external.id}`)).at('floatingips') as unknown[]).length,
    );
  });

  test('of many that are led to one address at once, one is', async () => {
    const { id } = await port();
    const made = await Promise.all(Array.from({ length: 6 }, () => make()));
    const answers = await Promise.all(made.map((one) => put(one.id, { port_id: id })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.at('NeutronError.type') === 'FloatingIPPortAlreadyAssociated')).toHaveLength(5);
  });

  test('a port that goes, or whose address goes, lets go of it', async () => {
    const [one, two] = [await port(), await ports(2)];
    const { id } = await make({ port_id: one.id });
    const kept = await make({ port_id: two.id, fixed_ip_address: addressOf(two, 0) });
    const lost = await make({ port_id: two.id, fixed_ip_address: addressOf(two, 1) });
    const nowhere = { port_id: null, fixed_ip_address: null, router_id: null, port_details: null };
    expect((await member('DELETE', `/ports/${one.id}`)).status).toBe(204);
    expect(await shown(id)).toMatchObject({ ...nowhere, revision_number: 1 });
    const fixed_ips = [{ subnet_id: inside.subnet.id, ip_address: addressOf(two, 0) }];
    expect((await member('PUT', `/ports/${two.id}`, { port: { fixed_ips } })).status).toBe(200);
    expect(await shown(lost.id)).toMatchObject(nowhere);
    expect(await shown(kept.id)).toMatchObject({ port_id: two.id, fixed_ip_address: addressOf(two, 0) });
  });

  test('a router keeps the interface and the gateway that one leads through', async () => {
    const { network, subnet, router } = await behind(cloud, '10.7.0.0/24', external);
    const idle = await cloud.wired('10.8.0.0/24');
    await member('PUT', `/routers/${router.id}/add_router_interface`, { subnet_id: idle.subnet.id });
    const { id } = await make({ port_id: (await cloud.make('port', { network_id: network.id })).id });
    const off = (of: Shown) => member('PUT', `/routers/${router.id}/remove_router_interface`, { subnet_id: of.id });
    const gateway = (info: object | null) => member('PUT', `/routers/${router.id}`, { router: { external_gateway_info: info } });
    expectError(
      await off(subnet),
      409,
      'RouterInterfaceInUseByFloatingIP',
      `Router interface for subnet ${subnet.id} on router ${router.id} cannot be deleted, as it is required by one or more floating IPs.`,
    );
    expect((await off(idle.subnet)).status).toBe(200);
    const text = `Gateway cannot be updated for router ${router.id}, since a gateway to external network ${external.id} is required by one or more floating IPs.`;
    expectError(await gateway(null), 409, 'RouterExternalGatewayInUseByFloatingIp', text);
    const other = await outside(cloud, '198.51.110.0/24');
    expectError(await gateway({ network_id: other.external.id }), 409, 'RouterExternalGatewayInUseByFloatingIp', text);
    expect((await gateway({ network_id: external.id })).status).toBe(200);
    await put(id, {});
    expect((await gateway({ network_id: other.external.id })).status).toBe(200);
    expect((await off(subnet)).status).toBe(200);
  });

  test('interfaces that go while floating IPs are led through them go before or not at all', async () => {
    const { network, subnet, router } = await behind(cloud, '10.9.0.0/24', external);
    const { id: port_id } = await cloud.make('port', { network_id: network.id });
    const { id } = await make();
    const [led, off] = await Promise.all([
      put(id, { port_id }),
      member('PUT', `/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id }),
    ]);
    expect([
      [200, 409],
      [404, 200],
    ]).toContainEqual([led.status, off.status]);
    expect((await shown(id)).router_id).toBe(led.status === 200 ? router.id : null);
  });

  test('an external network takes with it those that lead nowhere, and stays for the others', async () => {
    const { external: going, pool: of } = await outside(cloud, '198.51.120.0/24');
    const { network, router } = await behind(cloud, '10.10.0.0/24', going);
    const idle = await make({ floating_network_id: going.id });
    const busy = await make({ floating_network_id: going.id, port_id: (await cloud.make('port', { network_id: network.id })).id });
    expectError(await admin('DELETE', `/subnets/${of.id}`), 409, 'SubnetInUse');
    expectError(
      await admin('DELETE', `/networks/${going.id}`),
      409,
      'NetworkInUse',
      /There are one or more ports still in use on the network/,
    );
    expect(await shown(idle.id)).toMatchObject({ id: idle.id });
    await put(busy.id, {});
    await member('PUT', `/routers/${router.id}`, { router: { external_gateway_info: null } });
    expect((await admin('PUT', `/networks/${going.id}`, { network: { 'router:external': false } })).status).toBe(200);
    expect((await admin('DELETE', `/networks/${going.id}`)).status).toBe(204);
    for (const { id } of [idle, busy]) expectError(await member('GET', `/floatingips/${id}`), 404, 'FloatingIPNotFound');
  });

  test('a project has as many as its quota', async () => {
    const stranger = cloud.as(cloud.stranger);
    await admin('PUT', `/quotas/${cloud.stranger.projectId}`, { quota: { floatingip: 1 } });
    const { status, at } = await post({}, stranger);
    expect(status).toBe(201);
    expectError(await post({}, stranger), 409, 'OverQuota', "Quota exceeded for resources: ['floatingip'].");
    expect((await admin('GET', `/quotas/${cloud.stranger.projectId}/details`)).at('quota.floatingip')).toMatchObject({ used: 1 });
    expect((await stranger('DELETE', `/floatingips/${at('floatingip.id')}`)).status).toBe(204);
  });

  test('who may do what', async () => {
    const { id } = await make();
    const [reader, stranger] = [cloud.as(cloud.reader), cloud.as(cloud.stranger)];
    expect((await reader('GET', `/floatingips/${id}`)).status).toBe(200);
    expectError(await post({}, reader), 403, 'PolicyNotAuthorized', 'rule:create_floatingip is disallowed by policy');
    expectError(await put(id, { description: 'x' }, reader), 403, 'PolicyNotAuthorized');
    expectError(await reader('DELETE', `/floatingips/${id}`), 403, 'PolicyNotAuthorized');
    expectError(await stranger('GET', `/floatingips/${id}`), 404, 'FloatingIPNotFound');
    expectError(await put(id, {}, stranger), 404, 'FloatingIPNotFound');
    expect((await stranger('GET', '/floatingips')).at('floatingips')).toEqual([]);
    expect((await admin('GET', `/floatingips?id=${id}`)).at('floatingips')).toHaveLength(1);
    expect((await cloud.send('GET', '/floatingips')).status).toBe(401);
  });

  test('can be tagged and sorted', async () => {
    const { id } = await make();
    expect((await member('PUT', `/floatingips/${id}/tags`, { tags: ['blue'] })).status).toBe(200);
    expect((await member('GET', '/floatingips?tags=blue&fields=id&fields=tags')).at('floatingips')).toEqual([{ id, tags: ['blue'] }]);
    const sorted = await member('GET', '/floatingips?sort_key=floating_ip_address&sort_dir=asc&limit=3&fields=floating_ip_address');
    const addresses = (sorted.at('floatingips') as { floating_ip_address: string }[]).map((one) => one.floating_ip_address);
    expect(addresses).toEqual([...addresses].sort());
  });

  describe('pools', () => {
    test('are the IPv4 subnets of networks that lead outside for whoever asks', async () => {
      const { external: shared, pool: first } = await outside(cloud, '198.51.130.0/24');
      const second = await poolOf(cloud, shared, '198.51.131.0/24');
      await poolOf(cloud, shared, '2001:db8:130::/64');
      const list = async (as = member, query = '') => (await as('GET', `/floatingip_pools${query}`)).at('floatingip_pools') as Shown[];
      const mine = (await list()).filter(({ network_id }) => network_id === shared.id);
      const { projectId } = cloud.member;
      expect(mine.sort((a, b) => String(a.cidr).localeCompare(String(b.cidr)))).toEqual(
        [first, second].map(({ id, cidr, name }) => ({
          subnet_id: id,
          subnet_name: name,
          cidr,
          network_id: shared.id,
          project_id: projectId,
          tenant_id: projectId,
        })),
      );
      expect((await list(admin)).filter(({ network_id }) => network_id === shared.id)).toHaveLength(2);
      expect(await list(member, '?limit=1&fields=cidr')).toHaveLength(1);
      expectError(await member('GET', '/floatingip_pools?network_id=x'), 400, 'HTTPBadRequest');
      expectError(await member('POST', '/floatingip_pools', { floatingip_pool: {} }), 405, 'HTTPMethodNotAllowed');
      const [policy] = (await admin('GET', `/rbac-policies?object_id=${shared.id}&action=access_as_external`)).at(
        'rbac_policies',
      ) as Shown[];
      const only = { rbac_policy: { target_tenant: cloud.stranger.projectId } };
      expect((await admin('PUT', `/rbac-policies/${policy?.id}`, only)).status).toBe(200);
      expect((await list()).filter(({ network_id }) => network_id === shared.id)).toEqual([]);
      const stranger = cloud.as(cloud.stranger);
      expect((await list(stranger)).filter(({ network_id }) => network_id === shared.id)).toHaveLength(2);
      expectError(await post({ floating_network_id: shared.id }), 404, 'NetworkNotFound');
      const theirs = await post({ floating_network_id: shared.id }, stranger);
      expect(theirs.status).toBe(201);
      // What a project has of a network that it may not use any more stays with it.
      expect((await admin('DELETE', `/rbac-policies/${policy?.id}`)).status).toBe(204);
      expect((await stranger('DELETE', `/floatingips/${theirs.at('floatingip.id')}`)).status).toBe(204);
      expectError(await post({ floating_network_id: shared.id }, stranger), 404, 'NetworkNotFound');
    });
  });
});
