// Subnets taken from pools: which prefix they get, what refuses them, quotas, many at once, and subnets that join a pool later.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

describe.each(engines())('subnets of pools on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    for (const { projectId } of [cloud.member, cloud.stranger, cloud.admin])
      await cloud.as(cloud.admin)('PUT', `/quotas/${projectId}`, { quota: { network: -1, subnet: -1, rbac_policy: -1 } });
  });
  afterAll(() => cloud.close());

  const pool = (attributes: object = {}, someone?: Person): Promise<Shown> =>
    cloud.make('subnetpool', { name: 'pool', prefixes: ['10.0.0.0/16'], default_prefixlen: 24, ...attributes }, someone);
  const network = (someone?: Person): Promise<Shown> => cloud.make('network', {}, someone);
  /** On a network of its own, unless one is named. */
  async function post(attributes: object, someone: Person = cloud.member): Promise<Reply> {
    const network_id = (attributes as { network_id?: string }).network_id ?? (await network(someone)).id;
    return cloud.as(someone)('POST', '/subnets', { subnet: { ip_version: 4, ...attributes, network_id } });
  }
  async function made(attributes: object, someone?: Person): Promise<Shown> {
    const answer = await post(attributes, someone);
    expect([answer.status, answer.text.slice(0, 300)]).toEqual([201, expect.any(String)]);
    return answer.at('subnet') as Shown;
  }
  const cidr = async (attributes: object): Promise<unknown> => (await made(attributes)).cidr;
  const onboard = ({ id }: Shown, body: unknown, someone: Person = cloud.member): Promise<Reply> =>
    cloud.as(someone)('PUT', `/subnetpools/${id}/onboard_network_subnets`, body);

  test('the smallest free block that has room, its lowest addresses first; given back with the subnet', async () => {
    const { id: subnetpool_id } = await pool();
    const first = await made({ subnetpool_id });
    expect(first).toMatchObject({
      subnetpool_id,
      cidr: '10.0.0.0/24',
      gateway_ip: '10.0.0.1',
      allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.254' }],
    });
    expect((await cloud.as(cloud.member)('GET', `/subnets?subnetpool_id=${subnetpool_id}`)).at('subnets')).toEqual([first]);
    expect(await cidr({ subnetpool_id, prefixlen: 20 })).toBe('10.0.16.0/20');
    expect(await cidr({ subnetpool_id, prefixlen: '28' })).toBe('10.0.1.0/28');
    expect(await cidr({ subnetpool_id })).toBe('10.0.2.0/24');
    expect(await cidr({ subnetpool_id, cidr: '10.0.128.7/25' })).toBe('10.0.128.0/25');
    expect((await cloud.as(cloud.member)('DELETE', `/subnets/${first.id}`)).status).toBe(204);
    expect(await cidr({ subnetpool_id })).toBe('10.0.0.0/24');
  });

  test('gateways and allocation pools', async () => {
    const { id: subnetpool_id } = await pool();
    expect(await made({ subnetpool_id, gateway_ip: '10.0.77.9' })).toMatchObject({ cidr: '10.0.77.0/24', gateway_ip: '10.0.77.9' });
    expect(await made({ subnetpool_id, gateway_ip: null })).toMatchObject({ cidr: '10.0.76.0/24', gateway_ip: null });
    const pools = [{ start: '10.0.99.2', end: '10.0.99.20' }];
    expect(await made({ subnetpool_id, cidr: '10.0.99.0/24', allocation_pools: pools })).toMatchObject({ allocation_pools: pools });
    const six = await pool({ prefixes: ['2001:db8::/56'], default_prefixlen: 64 });
    expect(await made({ subnetpool_id: six.id, ip_version: 6 })).toMatchObject({
      cidr: '2001:db8::/64',
      gateway_ip: '2001:db8::1',
      allocation_pools: [{ start: '2001:db8::2', end: '2001:db8::ffff:ffff:ffff:ffff' }],
    });
    expect(await made({ subnetpool_id: six.id, ip_version: 6, cidr: '2001:db8:0:5::/64' })).toMatchObject({ gateway_ip: '2001:db8:0:5::' });
    expect(await made({ subnetpool_id: six.id, ip_version: 6, prefixlen: 127, enable_dhcp: false })).toMatchObject({
      cidr: '2001:db8:0:1::/127',
    });
    const modes = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
    expectError(
      await post({ subnetpool_id: six.id, ip_version: 6, prefixlen: 65, ...modes }),
      400,
      'InvalidInput',
      /requires the prefix to be \/64/,
    );
    expect(await made({ subnetpool_id: six.id, ip_version: 6, ...modes })).toMatchObject({ cidr: '2001:db8:0:4::/64' });
  });

  test('what is refused', async () => {
    const four = await pool({ min_prefixlen: 20, max_prefixlen: 28 });
    const { id: subnetpool_id } = four;
    const bad = async (attributes: object, msg: string): Promise<void> =>
      expectError(await post(attributes), 400, 'BadRequest', `Bad subnets request: ${msg}.`);
    await bad({ subnetpool_id, cidr: '10.0.0.0/24', prefixlen: 24 }, 'cidr and prefixlen must not be supplied together');
    await bad({ cidr: '10.0.0.0/24', prefixlen: 24 }, 'cidr and prefixlen must not be supplied together');
    await bad({ prefixlen: 24 }, 'a subnetpool must be specified in the absence of a cidr');
    await bad({ subnetpool_id, ip_version: 6 }, 'Cannot allocate IPv6 subnet from IPv4 subnet pool');
    await bad({ subnetpool_id, ip_version: 4, cidr: '2001:db8::/64' }, 'Cannot allocate IPv6 subnet from IPv4 subnet pool');
    await bad(
      { subnetpool_id, allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.9' }] },
      'allocation_pools allowed only for specific subnet requests.',
    );
    for (const wish of [{ prefixlen: 29 }, { cidr: '10.0.0.0/29' }])
      expectError(
        await post({ subnetpool_id, ...wish }),
        400,
        'MaxPrefixSubnetAllocationError',
        'Unable to allocate subnet with prefix length 29, maximum allowed prefix is 28.',
      );
    for (const wish of [{ prefixlen: 19 }, { cidr: '10.0.0.0/19' }])
      expectError(
        await post({ subnetpool_id, ...wish }),
        400,
        'MinPrefixSubnetAllocationError',
        'Unable to allocate subnet with prefix length 19, minimum allowed prefix is 20.',
      );
    await made({ subnetpool_id });
    for (const wish of [{ cidr: '10.0.0.0/24' }, { cidr: '10.0.0.0/20' }, { cidr: '10.9.0.0/24' }, { gateway_ip: '10.0.0.9' }])
      expectError(
        await post({ subnetpool_id, ...wish }),
        409,
        'SubnetAllocationError',
        'Failed to allocate subnet: Cannot allocate requested subnet from the available set of prefixes.',
      );
    const tiny = await pool({ prefixes: ['10.0.0.0/24'], min_prefixlen: 22 });
    expectError(
      await post({ subnetpool_id: tiny.id, prefixlen: 23 }),
      409,
      'SubnetAllocationError',
      'Failed to allocate subnet: Insufficient prefix space to allocate subnet size /23.',
    );
    const foreign = await pool({}, cloud.stranger);
    for (const id of [NOWHERE, foreign.id, 'prefix_delegation'])
      expectError(await post({ subnetpool_id: id }), 404, 'SubnetPoolNotFound', `Subnet pool ${id} could not be found.`);
    expectError(
      await post({ subnetpool_id: 'x' }),
      400,
      'HTTPBadRequest',
      "Invalid input for subnetpool_id. Reason: 'x' is not a valid UUID.",
    );
    expectError(await post({ subnetpool_id, gateway_ip: '2001:db8::1' }), 400, 'InvalidInput', /does not match the ip_version/);
    const subnet = await made({ subnetpool_id });
    for (const [name, value] of Object.entries({ subnetpool_id: null, use_default_subnetpool: true, prefixlen: 24 }))
      expectError(
        await cloud.as(cloud.member)('PUT', `/subnets/${subnet.id}`, { subnet: { [name]: value } }),
        400,
        'HTTPBadRequest',
        `Cannot update read-only attribute ${name}`,
      );
  });

  test('the default pool, where there is one that the caller sees', async () => {
    const none = (version: number): string => `Bad subnets request: No default subnetpool found for IPv${version}.`;
    const wish = { use_default_subnetpool: true };
    expectError(await post(wish), 400, 'BadRequest', none(4));
    const hidden = await pool({ is_default: true }, cloud.admin);
    expectError(await post(wish), 400, 'BadRequest', none(4));
    expect(await made(wish, cloud.admin)).toMatchObject({ subnetpool_id: hidden.id, cidr: '10.0.0.0/24' });
    const shared = await pool({ prefixes: ['2001:db8::/56'], default_prefixlen: 64, is_default: true, shared: true }, cloud.admin);
    expect(await made({ ...wish, ip_version: 6 })).toMatchObject({ subnetpool_id: shared.id, cidr: '2001:db8::/64' });
    expect(await made({ ...wish, ip_version: 6, cidr: '2001:db8:0:9::/64' })).toMatchObject({ subnetpool_id: shared.id });
    expectError(
      await post({ ...wish, subnetpool_id: shared.id, ip_version: 6 }),
      400,
      'BadRequest',
      'Bad subnets request: subnetpool_id and use_default_subnetpool cannot both be specified.',
    );
    expectError(await post({ ip_version: 6 }), 400, 'BadRequest', /a subnetpool must be specified in the absence of a cidr/);
  });

  test('subnets of one version on a network are of one pool, or of one address scope', async () => {
    const [scope, other] = [await cloud.make('address_scope', { ip_version: 4 }), await cloud.make('address_scope', { ip_version: 4 })];
    const plain = await pool();
    const affinity = 'Subnets hosted on the same network must be allocated from the same subnet pool.';
    const { id: network_id } = await network();
    await made({ network_id, subnetpool_id: plain.id });
    await made({ network_id, subnetpool_id: plain.id });
    expectError(await post({ network_id, cidr: '192.0.2.0/24' }), 400, 'NetworkSubnetPoolAffinityError', affinity);
    expectError(await post({ network_id, subnetpool_id: (await pool()).id }), 400, 'NetworkSubnetPoolAffinityError', affinity);
    await made({ network_id, ip_version: 6, cidr: '2001:db8::/64' });
    const [one, two, three] = [
      await pool({ prefixes: ['10.1.0.0/16'], address_scope_id: scope.id }),
      await pool({ prefixes: ['10.2.0.0/16'], address_scope_id: scope.id }),
      await pool({ prefixes: ['10.3.0.0/16'], address_scope_id: other.id }),
    ];
    const scoped = await network();
    await made({ network_id: scoped.id, subnetpool_id: one.id });
    await made({ network_id: scoped.id, subnetpool_id: two.id });
    const message = 'Subnets of the same address family hosted on the same network must all participate in the same address scope.';
    expectError(await post({ network_id: scoped.id, subnetpool_id: three.id }), 400, 'NetworkAddressScopeAffinityError', message);
    expectError(await post({ network_id: scoped.id, cidr: '192.0.2.0/24' }), 400, 'NetworkSubnetPoolAffinityError', affinity);
    const move = (address_scope_id: string): Promise<Reply> =>
      cloud.as(cloud.member)('PUT', `/subnetpools/${one.id}`, { subnetpool: { address_scope_id } });
    expectError(await move(other.id), 400, 'NetworkAddressScopeAffinityError', message);
    await cloud.as(cloud.member)('DELETE', `/networks/${scoped.id}`);
    expect((await move(other.id)).status).toBe(200);
  });

  test('a quota of what each project takes', async () => {
    const quota = 'Per-project subnet pool prefix quota exceeded.';
    const four = await pool({ default_quota: 512, shared: true }, cloud.admin);
    const take = (prefixlen: number, someone?: Person): Promise<Reply> => post({ subnetpool_id: four.id, prefixlen }, someone);
    const first = await take(24);
    expect((await take(25)).status).toBe(201);
    expect((await take(26)).status).toBe(201);
    expectError(await take(25), 409, 'SubnetPoolQuotaExceeded', quota);
    expect((await take(26)).status).toBe(201);
    expectError(await take(32), 409, 'SubnetPoolQuotaExceeded', quota);
    expect((await take(24, cloud.stranger)).status).toBe(201);
    await cloud.as(cloud.member)('DELETE', `/subnets/${first.at('subnet.id')}`);
    expect((await take(24)).status).toBe(201);
    expectError(await take(24, cloud.admin).then(() => take(23, cloud.admin)), 409, 'SubnetPoolQuotaExceeded', quota);
    const six = await pool({ prefixes: ['2001:db8::/48'], default_prefixlen: 64, default_quota: 2 });
    const take6 = (prefixlen: number): Promise<Reply> => post({ subnetpool_id: six.id, ip_version: 6, prefixlen });
    expect((await take6(64)).status).toBe(201);
    expect((await take6(65)).status).toBe(201);
    expectError(await take6(64), 409, 'SubnetPoolQuotaExceeded', quota);
    expect((await take6(66)).status).toBe(201);
    const { id: network_id } = await network();
    const bulk = await cloud.as(cloud.member)('POST', '/subnets', {
      subnets: [66, 66].map((prefixlen) => ({ network_id, ip_version: 6, subnetpool_id: six.id, prefixlen })),
    });
    expectError(bulk, 409, 'SubnetPoolQuotaExceeded', quota);
    expect((await take6(66)).status).toBe(201);
  });

  test('subnets taken at once never overlap, and no more are taken than there are', async () => {
    const { id: subnetpool_id } = await pool({ prefixes: ['10.0.0.0/27'], default_prefixlen: 30 });
    const networks = [];
    for (let count = 0; count < 12; count++) networks.push((await network()).id);
    const answers = await Promise.all(networks.map((network_id) => post({ network_id, subnetpool_id })));
    const given = answers.filter(({ status }) => status === 201).map((answer) => answer.at('subnet.cidr'));
    expect(given.toSorted()).toEqual(Array.from({ length: 8 }, (_, n) => `10.0.0.${n * 4}/30`).toSorted());
    for (const refused of answers.filter(({ status }) => status !== 201)) expectError(refused, 409, 'SubnetAllocationError');
    const deleted = await Promise.all(networks.map((id) => cloud.as(cloud.member)('DELETE', `/networks/${id}`)));
    expect(deleted.map(({ status }) => status)).toEqual(networks.map(() => 204));
    expect(await cidr({ subnetpool_id, prefixlen: 27 })).toBe('10.0.0.0/27');
  });

  test('the subnets of a network join a pool', async () => {
    const { network: wired, subnet } = await cloud.wired('10.20.0.0/24');
    const six = await made({ network_id: wired.id, ip_version: 6, cidr: '2001:db8::/64' });
    const mine = await pool({ prefixes: ['10.30.0.0/16'] });
    const answer = await onboard(mine, { network_id: wired.id });
    expect([answer.status, answer.body]).toEqual([200, {}]);
    const prefixes = async ({ id }: Shown): Promise<unknown> =>
      (await cloud.as(cloud.member)('GET', `/subnetpools/${id}`)).at('subnetpool.prefixes');
    const poolOf = async ({ id }: Shown): Promise<unknown> =>
      (await cloud.as(cloud.member)('GET', `/subnets/${id}`)).at('subnet.subnetpool_id');
    expect(await prefixes(mine)).toEqual(['10.20.0.0/24', '10.30.0.0/16']);
    expect([await poolOf(subnet), await poolOf(six)]).toEqual([mine.id, null]);
    expectError(
      await onboard(mine, { network_id: wired.id }),
      400,
      'IllegalSubnetPoolUpdate',
      `Illegal subnetpool update : Onboarding subnet ${subnet.id}: 10.20.0.0/24 conflicts with allocated prefixes in subnet pool ${mine.id}.`,
    );
    expectError(await cloud.as(cloud.member)('DELETE', `/subnetpools/${mine.id}`), 400, 'SubnetPoolDeleteError');
    const next = await pool({ prefixes: ['10.40.0.0/16'] });
    expect((await onboard(next, { network_id: wired.id })).status).toBe(200);
    expect(await poolOf(subnet)).toBe(next.id);
    // What the first pool had of it is free there again.
    expect(await cidr({ subnetpool_id: mine.id, cidr: '10.20.0.0/24' })).toBe('10.20.0.0/24');
    // Within the pool's prefixes its addresses are taken, and beyond them they become the pool's.
    const within = await cloud.wired('10.30.0.0/25');
    expect((await onboard(mine, { network_id: within.network.id })).status).toBe(200);
    expect(await cidr({ subnetpool_id: mine.id, prefixlen: 25 })).toBe('10.30.0.128/25');
    const around = await cloud.wired('172.16.0.0/12');
    expect((await onboard(mine, { network_id: around.network.id })).status).toBe(200);
    expect(await prefixes(mine)).toEqual(['10.20.0.0/24', '10.30.0.0/16', '172.16.0.0/12']);
    await cloud.as(cloud.member)('DELETE', `/networks/${around.network.id}`);
    expect(await cidr({ subnetpool_id: mine.id, prefixlen: 12 })).toBe('172.16.0.0/12');
    expect((await onboard(mine, { network_id: (await network()).id })).status).toBe(200);
  });

  test("what keeps a network's subnets out of a pool", async () => {
    const mine = await pool({ prefixes: ['10.30.0.0/16'] });
    const { network: wired } = await cloud.wired('10.20.0.0/24');
    for (const body of [{}, { network_id: null }, { x: 1 }, []])
      expectError(await onboard(mine, body), 400, 'InvalidInput', 'Invalid input for operation: network_id must be specified..');
    const foreign = await cloud.wired('10.77.0.0/24', cloud.stranger);
    for (const network_id of ['x', NOWHERE, foreign.network.id, 5])
      expectError(await onboard(mine, { network_id }), 404, 'NetworkNotFound', `Network ${network_id} could not be found.`);
    await cloud.as(cloud.stranger)('POST', '/rbac-policies', {
      rbac_policy: {
        object_type: 'network',
        object_id: foreign.network.id,
        action: 'access_as_shared',
        target_tenant: cloud.member.projectId,
      },
    });
    expectError(await onboard(mine, { network_id: foreign.network.id }), 403, 'NotAuthorized', 'Not authorized.');
    expectError(await onboard(mine, { network_id: wired.id }, cloud.reader), 403, 'PolicyNotAuthorized');
    expectError(await onboard(mine, { network_id: wired.id }, cloud.stranger), 404, 'SubnetPoolNotFound');
    const scope = await cloud.make('address_scope', { ip_version: 4 });
    await pool({ prefixes: ['10.0.0.0/12'], address_scope_id: scope.id });
    const { network: clash } = await cloud.wired('10.5.0.0/24');
    const scoped = await pool({ prefixes: ['10.200.0.0/16'], address_scope_id: scope.id });
    expectError(await onboard(scoped, { network_id: clash.id }), 409, 'AddressScopePrefixConflict');
    expect(
      (await cloud.as(cloud.admin)('PUT', `/subnetpools/${mine.id}/onboard_network_subnets`, { network_id: foreign.network.id })).status,
    ).toBe(200);
  });
});
