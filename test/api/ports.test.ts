// Ports: what an answer holds, MACs, names, DHCP options, what changes and what does not. Addresses are in addresses.test.ts, hosts in bindings.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('ports on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let network: Shown;
  let subnet: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    ({ network, subnet } = await cloud.wired('10.0.0.0/24'));
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const post = (attributes: object, as = member) => as('POST', '/ports', { port: { network_id: network.id, ...attributes } });

  test('a new one, as its owner and as an administrator see it', async () => {
    const made = await post({ name: 'p1' });
    const { projectId } = cloud.member;
    const ip_address = (made.at('port.fixed_ips.0.ip_address') as string) ?? '';
    const hostname = `host-${ip_address.replaceAll('.', '-')}`;
    const owners = {
      id: expect.any(String),
      name: 'p1',
      network_id: network.id,
      project_id: projectId,
      tenant_id: projectId,
      mac_address: expect.stringMatching(/^fa:16:3e(:[0-9a-f]{2}){3}$/),
      admin_state_up: true,
      status: 'DOWN',
      device_id: '',
      device_owner: '',
      fixed_ips: [{ subnet_id: subnet.id, ip_address: expect.stringMatching(/^10\.0\.0\.\d+$/) }],
      port_security_enabled: true,
      security_groups: [expect.any(String)],
      allowed_address_pairs: [],
      'binding:vnic_type': 'normal',
      extra_dhcp_opts: [],
      description: '',
      qos_policy_id: null,
      qos_network_policy_id: null,
      tags: [],
      dns_name: '',
      dns_assignment: [{ ip_address, hostname, fqdn: `${hostname}.openstacklocal.` }],
      ip_allocation: 'immediate',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: expect.any(Number),
    };
    expect([made.status, made.body]).toMatchObject([201, { port: owners }]);
    const id = made.at('port.id');
    expect((await member('GET', `/ports/${id}`)).body).toEqual(made.body);
    expect((await member('GET', `/ports?id=${id}`)).at('ports')).toEqual([made.at('port')]);
    expect((await admin('GET', `/ports/${id}`)).at('port')).toMatchObject({
      ...owners,
      'binding:host_id': '',
      'binding:profile': {},
      'binding:vif_type': 'unbound',
      'binding:vif_details': {},
      resource_request: null,
    });
  });

  test('a MAC may be chosen, in any spelling, once on a network', async () => {
    const made = await post({ mac_address: 'FA-16-3E-12-34-56' });
    expect(made.at('port.mac_address')).toBe('fa:16:3e:12:34:56');
    expectError(
      await post({ mac_address: 'fa163e123456' }),
      409,
      'MacAddressInUse',
      `Unable to complete operation for network ${network.id}. The mac address fa:16:3e:12:34:56 is in use.`,
    );
    const other = await cloud.make('network', {});
    expect((await member('POST', '/ports', { port: { network_id: other.id, mac_address: 'fa:16:3e:12:34:56' } })).status).toBe(201);
    const second = await post({}, admin);
    const change = { port: { mac_address: 'fa:16:3e:12:34:56' } };
    expectError(await admin('PUT', `/ports/${second.at('port.id')}`, change), 409, 'MacAddressInUse');
    for (const mac of ['x', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', 'fa:16:3e:12:34', 5]) {
      expectError(
        await post({ mac_address: mac }),
        400,
        'HTTPBadRequest',
        `Invalid input for mac_address. Reason: '${mac}' is not a valid MAC address.`,
      );
    }
  });

  test('of many ports with one MAC made at once, one is made', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => post({ mac_address: 'fa:16:3e:77:77:77' })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.at('NeutronError.type') === 'MacAddressInUse')).toHaveLength(7);
  });

  test('everything that may change does', async () => {
    const { id } = await cloud.make('port', { network_id: network.id });
    const changes = {
      name: 'after',
      description: 'text',
      admin_state_up: false,
      device_id: 'device',
      device_owner: 'compute:nova',
      dns_name: 'web',
      security_groups: [],
      port_security_enabled: false,
      'binding:vnic_type': 'direct',
    };
    expect((await member('PUT', `/ports/${id}`, { port: changes })).at('port')).toMatchObject(changes);
    expect((await member('GET', `/ports/${id}`)).at('port')).toMatchObject(changes);
    for (const [name, value] of [
      ['network_id', network.id],
      ['status', 'ACTIVE'],
      ['ip_allocation', 'none'],
      ['dns_assignment', []],
    ]) {
      expectError(
        await member('PUT', `/ports/${id}`, { port: { [name as string]: value } }),
        400,
        'HTTPBadRequest',
        `Cannot update read-only attribute ${name}`,
      );
    }
    expectError(
      await member('PUT', `/ports/${id}`, { port: { 'binding:vnic_type': 'pigeon' } }),
      400,
      'HTTPBadRequest',
      'Invalid input for binding:vnic_type. Reason: pigeon is not in valid_values.',
    );
  });

  test("names make assignments in the network's domain", async () => {
    const named = await cloud.make('network', { dns_domain: 'Example.Org.' });
    expect(named.dns_domain).toBe('example.org.');
    const below = await cloud.make('subnet', { network_id: named.id, ip_version: 6, cidr: '2001:db8::/64' });
    const port = await cloud.make('port', {
      network_id: named.id,
      dns_name: 'WEB',
      fixed_ips: [{ subnet_id: below.id, ip_address: '2001:db8::5' }],
    });
    expect(port).toMatchObject({
      dns_name: 'web',
      dns_assignment: [{ ip_address: '2001:db8::5', hostname: 'web', fqdn: expect.stringMatching(/^web\./) }],
    });
    const only = await member('GET', `/ports/${port.id}?fields=dns_assignment`);
    expect(only.at('port')).toEqual({ dns_assignment: port.dns_assignment });
    const plain = await member('PUT', `/ports/${port.id}`, { port: { dns_name: '' } });
    expect(plain.at('port.dns_assignment.0.hostname')).toBe('host-2001-db8--5');
    for (const name of ['under_score', '-x', 'x-', 'a..b', 'x'.repeat(64)]) {
      expectError(
        await member('PUT', `/ports/${port.id}`, { port: { dns_name: name } }),
        400,
        'HTTPBadRequest',
        /^Invalid input for dns_name\. Reason: /,
      );
    }
  });

  test('DHCP options are added, replaced and taken away one by one', async () => {
    const option = (opt_name: string, opt_value: string | null, ip_version = 4) => ({ opt_name, opt_value, ip_version });
    const port = await cloud.make('port', {
      network_id: network.id,
      extra_dhcp_opts: [{ opt_name: 'mtu', opt_value: '1400' }, option('bootfile-name', 'a')],
    });
    expect(port.extra_dhcp_opts).toEqual([option('mtu', '1400'), option('bootfile-name', 'a')]);
    const change = async (...extra_dhcp_opts: object[]) => member('PUT', `/ports/${port.id}`, { port: { extra_dhcp_opts } });
    expect((await change(option('mtu', '1300'), option('mtu', '1280', 6))).at('port.extra_dhcp_opts')).toEqual([
      option('mtu', '1300'),
      option('bootfile-name', 'a'),
      option('mtu', '1280', 6),
    ]);
    expect((await change(option('bootfile-name', null))).at('port.extra_dhcp_opts')).toEqual([
      option('mtu', '1300'),
      option('mtu', '1280', 6),
    ]);
    for (const wrong of [
      { opt_name: 'x' },
      option('', 'x'),
      option('x', 'a\nb'),
      option('x', 'y', 5),
      { ...option('x', 'y'), more: 1 },
      'x',
    ]) {
      expectError(await change(wrong as object), 400, 'HTTPBadRequest', /^Invalid input for extra_dhcp_opts\. Reason: /);
    }
  });

  test("port security is the network's unless the port says otherwise", async () => {
    const open = await cloud.make('network', { port_security_enabled: false });
    expect((await cloud.make('port', { network_id: open.id })).port_security_enabled).toBe(false);
    expect((await cloud.make('port', { network_id: open.id, port_security_enabled: true })).port_security_enabled).toBe(true);
  });

  test("a router's port is not deleted as a port", async () => {
    const router = await cloud.make('router', {});
    const made = await post({ device_owner: 'network:router_interface', device_id: router.id }, admin);
    const id = made.at('port.id');
    expectError(
      await admin('DELETE', `/ports/${id}`),
      409,
      'ServicePortInUse',
      `Port ${id} cannot be deleted directly via the port API: has device owner network:router_interface.`,
    );
    expect((await admin('PUT', `/ports/${id}`, { port: { device_owner: '', device_id: '' } })).status).toBe(200);
    expect((await admin('DELETE', `/ports/${id}`)).status).toBe(204);
  });

  test('a deleted one is gone, and its MAC and address are free', async () => {
    // On a network of its own, where no other port has come by the address.
    const { network: own } = await cloud.wired('10.55.0.0/24');
    const body = { network_id: own.id, mac_address: 'fa:16:3e:55:55:55', fixed_ips: [{ ip_address: '10.55.0.55' }] };
    for (let round = 0; round < 3; round++) {
      const made = await post(body);
      expect(made.status).toBe(201);
      expect((await member('DELETE', `/ports/${made.at('port.id')}`)).status).toBe(204);
      expectError(await member('GET', `/ports/${made.at('port.id')}`), 404, 'PortNotFound');
      expectError(await member('DELETE', `/ports/${made.at('port.id')}`), 404, 'PortNotFound');
    }
  });

  test('filters', async () => {
    const { id } = await cloud.make('port', {
      network_id: network.id,
      name: 'findable',
      device_id: 'd1',
      device_owner: 'compute:az',
      description: 'here',
    });
    for (const query of [
      'name=findable',
      'device_id=d1',
      'device_owner=compute:az',
      'description=here',
      `network_id=${network.id}&name=findable`,
      'status=DOWN&name=findable',
      'ip_allocation=immediate&name=findable',
    ]) {
      expect([query, ((await member('GET', `/ports?${query}`)).at('ports') as Shown[]).map((one) => one.id)]).toEqual([query, [id]]);
    }
  });
});
