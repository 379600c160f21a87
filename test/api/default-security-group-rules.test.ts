// The rules that new security groups begin with: who sees and changes them, which groups have them, and what counts as the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';

const TEMPLATE = '/default-security-group-rules';

describe.each(engines())('rules that security groups begin with on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  const newGroup = (): Promise<Shown> => cloud.make('security_group', {});
  const template = (attributes: object, as = admin): Promise<Reply> =>
    as('POST', TEMPLATE, {
      default_security_group_rule: { direction: 'ingress', used_in_default_sg: false, used_in_non_default_sg: false, ...attributes },
    });
  const idOf = (answer: Reply): string => answer.at('default_security_group_rule.id') as string;
  const removed = async (...answers: Reply[]): Promise<void> => {
    for (const answer of answers) expect((await admin('DELETE', `${TEMPLATE}/${idOf(answer)}`)).status).toBe(204);
  };

  test('are there from the beginning, for everybody to read', async () => {
    const first = (direction: string, ethertype: string, mine: boolean) => ({
      id: expect.any(String),
      direction,
      ethertype,
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_group_id: mine ? 'PARENT' : null,
      remote_address_group_id: null,
      used_in_default_sg: true,
      used_in_non_default_sg: !mine,
      description: '',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: 0,
    });
    const rules = [
      first('egress', 'IPv4', false),
      first('egress', 'IPv6', false),
      first('ingress', 'IPv4', true),
      first('ingress', 'IPv6', true),
    ];
    for (const as of [admin, member, cloud.as(cloud.reader)]) {
      const listed = (await as('GET', TEMPLATE)).at('default_security_group_rules');
      expect(listed).toHaveLength(4);
      expect(listed).toEqual(expect.arrayContaining(rules));
    }
    expect((await admin('GET', `${TEMPLATE}?used_in_non_default_sg=true`)).at('default_security_group_rules')).toHaveLength(2);
    expectError(
      await template({ direction: 'egress', used_in_non_default_sg: true }),
      409,
      'DefaultSecurityGroupRuleExists',
      /^Default Security group rule already exists\. Rule id is [0-9a-f-]{36}\.$/,
    );
  });

  test('are made by administrators, and groups made from then on have them', async () => {
    const before = await newGroup();
    const addresses = await cloud.make('address_group', {}, cloud.admin);
    const made = [
      await template({ protocol: 'TCP', port_range_min: 22, port_range_max: 22, used_in_non_default_sg: true, description: 'ssh' }),
      await template({ protocol: 'icmp', ethertype: 'ipv6', remote_group_id: 'PARENT', used_in_non_default_sg: true }),
      await template({ remote_address_group_id: addresses.id, used_in_non_default_sg: true, project_id: cloud.member.projectId }),
      await template({ remote_ip_prefix: '192.0.2.9/24', used_in_default_sg: true }),
    ];
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(made[0]?.at('default_security_group_rule')).toMatchObject({ protocol: 'tcp', description: 'ssh' });
    expect(Object.keys(made[0]?.at('default_security_group_rule') as object)).not.toContain('project_id');
    const after = await newGroup();
    expect(after.security_group_rules).toHaveLength(5);
    expect(after.security_group_rules).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          protocol: 'tcp',
          port_range_min: 22,
          port_range_max: 22,
          remote_group_id: null,
          belongs_to_default_sg: false,
        }),
        expect.objectContaining({ protocol: 'ipv6-icmp', remote_group_id: after.id }),
        expect.objectContaining({ remote_address_group_id: addresses.id }),
      ]),
    );
    const [own] = (await admin('GET', '/security-groups?project_id=a-project-with-more')).at('security_groups') as Shown[];
    expect(own?.security_group_rules).toHaveLength(5);
    expect(own?.security_group_rules).toContainEqual(
      expect.objectContaining({ normalized_cidr: '192.0.2.0/24', belongs_to_default_sg: true }),
    );
    expect((await member('GET', `/security-groups/${before.id}`)).at('security_group.security_group_rules')).toHaveLength(2);
    expectError(
      await admin('DELETE', `/address-groups/${addresses.id}`),
      409,
      'AddressGroupInUse',
      `Address group ${addresses.id} is in use on one or more security group rules.`,
    );
    await removed(...made);
    expect((await newGroup()).security_group_rules).toHaveLength(2);
  });

  test('may match the same for one kind of group and for the other, not twice for one', async () => {
    const rule = { protocol: 'tcp', port_range_min: 23, port_range_max: 23 };
    const both = await template({ ...rule, used_in_default_sg: true, used_in_non_default_sg: true });
    const exists = `Default Security group rule already exists. Rule id is ${idOf(both)}.`;
    for (const used of [
      { used_in_default_sg: true },
      { used_in_non_default_sg: true },
      { used_in_default_sg: true, used_in_non_default_sg: true },
    ]) {
      expectError(await template({ ...rule, protocol: '6', ...used }), 409, 'DefaultSecurityGroupRuleExists', exists);
    }
    const neither = [await template(rule), await template(rule)];
    expect(neither.map(({ status }) => status)).toEqual([201, 201]);
    await removed(both, ...neither);
    const apart = [await template({ ...rule, used_in_default_sg: true }), await template({ ...rule, used_in_non_default_sg: true })];
    expect(apart.map(({ status }) => status)).toEqual([201, 201]);
    await removed(...apart);
    const racing = await Promise.all(Array.from({ length: 6 }, () => template({ ...rule, used_in_default_sg: true })));
    const [winner, ...more] = racing.filter(({ status }) => status === 201);
    expect([more.length, racing.filter((answer) => answer.at('NeutronError.type') === 'DefaultSecurityGroupRuleExists').length]).toEqual([
      0, 5,
    ]);
    await removed(winner as Reply);
  });

  test('one that names a group goes with the group', async () => {
    const named = await newGroup();
    const made = await template({ remote_group_id: named.id, used_in_non_default_sg: true });
    expect((await newGroup()).security_group_rules).toContainEqual(expect.objectContaining({ remote_group_id: named.id }));
    expect((await member('DELETE', `/security-groups/${named.id}`)).status).toBe(204);
    expectError(
      await admin('GET', `${TEMPLATE}/${idOf(made)}`),
      404,
      'DefaultSecurityGroupRuleNotFound',
      `Default Security Group rule ${idOf(made)} does not exist`,
    );
  });

  test('are refused as the rules of groups are, and to everybody else', async () => {
    expectError(await template({ protocol: 'tcp', port_range_min: 2 }), 400, 'SecurityGroupInvalidPortRange');
    expectError(await template({ ethertype: 'x' }), 400, 'SecurityGroupRuleInvalidEtherType');
    expectError(await template({ remote_group_id: NOWHERE }), 404, 'SecurityGroupNotFound');
    expectError(await template({ remote_address_group_id: NOWHERE }), 404, 'AddressGroupNotFound');
    expectError(await template({ remote_group_id: 'PARENT', remote_ip_prefix: '10.0.0.0/8' }), 400, 'SecurityGroupMultipleRemoteEntites');
    expectError(
      await admin('POST', TEMPLATE, { default_security_group_rule: { direction: 'ingress' } }),
      400,
      'HTTPBadRequest',
      "Failed to parse request. Required attribute 'used_in_default_sg' not specified",
    );
    expectError(
      await admin('POST', TEMPLATE, { default_security_group_rules: [{}] }),
      400,
      'HTTPBadRequest',
      'Bulk operation not supported',
    );
    const made = await template({ protocol: 'vrrp' });
    for (const as of [member, cloud.as(cloud.manager)]) {
      expectError(await template({}, as), 403, 'PolicyNotAuthorized', 'rule:create_default_security_group_rule is disallowed by policy');
      expectError(await as('DELETE', `${TEMPLATE}/${idOf(made)}`), 403, 'PolicyNotAuthorized');
    }
    expectError(await admin('PUT', `${TEMPLATE}/${idOf(made)}`, { default_security_group_rule: {} }), 405, 'HTTPMethodNotAllowed');
    expectError(await admin('GET', `${TEMPLATE}/${NOWHERE}`), 404, 'DefaultSecurityGroupRuleNotFound');
    await removed(made);
  });
});
