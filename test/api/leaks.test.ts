// What somebody learns or takes in a roundabout way: by filters, orders and markers, by changing instead of making, by belonging to no project.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Shown } from './cloud.ts';
import { ADMIN_PASSWORD, passwordLogin } from './identity-server.ts';

describe.each(engines())('leaks on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  test('an attribute that is hidden finds nothing', async () => {
    await cloud.join('secret');
    const { network } = await cloud.wired('10.0.0.0/24');
    const port = await cloud.make('port', { network_id: network.id });
    await cloud.make('port', { network_id: network.id });
    await admin('PUT', `/ports/${port.id}`, { port: { 'binding:host_id': 'secret' } });
    const provider = (await admin('GET', `/networks/${network.id}`)).at('network') as Record<string, unknown>;
    for (const [collection, filter] of [
      ['ports', 'binding:host_id=secret'],
      ['ports', 'binding:host_id='],
      ['networks', `provider:network_type=${provider['provider:network_type']}`],
      ['networks', `provider:segmentation_id=${provider['provider:segmentation_id']}`],
    ] as const) {
      const found = async (asked: ReturnType<Cloud['as']>) => (await asked('GET', `/${collection}?${filter}&fields=id`)).at(collection);
      expect([filter, await found(member)]).toEqual([filter, []]);
      expect([filter, await found(admin)]).not.toEqual([filter, []]);
    }
  });

  test('a page does not begin at a row that is not to be seen', async () => {
    const foreign = await cloud.make('network', { name: 'm' }, cloud.stranger);
    for (const name of ['a', 'z']) await cloud.make('network', { name, description: 'paged' });
    const page = `/networks?limit=5&description=paged&sort_key=name&sort_dir=asc&marker=${foreign.id}`;
    expectError(await member('GET', page), 404, 'NetworkNotFound', `Network ${foreign.id} could not be found.`);
    expect((await admin('GET', page)).at('networks.0.name')).toBe('z');
    const agent = (await admin('GET', '/agents?host=secret')).at('agents.0') as Shown;
    expect((await member('GET', `/agents?limit=1&marker=${agent.id}`)).at('agents')).toEqual([]);
  });

  test('what a port may not be made as, it may not become', async () => {
    const shared = await cloud.make('network', { shared: true }, cloud.admin);
    await cloud.make('subnet', { network_id: shared.id, ip_version: 4, cidr: '10.7.0.0/24' }, cloud.admin);
    const mine = await cloud.make('port', { network_id: shared.id });
    const become = (device_owner: string) => member('PUT', `/ports/${mine.id}`, { port: { device_owner } });
    for (const owner of ['network:dhcp', 'network:router_interface']) {
      const denied = '(rule:update_port and rule:update_port:device_owner) is disallowed by policy';
      expectError(await become(owner), 403, 'PolicyNotAuthorized', denied);
    }
    expect((await become('compute:nova')).at('port.device_owner')).toBe('compute:nova');
    const { network } = await cloud.wired('10.8.0.0/24');
    const own = await cloud.make('port', { network_id: network.id });
    expect((await member('PUT', `/ports/${own.id}`, { port: { device_owner: 'network:dhcp' } })).status).toBe(200);
  });

  test('nothing belongs to nobody, where no quota would count it', async () => {
    const shared = await cloud.make('network', { shared: true }, cloud.admin);
    await cloud.make('subnet', { network_id: shared.id, ip_version: 4, cidr: '10.9.0.0/24' }, cloud.admin);
    const login = passwordLogin({ name: 'admin', domain: { id: 'default' } }, ADMIN_PASSWORD, 'unscoped');
    const unscoped = String((await cloud.send('POST', '/identity/v3/auth/tokens', { body: login })).headers['x-subject-token']);
    for (const token of [unscoped, cloud.admin.token]) {
      for (const name of ['project_id', 'tenant_id']) {
        const made = await cloud.send('POST', '/ports', { token, body: { port: { network_id: shared.id, [name]: '' } } });
        expectError(made, 400, 'HTTPBadRequest', "Invalid input for project_id. Reason: '' Blank strings are not permitted.");
      }
    }
    expect((await admin('GET', `/ports?network_id=${shared.id}&device_owner=`)).at('ports')).toEqual([]);
  });
});
