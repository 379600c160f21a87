// What networks, ports, floating IPs and gateways have of QoS policies: which may be bound and taken away, what a policy then cannot lose or get, and what a port asks for where
// it is placed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';
import { outside } from './outside.ts';

describe.each(engines())('bound QoS on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { vlanRanges: new Map([['phys-net.1', [[5, 9]]]]) } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  const policy = async (attributes: object = {}, someone: Person = cloud.admin): Promise<Shown> => {
    const answer = await cloud.as(someone)('POST', '/qos/policies', { policy: attributes });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.at('policy') as Shown;
  };
  const add = ({ id }: Shown, type: string, attributes: object): Promise<Reply> =>
    admin('POST', `/qos/policies/${id}/${type}_rules`, { [`${type}_rule`]: attributes });
  const set = (as: typeof admin, what: 'network' | 'port', { id }: Shown, qos_policy_id: string | null): Promise<Reply> =>
    as('PUT', `/${what}s/${id}`, { [what]: { qos_policy_id } });
  const carried = (segment: number): Promise<Shown> =>
    cloud.make(
      'network',
      { 'provider:network_type': 'vlan', 'provider:physical_network': 'phys-net.1', 'provider:segmentation_id': segment },
      cloud.admin,
    );

  test.each(['network', 'port'] as const)('a %s has what its owner sees, and loses it by who sees it', async (what) => {
    const network = await cloud.make('network', {});
    const bound = what === 'network' ? network : await cloud.make('port', { network_id: network.id });
    expect(bound.qos_policy_id).toBe(null);
    const [own, hidden, shared] = [await policy({}, cloud.manager), await policy(), await policy({ shared: true })];
    const create = (qos_policy_id: string): Promise<Reply> =>
      member('POST', `/${what}s`, { [what]: { qos_policy_id, ...(what === 'port' && { network_id: network.id }) } });
    expectError(await create('x'), 400, 'HTTPBadRequest');
    for (const id of [hidden.id, NOWHERE]) {
      expectError(await create(id), 404, 'QosPolicyNotFound', `QoS policy ${id} could not be found.`);
      expectError(await set(member, what, bound, id), 404, 'QosPolicyNotFound');
    }
    expect((await create(shared.id)).at(`${what}.qos_policy_id`)).toBe(shared.id);
    expect((await set(member, what, bound, own.id)).at(`${what}.qos_policy_id`)).toBe(own.id);
    expect((await set(admin, what, bound, hidden.id)).at(`${what}.qos_policy_id`)).toBe(hidden.id);
    const refusal = `Failed to remove provided policy ${hidden.id} because you are not authorized.`;
    for (const id of [null, own.id, hidden.id])
      expectError(await set(member, what, bound, id), 403, 'PolicyRemoveAuthorizationError', refusal);
    expect((await member('PUT', `/${what}s/${bound.id}`, { [what]: { name: 'n' } })).at(`${what}.name`)).toBe('n');
    expectError(
      await admin('DELETE', `/qos/policies/${hidden.id}`),
      409,
      'QosPolicyInUse',
      `QoS Policy ${hidden.id} is used by ${what} ${bound.id}.`,
    );
    await admin('PUT', `/qos/policies/${hidden.id}`, { policy: { shared: true } });
    expect((await set(member, what, bound, null)).at(`${what}.qos_policy_id`)).toBe(null);
    expect((await admin('DELETE', `/qos/policies/${hidden.id}`)).status).toBe(204);
    expectError(await member('GET', `/${what}s?qos_policy_id=${own.id}`), 400, 'HTTPBadRequest');
  });

  describe('outside', () => {
    let external: Shown;
    beforeAll(async () => {
      ({ external } = await outside(cloud, '203.0.113.0/24'));
    });

    test('a floating IP has what its owner sees, and loses it by who sees it', async () => {
      const [hidden, shared] = [await policy(), await policy({ shared: true })];
      const create = (qos_policy_id: string): Promise<Reply> =>
        member('POST', '/floatingips', { floatingip: { floating_network_id: external.id, qos_policy_id } });
      const put = (as: typeof admin, { id }: Shown, floatingip: object): Promise<Reply> => as('PUT', `/floatingips/${id}`, { floatingip });
      expectError(await create(hidden.id), 404, 'QosPolicyNotFound');
      const made = (await create(shared.id)).at('floatingip') as Shown;
      expect(made.qos_policy_id).toBe(shared.id);
      const used = `QoS Policy ${shared.id} is used by fip ${made.id}.`;
      expectError(await admin('DELETE', `/qos/policies/${shared.id}`), 409, 'QosPolicyInUse', used);
      expectError(await admin('PUT', `/qos/policies/${shared.id}`, { policy: { shared: false } }), 409, 'RbacPolicyInUse');
      expectError(await put(member, made, { qos_policy_id: hidden.id }), 404, 'QosPolicyNotFound');
      expect((await put(admin, made, { qos_policy_id: hidden.id })).at('floatingip.qos_policy_id')).toBe(hidden.id);
      expectError(await put(member, made, { qos_policy_id: null }), 403, 'PolicyRemoveAuthorizationError');
      expect((await put(member, made, { description: 'd' })).at('floatingip.qos_policy_id')).toBe(hidden.id);
      expect((await put(admin, made, { qos_policy_id: null })).at('floatingip.qos_policy_id')).toBe(null);
      expect((await admin('DELETE', `/qos/policies/${hidden.id}`)).status).toBe(204);
    });

    test('a gateway has its own, as long as it is there', async () => {
      const [hidden, shared] = [await policy(), await policy({ shared: true })];
      const info = (qos_policy_id?: string | null): object => ({
        external_gateway_info: { network_id: external.id, ...(qos_policy_id !== undefined && { qos_policy_id }) },
      });
      const plain = await cloud.make('router', info());
      expect(Object.keys(plain.external_gateway_info as object).sort()).toEqual(['enable_snat', 'external_fixed_ips', 'network_id']);
      expectError(await member('POST', '/routers', { router: info(hidden.id) }), 404, 'QosPolicyNotFound');
      expectError(await member('POST', '/routers', { router: info('x') }), 400, 'HTTPBadRequest', / 'x' is not a valid UUID\.$/);
      const { id } = await cloud.make('router', info(shared.id));
      const put = (as: typeof admin, router: object): Promise<Reply> => as('PUT', `/routers/${id}`, { router });
      const shown = async (): Promise<unknown> => (await member('GET', `/routers/${id}`)).at('router.external_gateway_info.qos_policy_id');
      const used = `QoS Policy ${shared.id} is used by router ${id}.`;
      expectError(await admin('DELETE', `/qos/policies/${shared.id}`), 409, 'QosPolicyInUse', used);
      expectError(await admin('PUT', `/qos/policies/${shared.id}`, { policy: { shared: false } }), 409, 'RbacPolicyInUse');
      await put(member, info());
      expect(await shown()).toBe(shared.id);
      expectError(await put(member, info(hidden.id)), 404, 'QosPolicyNotFound');
      await put(admin, info(hidden.id));
      expect(await shown()).toBe(hidden.id);
      expectError(await put(member, info(null)), 403, 'PolicyRemoveAuthorizationError');
      await put(admin, info(null));
      expect(await shown()).toBe(undefined);
      await put(member, info(shared.id));
      expect((await put(member, { external_gateway_info: null })).at('router.external_gateway_info')).toBe(null);
      expect((await admin('DELETE', `/qos/policies/${shared.id}`)).status).toBe(204);
      // An update of something else leaves it alone.
      await put(admin, info(hidden.id));
      expect((await put(member, { name: 'r' })).at('router.external_gateway_info.qos_policy_id')).toBe(hidden.id);
    });
  });

  test('a port shows its network’s beside its own', async () => {
    const [ofNetwork, own] = [await policy(), await policy({ shared: true })];
    const network = await cloud.make('network', {});
    await set(admin, 'network', network, ofNetwork.id);
    const port = await cloud.make('port', { network_id: network.id, qos_policy_id: own.id });
    expect(port).toMatchObject({ qos_policy_id: own.id, qos_network_policy_id: ofNetwork.id });
    expectError(await admin('DELETE', `/qos/policies/${ofNetwork.id}`), 409, 'QosPolicyInUse', / is used by network /);
  });

  test('a network that is given none has its project’s default', async () => {
    const standard = await policy({ is_default: true, project_id: cloud.stranger.projectId });
    const made = async (more: object): Promise<unknown> => (await cloud.make('network', more, cloud.stranger)).qos_policy_id;
    expect([await made({}), await made({ qos_policy_id: null })]).toEqual([standard.id, standard.id]);
    const other = await policy({ project_id: cloud.stranger.projectId });
    expect(await made({ qos_policy_id: other.id })).toBe(other.id);
    const foreign = await cloud.make('network', { project_id: cloud.stranger.projectId }, cloud.admin);
    expect(foreign.qos_policy_id).toBe(standard.id);
    const network = await cloud.make('network', {}, cloud.stranger);
    expect((await set(cloud.as(cloud.stranger), 'network', network, null)).at('network.qos_policy_id')).toBe(null);
  });

  test('bandwidth is guaranteed on physical networks alone', async () => {
    const guaranteed = await policy({ shared: true });
    await add(guaranteed, 'minimum_bandwidth', { min_kbps: 10 });
    const { id } = guaranteed;
    const tunnelled = await cloud.make('network', {});
    const port = await cloud.make('port', { network_id: tunnelled.id });
    const byNetwork = `Rule minimum_bandwidth is not supported by network ${tunnelled.id}`;
    expectError(await set(member, 'network', tunnelled, id), 409, 'QosRuleNotSupportedByNetwork', byNetwork);
    expectError(await member('POST', '/networks', { network: { qos_policy_id: id } }), 409, 'QosRuleNotSupportedByNetwork');
    const byPort = `Rule minimum_bandwidth is not supported by port ${port.id}`;
    expectError(await set(member, 'port', port, id), 409, 'QosRuleNotSupported', byPort);
    expectError(await member('POST', '/ports', { port: { network_id: tunnelled.id, qos_policy_id: id } }), 409, 'QosRuleNotSupported');

    const empty = await policy({ shared: true });
    await set(member, 'network', tunnelled, empty.id);
    expectError(await add(empty, 'minimum_bandwidth', { min_kbps: 10 }), 409, 'QosRuleNotSupported', byPort);
    expect((await add(empty, 'minimum_packet_rate', { min_kpps: 10 })).status).toBe(201);
    await set(member, 'network', tunnelled, null);
    await set(member, 'port', port, empty.id);
    expectError(await add(empty, 'minimum_bandwidth', { min_kbps: 10 }), 409, 'QosRuleNotSupported', byPort);
    await set(member, 'port', port, null);
    expect((await add(empty, 'minimum_bandwidth', { min_kbps: 10 })).status).toBe(201);
    expect((await set(admin, 'network', await carried(5), id)).status).toBe(200);
  });

  test('a port asks placement for what its policy guarantees', async () => {
    const network = await carried(6);
    const guaranteed = await policy();
    const port = await cloud.make('port', { network_id: network.id, qos_policy_id: guaranteed.id }, cloud.admin);
    const request = async (): Promise<unknown> =>
      (await admin('GET', `/ports/${port.id}?fields=resource_request`)).at('port.resource_request');
    expect([port.resource_request, await request()]).toEqual([null, null]);
    await add(guaranteed, 'bandwidth_limit', { max_kbps: 10_000 });
    expect(await request()).toBe(null);
    await add(guaranteed, 'minimum_packet_rate', { min_kpps: 10, direction: 'any' });
    const id = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const packets = { id, required: ['CUSTOM_VNIC_TYPE_NORMAL'], resources: { NET_PACKET_RATE_KILOPACKET_PER_SEC: 10 } };
    const first = (await request()) as { request_groups: { id: string }[] };
    expect(first).toEqual({ request_groups: [packets], same_subtree: [first.request_groups[0]?.id] });
    await add(guaranteed, 'minimum_bandwidth', { min_kbps: 1000 });
    await add(guaranteed, 'minimum_bandwidth', { min_kbps: 2000, direction: 'ingress' });
    await admin('PUT', `/ports/${port.id}`, { port: { 'binding:vnic_type': 'direct' } });
    const both = (await request()) as { request_groups: { id: string }[]; same_subtree: string[] };
    expect(both.request_groups).toEqual([
      {
        id,
        required: ['CUSTOM_PHYSNET_PHYS_NET_1', 'CUSTOM_VNIC_TYPE_DIRECT'],
        resources: { NET_BW_EGR_KILOBIT_PER_SEC: 1000, NET_BW_IGR_KILOBIT_PER_SEC: 2000 },
      },
      { ...packets, id: first.request_groups[0]?.id, required: ['CUSTOM_VNIC_TYPE_DIRECT'] },
    ]);
    expect(both.same_subtree).toEqual(both.request_groups.map((group) => group.id));
    expect(new Set(both.same_subtree).size).toBe(2);
    // As well by its network's policy, in lists too; and never to anybody but administrators.
    await set(admin, 'port', port, null);
    expect(await request()).toBe(null);
    await set(admin, 'network', network, guaranteed.id);
    expect(await request()).toEqual(both);
    expect((await admin('GET', `/ports?network_id=${network.id}`)).at('ports.0.resource_request')).toEqual(both);
    const unseen = await cloud.make('port', { network_id: (await cloud.make('network', {})).id });
    expect(Object.keys(unseen)).not.toContain('resource_request');
    const each = await policy();
    for (const direction of ['egress', 'ingress']) await add(each, 'minimum_packet_rate', { min_kpps: 3, direction });
    await set(admin, 'port', unseen, each.id);
    expect((await admin('GET', `/ports/${unseen.id}`)).at('port.resource_request.request_groups.0.resources')).toEqual({
      NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC: 3,
      NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC: 3,
    });
  });
});
