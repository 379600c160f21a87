// QoS policies and their rules as clients make, change and find them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

const POLICIES = '/qos/policies';
const TYPES = ['bandwidth_limit', 'dscp_marking', 'minimum_bandwidth', 'minimum_packet_rate', 'packet_rate_limit'] as const;
type Type = (typeof TYPES)[number];

/** What a create of each type must give, and what it then is. */
const LEAST: Readonly<Record<Type, readonly [object, object]>> = {
  bandwidth_limit: [{ max_kbps: 1000 }, { max_kbps: 1000, max_burst_kbps: 0, direction: 'egress' }],
  dscp_marking: [{ dscp_mark: 26 }, { dscp_mark: 26 }],
  minimum_bandwidth: [{ min_kbps: 100 }, { min_kbps: 100, direction: 'egress' }],
  minimum_packet_rate: [{ min_kpps: 10 }, { min_kpps: 10, direction: 'egress' }],
  packet_rate_limit: [{ max_kpps: 50 }, { max_kpps: 50, max_burst_kpps: 0, direction: 'egress' }],
};

describe.each(engines())('QoS on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  const admin: ReturnType<Cloud['as']> = (...call) => cloud.as(cloud.admin)(...call);
  const made = async (attributes: object = {}, someone: Person = cloud.manager): Promise<Shown> => {
    const answer = await cloud.as(someone)('POST', POLICIES, { policy: attributes });
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.at('policy') as Shown;
  };
  const pathOf = (policy: { readonly id: string }, type: Type): string => `${POLICIES}/${policy.id}/${type}_rules`;
  const add = (policy: { readonly id: string }, type: Type, attributes: object, someone: Person = cloud.manager): Promise<Reply> =>
    cloud.as(someone)('POST', pathOf(policy, type), { [`${type}_rule`]: attributes });
  const rule = async (policy: Shown, type: Type, attributes: object = LEAST[type][0]): Promise<Shown> => {
    const answer = await add(policy, type, attributes);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.at(`${type}_rule`) as Shown;
  };
  const change = (policy: Shown, type: Type, { id }: Shown, attributes: object, someone: Person = cloud.manager): Promise<Reply> =>
    cloud.as(someone)('PUT', `${pathOf(policy, type)}/${id}`, { [`${type}_rule`]: attributes });
  const show = async ({ id }: Shown): Promise<Shown> => (await admin('GET', `${POLICIES}/${id}`)).at('policy') as Shown;

  describe('a policy', () => {
    test('is made by managers, seen by its project and by whom it is shared with', async () => {
      const policy = await made({ name: 'gold', description: 'the best' });
      expect(policy).toMatchObject({
        name: 'gold',
        description: 'the best',
        project_id: cloud.member.projectId,
        tenant_id: cloud.member.projectId,
        shared: false,
        is_default: false,
        rules: [],
        tags: [],
        revision_number: 0,
      });
      for (const path of [`${POLICIES}/${policy.id}`, `/policies/${policy.id}`])
        expect((await cloud.as(cloud.reader)('GET', path)).at('policy')).toEqual(policy);
      expectError(await cloud.as(cloud.member)('POST', POLICIES, { policy: {} }), 403, 'PolicyNotAuthorized');
      expectError(await cloud.as(cloud.member)('PUT', `${POLICIES}/${policy.id}`, { policy: { name: 'x' } }), 403, 'PolicyNotAuthorized');
      expectError(await cloud.as(cloud.member)('DELETE', `${POLICIES}/${policy.id}`), 403, 'PolicyNotAuthorized');
      for (const [method, body] of [['GET'], ['PUT', { policy: { name: 'x' } }], ['DELETE']] as const)
        expectError(
          await cloud.as(cloud.stranger)(method, `${POLICIES}/${policy.id}`, body),
          404,
          'QosPolicyNotFound',
          `QoS policy ${policy.id} could not be found.`,
        );
      const shared = await cloud.as(cloud.manager)('PUT', `${POLICIES}/${policy.id}`, { policy: { shared: true, name: 'silver' } });
      expect([shared.at('policy.shared'), shared.at('policy.name'), shared.at('policy.revision_number')]).toEqual([true, 'silver', 1]);
      expect((await cloud.as(cloud.stranger)('GET', `${POLICIES}/${policy.id}`)).at('policy.shared')).toBe(true);
      expectError(await cloud.as(cloud.stranger)('DELETE', `${POLICIES}/${policy.id}`), 403, 'PolicyNotAuthorized');
      expect((await cloud.as(cloud.manager)('DELETE', `${POLICIES}/${policy.id}`)).status).toBe(204);
    });

    test('is the default of its project alone', async () => {
      const first = await made({ is_default: true });
      const refusal = `A default QoS policy exists for project ${cloud.member.projectId}.`;
      const again = await cloud.as(cloud.manager)('POST', POLICIES, { policy: { is_default: true } });
      expectError(again, 409, 'QoSPolicyDefaultAlreadyExists', refusal);
      const second = await made();
      const set = (policy: Shown, is_default: boolean): Promise<Reply> =>
        cloud.as(cloud.manager)('PUT', `${POLICIES}/${policy.id}`, { policy: { is_default } });
      expectError(await set(second, true), 409, 'QoSPolicyDefaultAlreadyExists', refusal);
      expect((await set(first, true)).status).toBe(200);
      expect((await made({ is_default: true }, cloud.admin)).is_default).toBe(true);
      expect((await set(first, false)).at('policy.is_default')).toBe(false);
      expect((await set(second, true)).at('policy.is_default')).toBe(true);
      const found = await cloud.as(cloud.reader)('GET', `${POLICIES}?is_default=true&fields=id`);
      expect(found.body).toEqual({ policies: [{ id: second.id }] });
      await set(second, false);
    });

    test('is shared by policies of its own, and stays so while anybody has it', async () => {
      const policy = await made({}, cloud.admin);
      const body = { object_type: 'qos_policy', object_id: policy.id, action: 'access_as_shared', target_tenant: cloud.stranger.projectId };
      const refused = await admin('POST', '/rbac-policies', { rbac_policy: { ...body, action: 'access_as_external' } });
      expectError(refused, 400, 'InvalidActionForType', /Valid actions: \('access_as_shared',\)$/);
      const sharing = (await admin('POST', '/rbac-policies', { rbac_policy: body })).at('rbac_policy') as Shown;
      const port = await cloud.make('network', { qos_policy_id: policy.id }, cloud.stranger);
      expectError(await admin('DELETE', `/rbac-policies/${sharing.id}`), 409, 'RbacPolicyInUse');
      // With everybody: nobody goes without, the owner included.
      const all = (await admin('POST', '/rbac-policies', { rbac_policy: { ...body, target_tenant: '*' } })).at('rbac_policy') as Shown;
      expect((await admin('DELETE', `/rbac-policies/${sharing.id}`)).status).toBe(204);
      expectError(await admin('DELETE', `/rbac-policies/${all.id}`), 409, 'RbacPolicyInUse');
      expectError(
        await admin('PUT', `/rbac-policies/${all.id}`, { rbac_policy: { target_tenant: cloud.stranger.projectId } }),
        409,
        'RbacPolicyInUse',
      );
      await admin('DELETE', `/networks/${port.id}`);
      const own = await cloud.make('network', { qos_policy_id: policy.id }, cloud.admin);
      expectError(await admin('PUT', `${POLICIES}/${policy.id}`, { policy: { shared: false } }), 409, 'RbacPolicyInUse');
      await admin('DELETE', `/networks/${own.id}`);
      expect((await admin('PUT', `${POLICIES}/${policy.id}`, { policy: { shared: false } })).at('policy.shared')).toBe(false);
    });
  });

  describe.each(TYPES)('a %s rule', (type) => {
    const [given, shown] = LEAST[type];
    const other = type === 'dscp_marking' ? { dscp_mark: 46 } : { [Object.keys(given)[0] as string]: 7 };

    test('is made, shown, changed and removed below its policy', async () => {
      const policy = await made();
      const one = await rule(policy, type);
      expect(one).toEqual({ id: expect.any(String), ...shown });
      const path = `${pathOf(policy, type)}/${one.id}`;
      const dashed = path.replace(`${type}_rules`, `${type}_rules`.replaceAll('_', '-'));
      for (const way of [path, dashed, path.replace('/qos', '')])
        expect((await cloud.as(cloud.reader)('GET', way)).body).toEqual({ [`${type}_rule`]: one });
      expect((await cloud.as(cloud.reader)('GET', pathOf(policy, type))).body).toEqual({ [`${type}_rules`]: [one] });
      expect((await show(policy)).rules).toEqual([{ ...one, type, qos_policy_id: policy.id }]);
      const changed = await change(policy, type, one, other);
      expect(changed.body).toEqual({ [`${type}_rule`]: { ...one, ...other } });
      expect((await show(policy)).revision_number).toBe(2);
      expect((await cloud.as(cloud.manager)('DELETE', path)).status).toBe(204);
      expect(await show(policy)).toMatchObject({ rules: [], revision_number: 3 });
      expectError(
        await cloud.as(cloud.manager)('GET', path),
        404,
        'QosRuleNotFound',
        `QoS rule ${one.id} for policy ${policy.id} could not be found.`,
      );
      await rule(policy, type);
      expect((await cloud.as(cloud.manager)('DELETE', `${POLICIES}/${policy.id}`)).status).toBe(204);
    });

    test('is one of its kind', async () => {
      const policy = await made();
      const one = await rule(policy, type);
      const refusal = `Rule ${type} conflicts with rule ${one.id} which already exists in QoS Policy ${policy.id}.`;
      expectError(await add(policy, type, other), 409, 'QoSRulesConflict', refusal);
      if (type === 'dscp_marking') return;
      const back = await rule(policy, type, { ...given, direction: 'ingress' });
      expectError(await change(policy, type, back, { direction: 'egress' }), 409, 'QoSRulesConflict', refusal);
      expect((await change(policy, type, back, {})).status).toBe(200);
    });

    test('is its managers’ alone, and nobody learns of another one’s', async () => {
      const policy = await made();
      const one = await rule(policy, type);
      const path = `${pathOf(policy, type)}/${one.id}`;
      expectError(await add(policy, type, given, cloud.member), 403, 'PolicyNotAuthorized');
      expectError(await add(policy, type, given, cloud.stranger), 403, 'PolicyNotAuthorized');
      expectError(await add({ id: NOWHERE }, type, given, cloud.stranger), 403, 'PolicyNotAuthorized');
      expectError(await add({ id: 'nothing' }, type, given, cloud.member), 403, 'PolicyNotAuthorized');
      expectError(await add({ id: NOWHERE }, type, given, cloud.admin), 404, 'QosPolicyNotFound');
      expectError(await change(policy, type, one, other, cloud.member), 403, 'PolicyNotAuthorized');
      expectError(await cloud.as(cloud.member)('DELETE', path), 403, 'PolicyNotAuthorized');
      expectError(await change(policy, type, one, other, cloud.stranger), 404, 'QosPolicyNotFound');
      expectError(await cloud.as(cloud.stranger)('GET', path), 404, 'QosPolicyNotFound');
      expectError(await cloud.as(cloud.stranger)('GET', pathOf(policy, type)), 404, 'QosPolicyNotFound');
      const elsewhere = await made();
      expectError(await cloud.as(cloud.manager)('GET', `${pathOf(elsewhere, type)}/${one.id}`), 404, 'QosRuleNotFound');
      expectError(await change(elsewhere, type, one, other), 404, 'QosRuleNotFound');
    });

    test('takes what it says, and nothing else', async () => {
      const policy = await made();
      const [name = ''] = Object.keys(given);
      expectError(
        await add(policy, type, {}),
        400,
        'HTTPBadRequest',
        `Failed to parse request. Required attribute '${name}' not specified`,
      );
      expectError(await add(policy, type, { [name]: 'much' }), 400, 'InvalidInput');
      expectError(await add(policy, type, { [name]: type === 'dscp_marking' ? 1 : -1 }), 400, 'HTTPBadRequest');
      expectError(await add(policy, type, { ...given, qos_policy_id: policy.id }), 400, 'HTTPBadRequest', /^Unrecognized attribute/);
      expectError(await add(policy, type, { ...given, direction: 'up' }), 400, 'HTTPBadRequest');
    });

    // The API has no such name for a limit of packets.
    if (type !== 'packet_rate_limit')
      test('is found by its own id alone', async () => {
        const policy = await made();
        const one = await rule(policy, type);
        const path = `/qos/alias_${type}_rules/${one.id}`;
        const key = `alias_${type}_rule`;
        expect((await cloud.as(cloud.reader)('GET', path)).body).toEqual({ [key]: one });
        expectError(await cloud.as(cloud.member)('PUT', path, { [key]: other }), 403, 'PolicyNotAuthorized');
        expect((await cloud.as(cloud.manager)('PUT', path, { [key]: other })).body).toEqual({ [key]: { ...one, ...other } });
        expectError(await cloud.as(cloud.manager)('PUT', path, { [`${type}_rule`]: other }), 400, 'HTTPBadRequest');
        expect((await show(policy)).revision_number).toBe(2);
        const unknown = `QoS rule ${one.id} for policy  could not be found.`;
        expectError(await cloud.as(cloud.stranger)('GET', path), 404, 'QosRuleNotFound', unknown);
        expectError(await cloud.as(cloud.stranger)('DELETE', path), 404, 'QosRuleNotFound', unknown);
        if (type !== 'dscp_marking') {
          const back = await rule(policy, type, { ...given, direction: 'ingress' });
          const conflict = await cloud.as(cloud.manager)('PUT', `/qos/alias_${type}_rules/${back.id}`, { [key]: { direction: 'egress' } });
          expectError(conflict, 409, 'QoSRulesConflict');
        }
        expect((await cloud.as(cloud.manager)('DELETE', path)).status).toBe(204);
        expectError(await cloud.as(cloud.manager)('GET', path), 404, 'QosRuleNotFound', unknown);
        expectError(await admin('GET', `/qos/alias_${type}_rules`), 405, 'HTTPMethodNotAllowed');
      });
  });

  test('rules ask for no more than others allow', async () => {
    const policy = await made();
    const limit = await rule(policy, 'bandwidth_limit', { max_kbps: 100 });
    const refusal = (value: unknown, type: string, its: unknown): string =>
      `Unable to add the rule with value ${value} to the policy ${policy.id} as the existing rule of type ${type} has value ${its}.`;
    const conflict = (answer: Reply, ...words: Parameters<typeof refusal>) =>
      expectError(answer, 409, 'QoSRuleParameterConflict', refusal(...words));
    conflict(await add(policy, 'minimum_bandwidth', { min_kbps: 101 }), 101, 'bandwidth_limit', 100);
    await rule(policy, 'minimum_bandwidth', { min_kbps: 200, direction: 'ingress' });
    const least = await rule(policy, 'minimum_bandwidth', { min_kbps: 100 });
    conflict(await change(policy, 'bandwidth_limit', limit, { max_kbps: 99 }), 99, 'minimum_bandwidth', 100);
    conflict(await change(policy, 'bandwidth_limit', limit, { direction: 'ingress' }), 100, 'minimum_bandwidth', 200);
    conflict(await change(policy, 'minimum_bandwidth', least, { min_kbps: 101 }), 101, 'bandwidth_limit', 100);

    await rule(policy, 'minimum_packet_rate', { min_kpps: 1 });
    conflict(await add(policy, 'minimum_packet_rate', { min_kpps: 1, direction: 'any' }), 'any', 'minimum_packet_rate', 'egress');
    const back = await rule(policy, 'minimum_packet_rate', { min_kpps: 1, direction: 'ingress' });
    conflict(await change(policy, 'minimum_packet_rate', back, { direction: 'any' }), 'any', 'minimum_packet_rate', 'egress');
    const both = await made();
    const any = await rule(both, 'minimum_packet_rate', { min_kpps: 1, direction: 'any' });
    expectError(await add(both, 'minimum_packet_rate', { min_kpps: 1 }), 409, 'QoSRuleParameterConflict', /value egress .* value any\.$/);
    expect((await change(both, 'minimum_packet_rate', any, { direction: 'egress', min_kpps: 2 })).status).toBe(200);
  });

  test('of rules made at once only one is', async () => {
    const policy = await made();
    const answers = await Promise.all([1, 2, 3, 4].map((mark) => add(policy, 'dscp_marking', { dscp_mark: 8 * mark })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    for (const answer of answers) if (answer.status === 409) expectError(answer, 409, 'QoSRulesConflict');
  });

  describe('rule types', () => {
    test('are listed to anybody, by name alone', async () => {
      for (const search of ['', '?all_rules=true', '?all_supported=true&all_rules=false', '?fields=type&fields=drivers']) {
        const types = (await cloud.as(cloud.reader)('GET', `/qos/rule-types${search}`)).at('rule_types') as object[];
        expect(types.map((one) => JSON.stringify(one)).sort()).toEqual([...TYPES].map((type) => JSON.stringify({ type })));
      }
      expectError(await cloud.as(cloud.reader)('GET', '/qos/rule-types?type=dscp_marking'), 400, 'HTTPBadRequest');
      expectError(await cloud.as(cloud.reader)('GET', '/qos/rule-types?all_rules=some'), 400, 'InvalidInput');
      expect((await cloud.as(cloud.service)('GET', '/qos/rule-types')).body).toEqual({ rule_types: [] });
    });

    test('have details for administrators', async () => {
      const { body } = await admin('GET', '/qos/rule-types/bandwidth_limit');
      const range = { parameter_type: 'range', parameter_values: { start: 0, end: 2_147_483_647 } };
      expect(body).toEqual({
        rule_type: {
          type: 'bandwidth_limit',
          drivers: [
            {
              name: 'linuxbridge',
              supported_parameters: [
                { parameter_name: 'max_kbps', ...range },
                { parameter_name: 'max_burst_kbps', ...range },
                { parameter_name: 'direction', parameter_type: 'choices', parameter_values: ['ingress', 'egress'] },
              ],
            },
          ],
        },
      });
      for (const type of TYPES) expect((await admin('GET', `/qos/rule-types/${type}`)).at('rule_type.type')).toBe(type);
      expectError(await cloud.as(cloud.manager)('GET', '/qos/rule-types/bandwidth_limit'), 403, 'NotAuthorized', 'Not authorized.');
      expectError(await admin('GET', '/qos/rule-types/colour'), 404, 'QosRuleNotFound');
    });
  });
});
