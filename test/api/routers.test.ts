// Routers: what an answer holds, their gateways, what keeps them, who may do what. Interfaces are in router-interfaces.test.ts, agents in
// l3-agents.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('routers on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let external: Shown;
  let outside: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { router: 100, router_route: 3 } } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    external = await cloud.make('network', { 'router:external': true }, cloud.admin);
    outside = await cloud.make(
      'subnet',
      { network_id: external.id, cidr: '198.51.100.0/24', ip_version: 4, enable_dhcp: false },
      cloud.admin,
    );
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const post = (attributes: object, as = member) => as('POST', '/routers', { router: attributes });
  const put = (id: unknown, attributes: object, as = member) => as('PUT', `/routers/${id}`, { router: attributes });
  const portsOf = async (id: unknown) => (await admin('GET', `/ports?device_id=${id}`)).at('ports') as Shown[];
  const gateway = (more: object = {}) => ({ external_gateway_info: { network_id: external.id, ...more } });

  test('a new one, as its owner and as an administrator see it', async () => {
    const made = await post({ name: 'r1' });
    const { projectId } = cloud.member;
    const owners = {
      id: expect.any(String),
      name: 'r1',
      project_id: projectId,
      tenant_id: projectId,
      admin_state_up: true,
      status: 'ACTIVE',
      external_gateway_info: null,
      routes: [],
      description: '',
      tags: [],
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: expect.any(Number),
    };
    expect([made.status, made.body]).toEqual([201, { router: expect.objectContaining(owners) }]);
    expect(made.at('router')).not.toHaveProperty('ha');
    const id = made.at('router.id');
    expect((await member('GET', `/routers/${id}`)).body).toEqual(made.body);
    expect((await member('GET', `/routers?id=${id}`)).at('routers')).toEqual([made.at('router')]);
    expect((await admin('GET', `/routers/${id}`)).at('router')).toMatchObject({ ...owners, ha: false, distributed: false });
    expect((await member('GET', `/routers/${id}?fields=id&fields=ha`)).at('router')).toEqual({ id });
  });

  test('what may change does, and the rest is read-only', async () => {
    const { id, revision_number } = await cloud.make('router', {});
    const changes = { name: 'after', description: 'text', admin_state_up: false };
    const changed = await put(id, changes);
    expect(changed.at('router')).toMatchObject(changes);
    expect(changed.at('router.revision_number')).toBeGreaterThan(Number(revision_number));
    expect((await put(id, {})).at('router.revision_number')).toBe(changed.at('router.revision_number'));
    for (const name of ['id', 'status', 'project_id']) {
      expectError(await put(id, { [name]: 'x' }), 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    }
    expectError(await post({ routes: [] }), 400, 'HTTPBadRequest', "Attribute 'routes' not allowed in POST");
    expectError(await member('POST', '/routers', { routers: [{}] }), 400, 'HTTPBadRequest', 'Bulk operation not supported');
    expect((await member('DELETE', `/routers/${id}`)).status).toBe(204);
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const answer = await member(method, `/routers/${id}`, method === 'PUT' ? { router: {} } : undefined);
      expectError(answer, 404, 'RouterNotFound', `Router ${id} could not be found`);
    }
  });

  test('members make them, readers look, strangers find nothing', async () => {
    const { id } = await cloud.make('router', {});
    const [reader, stranger] = [cloud.as(cloud.reader), cloud.as(cloud.stranger)];
    expect((await reader('GET', `/routers/${id}`)).status).toBe(200);
    expectError(await post({}, reader), 403, 'PolicyNotAuthorized', 'rule:create_router is disallowed by policy');
    expectError(await put(id, { name: 'x' }, reader), 403, 'PolicyNotAuthorized', 'rule:update_router is disallowed by policy');
    expectError(await reader('DELETE', `/routers/${id}`), 403, 'PolicyNotAuthorized', 'rule:delete_router is disallowed by policy');
    expectError(await stranger('GET', `/routers/${id}`), 404, 'RouterNotFound');
    expect((await stranger('GET', '/routers')).at('routers')).toEqual([]);
    const call = await reader('PUT', `/routers/${id}/add_router_interface`, { subnet_id: outside.id });
    expectError(call, 403, 'PolicyNotAuthorized', 'rule:add_router_interface is disallowed by policy');
    expectError(await stranger('PUT', `/routers/${id}/add_extraroutes`, { router: { routes: [] } }), 404, 'RouterNotFound');
    for (const name of ['ha', 'distributed']) {
      const rules = `(rule:create_router and rule:create_router:${name}) is disallowed by policy`;
      for (const value of [true, false]) expectError(await post({ [name]: value }), 403, 'PolicyNotAuthorized', rules);
    }
  });

  test('more than the quota is refused', async () => {
    const path = `/quotas/${cloud.stranger.projectId}`;
    await admin('PUT', path, { quota: { router: 1 } });
    const stranger = cloud.as(cloud.stranger);
    const first = await post({}, stranger);
    expectError(await post({}, stranger), 409, 'OverQuota', "Quota exceeded for resources: ['router'].");
    await stranger('DELETE', `/routers/${first.at('router.id')}`);
    expect((await admin('GET', `${path}/details`)).at('quota.router')).toEqual({ limit: 1, used: 0, reserved: 0 });
  });

  describe('a gateway', () => {
    test('is a port on an external network that the project does not see', async () => {
      const made = await post(gateway());
      const { id, external_gateway_info } = made.at('router') as Shown;
      const address = { subnet_id: outside.id, ip_address: expect.stringMatching(/^198\.51\.100\./) };
      expect(external_gateway_info).toEqual({ network_id: external.id, external_fixed_ips: [address], enable_snat: true });
      expect((await member('GET', `/routers/${id}`)).at('router.external_gateway_info')).toEqual(external_gateway_info);
      const [port, ...more] = await portsOf(id);
      expect(more).toEqual([]);
      expect(port).toMatchObject({ network_id: external.id, project_id: '', device_owner: 'network:router_gateway', status: 'DOWN' });
      expect(port).toMatchObject({ port_security_enabled: false, name: '', 'binding:host_id': '' });
      expect((await member('GET', `/ports?device_id=${id}`)).at('ports')).toEqual([]);
      expectError(await member('GET', `/ports/${port?.id}`), 404, 'PortNotFound');
      const taken = `Port ${port?.id} cannot be deleted directly via the port API: has device owner network:router_gateway.`;
      expectError(await admin('DELETE', `/ports/${port?.id}`), 409, 'ServicePortInUse', taken);
      expect((await put(id, { external_gateway_info: {} })).at('router.external_gateway_info')).toBeNull();
      expect(await portsOf(id)).toEqual([]);
    });

    test('goes with its router', async () => {
      const { id } = (await post(gateway())).at('router') as Shown;
      expect((await member('DELETE', `/routers/${id}`)).status).toBe(204);
      expect(await portsOf(id)).toEqual([]);
    });

    test.each([[[]], [''], [null], [{}]])('is none when nothing is named: %j', async (nothing) => {
      const made = await post({ external_gateway_info: nothing });
      expect(made.at('router.external_gateway_info')).toBeNull();
    });

    test.each<[unknown, string]>([
      ['x', "'x' is not a dictionary"],
      [{ network_id: 'x' }, "'x' is not a valid UUID"],
      [{ enable_snat: true }, "Validation of dictionary's keys failed. Expected keys: {'network_id'} Provided keys: {'enable_snat'}"],
      [{ network_id: NOWHERE, foo: 1 }, 'Unexpected keys supplied: foo'],
      [{ network_id: NOWHERE, external_fixed_ips: 'x' }, "Invalid data format for fixed IP: 'x'"],
      [{ network_id: NOWHERE, external_fixed_ips: null }, "Invalid data format for fixed IP: 'None'"],
    ])('is refused where it makes no sense: %j', async (info, reason) => {
      const message = `Invalid input for external_gateway_info. Reason: ${reason}.`;
      expectError(await post({ external_gateway_info: info }), 400, 'HTTPBadRequest', message);
    });

    test('is on an external network and nowhere else', async () => {
      const own = await cloud.make('network', {});
      const foreign = await cloud.make('network', {}, cloud.stranger);
      const on = (network_id: string, more: object = {}) => ({ external_gateway_info: { network_id, ...more } });
      const message = `Bad router request: Network ${own.id} is not an external network.`;
      expectError(await post(on(own.id)), 400, 'BadRequest', message);
      expectError(await post(on(foreign.id)), 404, 'NetworkNotFound', `Network ${foreign.id} could not be found.`);
      expectError(await post(on(NOWHERE)), 404, 'NetworkNotFound');
      expectError(await post(on(own.id, { enable_snat: 'maybe' })), 400, 'InvalidInput', /^Invalid input for operation: 'maybe' cannot/);
    });

    test('keeps its network external', async () => {
      const network = await cloud.make('network', { 'router:external': true }, cloud.admin);
      const { id } = (await post({ external_gateway_info: { network_id: network.id } })).at('router') as Shown;
      expect((await member('GET', `/routers/${id}`)).at('router.external_gateway_info.external_fixed_ips')).toEqual([]);
      const change = await admin('PUT', `/networks/${network.id}`, { network: { 'router:external': false } });
      expectError(change, 409, 'ExternalNetworkInUse');
      expectError(await admin('DELETE', `/networks/${network.id}`), 409, 'NetworkInUse');
    });

    test('translates addresses unless an administrator says otherwise, and again once it is set anew', async () => {
      const { id } = (await post(gateway())).at('router') as Shown;
      const snat = (router: { at(path: string): unknown }) => router.at('router.external_gateway_info.enable_snat');
      expect(snat(await put(id, gateway({ enable_snat: false }), admin))).toBe(false);
      expect(snat(await put(id, { name: 'x' }))).toBe(false);
      expect(snat(await put(id, gateway({ enable_snat: '1' }), admin))).toBe(true);
      expect(snat(await put(id, gateway({ enable_snat: 'no' }), admin))).toBe(false);
      expect(snat(await put(id, gateway()))).toBe(true);
      for (const name of ['enable_snat', 'external_fixed_ips']) {
        const rules = new RegExp(`rule:update_router:external_gateway_info:${name}.* is disallowed by policy$`);
        const value = name === 'enable_snat' ? false : [];
        expectError(await put(id, gateway({ [name]: value })), 403, 'PolicyNotAuthorized', rules);
      }
      expectError(await post(gateway({ enable_snat: true })), 403, 'PolicyNotAuthorized');
    });

    test('has the addresses that an administrator chooses', async () => {
      const at = (ip_address: string) => gateway({ external_fixed_ips: [{ ip_address }] });
      const { id } = (await post(at('198.51.100.9'), admin)).at('router') as Shown;
      const addresses = async () => (await admin('GET', `/routers/${id}`)).at('router.external_gateway_info.external_fixed_ips');
      const held = [{ subnet_id: outside.id, ip_address: '198.51.100.9' }];
      expect(await addresses()).toEqual(held);
      expectError(await post(at('198.51.100.9'), admin), 409, 'IpAddressAlreadyAllocated');
      expectError(await post(at('10.1.2.3'), admin), 400, 'InvalidIpForNetwork');
      const message = 'Bad router request: External IP 198.51.100.1 is the same as the gateway IP.';
      expectError(await post(at('198.51.100.1'), admin), 400, 'BadRequest', message);
      const before = (await admin('GET', `/routers/${id}`)).at('router.revision_number');
      await put(id, gateway({ external_fixed_ips: [] }), admin);
      expect(await addresses()).toEqual(held);
      const moved = await put(id, at('198.51.100.44'), admin);
      expect(await addresses()).toEqual([{ subnet_id: outside.id, ip_address: '198.51.100.44' }]);
      expect(moved.at('router.revision_number')).toBeGreaterThan(Number(before));
      const [port] = await portsOf(id);
      const fixed_ips = [{ subnet_id: outside.id, ip_address: '198.51.100.45' }];
      expect((await admin('PUT', `/ports/${port?.id}`, { port: { fixed_ips } })).status).toBe(200);
      expect(await addresses()).toEqual(fixed_ips);
    });

    test('moves from one network to another', async () => {
      const other = await cloud.make('network', { 'router:external': true }, cloud.admin);
      await cloud.make('subnet', { network_id: other.id, cidr: '203.0.113.0/30', ip_version: 4 }, cloud.admin);
      const { id } = (await post(gateway())).at('router') as Shown;
      const info = { external_gateway_info: { network_id: other.id } };
      expect((await put(id, info)).at('router.external_gateway_info.network_id')).toBe(other.id);
      expect((await portsOf(id)).map(({ network_id }) => network_id)).toEqual([other.id]);
      expectError(await post(info), 409, 'IpAddressGenerationFailure', `No more IP addresses available on network ${other.id}.`);
    });

    test('may not lead to a subnet that overlaps with one behind the router', async () => {
      const { network, subnet } = await cloud.wired('198.51.100.0/25');
      const { id } = await cloud.make('router', {});
      await member('PUT', `/routers/${id}/add_router_interface`, { subnet_id: subnet.id });
      const message = `Bad router request: Cidr 198.51.100.0/24 of subnet ${outside.id} overlaps with cidr 198.51.100.0/25 of subnet ${subnet.id}.`;
      expectError(await put(id, gateway()), 400, 'BadRequest', message);
      expect((await portsOf(id)).map(({ network_id }) => network_id)).toEqual([network.id]);
    });
  });
});
