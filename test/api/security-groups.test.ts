// Security groups: what an answer holds, the default group that comes by itself, who sees and changes them, limits, statefulness. Their rules are in
// security-group-rules.test.ts, what ports have to do with them in port-security.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Shown } from './cloud.ts';

const PATH = '/security-groups';
const OVER = (what: string) => `Quota exceeded for resources: ['${what}'].`;

describe.each(engines())('security groups on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let stranger: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    stranger = cloud.as(cloud.stranger);
    await admin('PUT', `/quotas/${cloud.member.projectId}`, { quota: { security_group: -1, security_group_rule: -1 } });
  });
  afterAll(() => cloud.close());

  const group = (attributes: object = {}, person: Person = cloud.member): Promise<Shown> =>
    cloud.make('security_group', attributes, person);
  const listed = async (as: typeof admin, query = ''): Promise<Shown[]> =>
    (await as('GET', `${PATH}${query}`)).at('security_groups') as Shown[];
  const usage = async (projectId: string): Promise<unknown> => {
    const { security_group, security_group_rule } = (await admin('GET', `/quotas/${projectId}/details`)).at('quota') as Record<
      string,
      { used: number }
    >;
    return [security_group?.used, security_group_rule?.used];
  };

  const rule = (row: Partial<Shown> & { readonly security_group_id: unknown }): object => ({
    id: expect.any(String),
    project_id: cloud.member.projectId,
    tenant_id: cloud.member.projectId,
    ethertype: 'IPv4',
    direction: 'egress',
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    normalized_cidr: null,
    remote_group_id: null,
    remote_address_group_id: null,
    belongs_to_default_sg: false,
    description: '',
    created_at: expect.any(String),
    updated_at: expect.any(String),
    revision_number: 0,
    ...row,
  });

  test('a new one lets everything out', async () => {
    const made = await member('POST', PATH, { security_group: { name: 'web', description: 'servers' } });
    const { projectId } = cloud.member;
    const id = made.at('security_group.id');
    const shown = {
      id: expect.any(String),
      name: 'web',
      description: 'servers',
      project_id: projectId,
      tenant_id: projectId,
      stateful: true,
      shared: false,
      tags: [],
      security_group_rules: expect.arrayContaining([rule({ security_group_id: id }), rule({ security_group_id: id, ethertype: 'IPv6' })]),
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: expect.any(Number),
    };
    expect([made.status, made.body]).toEqual([201, { security_group: shown }]);
    expect(made.at('security_group.security_group_rules')).toHaveLength(2);
    expect((await member('GET', `${PATH}/${id}`)).body).toEqual(made.body);
    expect((await admin('GET', `${PATH}/${id}`)).body).toEqual(made.body);
    expect(await listed(member, `?id=${id}`)).toEqual([made.at('security_group')]);
    const rules = (await member('GET', `/security-group-rules?security_group_id=${id}`)).at('security_group_rules');
    expect(rules).toEqual(expect.arrayContaining(made.at('security_group.security_group_rules') as object[]));
  });

  describe('the default group', () => {
    const someone = async (): Promise<string> => `project-${Math.random().toString(36).slice(2)}`;
    const defaultsOf = (projectId: string): Promise<unknown> =>
      cloud.store.read.all('SELECT name, description, stateful FROM security_groups WHERE project_id = ?', projectId);
    const ONE = [{ name: 'default', description: 'Default security group', stateful: 1 }];

    test('is there when groups are listed, and lets in what comes from its own ports', async () => {
      const [found, ...more] = await listed(stranger, '?name=default');
      expect(more).toEqual([]);
      const of = {
        security_group_id: found?.id,
        project_id: cloud.stranger.projectId,
        tenant_id: cloud.stranger.projectId,
        belongs_to_default_sg: true,
      };
      expect(found).toMatchObject({ description: 'Default security group', shared: false, stateful: true });
      expect(found?.security_group_rules).toHaveLength(4);
      expect(found?.security_group_rules).toEqual(
        expect.arrayContaining([
          rule(of),
          rule({ ...of, ethertype: 'IPv6' }),
          rule({ ...of, direction: 'ingress', remote_group_id: found?.id }),
          rule({ ...of, direction: 'ingress', ethertype: 'IPv6', remote_group_id: found?.id }),
        ]),
      );
      expect(await usage(cloud.stranger.projectId)).toEqual([1, 4]);
      expect(await listed(stranger)).toEqual([found]);
    });

    test('is there when rules are listed', async () => {
      const project_id = await someone();
      expect((await admin('GET', `/security-group-rules?project_id=${project_id}`)).at('security_group_rules')).toHaveLength(4);
      expect(await defaultsOf(project_id)).toEqual(ONE);
    });

    test.each([
      ['a network', 'networks', 'network', {}],
      ['a group', 'security-groups', 'security_group', { name: 'first' }],
    ])('comes with %s', async (_, path, key, attributes) => {
      const project_id = await someone();
      expect((await admin('POST', `/${path}`, { [key]: { project_id, ...attributes } })).status).toBe(201);
      expect(await defaultsOf(project_id)).toEqual(expect.arrayContaining(ONE));
    });

    test('comes with a port', async () => {
      const project_id = await someone();
      const network = await cloud.make('network', {});
      const port = await cloud.make('port', { network_id: network.id, project_id }, cloud.admin);
      const [id] = port.security_groups as string[];
      expect((await admin('GET', `${PATH}/${id}`)).at('security_group')).toMatchObject({ name: 'default', project_id });
    });

    test('is made once, whoever needs it at the same time', async () => {
      const project_id = await someone();
      const answers = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          index % 3 === 0
            ? admin('GET', `${PATH}?project_id=${project_id}&name=default`)
            : index % 3 === 1
              ? admin('POST', '/networks', { network: { project_id } })
              : admin('POST', PATH, { security_group: { project_id, name: 'other' } }),
        ),
      );
      expect(answers.map(({ status }) => status).filter((status) => status > 201)).toEqual([]);
      expect(
        await cloud.store.read.all("SELECT name FROM security_groups WHERE project_id = ? AND name = 'default'", project_id),
      ).toHaveLength(1);
      expect(await usage(project_id)).toEqual([5, 12]);
    });

    test('of another project is no business of who asks for it', async () => {
      const project_id = await someone();
      expect(await listed(member, `?project_id=${project_id}`)).toEqual([]);
      expect(await listed(admin, `?project_id=${'x'.repeat(256)}`)).toEqual([]);
      expect(await defaultsOf(project_id)).toEqual([]);
      expect(await defaultsOf('x'.repeat(256))).toEqual([]);
    });

    test('is not refused for want of room', async () => {
      const project_id = await someone();
      await admin('PUT', `/quotas/${project_id}`, { quota: { security_group: 0, security_group_rule: 0 } });
      expect((await admin('POST', '/networks', { network: { project_id } })).status).toBe(201);
      expect(await defaultsOf(project_id)).toEqual(ONE);
    });

    test('has a name that nobody else has and nobody takes away', async () => {
      const exists = 'Default security group already exists.';
      for (const name of ['default', 'DEFAULT', 'Default']) {
        expectError(await member('POST', PATH, { security_group: { name } }), 409, 'SecurityGroupDefaultAlreadyExists', exists);
      }
      const { id } = await group();
      expectError(
        await member('PUT', `${PATH}/${id}`, { security_group: { name: 'default' } }),
        409,
        'SecurityGroupDefaultAlreadyExists',
        exists,
      );
      const [own] = await listed(member, '?name=default');
      expectError(
        await member('PUT', `${PATH}/${own?.id}`, { security_group: { name: 'other' } }),
        409,
        'SecurityGroupCannotUpdateDefault',
        'Updating default security group not allowed.',
      );
      expectError(await member('PUT', `${PATH}/${own?.id}`, { security_group: { name: 'x'.repeat(256) } }), 400, 'HTTPBadRequest');
      expectError(await member('PUT', `${PATH}/${own?.id}`, { security_group: { name: true } }), 400, 'HTTPBadRequest');
      const change = { security_group: { description: 'ours', stateful: false } };
      expect((await member('PUT', `${PATH}/${own?.id}`, change)).at('security_group')).toMatchObject({
        name: 'default',
        ...change.security_group,
      });
    });

    test('goes only by an administrator, and comes again', async () => {
      const [own] = await listed(stranger, '?name=default');
      expectError(
        await stranger('DELETE', `${PATH}/${own?.id}`),
        409,
        'SecurityGroupCannotRemoveDefault',
        'Insufficient rights for removing default security group.',
      );
      expect((await admin('DELETE', `${PATH}/${own?.id}`)).status).toBe(204);
      expect(await usage(cloud.stranger.projectId)).toEqual([0, 0]);
      const [again] = await listed(stranger);
      expect(again).toMatchObject({ name: 'default' });
      expect(again?.id).not.toBe(own?.id);
    });
  });

  test('what may change does, what may not is refused', async () => {
    const made = await group({ name: 'before' });
    const changes = { name: 'after', description: 'text', stateful: false };
    const changed = (await member('PUT', `${PATH}/${made.id}`, { security_group: changes })).at('security_group') as Shown;
    expect(changed).toMatchObject(changes);
    expect(changed.revision_number).toBeGreaterThan(made.revision_number as number);
    for (const [name, value] of Object.entries({ shared: true, security_group_rules: [], project_id: cloud.member.projectId, tags: [] })) {
      expectError(
        await member('PUT', `${PATH}/${made.id}`, { security_group: { [name]: value } }),
        400,
        'HTTPBadRequest',
        `Cannot update read-only attribute ${name}`,
      );
    }
    for (const name of ['shared', 'security_group_rules', 'tags']) {
      expectError(
        await member('POST', PATH, { security_group: { [name]: [] } }),
        400,
        'HTTPBadRequest',
        `Attribute '${name}' not allowed in POST`,
      );
    }
    expectError(
      await member('PUT', `${PATH}/${made.id}`, { security_group: { name: null } }),
      400,
      'HTTPBadRequest',
      "Invalid input for name. Reason: 'None' is not a valid string.",
    );
  });

  test('a deleted one takes its rules along, and the rules that others have for it', async () => {
    const [going, other] = [await group(), await group()];
    const about = { security_group_id: other.id, direction: 'ingress', remote_group_id: going.id };
    const { id } = await cloud.make('security_group_rule', about);
    const before = (await member('GET', `${PATH}/${other.id}`)).at('security_group.revision_number') as number;
    const count = (await usage(cloud.member.projectId)) as number[];
    expect((await member('DELETE', `${PATH}/${going.id}`)).status).toBe(204);
    expectError(await member('GET', `${PATH}/${going.id}`), 404, 'SecurityGroupNotFound', `Security group ${going.id} does not exist`);
    expectError(
      await member('GET', `/security-group-rules/${id}`),
      404,
      'SecurityGroupRuleNotFound',
      `Security group rule ${id} does not exist`,
    );
    expect((await member('GET', `/security-group-rules?security_group_id=${going.id}`)).at('security_group_rules')).toEqual([]);
    expect((await member('GET', `${PATH}/${other.id}`)).at('security_group.revision_number')).toBeGreaterThan(before);
    expect(await usage(cloud.member.projectId)).toEqual([(count[0] ?? 0) - 1, (count[1] ?? 0) - 3]);
  });

  test('several in one call, with one name', async () => {
    const names = [{ name: 'same' }, { security_group: { name: 'same' } }];
    const made = await member('POST', PATH, { security_groups: names });
    expect([made.status, (made.at('security_groups') as Shown[]).map(({ name }) => name)]).toEqual([201, ['same', 'same']]);
    expect(await listed(member, '?name=same')).toHaveLength(2);
  });

  test('who may do what', async () => {
    const { id } = await group({ name: 'mine' });
    const body = { security_group: { name: 'changed' } };
    for (const person of [cloud.reader, cloud.manager, cloud.admin, cloud.member]) {
      expect((await cloud.as(person)('GET', `${PATH}/${id}`)).status).toBe(200);
    }
    for (const person of [cloud.manager, cloud.admin]) expect((await cloud.as(person)('PUT', `${PATH}/${id}`, body)).status).toBe(200);
    const reader = cloud.as(cloud.reader);
    for (const [method, path, sent, rule] of [
      ['POST', PATH, body, 'create_security_group'],
      ['PUT', `${PATH}/${id}`, body, 'update_security_group'],
      ['DELETE', `${PATH}/${id}`, undefined, 'delete_security_group'],
    ] as const) {
      expectError(await reader(method, path, sent), 403, 'PolicyNotAuthorized', `rule:${rule} is disallowed by policy`);
    }
    for (const [method, sent] of [
      ['GET', undefined],
      ['PUT', body],
      ['DELETE', undefined],
    ] as const) {
      expectError(await stranger(method, `${PATH}/${id}`, sent), 404, 'SecurityGroupNotFound', `Security group ${id} does not exist`);
      expectError(await member(method, `${PATH}/${NOWHERE}`, sent), 404, 'SecurityGroupNotFound');
    }
    expect(await listed(stranger, `?id=${id}`)).toEqual([]);
    expect((await cloud.send('GET', `${PATH}/${id}`)).status).toBe(401);
    expectError(await member('POST', PATH, { security_group: { project_id: cloud.stranger.projectId } }), 400, 'HTTPBadRequest');
  });

  test('a shared one is seen and used, not changed, and found by being shared', async () => {
    const { id } = await group({ name: 'for all' }, cloud.admin);
    expectError(await member('GET', `${PATH}/${id}`), 404, 'SecurityGroupNotFound');
    const sharing = (
      await admin('POST', '/rbac-policies', {
        rbac_policy: { object_type: 'security_group', object_id: id, action: 'access_as_shared', target_tenant: cloud.member.projectId },
      })
    ).at('rbac_policy') as Shown;
    const seen = (await member('GET', `${PATH}/${id}`)).at('security_group') as Shown;
    expect(seen).toMatchObject({ shared: true, name: 'for all' });
    expect(seen.security_group_rules).toHaveLength(2);
    expect(await listed(member, '?shared=true')).toEqual([seen]);
    expect((await listed(member, '?shared=false')).map((one) => one.id)).not.toContain(id);
    expect((await admin('GET', `${PATH}/${id}`)).at('security_group.shared')).toBe(false);
    expect((await member('GET', `/security-group-rules?security_group_id=${id}`)).at('security_group_rules')).toEqual([]);
    expectError(await member('PUT', `${PATH}/${id}`, { security_group: { name: 'x' } }), 403, 'PolicyNotAuthorized');
    expectError(await member('DELETE', `${PATH}/${id}`), 403, 'PolicyNotAuthorized');
    const into = { security_group_rule: { security_group_id: id, direction: 'ingress' } };
    expectError(await member('POST', '/security-group-rules', into), 403, 'PolicyNotAuthorized');
    const network = await cloud.make('network', {});
    const port = await cloud.make('port', { network_id: network.id, security_groups: [id] });
    expectError(await admin('DELETE', `/rbac-policies/${sharing.id}`), 409, 'RbacPolicyInUse');
    expect((await member('DELETE', `/ports/${port.id}`)).status).toBe(204);
    expect((await admin('DELETE', `/rbac-policies/${sharing.id}`)).status).toBe(204);
    expectError(await member('GET', `${PATH}/${id}`), 404, 'SecurityGroupNotFound');
  });

  test('tags', async () => {
    const { id } = await group();
    expect((await member('PUT', `${PATH}/${id}/tags`, { tags: ['blue'] })).status).toBe(200);
    expect((await listed(member, '?tags=blue')).map((one) => [one.id, one.tags])).toEqual([[id, ['blue']]]);
    expect((await listed(member, '?not-tags=blue')).map((one) => one.id)).not.toContain(id);
  });

  test('filters, orders and pages', async () => {
    const [a, b] = [
      await group({ name: 'order-a', description: 'ordered', stateful: false }),
      await group({ name: 'order-b', description: 'ordered' }),
    ];
    const ids = async (query: string): Promise<string[]> => (await listed(member, query)).map(({ id }) => id);
    expect(await ids('?description=ordered&sort_key=name&sort_dir=desc')).toEqual([b.id, a.id]);
    expect(await ids('?description=ordered&stateful=no')).toEqual([a.id]);
    expect(await ids('?name=order-a&name=order-b&sort_key=name&sort_dir=asc&limit=1')).toEqual([a.id]);
    expect(await listed(member, '?name=order-a&fields=name')).toEqual([{ name: 'order-a' }]);
    expectError(
      await member('GET', `${PATH}?security_group_rules=x`),
      400,
      'HTTPBadRequest',
      "['security_group_rules'] is invalid attribute for filtering",
    );
    expectError(
      await member('GET', `${PATH}?shared=x`),
      400,
      'InvalidInput',
      "Invalid input for operation: 'x' cannot be converted to boolean.",
    );
  });

  test('limits count the default group, and the rules that groups begin with', async () => {
    const project_id = 'a-small-project';
    const quota = (limits: object) => admin('PUT', `/quotas/${project_id}`, { quota: limits });
    const post = () => admin('POST', PATH, { security_group: { project_id } });
    expect(await listed(admin, `?project_id=${project_id}`)).toHaveLength(1);
    await quota({ security_group: 2, security_group_rule: 5 });
    expectError(await post(), 409, 'OverQuota', OVER('security_group_rule'));
    expect(await usage(project_id)).toEqual([1, 4]);
    await quota({ security_group_rule: 6 });
    expect((await post()).status).toBe(201);
    expectError(await post(), 409, 'OverQuota', OVER('security_group'));
    expect(await usage(project_id)).toEqual([2, 6]);
  });

  describe('statefulness when nobody says', () => {
    const DEFAULTS = '/security-groups-default-statefulness';
    const KEY = 'security_groups_default_statefulness';
    const manager = () => cloud.as(cloud.manager);
    const set = (as: typeof admin, attributes: object) => as('POST', DEFAULTS, { [KEY]: attributes });

    test("is the project's own setting, else everybody's, else yes", async () => {
      expect((await group()).stateful).toBe(true);
      const all = await set(admin, { project_id: null, stateful: false });
      expect([all.status, all.at(KEY)]).toEqual([201, { id: expect.any(String), project_id: null, tenant_id: null, stateful: false }]);
      expect((await group()).stateful).toBe(false);
      const own = await set(manager(), {});
      const { projectId } = cloud.member;
      const shown = { id: expect.any(String), project_id: projectId, tenant_id: projectId, stateful: true };
      expect([own.status, own.body]).toEqual([201, { [KEY]: shown }]);
      expect((await group()).stateful).toBe(true);
      expect((await group({ stateful: false })).stateful).toBe(false);
      expect((await listed(admin, '?project_id=a-late-project')).map(({ stateful }) => stateful)).toEqual([false]);
      const path = `${DEFAULTS}/${own.at(`${KEY}.id`)}`;
      expect((await manager()('PUT', path, { [KEY]: { stateful: false } })).at(`${KEY}.stateful`)).toBe(false);
      expect((await group()).stateful).toBe(false);
      expect((await member('GET', DEFAULTS)).at(KEY)).toEqual([{ ...shown, stateful: false }]);
      expect((await admin('GET', `${DEFAULTS}?stateful=false`)).at(KEY)).toHaveLength(2);
      expect((await manager()('DELETE', path)).status).toBe(204);
      expect((await admin('DELETE', `${DEFAULTS}/${all.at(`${KEY}.id`)}`)).status).toBe(204);
      expect((await group()).stateful).toBe(true);
    });

    test('is set once for each project, by its managers', async () => {
      const own = await set(manager(), { stateful: false });
      const path = `${DEFAULTS}/${own.at(`${KEY}.id`)}`;
      const { projectId } = cloud.member;
      expectError(
        await set(manager(), {}),
        409,
        'SecurityGroupDefaultStatefulnessAlreadyExists',
        `A security group default statefulness setting already exists for project '${projectId}'.`,
      );
      const all = await set(admin, { project_id: null });
      expectError(await set(admin, { project_id: null }), 409, 'SecurityGroupDefaultStatefulnessAlreadyExists', /for project 'None'\.$/);
      expectError(await set(member, {}), 403, 'PolicyNotAuthorized', `rule:create_${KEY} is disallowed by policy`);
      expectError(await set(manager(), { project_id: null }), 400, 'HTTPBadRequest');
      expectError(await member('PUT', path, { [KEY]: { stateful: true } }), 403, 'PolicyNotAuthorized');
      expectError(await member('DELETE', path), 403, 'PolicyNotAuthorized');
      expectError(await manager()('PUT', path, { [KEY]: { project_id: projectId } }), 400, 'HTTPBadRequest');
      for (const hidden of [path, `${DEFAULTS}/${all.at(`${KEY}.id`)}`, `${DEFAULTS}/${NOWHERE}`]) {
        const id = hidden.split('/').at(-1);
        expectError(
          await stranger('GET', hidden),
          404,
          'SecurityGroupDefaultStatefulnessNotFound',
          `Security group default statefulness ${id} could not be found.`,
        );
      }
      expectError(await set(admin, { stateful: 'perhaps' }), 400, 'InvalidInput');
      expectError(await admin('POST', DEFAULTS, { [KEY]: [{}] }), 400, 'HTTPBadRequest', `Object '${KEY}' contains invalid data`);
      for (const made of [own, all]) expect((await admin('DELETE', `${DEFAULTS}/${made.at(`${KEY}.id`)}`)).status).toBe(204);
    });
  });
});
