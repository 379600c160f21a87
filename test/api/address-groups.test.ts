// Address groups: their prefixes and how these change, who sees and changes them, and what holds them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';

const PATH = '/address-groups';

describe.each(engines())('address groups on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let stranger: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    stranger = cloud.as(cloud.stranger);
  });
  afterAll(() => cloud.close());

  const group = (...addresses: string[]): Promise<Shown> => cloud.make('address_group', { addresses });
  const change = ({ id }: Shown, verb: 'add' | 'remove', addresses: unknown, as = member): Promise<Reply> =>
    as('PUT', `${PATH}/${id}/${verb}_addresses`, { addresses });
  const share = async ({ id }: Shown): Promise<Shown> =>
    (
      await member('POST', '/rbac-policies', {
        rbac_policy: { object_type: 'address_group', object_id: id, action: 'access_as_shared', target_tenant: cloud.stranger.projectId },
      })
    ).at('rbac_policy') as Shown;

  test('a new one has each prefix once, without host bits', async () => {
    const made = await member('POST', PATH, {
      address_group: {
        name: 'offices',
        description: 'd'.repeat(1024),
        addresses: ['10.0.0.1/32', '10.1.0.9/16', '10.1.0.7/16', '2001:DB8::F00/64'],
      },
    });
    const { projectId } = cloud.member;
    const shown = {
      id: expect.any(String),
      name: 'offices',
      description: 'd'.repeat(1024),
      project_id: projectId,
      tenant_id: projectId,
      addresses: ['10.0.0.1/32', '10.1.0.0/16', '2001:db8::/64'],
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: expect.any(Number),
    };
    expect([made.status, made.body]).toEqual([201, { address_group: shown }]);
    const id = made.at('address_group.id');
    expect((await member('GET', `${PATH}/${id}`)).body).toEqual(made.body);
    expect((await member('GET', `${PATH}?name=offices`)).at('address_groups')).toEqual([made.at('address_group')]);
    for (const addresses of [undefined, null, []]) {
      expect((await member('POST', PATH, { address_group: { addresses } })).at('address_group.addresses')).toEqual([]);
    }
  });

  test.each([
    ['x', "'x' is not a list"],
    [['10.0.0.1'], "'10.0.0.1' is not a valid IP subnet"],
    [['x'], "'x' is not a valid IP subnet"],
    [[5], "'5' is not a valid IP subnet"],
    [['10.0.0.0/8', '10.0.0.0/8'], "Duplicate items in the list: '10.0.0.0/8'"],
  ])('%j are no prefixes', async (addresses, reason) => {
    const message = `Invalid input for addresses. Reason: ${reason}.`;
    expectError(await member('POST', PATH, { address_group: { addresses } }), 400, 'HTTPBadRequest', message);
  });

  test('prefixes are added and removed, all or none', async () => {
    const made = await group('10.0.0.1/32');
    const added = await change(made, 'add', ['10.2.0.9/16', '10.2.0.7/16', '2001:DB8::/32']);
    expect([added.status, Object.keys(added.body as object)]).toEqual([200, ['address_group']]);
    expect(added.at('address_group')).toMatchObject({ id: made.id, addresses: ['10.0.0.1/32', '10.2.0.0/16', '2001:db8::/32'] });
    expect(added.at('address_group.tenant_id')).toBe(cloud.member.projectId);
    expect(added.at('address_group.revision_number')).toBeGreaterThan(made.revision_number as number);
    expectError(
      await change(made, 'add', ['10.3.0.0/16', '10.0.0.1/32']),
      400,
      'AddressesAlreadyExist',
      `Addresses ['10.0.0.1/32'] already exist in the address group ${made.id}.`,
    );
    expectError(
      await change(made, 'remove', ['10.0.0.1/32', '10.200.200.200']),
      404,
      'AddressesNotFound',
      `Addresses ['10.200.200.200/32'] not found in the address group ${made.id}.`,
    );
    const removed = await change(made, 'remove', ['10.0.0.1', '10.2.0.5/16']);
    expect([removed.status, removed.at('address_group.addresses')]).toEqual([200, ['2001:db8::/32']]);
    const same = await change(made, 'add', []);
    expect([same.status, same.body]).toEqual([200, removed.body]);
    expect((await member('GET', `${PATH}/${made.id}`)).body).toEqual(same.body);
  });

  test('bodies that name no prefixes are refused', async () => {
    const made = await group('10.0.0.0/8');
    for (const verb of ['add', 'remove'] as const) {
      for (const addresses of ['x', null, undefined, 5, ['x'], [5], [null], ['10.0.0.0/33']]) {
        expectError(await change(made, verb, addresses), 400, 'HTTPBadRequest', /^Invalid input for addresses\. Reason: /);
      }
      for (const body of [[], { address_group: { addresses: ['10.0.0.0/8'] } }]) {
        expectError(await member('PUT', `${PATH}/${made.id}/${verb}_addresses`, body), 400, 'HTTPBadRequest');
      }
      expectError(
        await change({ id: NOWHERE }, verb, ['10.0.0.0/8']),
        404,
        'AddressGroupNotFound',
        `Address group ${NOWHERE} could not be found.`,
      );
    }
    expectError(
      await change(made, 'add', ['10.9.0.1']),
      400,
      'HTTPBadRequest',
      "Invalid input for addresses. Reason: '10.9.0.1' is not a valid IP subnet.",
    );
    expect((await member('GET', `${PATH}/${made.id}`)).at('address_group.addresses')).toEqual(['10.0.0.0/8']);
  });

  test('many who add at once all have their say', async () => {
    const made = await group();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => change(made, 'add', [`10.${index}.0.0/16`])));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect((await member('GET', `${PATH}/${made.id}`)).at('address_group.addresses')).toHaveLength(10);
  });

  test('everything else changes as usual', async () => {
    const { id } = await group();
    const changes = { name: 'after', description: 'text' };
    expect((await member('PUT', `${PATH}/${id}`, { address_group: changes })).at('address_group')).toMatchObject(changes);
    expectError(
      await member('PUT', `${PATH}/${id}`, { address_group: { addresses: [] } }),
      400,
      'HTTPBadRequest',
      'Cannot update read-only attribute addresses',
    );
    expectError(await member('POST', PATH, { address_group: { shared: true } }), 400, 'HTTPBadRequest');
    expectError(await member('GET', `${PATH}?shared=true`), 400, 'HTTPBadRequest', "['shared'] is invalid attribute for filtering");
    expectError(await member('GET', `${PATH}?addresses=x`), 400, 'HTTPBadRequest', "['addresses'] is invalid attribute for filtering");
    expect((await member('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expectError(await member('GET', `${PATH}/${id}`), 404, 'AddressGroupNotFound');
  });

  test('one that rules name stays', async () => {
    const made = await group('10.0.0.0/8');
    const { id: security_group_id } = await cloud.make('security_group', {});
    const rule = await cloud.make('security_group_rule', { security_group_id, direction: 'ingress', remote_address_group_id: made.id });
    expectError(
      await member('DELETE', `${PATH}/${made.id}`),
      409,
      'AddressGroupInUse',
      `Address group ${made.id} is in use on one or more security group rules.`,
    );
    expect((await member('DELETE', `/security-group-rules/${rule.id}`)).status).toBe(204);
    expect((await member('DELETE', `${PATH}/${made.id}`)).status).toBe(204);
  });

  test('who may do what', async () => {
    const made = await group('10.0.0.0/8');
    const path = `${PATH}/${made.id}`;
    const body = { address_group: { name: 'x' } };
    for (const person of [cloud.reader, cloud.manager, cloud.admin]) expect((await cloud.as(person)('GET', path)).status).toBe(200);
    const reader = cloud.as(cloud.reader);
    for (const [method, at, sent, rule] of [
      ['POST', PATH, body, 'create_address_group'],
      ['PUT', path, body, 'update_address_group'],
      ['PUT', `${path}/add_addresses`, { addresses: [] }, 'add_addresses'],
      ['PUT', `${path}/remove_addresses`, { addresses: [] }, 'remove_addresses'],
      ['DELETE', path, undefined, 'delete_address_group'],
    ] as const) {
      expectError(await reader(method, at, sent), 403, 'PolicyNotAuthorized', `rule:${rule} is disallowed by policy`);
      if (method !== 'POST')
        expectError(await stranger(method, at, sent), 404, 'AddressGroupNotFound', `Address group ${made.id} could not be found.`);
    }
    expect((await stranger('GET', PATH)).at('address_groups')).toEqual([]);
    expect((await admin('PUT', path, body)).status).toBe(200);
    expect((await cloud.send('GET', path)).status).toBe(401);
  });

  test('a shared one is seen and used, and an update of it is as if it were not there', async () => {
    const made = await group('10.0.0.0/8');
    const { id: security_group_id } = await cloud.make('security_group', {}, cloud.stranger);
    const about = { security_group_id, direction: 'ingress', remote_address_group_id: made.id };
    expectError(await stranger('POST', '/security-group-rules', { security_group_rule: about }), 404, 'AddressGroupNotFound');
    const sharing = await share(made);
    const seen = (await stranger('GET', `${PATH}/${made.id}`)).at('address_group') as Shown;
    expect(seen.addresses).toEqual(['10.0.0.0/8']);
    expect(Object.keys(seen)).not.toContain('shared');
    expect((await stranger('GET', PATH)).at('address_groups')).toEqual([seen]);
    expectError(await stranger('PUT', `${PATH}/${made.id}`, { address_group: { name: 'mine' } }), 404, 'AddressGroupNotFound');
    expectError(
      await change(made, 'add', ['10.1.0.0/16'], stranger),
      403,
      'PolicyNotAuthorized',
      'rule:add_addresses is disallowed by policy',
    );
    expectError(
      await stranger('DELETE', `${PATH}/${made.id}`),
      403,
      'PolicyNotAuthorized',
      'rule:delete_address_group is disallowed by policy',
    );
    const rule = await cloud.make('security_group_rule', about, cloud.stranger);
    expectError(await member('DELETE', `/rbac-policies/${sharing.id}`), 409, 'RbacPolicyInUse');
    expect((await stranger('DELETE', `/security-group-rules/${rule.id}`)).status).toBe(204);
    expect((await member('DELETE', `/rbac-policies/${sharing.id}`)).status).toBe(204);
    expectError(await stranger('GET', `${PATH}/${made.id}`), 404, 'AddressGroupNotFound');
    await share(made);
    expect((await member('DELETE', `${PATH}/${made.id}`)).status).toBe(204);
  });
});
