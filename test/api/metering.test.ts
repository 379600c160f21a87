// Metering labels and their rules as clients make, find and remove them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

const LABELS = '/metering/metering-labels';
const RULES = '/metering/metering-label-rules';

describe.each(engines())('metering on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  const label = async (attributes: object = {}, someone: Person = cloud.manager): Promise<Shown> => {
    const made = await cloud.as(someone)('POST', LABELS, { metering_label: attributes });
    if (made.status !== 201) throw new Error(made.text);
    return made.at('metering_label') as Shown;
  };
  const add = ({ id }: { readonly id: string }, attributes: object, someone: Person = cloud.manager): Promise<Reply> =>
    cloud.as(someone)('POST', RULES, { metering_label_rule: { metering_label_id: id, direction: 'ingress', ...attributes } });

  test('a label is its project’s, made by managers and never changed', async () => {
    const made = await label({ name: 'traffic', description: 'd'.repeat(1024) });
    const { projectId } = cloud.member;
    expect(made).toEqual({
      id: expect.any(String),
      name: 'traffic',
      description: 'd'.repeat(1024),
      shared: false,
      project_id: projectId,
      tenant_id: projectId,
    });
    const path = `${LABELS}/${made.id}`;
    for (const way of [path, path.replace('/metering/', '/'), path.replace('metering-labels', 'metering_labels')])
      expect((await cloud.as(cloud.reader)('GET', way)).at('metering_label')).toEqual(made);
    expect((await cloud.as(cloud.reader)('GET', `${LABELS}?name=traffic&fields=id`)).body).toEqual({ metering_labels: [{ id: made.id }] });
    expectError(await cloud.as(cloud.member)('POST', LABELS, { metering_label: {} }), 403, 'PolicyNotAuthorized');
    expectError(await cloud.as(cloud.member)('DELETE', path), 403, 'PolicyNotAuthorized');
    const absent = `Metering label '${made.id}' does not exist.`;
    expectError(await cloud.as(cloud.stranger)('GET', path), 404, 'MeteringLabelNotFound', absent);
    expectError(await cloud.as(cloud.stranger)('DELETE', path), 404, 'MeteringLabelNotFound', absent);
    expect((await cloud.as(cloud.stranger)('GET', LABELS)).body).toEqual({ metering_labels: [] });
    expectError(await cloud.as(cloud.manager)('PUT', path, { metering_label: { name: 'x' } }), 405, 'HTTPMethodNotAllowed');
    for (const wrong of [{ name: 'x'.repeat(256) }, { description: 'x'.repeat(1025) }, { colour: 'red' }])
      expectError(await cloud.as(cloud.manager)('POST', LABELS, { metering_label: wrong }), 400, 'HTTPBadRequest');
    expect((await label({ shared: true }, cloud.admin)).shared).toBe(true);
    expect((await cloud.as(cloud.manager)('DELETE', path)).status).toBe(204);
  });

  test('a rule says whose traffic counts, by one side or by both ends', async () => {
    const traffic = await label();
    const made = await add(traffic, { remote_ip_prefix: '10.0.0.0/8' });
    const { projectId } = cloud.member;
    const rule = made.at('metering_label_rule') as Shown;
    expect(rule).toEqual({
      id: expect.any(String),
      metering_label_id: traffic.id,
      direction: 'ingress',
      excluded: false,
      remote_ip_prefix: '10.0.0.0/8',
      source_ip_prefix: null,
      destination_ip_prefix: null,
      project_id: projectId,
      tenant_id: projectId,
    });
    expect((await cloud.as(cloud.reader)('GET', `${RULES}/${rule.id}`)).at('metering_label_rule')).toEqual(rule);
    for (const ends of [
      { source_ip_prefix: '192.0.2.0/24' },
      { destination_ip_prefix: '192.0.2.0/24' },
      { source_ip_prefix: '192.0.2.0/24', destination_ip_prefix: '2001:db8::/32' },
    ])
      expect((await add(traffic, ends)).at('metering_label_rule')).toMatchObject({ remote_ip_prefix: null, ...ends });
    expect((await add(traffic, { remote_ip_prefix: '192.0.2.1' })).at('metering_label_rule.remote_ip_prefix')).toBe('192.0.2.1/32');
    expect((await cloud.as(cloud.reader)('GET', `${RULES}?metering_label_id=${traffic.id}`)).at('metering_label_rules')).toHaveLength(5);
    const none =
      "Invalid input for operation: You must define at least one of the following parameters 'remote_ip_prefix', or 'source_ip_prefix' or 'destination_ip_prefix'.";
    for (const given of [{}, { source_ip_prefix: '' }, { remote_ip_prefix: null }])
      expectError(await add(traffic, given), 400, 'InvalidInput', none);
    const both =
      "Invalid input for operation: Cannot use 'remote-ip-prefix' in conjunction with 'source-ip-prefix' or 'destination-ip-prefix'.";
    const prefixes = { remote_ip_prefix: '10.9.0.0/16', source_ip_prefix: '10.9.0.0/16' };
    expectError(await add(traffic, prefixes), 400, 'InvalidInput', both);
    expectError(await add(traffic, { remote_ip_prefix: 'everything' }), 400, 'InvalidInput');
    expectError(await add(traffic, { remote_ip_prefix: '192.0.2.0/64' }), 400, 'HTTPBadRequest');
    expectError(await add(traffic, { remote_ip_prefix: '10.0.0.0/8', direction: 'any' }), 400, 'HTTPBadRequest');
    expect((await cloud.as(cloud.manager)('DELETE', `${LABELS}/${traffic.id}`)).status).toBe(204);
    const absent = `Metering label rule '${rule.id}' does not exist.`;
    expectError(await cloud.as(cloud.manager)('GET', `${RULES}/${rule.id}`), 404, 'MeteringLabelRuleNotFound', absent);
  });

  test('no traffic counts twice', async () => {
    const traffic = await label();
    const counts = async (remote_ip_prefix: string, more: object = {}): Promise<number> =>
      (await add(traffic, { remote_ip_prefix, ...more })).status;
    expect(await counts('10.0.0.0/8')).toBe(201);
    const refusal = "Metering label rule with remote_ip_prefix '10.1.0.0/16' overlaps another.";
    expectError(await add(traffic, { remote_ip_prefix: '10.1.0.0/16' }), 409, 'MeteringLabelRuleOverlaps', refusal);
    expect(await counts('0.0.0.0/0')).toBe(409);
    expect(await counts('10.1.0.0/16', { excluded: true })).toBe(201);
    expect(await counts('10.1.0.0/16', { direction: 'egress' })).toBe(201);
    expect(await counts('::/0')).toBe(201);
    const other = await label();
    expect((await add(other, { remote_ip_prefix: '10.0.0.0/8' })).status).toBe(201);
    const racing = await Promise.all([1, 2, 3].map(() => counts('172.16.0.0/12')));
    expect(racing.sort()).toEqual([201, 409, 409]);
  });

  test('rules are made by managers, of labels that they see', async () => {
    const traffic = await label();
    const given = { remote_ip_prefix: '10.0.0.0/8' };
    expectError(await add(traffic, given, cloud.member), 403, 'PolicyNotAuthorized');
    expectError(await add(traffic, given, cloud.stranger), 404, 'MeteringLabelNotFound');
    expectError(await add({ id: NOWHERE }, given), 404, 'MeteringLabelNotFound');
    const rule = (await add(traffic, given)).at('metering_label_rule') as Shown;
    expectError(await cloud.as(cloud.stranger)('GET', `${RULES}/${rule.id}`), 404, 'MeteringLabelRuleNotFound');
    expectError(await cloud.as(cloud.stranger)('DELETE', `${RULES}/${rule.id}`), 404, 'MeteringLabelRuleNotFound');
    expectError(await cloud.as(cloud.member)('DELETE', `${RULES}/${rule.id}`), 403, 'PolicyNotAuthorized');
    expect((await cloud.as(cloud.manager)('DELETE', `${RULES}/${rule.id}`)).status).toBe(204);
  });
});
