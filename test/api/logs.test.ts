// Logs as clients ask for them, and what can be logged.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

const LOGS = '/log/logs';

describe.each(engines())('logs on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  const post = (attributes: object, someone: Person = cloud.manager): Promise<Reply> =>
    cloud.as(someone)('POST', LOGS, { log: { resource_type: 'security_group', ...attributes } });
  const made = async (attributes: object = {}, someone?: Person): Promise<Shown> => {
    const answer = await post(attributes, someone);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.at('log') as Shown;
  };
  const group = (someone?: Person): Promise<Shown> => cloud.make('security_group', { name: 'g' }, someone);
  const port = async (attributes: object = {}, someone?: Person): Promise<Shown> =>
    cloud.make('port', { network_id: (await cloud.make('network', {}, someone)).id, ...attributes }, someone);

  test('a log is its project’s managers’', async () => {
    const log = await made({ name: 'all', description: 'everything' });
    const { projectId } = cloud.member;
    expect(log).toEqual({
      id: expect.any(String),
      name: 'all',
      description: 'everything',
      resource_type: 'security_group',
      resource_id: null,
      target_id: null,
      event: 'ALL',
      enabled: true,
      project_id: projectId,
      tenant_id: projectId,
      revision_number: 0,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const path = `${LOGS}/${log.id}`;
    expect((await cloud.as(cloud.manager)('GET', path.replace('/log/', '/'))).at('log')).toEqual(log);
    const changed = await cloud.as(cloud.manager)('PUT', path, { log: { enabled: false, name: 'none' } });
    expect(changed.at('log')).toMatchObject({ enabled: false, name: 'none', revision_number: 1 });
    expectError(await cloud.as(cloud.manager)('PUT', path, { log: { event: 'DROP' } }), 400, 'HTTPBadRequest');
    expectError(await post({}, cloud.member), 403, 'PolicyNotAuthorized');
    const absent = `Log resource ${log.id} could not be found.`;
    for (const someone of [cloud.member, cloud.stranger]) {
      expectError(await cloud.as(someone)('GET', path), 404, 'LogResourceNotFound', absent);
      expectError(await cloud.as(someone)('PUT', path, { log: { enabled: true } }), 404, 'LogResourceNotFound', absent);
      expectError(await cloud.as(someone)('DELETE', path), 404, 'LogResourceNotFound', absent);
      expect((await cloud.as(someone)('GET', LOGS)).body).toEqual({ logs: [] });
    }
    expect((await cloud.as(cloud.manager)('DELETE', path)).status).toBe(204);
  });

  test('is about a security group, a port, or both where they belong together', async () => {
    const [mine, port1] = [await group(), await port()];
    const port2 = await port({ security_groups: [mine.id] });
    expect(await made({ resource_id: mine.id, event: 'DROP' })).toMatchObject({ resource_id: mine.id, event: 'DROP' });
    expect(await made({ target_id: port1.id })).toMatchObject({ resource_id: null, target_id: port1.id });
    expect(await made({ resource_id: mine.id, target_id: port2.id })).toMatchObject({ target_id: port2.id });
    expectError(
      await post({ resource_id: mine.id, target_id: port1.id }),
      400,
      'InvalidResourceConstraint',
      `Invalid resource constraint between resource (security_group ${mine.id}) and target resource (port ${port1.id}).`,
    );
    const type = 'Invalid log resource_type: router.';
    expectError(await post({ resource_type: 'router' }), 400, 'InvalidLogResourceType', type);
    expectError(await post({ event: 'SOME' }), 400, 'HTTPBadRequest');
    expectError(await post({ resource_id: 'x' }), 400, 'HTTPBadRequest');
    for (const { id } of [{ id: NOWHERE }, await group(cloud.stranger)])
      expectError(await post({ resource_id: id }), 404, 'ResourceNotFound', `Resource ${id} could not be found.`);
    for (const { id } of [{ id: NOWHERE }, await port({}, cloud.stranger)])
      expectError(await post({ target_id: id }), 404, 'TargetResourceNotFound', `Target resource ${id} could not be found.`);
  });

  test('goes with what it is about', async () => {
    const mine = await group();
    const target = await port();
    const logs = [
      await made({ resource_id: mine.id }),
      await made({ target_id: target.id }),
      await made({ resource_id: mine.id }, cloud.admin),
    ];
    const left = async (): Promise<number[]> =>
      Promise.all(logs.map(async ({ id }) => (await cloud.as(cloud.admin)('GET', `${LOGS}/${id}`)).status));
    expect((await cloud.as(cloud.member)('DELETE', `/ports/${target.id}`)).status).toBe(204);
    expect(await left()).toEqual([200, 404, 200]);
    expect((await cloud.as(cloud.member)('DELETE', `/security-groups/${mine.id}`)).status).toBe(204);
    expect(await left()).toEqual([404, 404, 404]);
  });

  test('what can be logged is listed to administrators', async () => {
    const path = '/log/loggable-resources';
    expect((await cloud.as(cloud.admin)('GET', path)).body).toEqual({ loggable_resources: [{ type: 'security_group' }] });
    expect((await cloud.as(cloud.member)('GET', path)).body).toEqual({ loggable_resources: [] });
    expectError(await cloud.as(cloud.admin)('GET', `${path}?type=security_group`), 400, 'HTTPBadRequest');
  });
});
