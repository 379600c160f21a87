// Rules of security groups, one by one and in bulk: what is stored of what was written, what is refused, what counts as the same. Which parts go together
// is a table in src/resources/security_group/matching.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';

const PATH = '/security-group-rules';

describe.each(engines())('security group rules on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let stranger: ReturnType<Cloud['as']>;
  let group: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    stranger = cloud.as(cloud.stranger);
    await admin('PUT', `/quotas/${cloud.member.projectId}`, { quota: { security_group: -1, security_group_rule: -1 } });
    group = await cloud.make('security_group', { name: 'group' });
  });
  afterAll(() => cloud.close());

  const newGroup = (): Promise<Shown> => cloud.make('security_group', {});
  const post = (attributes: object, as = member): Promise<Reply> =>
    as('POST', PATH, { security_group_rule: { security_group_id: group.id, direction: 'ingress', ...attributes } });
  const made = async (attributes: object): Promise<Shown> => {
    const answer = await post(attributes);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.at('security_group_rule') as Shown;
  };
  const bulk = (into: Shown, rules: readonly object[], as = member): Promise<Reply> =>
    as('POST', PATH, {
      security_group_rules: rules.map((one) => ({ security_group_id: into.id, direction: 'ingress', protocol: 'tcp', ...one })),
    });
  const revisionOf = async ({ id }: Shown): Promise<number> =>
    (await member('GET', `/security-groups/${id}`)).at('security_group.revision_number') as number;

  test('a new one, and the group that grew by it', async () => {
    const before = await revisionOf(group);
    const answer = await post({ protocol: 'tcp', port_range_min: '22', port_range_max: 22, description: 'ssh' });
    const { projectId } = cloud.member;
    const shown = {
      id: expect.any(String),
      project_id: projectId,
      tenant_id: projectId,
      security_group_id: group.id,
      ethertype: 'IPv4',
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
      remote_ip_prefix: null,
      normalized_cidr: null,
      remote_group_id: null,
      remote_address_group_id: null,
      belongs_to_default_sg: false,
      description: 'ssh',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: 0,
    };
    expect([answer.status, answer.body]).toEqual([201, { security_group_rule: shown }]);
    const id = answer.at('security_group_rule.id');
    expect((await member('GET', `${PATH}/${id}`)).body).toEqual(answer.body);
    expect((await member('GET', `/security-groups/${group.id}`)).at('security_group.security_group_rules')).toContainEqual(
      answer.at('security_group_rule'),
    );
    const grown = await revisionOf(group);
    expect(grown).toBeGreaterThan(before);
    expect((await member('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expectError(await member('GET', `${PATH}/${id}`), 404, 'SecurityGroupRuleNotFound', `Security group rule ${id} does not exist`);
    expect(await revisionOf(group)).toBeGreaterThan(grown);
  });

  test('cannot be changed', async () => {
    const { id } = await made({ protocol: 'udp', port_range_min: 5, port_range_max: 5 });
    expectError(await member('PUT', `${PATH}/${id}`, { security_group_rule: { description: 'x' } }), 405, 'HTTPMethodNotAllowed');
  });

  test.each([
    [{ protocol: 17, direction: 'egress' }, { protocol: '17' }],
    [
      { protocol: 'TCP', remote_ip_prefix: '10.9.0.5/16' },
      { protocol: 'tcp', remote_ip_prefix: '10.9.0.5/16', normalized_cidr: '10.9.0.0/16' },
    ],
    [
      { protocol: 'TCP', remote_ip_prefix: '10.9.0.5' },
      { remote_ip_prefix: '10.9.0.5/32', normalized_cidr: '10.9.0.5/32' },
    ],
    [
      { ethertype: 'ipv6', remote_ip_prefix: '2001:DB8::1/32' },
      { ethertype: 'IPv6', remote_ip_prefix: '2001:db8::1/32', normalized_cidr: '2001:db8::/32' },
    ],
    [
      { protocol: 'icmp', ethertype: 'IPv6', port_range_min: 128 },
      { protocol: 'ipv6-icmp', port_range_min: 128, port_range_max: null },
    ],
    [
      { protocol: 'any', remote_ip_prefix: '' },
      { protocol: null, remote_ip_prefix: null },
    ],
  ])('%j is kept as %j', async (written, kept) => {
    const rule = await made({ security_group_id: (await newGroup()).id, ...written });
    expect(rule).toMatchObject(kept);
    expect((await member('GET', `${PATH}/${rule.id}`)).at('security_group_rule')).toEqual(rule);
  });

  test.each([
    [
      { ethertype: 'ipx' },
      'SecurityGroupRuleInvalidEtherType',
      "Security group rule for ethertype 'ipx' not supported. Allowed values are ['IPv4', 'IPv6'].",
    ],
    [
      { protocol: 'bad' },
      'SecurityGroupRuleInvalidProtocol',
      /^Security group rule protocol bad not supported\. Only protocol values \(None, 'any', 'ah', .*'vrrp'\) and integer/,
    ],
    [{ direction: 'up' }, 'HTTPBadRequest', 'Invalid input for direction. Reason: up is not in valid_values.'],
    [{ protocol: 'tcp', port_range_min: -16, port_range_max: 80 }, 'SecurityGroupInvalidPortValue', 'Invalid value for port -16'],
    [{ protocol: 'tcp', port_range_min: 0, port_range_max: 80 }, 'SecurityGroupInvalidPortValue', 'Invalid value for port 0'],
    [
      { protocol: 'tcp', port_range_min: 80, port_range_max: 79 },
      'SecurityGroupInvalidPortRange',
      'For TCP/UDP protocols, port_range_min must be <= port_range_max',
    ],
    [
      { port_range_min: 80, port_range_max: 80 },
      'SecurityGroupProtocolRequiredWithPorts',
      'Must also specify protocol if port range is given.',
    ],
    [
      { protocol: 'gre', port_range_min: 5, port_range_max: 5 },
      'SecurityGroupInvalidProtocolForPort',
      'Ports cannot be specified for protocol 47. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.',
    ],
    [
      { protocol: 'icmp', port_range_min: 300 },
      'SecurityGroupInvalidIcmpValue',
      'Invalid value for ICMP type (port_range_min) 300. It must be 0 to 255.',
    ],
    [
      { protocol: 'icmp', port_range_min: 1, port_range_max: 256 },
      'SecurityGroupInvalidIcmpValue',
      'Invalid value for ICMP code (port_range_max) 256. It must be 0 to 255.',
    ],
    [
      { protocol: 'icmp', port_range_max: 6 },
      'SecurityGroupMissingIcmpType',
      'ICMP code (port-range-max) 6 is provided but ICMP type (port-range-min) is missing.',
    ],
    [{ protocol: 'ipv6-frag' }, 'SecurityGroupEthertypeConflictWithProtocol', 'Invalid ethertype IPv4 for protocol ipv6-frag.'],
    [
      { remote_ip_prefix: '2001:db8::/64' },
      'SecurityGroupRuleParameterConflict',
      'Conflicting value ethertype IPv4 for CIDR 2001:db8::/64',
    ],
    [{ remote_ip_prefix: '10.0.0.1/33' }, 'InvalidCIDR', 'Invalid CIDR 10.0.0.1/33 given as IP prefix.'],
    [
      { remote_ip_prefix: '10.0.0.0/8', remote_group_id: NOWHERE },
      'SecurityGroupMultipleRemoteEntites',
      /^Only one of remote_ip_prefix or /,
    ],
    [{ security_group_id: null }, 'HTTPBadRequest', "Invalid input for security_group_id. Reason: 'None' is not a valid string."],
    [{ security_group_id: 'x'.repeat(37) }, 'HTTPBadRequest', /exceeds maximum length of 36\.$/],
    [{ matched: 'x' }, 'HTTPBadRequest', "Unrecognized attribute(s) 'matched'"],
  ])('%j is refused: %s', async (attributes, type, message) => {
    expectError(await post(attributes), 400, type, message);
  });

  test('what it refers to must be there for who makes it', async () => {
    const foreign = await cloud.make('security_group', {}, cloud.stranger);
    for (const id of ['bad', NOWHERE, foreign.id]) {
      expectError(await post({ remote_group_id: id }), 404, 'SecurityGroupNotFound', `Security group ${id} does not exist`);
      expectError(await post({ remote_address_group_id: id }), 404, 'AddressGroupNotFound', `Address group ${id} could not be found.`);
    }
    for (const id of ['bad', NOWHERE])
      expectError(await post({ security_group_id: id }), 404, 'SecurityGroupNotFound', `Security group ${id} does not exist`);
    expectError(
      await post({ security_group_id: foreign.id }),
      403,
      'PolicyNotAuthorized',
      'rule:create_security_group_rule is disallowed by policy',
    );
    expect((await post({ remote_group_id: foreign.id }, admin)).status).toBe(201);
    expect((await post({ remote_group_id: group.id, protocol: 'udp' })).status).toBe(201);
  });

  test('one that matches the same is there already, however it is written', async () => {
    const { id: security_group_id } = await newGroup();
    for (const [first, second] of [
      [{ protocol: 'tcp' }, { protocol: '6', description: 'again' }],
      [{ protocol: 'udp', remote_ip_prefix: '0.0.0.0/0' }, { protocol: 'UDP' }],
      [
        { protocol: 'icmp', ethertype: 'IPv6' },
        { protocol: 'icmpv6', ethertype: 'IPv6' },
      ],
      [{ protocol: null }, { protocol: 'any' }],
    ] as const) {
      const { id } = await made({ security_group_id, ...first });
      for (const again of [first, second]) {
        expectError(
          await post({ security_group_id, ...again }),
          409,
          'SecurityGroupRuleExists',
          `Security group rule already exists. Rule id is ${id}.`,
        );
      }
    }
    const prefixes = ['10.0.0.5/24', '10.0.0.7/24'];
    for (const remote_ip_prefix of prefixes) expect((await post({ security_group_id, remote_ip_prefix })).status).toBe(201);
    expectError(await post({ security_group_id, direction: 'egress' }), 409, 'SecurityGroupRuleExists');
    expect((await post({ security_group_id: (await newGroup()).id, protocol: 'tcp' })).status).toBe(201);
  });

  test('of many that match the same, made at once, one is made, and the others name it', async () => {
    const { id: security_group_id } = await newGroup();
    const answers = await Promise.all(Array.from({ length: 8 }, () => post({ security_group_id, protocol: 'sctp' })));
    const [winner, ...more] = answers.filter(({ status }) => status === 201);
    expect(more).toEqual([]);
    const id = winner?.at('security_group_rule.id');
    for (const answer of answers.filter((one) => one !== winner)) {
      expectError(answer, 409, 'SecurityGroupRuleExists', `Security group rule already exists. Rule id is ${id}.`);
    }
  });

  test('a rule that goes and its group at once leave nothing behind', async () => {
    const going = await newGroup();
    const rules = (
      await bulk(
        going,
        Array.from({ length: 6 }, (_, port) => ({ port_range_min: port + 1, port_range_max: port + 1 })),
      )
    ).at('security_group_rules') as Shown[];
    const answers = await Promise.all([
      ...rules.map(({ id }) => member('DELETE', `${PATH}/${id}`)),
      member('DELETE', `/security-groups/${going.id}`),
    ]);
    expect(answers.at(-1)?.status).toBe(204);
    for (const answer of answers) expect([204, 404]).toContain(answer.status);
    expect((await admin('GET', `${PATH}?security_group_id=${going.id}`)).at('security_group_rules')).toEqual([]);
  });

  describe('in bulk', () => {
    test('a thousand are made, and grow the group once', async () => {
      const into = await newGroup();
      const before = await revisionOf(into);
      const rules = Array.from({ length: 1000 }, (_, port) => ({ port_range_min: port + 1, port_range_max: port + 1 }));
      const answer = await bulk(into, rules);
      expect([answer.status, (answer.at('security_group_rules') as Shown[]).length]).toEqual([201, 1000]);
      expect(await revisionOf(into)).toBe(before + 1);
      expect((await member('GET', `/security-groups/${into.id}`)).at('security_group.security_group_rules')).toHaveLength(1002);
      const one = (answer.at('security_group_rules') as Shown[]).find(({ port_range_min }) => port_range_min === 7);
      expectError(
        await bulk(into, [
          { port_range_min: 2000, port_range_max: 2000 },
          { port_range_min: 7, port_range_max: 7 },
        ]),
        409,
        'SecurityGroupRuleExists',
        `Security group rule already exists. Rule id is ${one?.id}.`,
      );
      expect((await member('GET', `${PATH}?security_group_id=${into.id}&port_range_min=2000`)).at('security_group_rules')).toEqual([]);
    });

    test('all are of one group and one project, and each is there once', async () => {
      const [into, other] = [await newGroup(), await newGroup()];
      expectError(
        await bulk(into, [{ protocol: 'tcp' }, { protocol: '6' }]),
        409,
        'DuplicateSecurityGroupRuleInPost',
        'Duplicate Security Group Rule in POST.',
      );
      expectError(
        await bulk(into, [{}, { security_group_id: other.id }]),
        400,
        'SecurityGroupNotSingleGroupRules',
        'Only allowed to update rules for one security profile at a time',
      );
      expectError(
        await bulk(into, [{}, { protocol: 'udp', project_id: cloud.member.projectId }], admin),
        400,
        'SecurityGroupRulesNotSingleProject',
        'Multiple project_ids in bulk security group rule create not allowed',
      );
      expectError(await bulk(into, [{}, { protocol: 'udp', port_range_min: 1 }]), 400, 'SecurityGroupInvalidPortRange');
      expect((await member('GET', `/security-groups/${into.id}`)).at('security_group.security_group_rules')).toHaveLength(2);
    });

    test('the limit is for all of them', async () => {
      const own = await cloud.make('security_group', {}, cloud.stranger);
      const { used } = (await stranger('GET', `/quotas/${cloud.stranger.projectId}/details`)).at('quota.security_group_rule') as {
        used: number;
      };
      const ports = Array.from({ length: 101 - used }, (_, port) => ({ port_range_min: port + 1, port_range_max: port + 1 }));
      expectError(await bulk(own, ports, stranger), 409, 'OverQuota', "Quota exceeded for resources: ['security_group_rule'].");
      expect((await bulk(own, ports.slice(1), stranger)).status).toBe(201);
      expectError(await bulk(own, [{ protocol: 'udp' }], stranger), 409, 'OverQuota');
    });
  });

  test('who may do what: whose the group is counts, not whose the rule is', async () => {
    const into = await newGroup();
    const foreign = (await post({ security_group_id: into.id, protocol: 'tcp' }, admin)).at('security_group_rule') as Shown;
    expect(foreign.project_id).toBe(cloud.admin.projectId);
    const ids = async (as: typeof admin): Promise<unknown[]> =>
      ((await as('GET', `${PATH}?security_group_id=${into.id}`)).at('security_group_rules') as Shown[]).map(({ id }) => id);
    for (const as of [member, cloud.as(cloud.reader), admin]) {
      expect(await ids(as)).toContain(foreign.id);
      expect((await as('GET', `${PATH}/${foreign.id}`)).status).toBe(200);
    }
    expect(await ids(stranger)).toEqual([]);
    for (const method of ['GET', 'DELETE'] as const) {
      expectError(
        await stranger(method, `${PATH}/${foreign.id}`),
        404,
        'SecurityGroupRuleNotFound',
        `Security group rule ${foreign.id} does not exist`,
      );
    }
    const reader = cloud.as(cloud.reader);
    expectError(
      await reader('DELETE', `${PATH}/${foreign.id}`),
      403,
      'PolicyNotAuthorized',
      'rule:delete_security_group_rule is disallowed by policy',
    );
    expectError(
      await post({ security_group_id: into.id }, reader),
      403,
      'PolicyNotAuthorized',
      'rule:create_security_group_rule is disallowed by policy',
    );
    expectError(await post({ security_group_id: into.id }, stranger), 403, 'PolicyNotAuthorized');
    expect((await member('DELETE', `${PATH}/${foreign.id}`)).status).toBe(204);
  });

  test('filters and orders', async () => {
    const { id: security_group_id } = await newGroup();
    const a = await made({ security_group_id, protocol: 'tcp', port_range_min: 5, port_range_max: 6, remote_ip_prefix: '192.0.2.9/24' });
    const b = await made({ security_group_id, protocol: 'udp', ethertype: 'IPv6', remote_group_id: group.id, description: 'found' });
    const ids = async (query: string): Promise<unknown[]> =>
      ((await member('GET', `${PATH}?security_group_id=${security_group_id}&${query}`)).at('security_group_rules') as Shown[]).map(
        ({ id }) => id,
      );
    for (const query of [
      'protocol=TCP',
      'port_range_min=5',
      'port_range_max=6',
      'remote_ip_prefix=192.0.2.9/24',
      'normalized_cidr=192.0.2.0/24',
    ]) {
      expect([query, await ids(query)]).toEqual([query, [a.id]]);
    }
    for (const query of ['protocol=udp', 'ethertype=ipv6&direction=ingress', `remote_group_id=${group.id}`, 'description=found']) {
      expect([query, await ids(query)]).toEqual([query, [b.id]]);
    }
    expect(await ids('direction=ingress&sort_key=protocol&sort_dir=desc')).toEqual([b.id, a.id]);
    expect(await ids('belongs_to_default_sg=true')).toEqual([]);
    expectError(await member('GET', `${PATH}?remote_ip_prefix=x`), 400, 'InvalidCIDR');
    expectError(await member('GET', `${PATH}?matched=x`), 400, 'HTTPBadRequest', "['matched'] is invalid attribute for filtering");
    expect((await member('GET', `${PATH}/${a.id}?fields=id&fields=matched`)).at('security_group_rule')).toEqual({ id: a.id });
  });
});
