// The default external network, and the networks that projects get for the asking.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

const EXTERNAL = { 'router:external': true, is_default: true };

describe.each(engines())('topologies for the asking on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());
  // What is the default of the cloud is so for one test.
  afterEach(async () => {
    for (const someone of [cloud.member, cloud.stranger]) await end(someone);
    const admin = cloud.as(cloud.admin);
    for (const [collection, key] of Object.entries({ networks: 'network', subnetpools: 'subnetpool' })) {
      for (const { id } of (await admin('GET', `/${collection}?is_default=true`)).at(collection) as Shown[])
        expect((await admin('PUT', `/${collection}/${id}`, { [key]: { is_default: false } })).status).toBe(200);
    }
  });

  const ask = (someone: Person = cloud.member, { projectId }: Person = someone, search = ''): Promise<Reply> =>
    cloud.as(someone)('GET', `/auto-allocated-topology/${projectId}${search}`);
  const end = (someone: Person = cloud.member, { projectId }: Person = someone): Promise<Reply> =>
    cloud.as(someone)('DELETE', `/auto-allocated-topology/${projectId}`);
  const external = async (addresses = '203.0.113.0/24'): Promise<Shown> => {
    const network = await cloud.make('network', EXTERNAL, cloud.admin);
    await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: addresses, enable_dhcp: false }, cloud.admin);
    return network;
  };
  const pool = (prefix: string, length: number, more: object = {}): Promise<Shown> =>
    cloud.make(
      'subnetpool',
      { name: 'default', prefixes: [prefix], default_prefixlen: length, is_default: true, shared: true, ...more },
      cloud.admin,
    );
  const all = async (collection: string, search = ''): Promise<Shown[]> =>
    (await cloud.as(cloud.member)('GET', `/${collection}?${search}`)).at(collection) as Shown[];
  const failure = (answer: Reply, reason: string): void =>
    expectError(answer, 409, 'AutoAllocationFailure', `Deployment error: ${reason}.`);

  test('a network with subnets of the default pools, behind a router that leads outside; the same one when asked again', async () => {
    const outside = await external();
    const [four, six] = [await pool('10.66.0.0/16', 24), await pool('2001:db8::/56', 64)];
    const asked = await ask();
    const { projectId } = cloud.member;
    expect([asked.status, asked.body]).toEqual([
      200,
      { auto_allocated_topology: { id: expect.any(String), project_id: projectId, tenant_id: projectId } },
    ]);
    const id = asked.at('auto_allocated_topology.id');
    expect((await ask(cloud.reader)).body).toEqual(asked.body);
    expect((await cloud.as(cloud.member)('GET', '/auto-allocated-topology/None')).body).toEqual(asked.body);
    expect((await ask(cloud.admin, cloud.member)).body).toEqual(asked.body);
    expect(await all('networks', 'router:external=false')).toMatchObject([
      { id, name: 'auto_allocated_network', project_id: projectId, admin_state_up: true },
    ]);
    expect((await all('subnets', `network_id=${id}`)).toSorted((a, b) => Number(a.ip_version) - Number(b.ip_version))).toMatchObject([
      { name: 'auto_allocated_subnet_v4', cidr: '10.66.0.0/24', subnetpool_id: four.id, project_id: projectId },
      { name: 'auto_allocated_subnet_v6', cidr: '2001:db8::/64', subnetpool_id: six.id },
    ]);
    const [router] = await all('routers');
    expect(router).toMatchObject({
      name: 'auto_allocated_router',
      project_id: projectId,
      external_gateway_info: { network_id: outside.id },
    });
    const interfaces = await all('ports', `device_id=${router?.id}&network_id=${id}`);
    expect(
      interfaces
        .flatMap((port) => port.fixed_ips as { ip_address: string }[])
        .map(({ ip_address }) => ip_address)
        .toSorted(),
    ).toEqual(['10.66.0.1', '2001:db8::1']);
    expectError(await cloud.as(cloud.member)('DELETE', `/networks/${id}`), 409, 'NetworkInUse');
  });

  test('asked for by many at once it is made once', async () => {
    await external();
    await pool('10.66.0.0/16', 24);
    const asked = await Promise.all(Array.from({ length: 5 }, () => ask()));
    expect(new Set(asked.map((answer) => answer.text)).size).toBe(1);
    expect(asked[0]?.status).toBe(200);
    expect((await all('networks', 'router:external=false')).length).toBe(1);
    expect((await all('routers')).length).toBe(1);
  });

  test('removed as a whole, or not at all', async () => {
    await external();
    await pool('10.66.0.0/16', 24);
    const id = String((await ask()).at('auto_allocated_topology.id'));
    const port = await cloud.make('port', { network_id: id });
    expectError(await end(), 409, 'NetworkInUse', new RegExp(port.id));
    expect((await all('routers')).length).toBe(1);
    await cloud.as(cloud.member)('DELETE', `/ports/${port.id}`);
    expectError(await end(cloud.reader), 403, 'PolicyNotAuthorized', 'rule:delete_auto_allocated_topology is disallowed by policy');
    expectError(await end(cloud.stranger, cloud.member), 404, 'HTTPNotFound');
    expect((await end()).status).toBe(204);
    for (const collection of ['routers', 'subnets', 'networks'])
      expect([collection, await all(collection, collection === 'routers' ? '' : `project_id=${cloud.member.projectId}`)]).toEqual([
        collection,
        [],
      ]);
    expectError(await end(), 404, 'HTTPNotFound', 'The resource could not be found.');
    expect((await ask()).at('auto_allocated_topology.id')).not.toBe(id);
  });

  test('taken apart by hand it is made anew', async () => {
    await external();
    await pool('10.66.0.0/16', 24);
    const id = (await ask()).at('auto_allocated_topology.id');
    const [router] = await all('routers');
    const [subnet] = await all('subnets', `network_id=${id}`);
    await cloud.as(cloud.member)('PUT', `/routers/${router?.id}/remove_router_interface`, { subnet_id: subnet?.id });
    await cloud.as(cloud.member)('DELETE', `/routers/${router?.id}`);
    expect((await end()).status).toBe(204);
    expect((await ask()).status).toBe(200);
    const [next] = await all('routers');
    const again = (await ask()).at('auto_allocated_topology.id');
    await cloud.as(cloud.member)('PUT', `/routers/${next?.id}/remove_router_interface`, {
      subnet_id: (await all('subnets', `network_id=${again}`))[0]?.id,
    });
    expect((await cloud.as(cloud.member)('DELETE', `/networks/${again}`)).status).toBe(204);
    expect((await ask()).at('auto_allocated_topology.id')).not.toBe(again);
  });

  test('what it takes, and asking only for that', async () => {
    const check = (): Promise<Reply> => ask(cloud.member, cloud.member, '?fields=dry-run');
    failure(await check(), 'No default router:external network');
    failure(await ask(), 'No default router:external network');
    await external('203.0.113.0/30');
    failure(await check(), 'No default subnetpools defined');
    const hidden = await pool('10.66.0.0/16', 24, { shared: false });
    failure(await check(), 'No default subnetpools defined');
    failure(await ask(), 'Unable to provide tenant private network');
    await cloud.as(cloud.admin)('PUT', `/subnetpools/${hidden.id}`, { subnetpool: { is_default: false } });
    const shared = await pool('10.66.0.0/16', 8);
    failure(await ask(), 'Unable to provide tenant private network');
    await cloud.as(cloud.admin)('PUT', `/subnetpools/${shared.id}`, { subnetpool: { default_prefixlen: 24 } });
    const { projectId } = cloud.member;
    expect((await check()).body).toEqual({
      auto_allocated_topology: { id: 'dry-run=pass', project_id: projectId, tenant_id: projectId },
    });
    expectError(await ask(cloud.member, cloud.member, '?fields=id'), 400, 'BadRequest', 'Bad auto_allocate request: Unrecognized field.');
    expect(await all('networks', 'router:external=false')).toEqual([]);
    // One address outside, for one router.
    expect((await ask(cloud.stranger)).status).toBe(200);
    expectError(await ask(), 409, 'IpAddressGenerationFailure');
    expect(await all('networks', 'router:external=false')).toEqual([]);
    expect((await end(cloud.stranger)).status).toBe(204);
    expect((await ask()).status).toBe(200);
  });

  test("nobody asks for another project's", async () => {
    await external();
    await pool('10.66.0.0/16', 24);
    for (const made of [false, true]) {
      for (const search of ['', '?fields=dry-run'])
        expectError(await ask(cloud.stranger, cloud.member, search), 403, 'NotAuthorized', 'Not authorized.');
      expectError(await cloud.as(cloud.member)('GET', '/auto-allocated-topology/null'), 403, 'NotAuthorized');
      if (!made) expect((await ask(cloud.admin, cloud.member)).status).toBe(200);
    }
    expect((await all('networks', 'router:external=false')).map((one) => one.project_id)).toEqual([cloud.member.projectId]);
    for (const method of ['PUT', 'POST'] as const)
      expect((await cloud.as(cloud.member)(method, `/auto-allocated-topology/${cloud.member.projectId}`, {})).status).toBe(405);
  });

  test('one external network is the default, for as long as it is external', async () => {
    const put = ({ id }: Shown, network: object, someone: Person = cloud.admin): Promise<Reply> =>
      cloud.as(someone)('PUT', `/networks/${id}`, { network });
    const first = await cloud.make('network', EXTERNAL, cloud.admin);
    expect(first.is_default).toBe(true);
    const message = `A default external network already exists: ${first.id}.`;
    expectError(await cloud.as(cloud.admin)('POST', '/networks', { network: EXTERNAL }), 409, 'DefaultExternalNetworkExists', message);
    const second = await cloud.make('network', { 'router:external': true }, cloud.admin);
    expectError(await put(second, { is_default: true }), 409, 'DefaultExternalNetworkExists', message);
    expect((await put(first, { description: 'd' })).at('network.is_default')).toBe(true);
    expect((await cloud.as(cloud.member)('GET', '/networks?is_default=true')).at('networks')).toMatchObject([
      { id: first.id, is_default: true },
    ]);
    expect((await put(first, { 'router:external': false })).at('network')).toMatchObject({ is_default: false });
    expect((await put(first, { 'router:external': true })).at('network.is_default')).toBe(false);
    expect((await put(second, { is_default: true })).at('network.is_default')).toBe(true);
    await cloud.as(cloud.admin)('DELETE', `/networks/${second.id}`);
    const both = await Promise.all(
      [first, await cloud.make('network', { 'router:external': true }, cloud.admin)].map((one) => put(one, { is_default: true })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const inside = await cloud.make('network', {});
    expect((await put(inside, { is_default: true })).at('network.is_default')).toBe(false);
    expectError(
      await put(inside, { is_default: false }, cloud.member),
      403,
      'PolicyNotAuthorized',
      '(rule:update_network and rule:update_network:is_default) is disallowed by policy',
    );
    expectError(
      await cloud.as(cloud.member)('POST', '/networks', { network: { is_default: true } }),
      403,
      'PolicyNotAuthorized',
      '(rule:create_network and rule:create_network:is_default) is disallowed by policy',
    );
    const made = await cloud.make('network', { ha: true }, cloud.member);
    expect(Object.keys(made)).not.toContain('ha');
    expect(made.l2_adjacency).toBe(true);
    expectError(await put(made, { ha: true }), 400, 'HTTPBadRequest', 'Cannot update read-only attribute ha');
  });
});
