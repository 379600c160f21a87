// What somebody learns or takes in a roundabout way: by filters, orders and markers, by changing instead of making, by belonging to no project.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { ADMIN_PASSWORD, passwordLogin } from './identity-server.ts';
import { outside } from './outside.ts';

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

  test('a subport of an unknown port is unknown, whatever its network is', async () => {
    const { network } = await cloud.wired('10.20.0.0/24', cloud.stranger);
    const foreign = await cloud.make('port', { network_id: network.id }, cloud.stranger);
    const trunk = await cloud.make('trunk', {
      port_id: (await cloud.make('port', { network_id: (await cloud.make('network', {})).id })).id,
    });
    for (const port_id of [foreign.id, NOWHERE]) {
      for (const mark of [{ segmentation_type: 'inherit' }, { segmentation_type: 'vlan', segmentation_id: 7 }]) {
        const answer = await member('PUT', `/trunks/${trunk.id}/add_subports`, { sub_ports: [{ port_id, ...mark }] });
        expectError(answer, 404, 'PortNotFound', `Port ${port_id} could not be found.`);
      }
    }
  });

  test('a port that says it is of a floating IP is not', async () => {
    const { external } = await outside(cloud, '172.30.0.0/24');
    const floating = await cloud.make('floatingip', { floating_network_id: external.id });
    const { network } = await cloud.wired('10.21.0.0/24', cloud.stranger);
    const claim = { network_id: network.id, device_owner: 'network:floatingip' };
    const [one, other] = [await cloud.make('port', claim, cloud.stranger), await cloud.make('port', claim, cloud.stranger)];
    const stranger = cloud.as(cloud.stranger);
    for (const { id } of [one, other]) {
      for (const device_id of [NOWHERE, floating.id]) {
        expect((await stranger('PUT', `/ports/${id}`, { port: { device_id, fixed_ips: [] } })).status).toBe(200);
      }
    }
    expect((await stranger('DELETE', `/ports/${other.id}`)).status).toBe(204);
    expect((await member('DELETE', `/floatingips/${floating.id}`)).status).toBe(204);
    expect((await stranger('GET', `/ports/${one.id}`)).status).toBe(200);
    expect((await admin('GET', `/ports?network_id=${external.id}`)).at('ports')).toEqual([]);
  });

  test("rules of a policy are its project's under every name, shared as it may be", async () => {
    const manager = cloud.as(cloud.manager);
    const shared = await admin('POST', '/qos/policies', { policy: { name: 'p', shared: true, project_id: cloud.member.projectId } });
    const rules = `/qos/policies/${shared.at('policy.id')}/bandwidth_limit_rules`;
    const rule = { bandwidth_limit_rule: { max_kbps: 5 } };
    const id = (await manager('POST', rules, rule)).at('bandwidth_limit_rule.id');
    const key = 'alias_bandwidth_limit_rule';
    const alias = `/qos/alias_bandwidth_limit_rules/${id}`;
    for (const path of [`${rules}/${id}`, alias]) {
      const body = path === alias ? { [key]: { max_kbps: 6 } } : rule;
      for (const person of [cloud.stranger, cloud.service]) {
        for (const [method, sent] of [['GET'], ['PUT', body], ['DELETE']] as const) {
          expect([path, method, (await cloud.as(person)(method, path, sent)).status]).toEqual([path, method, 404]);
        }
      }
      for (const [method, sent] of [['PUT', body], ['DELETE']] as const) {
        expect([path, method, (await member(method, path, sent)).status]).toEqual([path, method, 403]);
      }
    }
    expect((await manager('PUT', alias, { [key]: { max_kbps: 6 } })).status).toBe(200);
  });
});
