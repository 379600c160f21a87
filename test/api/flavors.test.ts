// Flavors, the service profiles behind them, and the providers that profiles name.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';

const DRIVER = 'neutron.services.l3_router.service_providers.single_node.SingleNodeDriver';

describe.each(engines())('flavors on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  const flavor = (attributes: object = {}) => cloud.make('flavor', { service_type: 'L3_ROUTER_NAT', ...attributes }, cloud.admin);
  const profile = (attributes: object = { metainfo: 'words' }) => cloud.make('service_profile', attributes, cloud.admin);
  const associate = ({ id }: Shown, of: unknown) => admin('POST', `/flavors/${id}/service_profiles`, { service_profile: { id: of } });
  const profilesOf = async ({ id }: Shown) => (await member('GET', `/flavors/${id}`)).at('flavor.service_profiles');

  test('are made, shown to everybody, changed and removed by administrators', async () => {
    const made = await admin('POST', '/flavors', { flavor: { name: 'gold', service_type: 'QOS' } });
    const row = { id: expect.any(String), name: 'gold', description: '', enabled: true, service_profiles: [], service_type: 'QOS' };
    expect([made.status, made.body]).toEqual([201, { flavor: row }]);
    const path = `/flavors/${made.at('flavor.id')}`;
    expect((await member('GET', path)).body).toEqual(made.body);
    expect((await cloud.as(cloud.reader)('GET', '/flavors?name=gold')).at('flavors')).toEqual([made.at('flavor')]);
    expect((await admin('PUT', path, { flavor: { name: 'silver', description: null, enabled: 'no' } })).at('flavor')).toMatchObject({
      name: 'silver',
      description: null,
      enabled: false,
    });
    expect((await member('GET', '/flavors?enabled=false&service_type=QOS')).at('flavors')).toHaveLength(1);
    expect((await admin('PUT', path, { flavor: { enabled: null } })).at('flavor.enabled')).toBe(true);
    expect((await admin('DELETE', path)).status).toBe(204);
    expectError(await member('GET', path), 404, 'FlavorNotFound', `Flavor ${made.at('flavor.id')} could not be found.`);
  });

  test('refuse what they cannot be', async () => {
    const create = (attributes: object) => admin('POST', '/flavors', { flavor: attributes });
    expectError(await create({ name: 'x' }), 400, 'HTTPBadRequest', /Required attribute 'service_type' not specified/);
    expectError(await create({ service_type: 'LUNCH' }), 400, 'InvalidServiceType', 'Invalid service type: LUNCH.');
    expectError(await create({ service_type: 5 }), 400, 'InvalidServiceType');
    expectError(await create({ service_type: 'QOS', service_profiles: ['x'] }), 400, 'HTTPBadRequest', /'x' is not a valid UUID/);
    expectError(await create({ service_type: 'QOS', service_profiles: null }), 400, 'HTTPBadRequest', /'None' is not a list/);
    expectError(await create({ service_type: 'QOS', service_profiles: [NOWHERE] }), 404, 'ServiceProfileNotFound');
    expectError(await create({ service_type: 'QOS', enabled: 'perhaps' }), 400, 'InvalidInput');
    expectError(await create({ service_type: 'QOS', description: 'x'.repeat(1025) }), 400, 'HTTPBadRequest');
    expectError(
      await admin('POST', '/flavors', { flavors: [{ service_type: 'QOS' }] }),
      400,
      'HTTPBadRequest',
      'Bulk operation not supported',
    );
    const { id } = await flavor();
    expectError(
      await admin('PUT', `/flavors/${id}`, { flavor: { service_type: 'QOS' } }),
      400,
      'HTTPBadRequest',
      /read-only attribute service_type/,
    );
    expectError(await admin('PUT', `/flavors/${id}`, { flavor: { service_profiles: [NOWHERE] } }), 404, 'ServiceProfileNotFound');
    expectError(await member('GET', '/flavors?service_profiles=x'), 400, 'HTTPBadRequest');
  });

  test('profiles name a driver or words, and only drivers that there are', async () => {
    const create = (attributes: object) => admin('POST', '/service_profiles', { service_profile: attributes });
    const made = await create({ driver: DRIVER, description: 'one node' });
    const row = { id: expect.any(String), description: 'one node', driver: DRIVER, enabled: true, metainfo: '' };
    expect([made.status, made.body]).toEqual([201, { service_profile: row }]);
    expect((await admin('GET', `/service_profiles?driver=${DRIVER}`)).at('service_profiles')).toEqual([made.at('service_profile')]);
    const path = `/service-profiles/${made.at('service_profile.id')}`;
    expect((await admin('PUT', path, { service_profile: { metainfo: 5, enabled: false } })).at('service_profile')).toMatchObject({
      metainfo: '5',
      enabled: false,
    });
    expect((await admin('PUT', path, { service_profile: { metainfo: null } })).at('service_profile.metainfo')).toBeNull();
    for (const empty of [{}, { metainfo: null }, { metainfo: '', driver: '' }]) {
      expectError(await create(empty), 400, 'ServiceProfileEmpty', 'Service Profile needs either a driver or metainfo.');
    }
    const unknown = [await create({ driver: 'horse' }), await admin('PUT', path, { service_profile: { driver: 'horse' } })];
    for (const answer of unknown) {
      expectError(answer, 404, 'ServiceProfileDriverNotFound', 'Service Profile driver horse could not be found.');
    }
    expectError(await admin('GET', '/service_profiles?metainfo=5'), 400, 'HTTPBadRequest');
    expect((await admin('DELETE', path)).status).toBe(204);
    expectError(await admin('DELETE', path), 404, 'ServiceProfileNotFound');
  });

  test('are backed by profiles, one by one or several', async () => {
    const gold = await flavor();
    const [one, two, three] = [await profile(), await profile(), await profile()];
    expect([(await associate(gold, one.id)).status, (await associate(gold, two.id)).body]).toEqual([
      201,
      { service_profile: { id: two.id } },
    ]);
    expect(await profilesOf(gold)).toEqual([one.id, two.id]);
    expectError(
      await associate(gold, one.id),
      409,
      'FlavorServiceProfileBindingExists',
      `Service Profile ${one.id} is already associated with flavor ${gold.id}.`,
    );
    const many = { service_profiles: [{ id: three.id }] };
    expect((await admin('POST', `/flavors/${gold.id}/service_profiles`, many)).body).toEqual(many);
    expect(await profilesOf(gold)).toHaveLength(3);
    expectError(await associate(gold, NOWHERE), 404, 'ServiceProfileNotFound');
    expectError(await associate(gold, 'x'), 400, 'HTTPBadRequest', /'x' is not a valid UUID/);
    expectError(await associate(gold, undefined), 400, 'HTTPBadRequest', /Required attribute 'id' not specified/);
    expectError(await admin('POST', `/flavors/${gold.id}/service_profiles`, {}), 400, 'HTTPBadRequest');
    const more = { service_profile: { id: one.id, name: 'x' } };
    expectError(
      await admin('POST', `/flavors/${gold.id}/service_profiles`, more),
      400,
      'HTTPBadRequest',
      "Unrecognized attribute(s) 'name'",
    );
    expectError(await associate({ id: NOWHERE }, one.id), 404, 'FlavorNotFound');

    const used = `Service Profile ${one.id} is used by some service instance.`;
    expectError(await admin('DELETE', `/service_profiles/${one.id}`), 409, 'ServiceProfileInUse', used);
    expectError(
      await admin('PUT', `/service_profiles/${one.id}`, { service_profile: { enabled: false } }),
      409,
      'ServiceProfileInUse',
      used,
    );
    const link = `/flavors/${gold.id}/service_profiles/${one.id}`;
    expect((await admin('DELETE', link)).status).toBe(204);
    expectError(
      await admin('DELETE', link),
      404,
      'FlavorServiceProfileBindingNotFound',
      `Service Profile ${one.id} is not associated with flavor ${gold.id}.`,
    );
    expect((await admin('DELETE', `/service_profiles/${one.id}`)).status).toBe(204);
    expect((await admin('PUT', `/flavors/${gold.id}`, { flavor: { service_profiles: [three.id] } })).at('flavor.service_profiles')).toEqual(
      [three.id],
    );
    expect((await admin('DELETE', `/flavors/${gold.id}`)).status).toBe(204);
    for (const { id } of [two, three]) expect((await admin('DELETE', `/service_profiles/${id}`)).status).toBe(204);
    for (const method of ['GET', 'PUT', 'PATCH'] as const) {
      expectError(await admin(method, link, method === 'GET' ? undefined : {}), 405, 'HTTPMethodNotAllowed');
      const all = await admin(method, `/flavors/${gold.id}/service_profiles`, method === 'GET' ? undefined : {});
      expectError(all, 405, 'HTTPMethodNotAllowed');
    }
  });

  test('of two that back a flavor with the same profile at once, one is told', async () => {
    const gold = await flavor();
    const { id } = await profile();
    const answers = await Promise.all([associate(gold, id), associate(gold, id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(await profilesOf(gold)).toEqual([id]);
  });

  test('tell which provider comes next', async () => {
    const next = async ({ id }: Shown) => admin('GET', `/flavors/${id}/next_providers`);
    const driven = await profile({ driver: DRIVER, metainfo: 'm' });
    const gold = await flavor({ service_profiles: [driven.id] });
    expect((await next(gold)).body).toEqual({ next_providers: [{ provider: 'single_node', driver: DRIVER, metainfo: 'm' }] });
    expectError(await next(await flavor()), 404, 'FlavorServiceProfileBindingNotFound');
    expectError(await next(await flavor({ service_profiles: [(await profile()).id] })), 404, 'ServiceProfileDriverNotFound');
    expectError(await next(await flavor({ service_type: 'QOS', service_profiles: [driven.id] })), 404, 'ServiceProfileDriverNotFound');
    const off = await profile({ driver: DRIVER, enabled: false });
    expectError(await next(await flavor({ service_profiles: [off.id] })), 503, 'ServiceProfileDisabled', 'Service Profile is not enabled.');
    await admin('PUT', `/flavors/${gold.id}`, { flavor: { enabled: false } });
    expectError(await next(gold), 503, 'FlavorDisabled', 'Flavor is not enabled.');
    expectError(await next({ id: NOWHERE }), 404, 'FlavorNotFound');
  });

  test('who may do what', async () => {
    const gold = await flavor();
    const { id } = await profile();
    for (const person of [cloud.member, cloud.manager, cloud.reader]) {
      const as = cloud.as(person);
      expectError(await as('POST', '/flavors', { flavor: { service_type: 'QOS' } }), 403, 'PolicyNotAuthorized');
      expectError(await as('PUT', `/flavors/${gold.id}`, { flavor: { name: 'x' } }), 403, 'PolicyNotAuthorized');
      expectError(await as('DELETE', `/flavors/${gold.id}`), 403, 'PolicyNotAuthorized', 'rule:delete_flavor is disallowed by policy');
      const linked = await as('POST', `/flavors/${gold.id}/service_profiles`, { service_profile: { id } });
      expectError(linked, 403, 'PolicyNotAuthorized', 'rule:create_flavor_service_profile is disallowed by policy');
      expectError(await as('DELETE', `/flavors/${gold.id}/service_profiles/${id}`), 403, 'PolicyNotAuthorized');
      expectError(await as('GET', `/flavors/${gold.id}/next_providers`), 403, 'PolicyNotAuthorized');
      expectError(await as('POST', '/service_profiles', { service_profile: { metainfo: 'x' } }), 403, 'PolicyNotAuthorized');
      expect((await as('GET', '/service_profiles')).at('service_profiles')).toEqual([]);
      for (const [method, body] of [['GET'], ['PUT', { service_profile: {} }], ['DELETE']] as const) {
        expectError(await as(method, `/service_profiles/${id}`, body), 404, 'ServiceProfileNotFound');
      }
    }
    expect((await cloud.as(cloud.service)('GET', '/flavors')).at('flavors')).toEqual([]);
    expectError(await cloud.as(cloud.service)('GET', `/flavors/${gold.id}`), 404, 'FlavorNotFound');
  });

  test('providers are listed', async () => {
    const listed = (await member('GET', '/service-providers')).at('service_providers') as Shown[];
    expect(listed.map(({ name }) => name).sort()).toEqual(['dvr', 'dvrha', 'ha', 'single_node']);
    for (const one of listed) expect(one).toEqual({ service_type: 'L3_ROUTER_NAT', name: one.name, default: false });
    expect((await member('GET', '/service_providers?name=ha&fields=name')).at('service_providers')).toEqual([{ name: 'ha' }]);
    expect((await member('GET', '/service-providers?service_type=L3_ROUTER_NAT&default=true')).at('service_providers')).toEqual([]);
    expectError(await member('GET', '/service-providers/ha'), 405, 'HTTPMethodNotAllowed');
    expectError(await admin('PUT', '/service-providers', {}), 404, 'HTTPNotFound');
    expectError(await member('POST', '/service-providers', {}), 405, 'HTTPMethodNotAllowed');
  });
});
