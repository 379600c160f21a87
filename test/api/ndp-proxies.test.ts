// NDP proxies, and what lets a router have them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { addressOf, poolOf } from './outside.ts';

describe.each(engines())('NDP proxies on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  /** External networks: whose IPv6 subnet is of an address scope, and whose is not. */
  let scoped: Shown;
  let plain: Shown;
  let pool: Shown;
  /** A network inside, of the same address scope, on an enabled router. */
  let network: Shown;
  let subnet: Shown;
  let router: Shown;
  const pooled = async (prefixes: string[], person = cloud.member): Promise<Shown> => {
    const scope = (await cloud.as(person)('POST', '/address-scopes', { address_scope: { name: 's', ip_version: 6 } })).at(
      'address_scope',
    ) as Shown;
    return cloud.make('subnetpool', { name: 'p', prefixes, default_prefixlen: 112, address_scope_id: scope.id }, person);
  };
  const sixth = (network_id: string, subnetpool_id: string, person = cloud.member): Promise<Shown> =>
    cloud.make('subnet', { network_id, ip_version: 6, subnetpool_id }, person);
  const gateway = (of: Shown | null) => ({ external_gateway_info: of && { network_id: of.id } });
  const change = (of: Shown, attributes: object, as = member) => as('PUT', `/routers/${of.id}`, { router: attributes });
  const join = (of: Shown, to: Shown) => member('PUT', `/routers/${of.id}/add_router_interface`, { subnet_id: to.id });

  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { router: -1 } } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    scoped = await cloud.make('network', { 'router:external': true }, cloud.admin);
    plain = await cloud.make('network', { 'router:external': true }, cloud.admin);
    await poolOf(cloud, plain, '2001:db8:1::/64');
    pool = await pooled(['2001:db8:abc::/96'], cloud.admin);
    await sixth(scoped.id, pool.id, cloud.admin);
    // The member's subnet is of the administrator's pool.
    network = await cloud.make('network', {});
    subnet = await cloud.make(
      'subnet',
      { network_id: network.id, ip_version: 6, subnetpool_id: pool.id, project_id: cloud.member.projectId },
      cloud.admin,
    );
    router = await cloud.make('router', { ...gateway(scoped), enable_ndp_proxy: true });
    await join(router, subnet);
  });
  afterAll(() => cloud.close());

  const post = (attributes: object, as = member) => as('POST', '/ndp_proxies', { ndp_proxy: { router_id: router.id, ...attributes } });
  const port = (addresses = 1): Promise<Shown> =>
    cloud.make('port', { network_id: network.id, fixed_ips: Array(addresses).fill({ subnet_id: subnet.id }) });

  test('made, changed and removed', async () => {
    const one = await port();
    const made = await post({ port_id: one.id, name: 'n', description: 'd' });
    const { projectId } = cloud.member;
    const row = {
      id: expect.any(String),
      name: 'n',
      description: 'd',
      project_id: projectId,
      tenant_id: projectId,
      router_id: router.id,
      port_id: one.id,
      ip_address: addressOf(one),
      revision_number: 0,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    };
    expect([made.status, made.body]).toEqual([201, { ndp_proxy: row }]);
    const { id } = made.at('ndp_proxy') as Shown;
    expectError(
      await post({ port_id: one.id }),
      409,
      'NeutronDbObjectDuplicateEntry',
      `Failed to create a duplicate NDPProxy: for attribute(s) ['router_id', 'ip_address'] with value(s) ${router.id}-${addressOf(one)}`,
    );
    const changed = await member('PUT', `/ndp_proxies/${id}`, { ndp_proxy: { name: 'z', description: 'q' } });
    expect(changed.at('ndp_proxy')).toMatchObject({ name: 'z', description: 'q', revision_number: 1 });
    const fixed = await member('PUT', `/ndp_proxies/${id}`, { ndp_proxy: { ip_address: '::1' } });
    expectError(fixed, 400, 'HTTPBadRequest', 'Cannot update read-only attribute ip_address');
    expect((await member('GET', '/ndp-proxies?name=z&fields=id')).at('ndp_proxies')).toEqual([{ id }]);
    expectError(await member('GET', `/ndp_proxies?port_id=${one.id}`), 400, 'HTTPBadRequest');
    expect((await member('GET', '/ndp_proxies?sort_key=ip_address&sort_dir=asc&limit=1')).at('ndp_proxies')).toHaveLength(1);
    expect((await member('DELETE', `/ndp_proxies/${id}`)).status).toBe(204);
    expectError(await member('GET', `/ndp_proxies/${id}`), 404, 'NDPProxyNotFound', `Ndp proxy ${id} could not be found.`);
  });

  test('for an IPv6 address of a port that the router reaches', async () => {
    const two = await port(2);
    expect((await post({ port_id: two.id, ip_address: addressOf(two, 1) })).at('ndp_proxy.ip_address')).toBe(addressOf(two, 1));
    expect((await post({ port_id: two.id, ip_address: addressOf(two, 0) })).status).toBe(201);
    const foreign = `The address 2001:db8::9 is invalid, reason: This address not belong to the port ${two.id}.`;
    expectError(await post({ port_id: two.id, ip_address: '2001:db8::9' }), 400, 'InvalidAddress', foreign);
    const four = await cloud.make('port', { network_id: (await cloud.wired('10.0.0.0/24')).network.id });
    const without = `Bad ndp_proxy request: Requested port ${four.id} must allocate one IPv6 address at least.`;
    expectError(await post({ port_id: four.id }), 400, 'BadRequest', without);
    const far = await cloud.make('port', { network_id: (await cloud.wired('2001:db8:9::/64')).network.id });
    const text = `The port ${far.id} cannot reach the router ${router.id} by IPv6 subnet.`;
    expectError(await post({ port_id: far.id }), 409, 'PortUnreachableRouter', text);
    expectError(await post({ port_id: NOWHERE }), 404, 'PortNotFound');
    expectError(await post({ port_id: two.id, router_id: NOWHERE }), 404, 'RouterNotFound');
    const hidden = await cloud.make(
      'port',
      { network_id: (await cloud.wired('2001:db8:8::/64', cloud.stranger)).network.id },
      cloud.stranger,
    );
    expectError(await post({ port_id: hidden.id }), 404, 'PortNotFound');
  });

  test('only by a router that may, within one address scope', async () => {
    const off = await cloud.make('router', gateway(scoped));
    expect(off.enable_ndp_proxy).toBe(false);
    const inside = await cloud.make('network', {});
    const other = await pooled(['2002:abc::/96']);
    await join(off, await sixth(inside.id, other.id));
    const { id: port_id } = await cloud.make('port', { network_id: inside.id });
    expectError(
      await post({ router_id: off.id, port_id }),
      409,
      'RouterNDPProxyNotEnable',
      `The enable_ndp_proxy parameter of router ${off.id} must be set as True while create ndp proxy entry on it.`,
    );
    expect((await change(off, { enable_ndp_proxy: true })).at('router.enable_ndp_proxy')).toBe(true);
    expectError(
      await post({ router_id: off.id, port_id }),
      409,
      'AddressScopeConflict',
      `The IPv6 address scope ${pool.address_scope_id} of external network conflict with internal network's IPv6 address scope ${other.address_scope_id}.`,
    );
    const enabled = (await member('GET', '/routers?enable_ndp_proxy=true&fields=id')).at('routers');
    expect(enabled).toContainEqual({ id: off.id });
    expect((await change(off, { enable_ndp_proxy: null })).at('router.enable_ndp_proxy')).toBe(true);
    expect((await change(off, { enable_ndp_proxy: false })).at('router.enable_ndp_proxy')).toBe(false);
  });

  test('a router may that has an IPv6 address of an address scope outside', async () => {
    const refused = (reason: string) => new RegExp(`^Can not enable ndp proxy on router .{36}, ${reason}\\.$`);
    const wrong = refused(
      `The external network ${plain.id} don't support IPv6 ndp proxy, the network has no IPv6 subnets or has no IPv6 address scope`,
    );
    const none = refused('The router has no external gateway or the external gateway port has no IPv6 address or IPv6 address scope');
    const create = (attributes: object) => member('POST', '/routers', { router: { enable_ndp_proxy: true, ...attributes } });
    const bare = refused('The request body not contain external gateway information');
    expectError(await create({}), 409, 'RouterGatewayNotValid', bare);
    expectError(await create(gateway(plain)), 409, 'RouterGatewayNotValid', wrong);
    const one = await cloud.make('router', {});
    const enable = (attributes: object = {}) => change(one, { enable_ndp_proxy: true, ...attributes });
    expectError(await enable(), 409, 'RouterGatewayNotValid', none);
    expectError(await enable(gateway(null)), 409, 'RouterGatewayNotValid', none);
    expectError(await enable(gateway(plain)), 409, 'RouterGatewayNotValid', wrong);
    expect((await change(one, gateway(plain))).status).toBe(200);
    expectError(await enable(), 409, 'RouterGatewayNotValid', none);
    expectError(await enable(gateway(null)), 409, 'RouterGatewayNotValid', refused("The router's external gateway will be unset"));
    expect((await enable(gateway(scoped))).at('router.enable_ndp_proxy')).toBe(true);
    expect((await change(one, gateway(null))).at('router.enable_ndp_proxy')).toBe(false);
  });

  test('a router keeps the gateway and the interface that its proxies need', async () => {
    const lone = await cloud.make('network', {});
    const sub = await cloud.make(
      'subnet',
      { network_id: lone.id, ip_version: 6, subnetpool_id: pool.id, project_id: cloud.member.projectId },
      cloud.admin,
    );
    const four = await poolOf(cloud, scoped, '198.51.100.0/24');
    const one = await cloud.make('router', { ...gateway(scoped), enable_ndp_proxy: true });
    await join(one, sub);
    const { id: port_id } = await cloud.make('port', { network_id: lone.id });
    const { id } = (await post({ router_id: one.id, port_id })).at('ndp_proxy') as Shown;
    const used = `Unable to unset external gateway of router ${one.id}, There are one or more ndp proxies still in use on the router.`;
    for (const to of [null, plain]) expectError(await change(one, gateway(to)), 409, 'RouterGatewayInUseByNDPProxy', used);
    const only = { external_gateway_info: { network_id: scoped.id, external_fixed_ips: [{ subnet_id: four.id }] } };
    expectError(
      await change(one, only, admin),
      409,
      'RouterIPv6GatewayInUse',
      `Can't remove the IPv6 subnet from external gateway of router ${one.id}, the IPv6 subnet in use by the router's ndp proxy.`,
    );
    const leave = () => member('PUT', `/routers/${one.id}/remove_router_interface`, { subnet_id: sub.id });
    expectError(
      await leave(),
      409,
      'RouterInterfaceInUseByNDPProxy',
      `Unable to remove subnet ${sub.id} from router ${one.id}, There are one or more ndp proxies still in use on the subnet.`,
    );
    expect((await change(one, { enable_ndp_proxy: false })).status).toBe(200);
    expect((await member('DELETE', `/ndp_proxies/${id}`)).status).toBe(204);
    expect((await leave()).status).toBe(200);
    expect((await change(one, gateway(null))).status).toBe(200);
  });

  test('one goes with its port and with its address', async () => {
    const [one, two] = [await port(), await port(2)];
    const ids = [];
    for (const [of, index] of [
      [one, 0],
      [two, 0],
      [two, 1],
    ] as const) {
      ids.push((await post({ port_id: of.id, ip_address: addressOf(of, index) })).at('ndp_proxy.id'));
    }
    await member('DELETE', `/ports/${one.id}`);
    const kept = { fixed_ips: [{ subnet_id: subnet.id, ip_address: addressOf(two, 0) }] };
    expect((await member('PUT', `/ports/${two.id}`, { port: kept })).status).toBe(200);
    const statuses = await Promise.all(ids.map(async (id) => (await member('GET', `/ndp_proxies/${id}`)).status));
    expect(statuses).toEqual([404, 200, 404]);
  });

  test('who may do what', async () => {
    const { id: port_id } = await port();
    const { id } = (await post({ port_id })).at('ndp_proxy') as Shown;
    const [reader, stranger] = [cloud.as(cloud.reader), cloud.as(cloud.stranger)];
    expect((await reader('GET', `/ndp_proxies/${id}`)).status).toBe(200);
    expectError(await post({ port_id }, reader), 403, 'PolicyNotAuthorized');
    expectError(await reader('PUT', `/ndp_proxies/${id}`, { ndp_proxy: {} }), 403, 'PolicyNotAuthorized');
    expectError(await reader('DELETE', `/ndp_proxies/${id}`), 403, 'PolicyNotAuthorized');
    for (const method of ['GET', 'DELETE'] as const) expectError(await stranger(method, `/ndp_proxies/${id}`), 404, 'NDPProxyNotFound');
    expect((await stranger('GET', '/ndp_proxies')).at('ndp_proxies')).toEqual([]);
    expectError(await post({ port_id }, stranger), 404, 'RouterNotFound');
    expect((await admin('GET', `/ndp_proxies/${id}`)).status).toBe(200);
  });
});
