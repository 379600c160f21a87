// Conntrack helpers of routers.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';

describe.each(engines())('conntrack helpers on $name', (engine) => {
  let cloud: Cloud;
  let member: ReturnType<Cloud['as']>;
  let router: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { router: -1 } } });
    member = cloud.as(cloud.member);
  });
  beforeEach(async () => {
    router = await cloud.make('router', {});
  });
  afterAll(() => cloud.close());

  const path = () => `/routers/${router.id}/conntrack_helpers`;
  const post = (attributes: object, as = member) =>
    as('POST', path(), { conntrack_helper: { helper: 'tftp', protocol: 'udp', port: 69, ...attributes } });
  const shown = async () => (await member('GET', `/routers/${router.id}`)).at('router') as Shown;

  test('made, shown in their router, changed and removed', async () => {
    expect(router.conntrack_helpers).toEqual([]);
    const made = await post({});
    const row = { id: expect.any(String), helper: 'tftp', protocol: 'udp', port: 69 };
    expect([made.status, made.body]).toEqual([201, { conntrack_helper: row }]);
    const item = `${path()}/${made.at('conntrack_helper.id')}`;
    expect((await member('GET', item)).body).toEqual(made.body);
    const now = await shown();
    expect(now.conntrack_helpers).toEqual([{ helper: 'tftp', protocol: 'udp', port: 69 }]);
    expect(now.revision_number).toBeGreaterThan(Number(router.revision_number));
    const changed = await member('PUT', item, { conntrack_helper: { helper: 'ftp', protocol: 'tcp', port: '21' } });
    expect(changed.at('conntrack_helper')).toMatchObject({ helper: 'ftp', protocol: 'tcp', port: 21 });
    expect((await member('PUT', item, { conntrack_helper: {} })).body).toEqual(changed.body);
    expect((await member('DELETE', item)).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) {
      const text = `Conntrack Helper ${made.at('conntrack_helper.id')} could not be found.`;
      expectError(await member(method, item), 404, 'ConntrackHelperNotFound', text);
    }
    expect((await shown()).conntrack_helpers).toEqual([]);
  });

  test('of the kernel, for the protocols that each follows', async () => {
    const text = (helper: string, protocol: string, supported: string) =>
      `Conntrack Helper ${helper} does not support: ${protocol}. Supported protocols are: ${supported}`;
    expectError(await post({ protocol: 'tcp' }), 400, 'InvalidProtocolForHelper', text('tftp', 'tcp', 'udp'));
    expectError(await post({ helper: 'sip', protocol: 'sctp' }), 400, 'InvalidProtocolForHelper', text('sip', 'sctp', 'udp, tcp'));
    for (const helper of ['nope', 'TFTP', 5]) {
      expectError(await post({ helper }), 400, 'ConntrackHelperNotAllowed', `Conntrack Helper ${helper} is not allowed.`);
    }
    const { id } = (await post({})).at('conntrack_helper') as Shown;
    expectError(await member('PUT', `${path()}/${id}`, { conntrack_helper: { protocol: 'tcp' } }), 400, 'InvalidProtocolForHelper');
    expectError(await post({ port: 0 }), 400, 'HTTPBadRequest', /too small - must be at least '1'/);
    expectError(await post({ protocol: 'UDP' }), 400, 'HTTPBadRequest', 'Invalid input for protocol. Reason: UDP is not in valid_values.');
    expectError(await post({ description: 'x' }), 400, 'HTTPBadRequest', "Unrecognized attribute(s) 'description'");
  });

  test('none twice, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => post({})));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400, 400, 400]);
    const twice = (port: number) =>
      `Bad conntrack_helper request: A duplicate conntrack helper entry with same attributes already exists, conflicting values are {'router_id': '${router.id}', 'protocol': 'udp', 'port': ${port}, 'helper': 'tftp'}.`;
    expectError(await post({}), 400, 'BadRequest', twice(69));
    expect((await post({ helper: 'sip' })).status).toBe(201);
    const { id } = (await post({ port: 70 })).at('conntrack_helper') as Shown;
    expectError(await member('PUT', `${path()}/${id}`, { conntrack_helper: { port: 69 } }), 400, 'BadRequest', twice(69));
  });

  test('are found, sorted and made several at once, and go with their router', async () => {
    const several = [72, 70, 71].map((port) => ({ helper: 'tftp', protocol: 'udp', port }));
    expect((await member('POST', path(), { conntrack_helpers: several })).status).toBe(201);
    const ports = async (query: string) =>
      ((await member('GET', `${path()}?fields=port&${query}`)).at('conntrack_helpers') as { port: number }[]).map(({ port }) => port);
    expect(await ports('sort_key=port&sort_dir=asc')).toEqual([70, 71, 72]);
    expect(await ports('helper=tftp&port=71&protocol=udp')).toEqual([71]);
    expect((await member('DELETE', `/routers/${router.id}`)).status).toBe(204);
    expectError(await member('GET', path()), 404, 'RouterNotFound');
  });

  test('who may do what', async () => {
    const item = `${path()}/${(await post({})).at('conntrack_helper.id')}`;
    const [reader, stranger] = [cloud.as(cloud.reader), cloud.as(cloud.stranger)];
    expect((await reader('GET', item)).status).toBe(200);
    expectError(await post({ port: 70 }, reader), 403, 'PolicyNotAuthorized');
    expectError(await reader('PUT', item, { conntrack_helper: {} }), 403, 'PolicyNotAuthorized');
    expectError(await reader('DELETE', item), 403, 'PolicyNotAuthorized');
    for (const method of ['GET', 'DELETE'] as const) expectError(await stranger(method, item), 404, 'RouterNotFound');
    expectError(await post({ port: 70 }, stranger), 404, 'RouterNotFound');
    expectError(await stranger('GET', path()), 404, 'RouterNotFound');
    expectError(await member('GET', `/routers/${NOWHERE}/conntrack_helpers`), 404, 'RouterNotFound');
    expect((await cloud.as(cloud.admin)('GET', item)).status).toBe(200);
  });
});
