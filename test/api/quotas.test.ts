// Quotas: what they limit, who reads and who sets them, in the API's own words.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limitedOf } from '#core/quota.ts';
import { resources } from '#resources/index.ts';
import { type Engine, engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud } from './cloud.ts';

describe.each(engines())('quotas on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { subnet: 50 } } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  /** Of everything that is counted, the declared limit; of subnets that of the configuration. */
  const DEFAULTS = {
    ...Object.fromEntries(limitedOf(resources.map(({ resource }) => resource)).map(({ name, quota }) => [name, quota])),
    subnet: 50,
  };

  test("one's own limits are everybody's to read, without the project's id", async () => {
    for (const person of [cloud.member, cloud.reader]) {
      const shown = await cloud.as(person)('GET', `/quotas/${person.projectId}`);
      expect([shown.status, shown.body]).toEqual([200, { quota: DEFAULTS }]);
    }
    expect((await member('GET', `/quotas/${cloud.member.projectId}/default`)).body).toEqual({ quota: DEFAULTS });
  });

  test('the limits of others are for administrators', async () => {
    const foreign = `/quotas/${cloud.stranger.projectId}`;
    expectError(await member('GET', foreign), 403, 'PolicyNotAuthorized', 'rule:get_quota is disallowed by policy');
    expectError(await member('GET', `${foreign}/default`), 403, 'PolicyNotAuthorized');
    expectError(await member('GET', `${foreign}/details`), 403, 'AdminRequired', /^User does not have admin privileges: /);
    expectError(await member('GET', '/quotas'), 403, 'PolicyNotAuthorized', 'rule:get_quota is disallowed by policy');
    expectError(await cloud.as(cloud.manager)('GET', '/quotas'), 403, 'PolicyNotAuthorized');
    expectError(
      await member('PUT', foreign, { quota: { network: 1 } }),
      403,
      'PolicyNotAuthorized',
      'rule:update_quota is disallowed by policy',
    );
    expectError(await member('DELETE', foreign), 403, 'PolicyNotAuthorized', 'rule:delete_quota is disallowed by policy');
    expect((await admin('GET', foreign)).body).toEqual({ quota: DEFAULTS });
    expect((await admin('GET', `${foreign}/details`)).status).toBe(200);
  });

  test('even the own ones cannot be set by a member', async () => {
    const own = `/quotas/${cloud.member.projectId}`;
    expectError(
      await member('PUT', own, { quota: { network: -1 } }),
      403,
      'PolicyNotAuthorized',
      'rule:update_quota is disallowed by policy',
    );
  });

  test('set ones are listed, hold, and end with DELETE', async () => {
    const project = 'a project of nobody';
    const path = `/quotas/${encodeURIComponent(project)}`;
    expect((await admin('GET', '/quotas')).body).toEqual({ quotas: [] });
    const set = await admin('PUT', path, { quota: { network: 3, port: '-1' } });
    expect([set.status, set.body]).toEqual([200, { quota: { ...DEFAULTS, network: 3, port: -1 } }]);
    expect((await admin('GET', '/quotas')).body).toEqual({
      quotas: [{ ...DEFAULTS, network: 3, port: -1, project_id: project, tenant_id: project }],
    });
    expect((await admin('GET', path)).body).toEqual({ quota: { ...DEFAULTS, network: 3, port: -1 } });
    expect((await admin('GET', `${path}/default`)).body).toEqual({ quota: DEFAULTS });
    expectError(await admin('DELETE', path, {}), 400, 'HTTPBadRequest', 'Request body is not supported in DELETE.');
    const gone = await admin('DELETE', path);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expectError(await admin('DELETE', path), 404, 'TenantQuotaNotFound', `Quota for project ${project} could not be found.`);
    expect((await admin('GET', path)).body).toEqual({ quota: DEFAULTS });
  });

  test('what was set, and by whom, is in the journal', async () => {
    const path = '/quotas/a-journalled-project';
    await admin('PUT', path, { quota: { network: 3 } });
    await admin('DELETE', path);
    const entries = await cloud.store.read.all(
      "SELECT kind, action, actor FROM journal WHERE kind = 'quota' AND object_id = 'a-journalled-project' ORDER BY position",
    );
    const [{ actor } = { actor: '' }] = entries;
    expect(entries).toEqual([
      { kind: 'quota', action: 'update', actor },
      { kind: 'quota', action: 'delete', actor },
    ]);
    expect(actor).toMatch(/^[0-9a-f]{32}$/);
  });

  test('whose project it is can be asked', async () => {
    expect((await member('GET', '/quotas/tenant')).body).toEqual({ tenant: { tenant_id: cloud.member.projectId } });
    expect((await member('GET', '/quotas/project')).body).toEqual({ project: { project_id: cloud.member.projectId } });
  });

  test('bodies that are none are refused', async () => {
    const path = `/quotas/${cloud.stranger.projectId}`;
    const refused = async (body: unknown, type: string, message: string) => expectError(await admin('PUT', path, body), 400, type, message);
    await refused({}, 'HTTPBadRequest', "Unable to find 'quota' in request body");
    await refused({ quota: [] }, 'HTTPBadRequest', "Object 'quota' contains invalid data");
    await refused({ quota: { nothing: 1, network: 1 } }, 'HTTPBadRequest', "Unrecognized attribute(s) 'nothing'");
    await refused(
      { quota: { network: -2 } },
      'HTTPBadRequest',
      "Invalid input for network. Reason: '-2' is too small - must be at least '-1'.",
    );
    await refused(
      { quota: { network: 2_147_483_648 } },
      'HTTPBadRequest',
      "Invalid input for network. Reason: '2147483648' is too large - must be no larger than '2147483647'.",
    );
    await refused({ quota: { network: 'many' } }, 'InvalidInput', "Invalid input for operation: 'many' is not an integer.");
    await refused({ quota: { network: null } }, 'InvalidInput', "Invalid input for operation: 'None' is not an integer.");
    await refused(
      { quota: { network: 1, force: 'perhaps' } },
      'InvalidInput',
      "Invalid input for operation: 'perhaps' cannot be converted to boolean.",
    );
    await refused('{', 'MalformedRequestBody', 'Malformed request body: Cannot understand JSON.');
    expect((await admin('GET', '/quotas')).body).toEqual({ quotas: [] });
  });

  test('verbs that quotas do not have', async () => {
    expectError(
      await admin('POST', '/quotas', { quota: {} }),
      501,
      'HTTPNotImplemented',
      'POST requests are not supported on this resource.',
    );
    expectError(await admin('DELETE', '/quotas'), 404, 'TenantQuotaNotFound', 'Quota for project None could not be found.');
    for (const [method, path] of [
      ['PATCH', '/quotas'],
      ['PATCH', '/quotas/x'],
      ['POST', '/quotas/x'],
      ['PUT', '/quotas/x/default'],
    ] as const) {
      expectError(await admin(method, path), 405, 'HTTPMethodNotAllowed');
    }
  });

  test('used and limit are told, and a limit below use must be forced', async () => {
    const { projectId } = cloud.stranger;
    const stranger = cloud.as(cloud.stranger);
    const path = `/quotas/${projectId}`;
    const made = await cloud.make('network', {}, cloud.stranger);
    const details = async () => (await stranger('GET', `${path}/details`)).at('quota');
    expect(await details()).toMatchObject({
      network: { limit: 100, used: 1, reserved: 0 },
      subnet: { limit: 50, used: 0, reserved: 0 },
      port: { limit: 500, used: 0, reserved: 0 },
      // The default group came with the network.
      security_group: { limit: 10, used: 1, reserved: 0 },
      security_group_rule: { limit: 100, used: 4, reserved: 0 },
    });
    expect((await stranger('GET', `${path}/details.json`)).at('quota.network.used')).toBe(1);
    const below = 'Quota limit 0 for network must be greater than or equal to already used 1';
    expectError(await admin('PUT', path, { quota: { network: 0, port: 7 } }), 400, 'HTTPBadRequest', below);
    expectError(await admin('PUT', path, { quota: { network: 0, check_limit: true } }), 400, 'HTTPBadRequest', below);
    expect((await stranger('GET', path)).at('quota.port')).toBe(500);
    expect((await admin('PUT', path, { quota: { network: 0, force: true } })).at('quota.network')).toBe(0);
    expect((await admin('PUT', path, { quota: { network: 1 } })).at('quota.network')).toBe(1);
    expectError(await stranger('POST', '/networks', { network: {} }), 409, 'OverQuota', "Quota exceeded for resources: ['network'].");
    await stranger('DELETE', `/networks/${made.id}`);
    expect(await details()).toMatchObject({ network: { limit: 1, used: 0 } });
    expect((await stranger('POST', '/networks', { network: {} })).status).toBe(201);
    await admin('DELETE', path);
  });

  test('a limit may be of one row instead of a project', async () => {
    const path = `/quotas/${cloud.member.projectId}`;
    expect((await member('GET', `${path}/details`)).at('quota.router_route')).toEqual({ limit: 30, used: 0, reserved: 0 });
    const { subnet } = await cloud.wired('10.1.0.0/24');
    const { id } = await cloud.make('router', {});
    expect((await member('PUT', `/routers/${id}/add_router_interface`, { subnet_id: subnet.id })).status).toBe(200);
    const routes = (count: number) => ({
      router: { routes: Array.from({ length: count }, (_, index) => ({ destination: `192.0.2.${index}/32`, nexthop: '10.1.0.9' })) },
    });
    await admin('PUT', path, { quota: { router_route: 2 } });
    const more = `Unable to complete operation for ${id}. The number of routes exceeds the maximum 2.`;
    expectError(await member('PUT', `/routers/${id}`, routes(3)), 400, 'RoutesExhausted', more);
    expect((await member('PUT', `/routers/${id}`, routes(2))).status).toBe(200);
    await admin('PUT', path, { quota: { router_route: -1 } });
    expect((await member('PUT', `/routers/${id}`, routes(40))).status).toBe(200);
    await admin('DELETE', path);
  });

  test('a bulk create is counted whole', async () => {
    const path = `/quotas/${cloud.member.projectId}`;
    const { used } = (await member('GET', `${path}/details`)).at('quota.network') as { used: number };
    await admin('PUT', path, { quota: { network: used + 2 } });
    const three = { networks: [{}, {}, {}] };
    expectError(await member('POST', '/networks', three), 409, 'OverQuota', "Quota exceeded for resources: ['network'].");
    expect((await member('GET', `${path}/details`)).at('quota.network.used')).toBe(used);
    expect((await member('POST', '/networks', { networks: [{}, {}] })).status).toBe(201);
    await admin('DELETE', path);
  });

  test('of many creates at once exactly as many succeed as there is room', async () => {
    const path = `/quotas/${cloud.service.projectId}`;
    await admin('PUT', path, { quota: { network: 5 } });
    const body = { network: { project_id: cloud.service.projectId } };
    const answers = await Promise.all(Array.from({ length: 20 }, () => admin('POST', '/networks', body)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.filter((answer) => answer.at('NeutronError.type') === 'OverQuota')).toHaveLength(15);
    expect((await admin('GET', `${path}/details`)).at('quota.network')).toEqual({ limit: 5, used: 5, reserved: 0 });
  });
});

test('a server of old manners checks a limit against what is used only where it is asked to', async () => {
  const cloud = await openCloud(engines()[0] as Engine, { settings: { quotaCheckLimit: false } });
  const admin = cloud.as(cloud.admin);
  const path = `/quotas/${cloud.member.projectId}`;
  await cloud.make('network', {});
  const below = 'Quota limit 0 for network must be greater than or equal to already used 1';
  expectError(await admin('PUT', path, { quota: { network: 0, check_limit: true } }), 400, 'HTTPBadRequest', below);
  expect((await admin('PUT', path, { quota: { network: 0 } })).at('quota.network')).toBe(0);
  expect((await admin('GET', '/extensions/quota-check-limit-default')).status).toBe(404);
  expect((await admin('GET', '/extensions/quota-check-limit')).status).toBe(200);
  await cloud.close();
});
