// Subnet pools as clients see them: prefixes and lengths, who may see and change them, their place in address scopes, and calls on them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

describe.each(engines())('subnet pools on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    for (const { projectId } of [cloud.member, cloud.stranger, cloud.admin])
      await cloud.as(cloud.admin)('PUT', `/quotas/${projectId}`, { quota: { network: -1, subnet: -1, rbac_policy: -1 } });
  });
  afterAll(() => cloud.close());

  const post = (attributes: object, someone: Person = cloud.member): Promise<Reply> =>
    cloud.as(someone)('POST', '/subnetpools', { subnetpool: { name: 'pool', ...attributes } });
  const pool = (attributes: object, someone?: Person): Promise<Shown> => cloud.make('subnetpool', { name: 'pool', ...attributes }, someone);
  const scope = (ip_version = 4, more: object = {}, someone?: Person): Promise<Shown> =>
    cloud.make('address_scope', { ip_version, ...more }, someone);
  const put = ({ id }: Shown, subnetpool: object, someone: Person = cloud.member): Promise<Reply> =>
    cloud.as(someone)('PUT', `/subnetpools/${id}`, { subnetpool });
  const call = ({ id }: Shown, name: string, body: object, someone: Person = cloud.member): Promise<Reply> =>
    cloud.as(someone)('PUT', `/subnetpools/${id}/${name}`, body);
  const subnetOf = async ({ id }: Shown, more: object = {}): Promise<Shown> => {
    const network = await cloud.make('network', {});
    return cloud.make('subnet', { network_id: network.id, ip_version: 4, subnetpool_id: id, ...more });
  };

  test('a new one: lengths are text, prefixes in order and joined', async () => {
    const made = await post({ prefixes: ['10.10.0.0/16', '10.11.2.3/16', '10.9.0.0/16', '10.9.0.0/24'], description: 'd' });
    const { projectId } = cloud.member;
    expect([made.status, made.body]).toEqual([
      201,
      {
        subnetpool: {
          id: expect.any(String),
          name: 'pool',
          project_id: projectId,
          tenant_id: projectId,
          prefixes: ['10.9.0.0/16', '10.10.0.0/15'],
          ip_version: 4,
          min_prefixlen: '8',
          max_prefixlen: '32',
          default_prefixlen: '8',
          default_quota: null,
          is_default: false,
          shared: false,
          address_scope_id: null,
          tags: [],
          description: 'd',
          created_at: expect.any(String),
          updated_at: expect.any(String),
          revision_number: 0,
        },
      },
    ]);
    const id = made.at('subnetpool.id');
    const member = cloud.as(cloud.member);
    expect((await member('GET', `/subnetpools/${id}`)).body).toEqual(made.body);
    expect((await member('GET', `/subnetpools?id=${id}`)).at('subnetpools')).toEqual([made.at('subnetpool')]);
    const six = await pool({ prefixes: ['2001:DB8::/48'], min_prefixlen: '56', default_quota: 5 });
    expect(six).toMatchObject({
      prefixes: ['2001:db8::/48'],
      ip_version: 6,
      min_prefixlen: '56',
      max_prefixlen: '128',
      default_prefixlen: '56',
    });
    expect(await pool({ prefixes: ['2001:db8::/48'] })).toMatchObject({ min_prefixlen: '64', default_prefixlen: '64' });
  });

  test('found and ordered by lengths as numbers', async () => {
    const made = [];
    for (const length of [9, 10, 28]) made.push(await pool({ name: 'ordered', prefixes: ['10.0.0.0/8'], default_prefixlen: length }));
    const ids = async (search: string): Promise<unknown> =>
      ((await cloud.as(cloud.member)('GET', `/subnetpools?name=ordered&${search}`)).at('subnetpools') as Shown[]).map(({ id }) => id);
    expect(await ids('sort_key=default_prefixlen&sort_dir=desc')).toEqual(made.map(({ id }) => id).reverse());
    expect(await ids('default_prefixlen=10')).toEqual([made[1]?.id]);
    expect(await ids(`sort_key=default_prefixlen&sort_dir=asc&limit=5&marker=${made[0]?.id}`)).toEqual([made[1]?.id, made[2]?.id]);
    expectError(
      await cloud.as(cloud.member)('GET', '/subnetpools?min_prefixlen=x'),
      400,
      'InvalidInput',
      "Invalid input for operation: 'x' is not an integer.",
    );
    expect(await ids(`default_prefixlen=${10n ** 30n}`)).toEqual([]);
  });

  test.each([
    [{ prefixes: [] }, 'EmptySubnetPoolPrefixList', 'Empty subnet pool prefix list.'],
    [{ prefixes: ['10.0.0.0/8', '2001:db8::/32'] }, 'PrefixVersionMismatch', 'Cannot mix IPv4 and IPv6 prefixes in a subnet pool.'],
    [{ prefixes: ['x'] }, 'HTTPBadRequest', "Invalid input for prefixes. Reason: 'x' is not a valid IP subnet."],
    [{ prefixes: ['10.0.0.0/8', '10.0.0.0/8'] }, 'HTTPBadRequest', /Duplicate items in the list/],
    [{ prefixes: null }, 'HTTPBadRequest', "Invalid input for prefixes. Reason: 'None' is not a list."],
    [{ name: ' ' }, 'HTTPBadRequest', "Invalid input for name. Reason: ' ' Blank strings are not permitted."],
    [{ min_prefixlen: 33 }, 'IllegalSubnetPoolPrefixBounds', 'Illegal prefix bounds: min_prefixlen=33, max_prefixlen=32.'],
    [{ max_prefixlen: 33 }, 'IllegalSubnetPoolPrefixBounds', 'Illegal prefix bounds: max_prefixlen=33, ip_version_max=32.'],
    [
      { min_prefixlen: 24, default_prefixlen: 16 },
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: default_prefixlen=16, min_prefixlen=24.',
    ],
    [
      { max_prefixlen: 24, default_prefixlen: 28 },
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: default_prefixlen=28, max_prefixlen=24.',
    ],
    [{ min_prefixlen: 0 }, 'UnsupportedMinSubnetPoolPrefix', "Prefix '0' not supported in IPv4 pool."],
    [{ min_prefixlen: 'x' }, 'InvalidInput', "Invalid input for operation: 'x' is not an integer."],
    [{ min_prefixlen: null }, 'InvalidInput', "Invalid input for operation: 'None' is not an integer."],
    [{ min_prefixlen: -1 }, 'HTTPBadRequest', "Invalid input for min_prefixlen. Reason: '-1' should be non-negative."],
    [{ default_quota: -1 }, 'HTTPBadRequest', "Invalid input for default_quota. Reason: '-1' should be non-negative."],
    [{ default_quota: 2 ** 40 }, 'HTTPBadRequest', /is too large/],
    [{ prefixes: Array.from({ length: 1001 }, (_, n) => `10.${n >> 7}.${(n & 127) * 2}.0/24`) }, 'InvalidInput', /at most 1000 prefixes/],
    [{ address_scope_id: 'x' }, 'HTTPBadRequest', "Invalid input for address_scope_id. Reason: 'x' is not a valid UUID."],
    [{ ip_version: 4 }, 'HTTPBadRequest', "Attribute 'ip_version' not allowed in POST"],
  ])('%j is refused', async (attributes, type, message) => {
    expectError(await post({ prefixes: ['10.0.0.0/8'], ...attributes }), 400, type, message);
  });

  test('changes: prefixes only grow, lengths stay in order, sharing has its own way', async () => {
    const made = await pool({ prefixes: ['10.0.0.0/16'], default_prefixlen: 24, min_prefixlen: 20, max_prefixlen: 28 });
    const grown = await put(made, { prefixes: ['10.3.0.0/16', '10.0.0.0/15'], name: 'n', default_quota: 7 });
    expect([grown.status, grown.at('subnetpool')]).toMatchObject([
      200,
      { prefixes: ['10.0.0.0/15', '10.3.0.0/16'], name: 'n', default_quota: 7, min_prefixlen: '20', revision_number: 1 },
    ]);
    const subset = 'Illegal update to prefixes: Existing prefixes must be a subset of the new prefixes.';
    for (const prefixes of [['10.0.0.0/16'], [], ['2001:db8::/48']])
      expectError(await put(made, { prefixes }), 400, 'IllegalSubnetPoolPrefixUpdate', subset);
    expectError(await put(made, { prefixes: ['10.0.0.0/8', '::/8'] }), 400, 'PrefixVersionMismatch');
    expectError(
      await put(made, { min_prefixlen: 26 }),
      400,
      'IllegalSubnetPoolPrefixBounds',
      'Illegal prefix bounds: default_prefixlen=24, min_prefixlen=26.',
    );
    expect((await put(made, { min_prefixlen: '26', default_prefixlen: 27 })).at('subnetpool')).toMatchObject({
      min_prefixlen: '26',
      default_prefixlen: '27',
    });
    for (const [name, value] of Object.entries({ ip_version: 4, shared: true, project_id: 'x' }))
      expectError(await put(made, { [name]: value }), 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    const before = await cloud.as(cloud.member)('GET', `/subnetpools/${made.id}`);
    expect((await put(made, { prefixes: before.at('subnetpool.prefixes'), min_prefixlen: 26 })).body).toEqual(before.body);
  });

  test('prefixes added and removed by themselves', async () => {
    const made = await pool({ prefixes: ['10.0.0.0/16'], default_prefixlen: 24 });
    const prefixes = async (name: string, given: unknown): Promise<unknown> => {
      const answer = await call(made, name, { prefixes: given });
      return answer.status === 200 ? answer.body : answer.text;
    };
    expect(await prefixes('add_prefixes', ['10.1.0.0/16', '10.0.7.0/24'])).toEqual({ prefixes: ['10.0.0.0/15'] });
    expect(await prefixes('remove_prefixes', ['10.1.0.0/16', '11.0.0.0/8', '2001:db8::/32'])).toEqual({ prefixes: ['10.0.0.0/16'] });
    const subnet = await subnetOf(made);
    expectError(
      await call(made, 'remove_prefixes', { prefixes: ['10.0.0.0/20'] }),
      400,
      'IllegalSubnetPoolPrefixUpdate',
      'Illegal update to prefixes: One or more the prefixes to be removed is in use by a subnet..',
    );
    await cloud.as(cloud.member)('DELETE', `/subnets/${subnet.id}`);
    expect(await prefixes('remove_prefixes', ['10.0.255.0/24'])).toEqual({
      prefixes: [
        '10.0.0.0/17',
        '10.0.128.0/18',
        '10.0.192.0/19',
        '10.0.224.0/20',
        '10.0.240.0/21',
        '10.0.248.0/22',
        '10.0.252.0/23',
        '10.0.254.0/24',
      ],
    });
    expect(await prefixes('remove_prefixes', ['10.0.0.0/8'])).toEqual({ prefixes: [] });
    expect(await prefixes('add_prefixes', ['10.7.0.0/24'])).toEqual({ prefixes: ['10.7.0.0/24'] });
    expect((await subnetOf(made)).cidr).toBe('10.7.0.0/24');
    for (const name of ['add_prefixes', 'remove_prefixes']) {
      for (const body of [{}, { prefixes: [] }, { prefixes: '10.0.0.0/8' }, { subnetpool: { prefixes: ['10.0.0.0/8'] } }])
        expectError(await call(made, name, body), 400, 'HTTPBadRequest', 'Request body contains invalid data');
      expectError(
        await call(made, name, { prefixes: ['x'] }),
        400,
        'HTTPBadRequest',
        "Invalid input for prefixes. Reason: 'x' is not a valid IP subnet.",
      );
      expectError(
        await call(made, name, { prefixes: ['10.9.0.0/16'] }, cloud.reader),
        403,
        'PolicyNotAuthorized',
        `rule:${name} is disallowed by policy`,
      );
      expectError(await call(made, name, { prefixes: ['10.9.0.0/16'] }, cloud.stranger), 404, 'SubnetPoolNotFound');
    }
    expectError(await call(made, 'add_prefixes', { prefixes: ['2001:db8::/48'] }), 400, 'PrefixVersionMismatch');
  });

  test('who sees and changes what', async () => {
    const mine = await pool({ prefixes: ['10.0.0.0/8'] });
    const path = `/subnetpools/${mine.id}`;
    for (const someone of [cloud.member, cloud.reader, cloud.manager, cloud.admin])
      expect((await cloud.as(someone)('GET', path)).at('subnetpool.id')).toBe(mine.id);
    for (const someone of [cloud.stranger, cloud.service]) {
      expectError(await cloud.as(someone)('GET', path), 404, 'SubnetPoolNotFound', `Subnet pool ${mine.id} could not be found.`);
      expectError(await cloud.as(someone)('PUT', path, { subnetpool: { name: 'x' } }), 404, 'SubnetPoolNotFound');
      expectError(await cloud.as(someone)('DELETE', path), 404, 'SubnetPoolNotFound');
      expect((await cloud.as(someone)('GET', `/subnetpools?id=${mine.id}`)).at('subnetpools')).toEqual([]);
    }
    expectError(await post({ prefixes: ['10.0.0.0/8'] }, cloud.reader), 403, 'PolicyNotAuthorized');
    expectError(await put(mine, { name: 'x' }, cloud.reader), 403, 'PolicyNotAuthorized');
    expectError(
      await post({ prefixes: ['10.0.0.0/8'], shared: true }),
      403,
      'PolicyNotAuthorized',
      '(rule:create_subnetpool and rule:create_subnetpool:shared) is disallowed by policy',
    );
    expectError(await post({ prefixes: ['10.0.0.0/8'], is_default: true }), 403, 'PolicyNotAuthorized');
    expectError(await put(mine, { is_default: false }), 403, 'PolicyNotAuthorized');
    const shared = await pool({ prefixes: ['10.0.0.0/8'], shared: true }, cloud.admin);
    expect((await cloud.as(cloud.stranger)('GET', `/subnetpools/${shared.id}`)).at('subnetpool')).toEqual({ ...shared, shared: true });
    expectError(await put(shared, { name: 'x' }), 403, 'PolicyNotAuthorized', 'rule:update_subnetpool is disallowed by policy');
    expectError(await cloud.as(cloud.member)('DELETE', `/subnetpools/${shared.id}`), 403, 'PolicyNotAuthorized');
    expect((await cloud.as(cloud.manager)('DELETE', path)).status).toBe(204);
    expectError(await cloud.as(cloud.member)('DELETE', path), 404, 'SubnetPoolNotFound');
  });

  test('one default for each IP version', async () => {
    const made = await pool({ prefixes: ['10.0.0.0/8'], is_default: true }, cloud.admin);
    await pool({ prefixes: ['2001:db8::/32'], is_default: true }, cloud.admin);
    const other = await pool({ prefixes: ['10.0.0.0/8'] }, cloud.admin);
    const message =
      'Invalid input for operation: A default subnetpool for this IP family has already been set. Only one default may exist per IP family.';
    expectError(await put(other, { is_default: true }, cloud.admin), 400, 'InvalidInput', message);
    expectError(await post({ prefixes: ['11.0.0.0/8'], is_default: true }, cloud.admin), 400, 'InvalidInput', message);
    expect((await cloud.as(cloud.admin)('GET', '/subnetpools?is_default=true&ip_version=4')).at('subnetpools')).toEqual([made]);
    await put(made, { is_default: false }, cloud.admin);
    const both = await Promise.all([made, other].map((one) => put(one, { is_default: true }, cloud.admin)));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400]);
  });

  test('a pool with subnets stays', async () => {
    const made = await pool({ prefixes: ['10.0.0.0/8'], default_prefixlen: 24 });
    const subnet = await subnetOf(made);
    expectError(
      await cloud.as(cloud.member)('DELETE', `/subnetpools/${made.id}`),
      400,
      'SubnetPoolDeleteError',
      'Unable to delete subnet pool: Subnet pool has existing allocations.',
    );
    await cloud.as(cloud.member)('DELETE', `/subnets/${subnet.id}`);
    expect((await cloud.as(cloud.member)('DELETE', `/subnetpools/${made.id}`)).status).toBe(204);
  });

  test('in an address scope no two pools have the same addresses', async () => {
    const four = await scope();
    const one = await pool({ prefixes: ['10.0.0.0/16', '10.2.0.0/16'], address_scope_id: four.id });
    expect(one.address_scope_id).toBe(four.id);
    const message = 'Failed to associate address scope: subnetpools within an address scope must have unique prefixes.';
    for (const prefixes of [['10.0.0.0/17'], ['10.0.0.0/8'], ['10.1.0.0/16', '10.2.255.0/24'], ['10.0.0.0/16']])
      expectError(await post({ prefixes, address_scope_id: four.id }), 409, 'AddressScopePrefixConflict', message);
    const two = await pool({ prefixes: ['10.1.0.0/16'], address_scope_id: four.id });
    expectError(await put(two, { prefixes: ['10.0.0.0/8'] }), 409, 'AddressScopePrefixConflict');
    expectError(await call(two, 'add_prefixes', { prefixes: ['10.0.5.0/24'] }), 409, 'AddressScopePrefixConflict');
    expect((await call(two, 'add_prefixes', { prefixes: ['10.3.0.0/16'] })).status).toBe(200);
    expect((await put(two, { address_scope_id: null })).at('subnetpool.address_scope_id')).toBe(null);
    await put(two, { prefixes: ['10.0.0.0/8'] });
    expectError(await put(two, { address_scope_id: four.id }), 409, 'AddressScopePrefixConflict');
    await call(one, 'remove_prefixes', { prefixes: ['10.0.0.0/8'] });
    expect((await put(two, { address_scope_id: four.id })).status).toBe(200);
    expectError(
      await cloud.as(cloud.member)('DELETE', `/address-scopes/${four.id}`),
      409,
      'AddressScopeInUse',
      `Unable to complete operation on address scope ${four.id}. There are one or more subnet pools in use on the address scope.`,
    );
  });

  test('of pools with the same addresses made at once one enters the scope', async () => {
    const four = await scope();
    const made = await Promise.all([8, 9, 10, 11].map((length) => post({ prefixes: [`10.0.0.0/${length}`], address_scope_id: four.id })));
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
  });

  test("a scope that is absent, another's, or of another version", async () => {
    const foreign = await scope(4, {}, cloud.stranger);
    const mine = await pool({ prefixes: ['10.0.0.0/8'] });
    for (const address_scope_id of [NOWHERE, foreign.id]) {
      const message = `Address scope ${address_scope_id} could not be found.`;
      expectError(await post({ prefixes: ['10.0.0.0/8'], address_scope_id }), 404, 'AddressScopeNotFound', message);
      expectError(await put(mine, { address_scope_id }), 404, 'AddressScopeNotFound', message);
    }
    const six = await scope(6);
    expectError(
      await put(mine, { address_scope_id: six.id }),
      400,
      'IllegalSubnetPoolIpVersionAssociationToAddressScope',
      `Illegal subnetpool association: subnetpool ${mine.id} cannot associate with address scope ${six.id} because subnetpool ip_version is not 6.`,
    );
  });

  test("a pool of somebody else's scope is changed by who may change the scope", async () => {
    const shared = await scope(4, { shared: true }, cloud.admin);
    const mine = await pool({ prefixes: ['10.0.0.0/16'], address_scope_id: shared.id });
    const message = `Illegal subnetpool update : subnetpool ${mine.id} cannot be updated when associated with shared address scope ${shared.id}.`;
    expectError(await put(mine, { name: 'x' }), 400, 'IllegalSubnetPoolUpdate', message);
    expectError(await call(mine, 'add_prefixes', { prefixes: ['10.5.0.0/16'] }), 400, 'IllegalSubnetPoolUpdate', message);
    expectError(await call(mine, 'remove_prefixes', { prefixes: ['10.0.5.0/24'] }), 400, 'IllegalSubnetPoolUpdate', message);
    expect((await put(mine, { prefixes: ['10.0.0.0/15'] }, cloud.admin)).at('subnetpool.prefixes')).toEqual(['10.0.0.0/15']);
  });

  test('who has a share of a pool has one of its scope', async () => {
    const four = await scope(4, {}, cloud.admin);
    const made = await pool({ prefixes: ['10.0.0.0/16'], address_scope_id: four.id, default_prefixlen: 24 }, cloud.admin);
    const admin = cloud.as(cloud.admin);
    const share = (object_type: string, { id }: Shown): Promise<Reply> =>
      admin('POST', '/rbac-policies', {
        rbac_policy: { object_type, object_id: id, action: 'access_as_shared', target_tenant: cloud.member.projectId },
      });
    expectError(
      await share('subnetpool', made),
      400,
      'InvalidInput',
      `Invalid input for operation: Failed to create RBAC policy on object ${made.id} because target project doesn't have access to associated address scope..`,
    );
    expect((await share('address_scope', four)).status).toBe(201);
    const shared = await share('subnetpool', made);
    expect(shared.status).toBe(201);
    const subnet = await subnetOf(made);
    expectError(
      await admin('DELETE', `/rbac-policies/${shared.at('rbac_policy.id')}`),
      409,
      'RbacPolicyInUse',
      new RegExp(`on object ${made.id} cannot be removed`),
    );
    await cloud.as(cloud.member)('DELETE', `/subnets/${subnet.id}`);
    expect((await admin('DELETE', `/rbac-policies/${shared.at('rbac_policy.id')}`)).status).toBe(204);
    expectError(
      await post({ prefixes: ['10.1.0.0/16'], address_scope_id: four.id, shared: true }, cloud.admin),
      400,
      'IllegalSubnetPoolAssociationToAddressScope',
      new RegExp(`cannot be associated with address scope ${four.id}\\.$`),
    );
    const everybody = await pool({ prefixes: ['10.2.0.0/16'], shared: true }, cloud.admin);
    expectError(await put(everybody, { address_scope_id: four.id }, cloud.admin), 400, 'IllegalSubnetPoolAssociationToAddressScope');
  });
});
