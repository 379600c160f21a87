// Sharing as clients see it: who may share what with whom, what the others may then do, and what it takes to stop.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

const PATH = '/rbac-policies';

describe.each(engines())('sharing on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    await cloud.as(cloud.admin)('PUT', `/quotas/${cloud.member.projectId}`, { quota: { rbac_policy: -1, network: -1 } });
    await cloud.as(cloud.admin)('PUT', `/quotas/${cloud.admin.projectId}`, { quota: { rbac_policy: -1 } });
  });
  afterAll(() => cloud.close());

  const body = (network: Shown, target: Person | '*', more: object = {}) => ({
    object_type: 'network',
    object_id: network.id,
    action: 'access_as_shared',
    target_tenant: target === '*' ? target : target.projectId,
    ...more,
  });
  const post = (someone: Person, rbac_policy: object): Promise<Reply> => cloud.as(someone)('POST', PATH, { rbac_policy });
  const share = async (network: Shown, target: Person | '*', someone: Person = cloud.member, more: object = {}): Promise<Shown> => {
    const made = await post(someone, body(network, target, more));
    if (made.status !== 201) throw new Error(made.text);
    return made.at('rbac_policy') as Shown;
  };
  const retarget = (someone: Person, { id }: Shown, target: Person | '*'): Promise<Reply> =>
    cloud.as(someone)('PUT', `${PATH}/${id}`, { rbac_policy: { target_tenant: target === '*' ? target : target.projectId } });
  const end = (someone: Person, { id }: Shown): Promise<Reply> => cloud.as(someone)('DELETE', `${PATH}/${id}`);
  const seen = async (someone: Person, { id }: Shown): Promise<unknown> => {
    const shown = await cloud.as(someone)('GET', `/networks/${id}`);
    const listed = await cloud.as(someone)('GET', `/networks?id=${id}`);
    expect((listed.at('networks') as unknown[]).length).toBe(shown.status === 200 ? 1 : 0);
    return shown.status === 200 ? { shared: shown.at('network.shared'), external: shown.at('network.router:external') } : shown.status;
  };
  const sharingsOf = async ({ id }: Shown, search = ''): Promise<Shown[]> =>
    (await cloud.as(cloud.admin)('GET', `${PATH}?object_id=${id}${search}`)).at('rbac_policies') as Shown[];

  test('lets another project see and use a network, as long as it lasts', async () => {
    const network = await cloud.make('network', {});
    const made = await post(cloud.member, body(network, cloud.stranger));
    expect([made.status, made.at('rbac_policy')]).toEqual([
      201,
      {
        id: expect.any(String),
        ...body(network, cloud.stranger),
        project_id: cloud.member.projectId,
        tenant_id: cloud.member.projectId,
      },
    ]);
    const sharing = made.at('rbac_policy') as Shown;
    expect(await seen(cloud.stranger, network)).toEqual({ shared: true, external: false });
    expect(await seen(cloud.service, network)).toEqual({ shared: false, external: false }); // by its role
    expect(await seen(cloud.member, network)).toEqual({ shared: false, external: false });
    expectError(
      await cloud.as(cloud.stranger)('PUT', `/networks/${network.id}`, { network: { name: 'mine' } }),
      403,
      'PolicyNotAuthorized',
    );
    const port = await cloud.make('port', { network_id: network.id }, cloud.stranger);

    const refusal = `RBAC policy on object ${network.id} cannot be removed because other objects depend on it.\nDetails: project_id=${cloud.stranger.projectId}`;
    expectError(await end(cloud.member, sharing), 409, 'RbacPolicyInUse', refusal);
    expectError(await retarget(cloud.member, sharing, cloud.reader), 409, 'RbacPolicyInUse', refusal);
    await cloud.as(cloud.stranger)('DELETE', `/ports/${port.id}`);
    expect((await end(cloud.member, sharing)).status).toBe(204);
    expect(await seen(cloud.stranger, network)).toBe(404);
  });

  test('by several ways lasts as long as the last of them', async () => {
    const network = await cloud.make('network', {});
    const one = await share(network, cloud.stranger);
    const all = await share(network, '*', cloud.admin);
    await cloud.make('port', { network_id: network.id }, cloud.stranger);
    expect((await end(cloud.member, one)).status).toBe(204);
    expectError(await end(cloud.admin, all), 409, 'RbacPolicyInUse');
    expect((await retarget(cloud.admin, all, cloud.stranger)).at('rbac_policy.target_tenant')).toBe(cloud.stranger.projectId);
    expect(await seen(cloud.stranger, network)).toEqual({ shared: true, external: false });
    expect((await retarget(cloud.admin, all, '*')).status).toBe(200);
  });

  test('is as good as the attribute, which is sharing with everybody', async () => {
    const network = await cloud.make('network', { shared: true }, cloud.admin);
    expect(await sharingsOf(network)).toEqual([
      expect.objectContaining({ target_tenant: '*', project_id: cloud.admin.projectId, action: 'access_as_shared' }),
    ]);
    const set = async (shared: boolean): Promise<Reply> => cloud.as(cloud.admin)('PUT', `/networks/${network.id}`, { network: { shared } });
    expect((await set(true)).at('network.shared')).toBe(true);
    expect(await sharingsOf(network)).toHaveLength(1);
    await cloud.make('port', { network_id: network.id }, cloud.stranger);
    expectError(await set(false), 409, 'InvalidSharedSetting');
    const one = await share(network, cloud.stranger, cloud.admin);
    expect((await set(false)).at('network.shared')).toBe(false);
    expect(await sharingsOf(network)).toEqual([one]);
    expect((await set(true)).at('network.shared')).toBe(true);
    expect(await sharingsOf(network, '&target_tenant=*')).toHaveLength(1);
  });

  test('is the owner’s business, and with everybody an administrator’s', async () => {
    const network = await cloud.make('network', {});
    const own = 'Invalid input for operation: Only admins can manipulate policies on objects they do not own.';
    expectError(await post(cloud.stranger, body(network, cloud.stranger)), 400, 'InvalidInput', own);
    const sharing = await share(network, cloud.stranger);
    expectError(await post(cloud.stranger, body(network, cloud.stranger)), 400, 'InvalidInput', own);
    expectError(await post(cloud.stranger, body({ id: NOWHERE }, cloud.stranger)), 400, 'InvalidInput', own);
    expectError(
      await post(cloud.admin, body({ id: NOWHERE }, cloud.stranger)),
      400,
      'InvalidInput',
      `Invalid input for operation: Network ${NOWHERE} could not be found..`,
    );
    expectError(await post(cloud.member, body(network, '*')), 403, 'PolicyNotAuthorized');
    expectError(await retarget(cloud.member, sharing, '*'), 403, 'PolicyNotAuthorized');
    expectError(await post(cloud.reader, body(network, cloud.service)), 403, 'PolicyNotAuthorized');
    expectError(await end(cloud.reader, sharing), 403, 'PolicyNotAuthorized');
    expectError(
      await end(cloud.stranger, sharing),
      404,
      'RbacPolicyNotFound',
      `RBAC policy of type unknown with ID ${sharing.id} not found`,
    );
    expectError(await cloud.as(cloud.stranger)('GET', `${PATH}/${sharing.id}`), 404, 'RbacPolicyNotFound');
    expect((await cloud.as(cloud.stranger)('GET', PATH)).body).toEqual({ rbac_policies: [] });
    expect((await cloud.as(cloud.reader)('GET', `${PATH}/${sharing.id}`)).at('rbac_policy')).toEqual(sharing);
    // What an administrator makes is the administrator's.
    const made = await share(network, cloud.service, cloud.admin);
    expectError(await end(cloud.member, made), 404, 'RbacPolicyNotFound');
    // Given to the owner of another network, it gives no right to it.
    const given = await share(network, cloud.member, cloud.admin, { project_id: cloud.stranger.projectId });
    expectError(await retarget(cloud.stranger, given, { projectId: 'x' } as Person), 400, 'InvalidInput', own);
    expect((await end(cloud.stranger, given)).status).toBe(204);
  });

  test('refuses what means nothing', async () => {
    const network = await cloud.make('network', {});
    const actions = "Valid actions: ('access_as_shared', 'access_as_external')";
    expectError(
      await post(cloud.member, body(network, cloud.stranger, { action: 'lend' })),
      400,
      'InvalidActionForType',
      `Invalid action 'lend' for object type 'network'. ${actions}`,
    );
    const type = "Invalid input for operation: 'door' is not a valid RBAC object type.";
    expectError(await post(cloud.member, body(network, cloud.stranger, { object_type: 'door' })), 400, 'InvalidInput', type);
    expectError(await post(cloud.member, { ...body(network, cloud.stranger), object_type: undefined }), 400, 'InvalidInput');
    expectError(await cloud.as(cloud.member)('GET', `${PATH}?object_type=door`), 400, 'InvalidInput', type);
    for (const target_tenant of [null, 5, 'x'.repeat(256)])
      expectError(await post(cloud.member, body(network, cloud.stranger, { target_tenant })), 400, 'HTTPBadRequest');
    expectError(await post(cloud.member, body({ id: 'x' }, cloud.stranger)), 400, 'HTTPBadRequest');
    const sharing = await share(network, cloud.stranger, cloud.member, { object_type: ' Network ' });
    expect(sharing.object_type).toBe('network');
    expectError(await post(cloud.member, body(network, cloud.stranger)), 409, 'DuplicateRbacPolicy');
    const other = await share(network, cloud.service);
    expectError(await retarget(cloud.member, other, cloud.stranger), 409, 'DuplicateRbacPolicy');
    const rename = { rbac_policy: { object_id: network.id } };
    expectError(await cloud.as(cloud.member)('PUT', `${PATH}/${sharing.id}`, rename), 400, 'HTTPBadRequest');
  });

  test('changes the object, goes with it and is counted', async () => {
    const network = await cloud.make('network', {}, cloud.stranger);
    const details = async (): Promise<unknown> =>
      (await cloud.as(cloud.admin)('GET', `/quotas/${cloud.stranger.projectId}/details`)).at('quota.rbac_policy');
    const revision = async () => Number((await cloud.as(cloud.stranger)('GET', `/networks/${network.id}`)).at('network.revision_number'));
    const before = await revision();
    const sharing = await share(network, cloud.member, cloud.stranger);
    const shared = await revision();
    await retarget(cloud.stranger, sharing, { projectId: 'x' } as Person);
    const moved = await revision();
    await end(cloud.stranger, sharing);
    expect([shared > before, moved > shared, (await revision()) > moved]).toEqual([true, true, true]);
    for (let count = 0; count < 10; count++) await share(network, { projectId: `p${count}` } as Person, cloud.stranger);
    expect(await details()).toEqual({ limit: 10, used: 10, reserved: 0 });
    expectError(await post(cloud.stranger, body(network, cloud.member)), 409, 'OverQuota');
    expect((await cloud.as(cloud.stranger)('DELETE', `/networks/${network.id}`)).status).toBe(204);
    expect(await details()).toEqual({ limit: 10, used: 0, reserved: 0 });
    expect(await sharingsOf(network)).toEqual([]);
  });

  test('ends or is used, whichever comes first', async () => {
    for (let round = 0; round < 12; round++) {
      const network = await cloud.make('network', {});
      const sharing = await share(network, cloud.stranger);
      const use = () => cloud.as(cloud.stranger)('POST', '/ports', { port: { network_id: network.id } });
      const stop = () => end(cloud.member, sharing);
      const first = round % 2 ? use() : stop();
      const second = round % 2 ? stop() : use();
      const [used, ended] = round % 2 ? [await first, await second] : [await second, await first];
      const won = used.status === 201 ? [201, 409] : [404, 204];
      expect([used.status, ended.status]).toEqual(won);
    }
  });

  describe('outside', () => {
    const outside = { action: 'access_as_external' };

    test('makes a network external for whom it is shared with', async () => {
      const { network, subnet } = await cloud.wired('10.0.0.0/24');
      const stranger = cloud.as(cloud.stranger);
      const elsewhere = await share(network, { projectId: 'elsewhere' } as Person, cloud.member, outside);
      expect(await seen(cloud.member, network)).toEqual({ shared: false, external: true });
      // For whom it is not external there is no such network, whatever it is asked.
      expect(await seen(cloud.stranger, network)).toBe(404);
      expectError(await stranger('PUT', `/networks/${network.id}`, { network: { name: 'x' } }), 404, 'NetworkNotFound');
      expectError(await stranger('DELETE', `/subnets/${subnet.id}`), 404, 'SubnetNotFound');
      expectError(await stranger('POST', '/ports', { port: { network_id: network.id } }), 404, 'NetworkNotFound');

      const sharing = await share(network, cloud.stranger, cloud.member, outside);
      expect((await end(cloud.member, elsewhere)).status).toBe(204);
      expect(await seen(cloud.stranger, network)).toEqual({ shared: false, external: true });
      expect((await stranger('GET', `/subnets/${subnet.id}`)).at('subnet.router:external')).toBe(true);
      expectError(await stranger('PUT', `/networks/${network.id}`, { network: { name: 'x' } }), 403, 'PolicyNotAuthorized');
      expectError(await stranger('POST', '/ports', { port: { network_id: network.id } }), 403, 'PolicyNotAuthorized');

      expect((await end(cloud.member, sharing)).status).toBe(204);
      expect(await seen(cloud.member, network)).toEqual({ shared: false, external: false });
      expect(await seen(cloud.stranger, network)).toBe(404);
    });

    test('is what setting the attribute does, for everybody', async () => {
      const network = await cloud.make('network', { 'router:external': true }, cloud.admin);
      const set = (external: boolean): Promise<Reply> =>
        cloud.as(cloud.admin)('PUT', `/networks/${network.id}`, { network: { 'router:external': external } });
      const wild = () => sharingsOf(network, '&action=access_as_external&target_tenant=*');
      expect(await wild()).toHaveLength(1);
      expect(await seen(cloud.member, network)).toEqual({ shared: false, external: true });
      expect((await set(true)).at('network.router:external')).toBe(true);
      expect(await wild()).toHaveLength(1);
      await share(network, cloud.member, cloud.admin, outside);
      expect((await set(false)).at('network.router:external')).toBe(false);
      expect(await sharingsOf(network)).toEqual([]);
      expect(await seen(cloud.member, network)).toBe(404);
      expect((await set(true)).at('network.router:external')).toBe(true);
      const [all] = await wild();
      const one = await share(network, cloud.stranger, cloud.admin, outside);
      expect((await end(cloud.admin, all as Shown)).status).toBe(204);
      expect([await seen(cloud.stranger, network), await seen(cloud.member, network)]).toEqual([{ shared: false, external: true }, 404]);
      // Sharing it otherwise changes nothing of that.
      await end(cloud.admin, await share(network, '*', cloud.admin));
      expect(await seen(cloud.stranger, network)).toEqual({ shared: false, external: true });
      expect((await end(cloud.admin, one)).status).toBe(204);
      expect(await seen(cloud.admin, network)).toEqual({ shared: false, external: false });
    });

    test('keeps the default external network for everybody until it leads outside no more', async () => {
      const network = await cloud.make('network', { 'router:external': true, is_default: true }, cloud.admin);
      const one = await share(network, cloud.stranger, cloud.admin, outside);
      const [all] = await sharingsOf(network, '&target_tenant=*');
      const details = /Details: Default external networks must be shared to everyone\.$/;
      expectError(await end(cloud.admin, all as Shown), 409, 'RbacPolicyInUse', details);
      expectError(await retarget(cloud.admin, all as Shown, cloud.member), 409, 'RbacPolicyInUse', details);
      expect((await end(cloud.admin, one)).status).toBe(204);
      const inside = { network: { 'router:external': false } };
      const set = await cloud.as(cloud.admin)('PUT', `/networks/${network.id}`, inside);
      expect([set.at('network.router:external'), set.at('network.is_default')]).toEqual([false, false]);
      expect(await sharingsOf(network)).toEqual([]);
    });

    test('lasts while another project routes through it', async () => {
      const { network } = await cloud.wired('10.0.3.0/24');
      const sharing = await share(network, cloud.stranger, cloud.member, outside);
      const router = await cloud.make('router', { external_gateway_info: { network_id: network.id } }, cloud.stranger);
      expectError(await end(cloud.member, sharing), 409, 'RbacPolicyInUse');
      expectError(await retarget(cloud.member, sharing, { projectId: 'x' } as Person), 409, 'RbacPolicyInUse');
      const all = await share(network, '*', cloud.admin, outside);
      expect((await end(cloud.member, sharing)).status).toBe(204);
      expectError(await end(cloud.admin, all), 409, 'RbacPolicyInUse');
      expect((await retarget(cloud.admin, all, cloud.stranger)).status).toBe(200);
      await cloud.as(cloud.stranger)('DELETE', `/routers/${router.id}`);
      expect((await end(cloud.admin, all)).status).toBe(204);
      expect(await seen(cloud.stranger, network)).toBe(404);
    });

    test('is an administrator’s to give to everybody, and stays while the owner has a gateway there', async () => {
      const { network } = await cloud.wired('10.0.1.0/24');
      expectError(await post(cloud.member, body(network, '*', outside)), 403, 'PolicyNotAuthorized');
      const sharing = await share(network, cloud.stranger, cloud.member, outside);
      await cloud.make('port', { network_id: network.id, device_owner: 'network:router_gateway', device_id: 'r' }, cloud.admin);
      expect((await end(cloud.member, sharing)).status).toBe(204);
      expect(await seen(cloud.member, network)).toEqual({ shared: false, external: true });
      expect(await seen(cloud.stranger, network)).toBe(404);
    });
  });
});
