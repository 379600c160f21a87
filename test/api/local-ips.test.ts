// Local IPs and the ports associated with them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { roomy } from './outside.ts';

describe.each(engines())('local IPs on $name', (engine) => {
  let cloud: Cloud;
  let member: ReturnType<Cloud['as']>;
  let stranger: ReturnType<Cloud['as']>;
  let reader: ReturnType<Cloud['as']>;
  let network: Shown;
  let subnet: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    member = cloud.as(cloud.member);
    stranger = cloud.as(cloud.stranger);
    reader = cloud.as(cloud.reader);
    network = await cloud.make('network', {});
    subnet = await roomy(cloud, network, '10.0.0.0/24');
  });
  afterAll(() => cloud.close());

  const localIp = (attributes: object, as = member) => as('POST', '/local_ips', { local_ip: attributes });
  const port = (addresses = 1, on = network): Promise<Shown> =>
    cloud.make('port', { network_id: on.id, ...(addresses !== 1 && { fixed_ips: Array(addresses).fill({ subnet_id: subnet.id }) }) });
  const addressesOf = (of: Shown): string[] => (of.fixed_ips as { ip_address: string }[]).map(({ ip_address }) => ip_address);
  const associate = (id: unknown, attributes: object, as = member) =>
    as('POST', `/local_ips/${id}/port_associations`, { port_association: attributes });

  test('on a network: a port is made that holds the address, and goes with it', async () => {
    const made = await localIp({ network_id: network.id, name: 'near', description: 'd' });
    const row = made.at('local_ip') as Shown;
    const { projectId } = cloud.member;
    expect([made.status, made.body]).toEqual([
      201,
      {
        local_ip: {
          id: expect.any(String),
          name: 'near',
          description: 'd',
          project_id: projectId,
          tenant_id: projectId,
          local_port_id: expect.any(String),
          network_id: network.id,
          local_ip_address: expect.stringMatching(/^10\.0\.0\.\d+$/),
          ip_mode: 'translate',
          revision_number: 0,
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
      },
    ]);
    const path = `/ports/${row.local_port_id}`;
    const held = (await member('GET', path)).at('port');
    expect(held).toMatchObject({
      device_owner: 'network:local_ip',
      device_id: row.id,
      status: 'N/A',
      project_id: projectId,
      port_security_enabled: false,
      fixed_ips: [{ subnet_id: subnet.id, ip_address: row.local_ip_address }],
    });
    const reason = `Port ${row.local_port_id} cannot be deleted directly via the port API: still referenced by Local IPs.`;
    expectError(await member('DELETE', path), 409, 'ServicePortInUse', reason);
    const changed = await member('PUT', `/local-ips/${row.id}`, { local_ip: { name: 'far', description: '' } });
    expect(changed.at('local_ip')).toMatchObject({ name: 'far', description: '', revision_number: 1 });
    expect((await member('GET', `/local_ips?network_id=${network.id}&name=far`)).at('local_ips')).toEqual([changed.at('local_ip')]);
    for (const [name, value] of [
      ['local_ip_address', '10.0.0.9'],
      ['ip_mode', 'passthrough'],
    ] as const) {
      const refused = await member('PUT', `/local_ips/${row.id}`, { local_ip: { [name]: value } });
      expectError(refused, 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    }
    expect((await member('DELETE', `/local_ips/${row.id}`)).status).toBe(204);
    expectError(await member('GET', `/local_ips/${row.id}`), 404, 'LocalIPNotFound', `Local IP ${row.id} could not be found.`);
    expectError(await member('GET', path), 404, 'PortNotFound');
  });

  test('a network gives the address asked for, once', async () => {
    const asked = { network_id: network.id, local_ip_address: '10.0.0.222', ip_mode: 'passthrough' };
    expect((await localIp(asked)).at('local_ip')).toMatchObject({ local_ip_address: '10.0.0.222', ip_mode: 'passthrough' });
    expectError(await localIp(asked), 409, 'IpAddressAlreadyAllocated');
    expectError(await localIp({ ...asked, local_ip_address: '192.0.2.9' }), 400, 'InvalidIpForNetwork');
    const bare = await cloud.make('network', {});
    expectError(await localIp({ network_id: bare.id }), 400, 'LocalIPNoIP', /^Specified Port .+ has no fixed IPs configured\.$/);
  });

  test("a port's address", async () => {
    const [one, two, none] = [await port(), await port(2), await port(0)];
    const made = await localIp({ local_port_id: one.id });
    const { id, ...row } = made.at('local_ip') as Shown;
    expect(row).toMatchObject({ local_port_id: one.id, network_id: network.id, local_ip_address: addressesOf(one)[0] });
    expectError(
      await localIp({ local_port_id: two.id }),
      400,
      'LocalIPNoRequestedIP',
      `Specified Port ${two.id} has several IPs, should specify exact IP address to use for Local IP.`,
    );
    const [, second] = addressesOf(two);
    expect((await localIp({ local_port_id: two.id, local_ip_address: second })).at('local_ip.local_ip_address')).toBe(second);
    expectError(
      await localIp({ local_port_id: two.id, local_ip_address: '10.0.0.254' }),
      400,
      'LocalIPRequestedIPNotFound',
      `Specified Port ${two.id} does not have requested IP address: 10.0.0.254.`,
    );
    expectError(await localIp({ local_port_id: none.id }), 400, 'LocalIPNoIP');
    expectError(await member('DELETE', `/ports/${one.id}`), 409, 'ServicePortInUse');
    expect((await member('DELETE', `/local_ips/${id}`)).status).toBe(204);
    expect((await member('DELETE', `/ports/${one.id}`)).status).toBe(204);
  });

  test('needs a port or a network that the caller sees', async () => {
    expectError(
      await localIp({}),
      400,
      'LocalIPPortOrNetworkRequired',
      'Either Port ID or Network ID must be specified for Local IP create.',
    );
    const { id } = await port();
    for (const [as, local_port_id] of [
      [member, NOWHERE],
      [stranger, id],
    ] as const) {
      const refused = await localIp({ local_port_id }, as);
      expectError(refused, 400, 'BadRequest', `Bad local_ip request: Port ${local_port_id} not found.`);
    }
    expectError(await localIp({ network_id: NOWHERE }), 404, 'NetworkNotFound');
    expectError(await localIp({ network_id: network.id }, stranger), 404, 'NetworkNotFound');
  });

  test('associations: made, found, shown and undone by their port', async () => {
    const { id, local_ip_address } = (await localIp({ network_id: network.id })).at('local_ip') as Shown;
    const [one, two, none] = [await port(), await port(2), await port(0)];
    const shown = { local_ip_id: id, fixed_port_id: one.id, fixed_ip: addressesOf(one)[0], local_ip_address, host: '' };
    const made = await associate(id, { fixed_port_id: one.id });
    expect([made.status, made.body]).toEqual([201, { port_association: shown }]);
    const again = await associate(id, { fixed_port_id: one.id });
    expectError(
      again,
      409,
      'NeutronDbObjectDuplicateEntry',
      `Failed to create a duplicate LocalIPAssociation: for attribute(s) ['fixed_port_id', 'local_ip_id'] with value(s) ${one.id}-${id}`,
    );
    expectError(await associate(id, { fixed_port_id: two.id }), 400, 'LocalIPNoRequestedIP');
    expectError(await associate(id, { fixed_port_id: two.id, fixed_ip: addressesOf(one)[0] }), 400, 'LocalIPRequestedIPNotFound');
    expectError(await associate(id, { fixed_port_id: none.id }), 400, 'LocalIPNoIP');
    expectError(await associate(id, { fixed_port_id: NOWHERE }), 404, 'PortNotFound');
    const second = addressesOf(two)[1] as string;
    expect((await associate(id, { fixed_port_id: two.id, fixed_ip: second })).status).toBe(201);
    const path = `/local_ips/${id}/port_associations`;
    expect((await member('GET', `${path}?fixed_ip=${second}&fields=fixed_port_id`)).body).toEqual({
      port_associations: [{ fixed_port_id: two.id }],
    });
    expect((await member('GET', `${path}?sort_key=fixed_port_id&sort_dir=asc`)).at('port_associations')).toHaveLength(2);
    expect((await member('GET', `${path}/${one.id}`)).body).toEqual({ port_association: shown });
    expectError(
      await member('DELETE', `/local_ips/${id}`),
      409,
      'LocalIPInUse',
      `Local IP ${id} is still associated with one or more ports.`,
    );
    expectError(await member('DELETE', `/ports/${one.id}`), 409, 'ServicePortInUse');
    expect((await member('DELETE', `${path}/${one.id}`)).status).toBe(204);
    for (const method of ['GET', 'DELETE'] as const) {
      expectError(
        await member(method, `${path}/${one.id}`),
        404,
        'LocalIPAssociationNotFound',
        `Local IP ${id} association with port ${one.id} could not be found.`,
      );
    }
    expectError(await member('PUT', `${path}/${two.id}`, { port_association: {} }), 405, 'HTTPMethodNotAllowed');
    const kept = (two.fixed_ips as object[]).slice(0, 1);
    expect((await member('PUT', `/ports/${two.id}`, { port: { fixed_ips: kept } })).status).toBe(200);
    expect((await member('GET', path)).at('port_associations')).toEqual([]);
    expect((await member('DELETE', `/local_ips/${id}`)).status).toBe(204);
  });

  test('of many associations of one port made at once, one is made', async () => {
    const { id } = (await localIp({ network_id: network.id })).at('local_ip') as Shown;
    const { id: fixed_port_id } = await port();
    const answers = await Promise.all(Array.from({ length: 6 }, () => associate(id, { fixed_port_id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  test('the port made for one becomes no other: it may send what it likes, on whosever network', async () => {
    const shared = await cloud.make('network', { shared: true }, cloud.admin);
    await cloud.make('subnet', { network_id: shared.id, ip_version: 4, cidr: '10.5.0.0/24' }, cloud.admin);
    const { id, local_port_id } = (await localIp({ network_id: shared.id })).at('local_ip') as Shown;
    const put = (attributes: object) => member('PUT', `/ports/${local_port_id}`, { port: attributes });
    const refusal = `Unable to complete operation on port ${local_port_id} for network ${shared.id}. Port already has an attached device ${id}.`;
    for (const change of [{ device_owner: '' }, { device_id: '' }, { device_owner: 'compute:nova', device_id: 'instance' }]) {
      expectError(await put(change), 409, 'PortInUse', refusal);
    }
    expect((await put({ name: 'local' })).at('port')).toMatchObject({ port_security_enabled: false, device_owner: 'network:local_ip' });
    expect((await member('DELETE', `/local_ips/${id}`)).status).toBe(204);
    expectError(await member('GET', `/ports/${local_port_id}`), 404, 'PortNotFound');
  });

  test('who may do what', async () => {
    const { id } = (await localIp({ network_id: network.id })).at('local_ip') as Shown;
    const { id: fixed_port_id } = await port();
    await associate(id, { fixed_port_id });
    const [path, item] = [`/local_ips/${id}`, `/local_ips/${id}/port_associations/${fixed_port_id}`];
    for (const one of [path, item]) expect((await reader('GET', one)).status).toBe(200);
    expectError(await localIp({ network_id: network.id }, reader), 403, 'PolicyNotAuthorized');
    expectError(await associate(id, { fixed_port_id }, reader), 403, 'PolicyNotAuthorized');
    for (const one of [path, item]) expectError(await reader('DELETE', one), 403, 'PolicyNotAuthorized');
    for (const method of ['GET', 'DELETE'] as const) {
      for (const one of [path, item]) expectError(await stranger(method, one), 404, 'LocalIPNotFound');
    }
    expectError(await stranger('GET', `/local_ips/${id}/port_associations`), 404, 'LocalIPNotFound');
    expectError(await associate(id, { fixed_port_id }, stranger), 404, 'LocalIPNotFound');
    expect((await stranger('GET', '/local_ips')).body).toEqual({ local_ips: [] });
    expect((await cloud.send('GET', '/local_ips')).status).toBe(401);
    const foreign = await cloud.make('port', { network_id: (await cloud.wired('10.1.0.0/24', cloud.stranger)).network.id }, cloud.stranger);
    expectError(await associate(id, { fixed_port_id: foreign.id }), 404, 'PortNotFound');
    expect((await cloud.as(cloud.admin)('GET', item)).status).toBe(200);
  });
});
