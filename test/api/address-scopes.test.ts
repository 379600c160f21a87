// Address scopes as clients see them, and what networks say of them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

describe.each(engines())('address scopes on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  const post = (address_scope: object, someone: Person = cloud.member): Promise<Reply> =>
    cloud.as(someone)('POST', '/address-scopes', { address_scope });
  const put = ({ id }: Shown, address_scope: object, someone: Person = cloud.member): Promise<Reply> =>
    cloud.as(someone)('PUT', `/address-scopes/${id}`, { address_scope });
  const scope = (more: object = {}, someone?: Person): Promise<Shown> => cloud.make('address_scope', { ip_version: 4, ...more }, someone);

  test('a new one, changed, listed and gone', async () => {
    const made = await post({ name: 'one', ip_version: '6' });
    const { projectId } = cloud.member;
    const shown = { id: expect.any(String), name: 'one', project_id: projectId, tenant_id: projectId, ip_version: 6, shared: false };
    expect([made.status, made.body]).toEqual([201, { address_scope: shown }]);
    const row = made.at('address_scope') as Shown;
    const member = cloud.as(cloud.member);
    expect((await member('GET', `/address-scopes/${row.id}`)).at('address_scope')).toEqual(row);
    expect((await member('GET', '/address_scopes?ip_version=6')).at('address_scopes')).toEqual([row]);
    expect((await put(row, { name: 'two' })).at('address_scope')).toEqual({ ...row, name: 'two' });
    expect((await put(row, {})).at('address_scope')).toEqual({ ...row, name: 'two' });
    expect((await member('DELETE', `/address-scopes/${row.id}`)).status).toBe(204);
    expectError(
      await member('GET', `/address-scopes/${row.id}`),
      404,
      'AddressScopeNotFound',
      `Address scope ${row.id} could not be found.`,
    );
  });

  test.each([
    [{}, 'HTTPBadRequest', "Failed to parse request. Required attribute 'ip_version' not specified"],
    [{ ip_version: 5 }, 'HTTPBadRequest', 'Invalid input for ip_version. Reason: 5 is not in valid_values.'],
    [{ ip_version: 'x' }, 'InvalidInput', "Invalid input for operation: 'x' is not an integer."],
    [{ ip_version: 4, name: ' a' }, 'HTTPBadRequest', "Invalid input for name. Reason: ' a' is not a valid string."],
  ])('%j is refused', async (attributes, type, message) => {
    expectError(await post(attributes), 400, type, message);
  });

  test('who sees and changes what; what is shared stays shared', async () => {
    const mine = await scope();
    const path = `/address-scopes/${mine.id}`;
    expect((await cloud.as(cloud.reader)('GET', path)).status).toBe(200);
    expectError(await put(mine, { name: 'x' }, cloud.reader), 403, 'PolicyNotAuthorized');
    expectError(await put(mine, { name: 'x' }, cloud.stranger), 404, 'AddressScopeNotFound');
    expectError(await put(mine, { ip_version: 4 }), 400, 'HTTPBadRequest', 'Cannot update read-only attribute ip_version');
    expectError(await put(mine, { shared: true }), 403, 'PolicyNotAuthorized');
    expectError(await put(mine, { shared: false }), 403, 'PolicyNotAuthorized');
    expectError(
      await post({ ip_version: 4, shared: true }),
      403,
      'PolicyNotAuthorized',
      '(rule:create_address_scope and rule:create_address_scope:shared) is disallowed by policy',
    );
    expect((await put(mine, { shared: false }, cloud.admin)).at('address_scope.shared')).toBe(false);
    expect((await put(mine, { shared: true }, cloud.admin)).at('address_scope.shared')).toBe(true);
    expect((await cloud.as(cloud.stranger)('GET', path)).at('address_scope.shared')).toBe(true);
    expect((await cloud.as(cloud.stranger)('GET', `/address-scopes?shared=true&id=${mine.id}`)).at('address_scopes')).toHaveLength(1);
    expectError(
      await put(mine, { name: 'x' }, cloud.stranger),
      403,
      'PolicyNotAuthorized',
      'rule:update_address_scope is disallowed by policy',
    );
    expectError(await cloud.as(cloud.stranger)('DELETE', path), 403, 'PolicyNotAuthorized');
    expectError(
      await put(mine, { shared: false }, cloud.admin),
      400,
      'AddressScopeUpdateError',
      `Unable to update address scope ${mine.id} : Shared address scope can't be unshared.`,
    );
  });

  test('shared with one project, for as long as it has pools there', async () => {
    const mine = await scope();
    const shared = await cloud.as(cloud.member)('POST', '/rbac-policies', {
      rbac_policy: {
        object_type: 'address_scope',
        object_id: mine.id,
        action: 'access_as_shared',
        target_tenant: cloud.stranger.projectId,
      },
    });
    expect(shared.status).toBe(201);
    expect((await cloud.as(cloud.stranger)('GET', `/address-scopes/${mine.id}`)).at('address_scope.shared')).toBe(true);
    const pool = await cloud.make('subnetpool', { name: 'p', prefixes: ['10.0.0.0/8'], address_scope_id: mine.id }, cloud.stranger);
    const end = (): Promise<Reply> => cloud.as(cloud.member)('DELETE', `/rbac-policies/${shared.at('rbac_policy.id')}`);
    expectError(await end(), 409, 'RbacPolicyInUse');
    await cloud.as(cloud.stranger)('DELETE', `/subnetpools/${pool.id}`);
    expect((await end()).status).toBe(204);
    expectError(await cloud.as(cloud.stranger)('GET', `/address-scopes/${mine.id}`), 404, 'AddressScopeNotFound');
  });

  test('networks say which scopes their subnets are of', async () => {
    const [four, six] = [await scope(), await scope({ ip_version: 6 })];
    const network = await cloud.make('network', {});
    const scopes = async (): Promise<unknown> => {
      const { ipv4_address_scope, ipv6_address_scope } = (await cloud.as(cloud.member)('GET', `/networks/${network.id}`)).at(
        'network',
      ) as Shown;
      return [ipv4_address_scope, ipv6_address_scope];
    };
    expect(await scopes()).toEqual([null, null]);
    for (const [of, prefix] of [
      [four, '10.0.0.0/24'],
      [six, '2001:db8::/56'],
    ] as const) {
      const pool = await cloud.make('subnetpool', {
        name: 'p',
        prefixes: [prefix],
        address_scope_id: of.id,
        default_prefixlen: of === four ? 26 : 64,
      });
      await cloud.make('subnet', { network_id: network.id, ip_version: of.ip_version, subnetpool_id: pool.id });
    }
    expect(await scopes()).toEqual([four.id, six.id]);
  });
});
