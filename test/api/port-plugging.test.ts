// What ports tell of how they are plugged: MACs chosen anew and of physical functions, trust, NUMA, hints, what the data plane is like.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('plugging on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let service: ReturnType<Cloud['as']>;
  let network: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    service = cloud.as(cloud.service);
    network = await cloud.make('network', {});
    await cloud.join('host');
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const make = (attributes: object, person = cloud.admin) => cloud.make('port', { network_id: network.id, ...attributes }, person);
  const change = (who: typeof admin, port: Shown, changes: object) => who('PUT', `/ports/${port.id}`, { port: changes });

  test('what a port is like when nothing is said', async () => {
    const port = await make({});
    expect(port).toMatchObject({
      data_plane_status: null,
      numa_affinity_policy: null,
      device_profile: null,
      hints: null,
      trusted: null,
      propagate_uplink_status: true,
      'binding:profile': {},
    });
    const seen = (await member('GET', `/ports/${port.id}`)).at('port') as Shown;
    for (const hidden of ['hints', 'trusted']) expect(seen).not.toHaveProperty(hidden);
    expect(seen).toMatchObject({
      data_plane_status: null,
      numa_affinity_policy: null,
      device_profile: null,
      propagate_uplink_status: true,
    });
  });

  test('the data plane is as its watchers say, and they alone', async () => {
    const port = await make({}, cloud.member);
    for (const data_plane_status of ['DOWN', 'ACTIVE', null])
      expect((await change(admin, port, { data_plane_status })).at('port.data_plane_status')).toBe(data_plane_status);
    expectError(
      await change(admin, port, { data_plane_status: 'BROKEN' }),
      400,
      'HTTPBadRequest',
      'Invalid input for data_plane_status. Reason: BROKEN is not in valid_values.',
    );
    expectError(
      await change(member, port, { data_plane_status: 'DOWN' }),
      403,
      'PolicyNotAuthorized',
      '(rule:update_port and rule:update_port:data_plane_status) is disallowed by policy',
    );
    expectError(
      await admin('POST', '/ports', { port: { network_id: network.id, data_plane_status: 'ACTIVE' } }),
      400,
      'HTTPBadRequest',
      "Attribute 'data_plane_status' not allowed in POST",
    );
  });

  test('the NUMA policy stays while the port is bound', async () => {
    const port = await make({ numa_affinity_policy: 'socket' }, cloud.member);
    expect(port.numa_affinity_policy).toBe('socket');
    for (const numa_affinity_policy of ['required', 'preferred', 'legacy', null])
      expect((await change(member, port, { numa_affinity_policy })).at('port.numa_affinity_policy')).toBe(numa_affinity_policy);
    expectError(
      await change(member, port, { numa_affinity_policy: 'near' }),
      400,
      'HTTPBadRequest',
      'Invalid input for numa_affinity_policy. Reason: near is not in valid_values.',
    );
    await change(admin, port, { 'binding:host_id': 'host' });
    expectError(
      await change(member, port, { numa_affinity_policy: 'legacy' }),
      409,
      'PortBoundNUMAAffinityPolicy',
      `Unable to complete operation on port ${port.id}, port is already bound to host host, numa_affinity_policy value given legacy.`,
    );
    await change(admin, port, { 'binding:host_id': 'nowhere' });
    expect((await change(member, port, { numa_affinity_policy: 'legacy' })).status).toBe(200);
  });

  test('a device profile is given once, the propagation of the uplink at any time', async () => {
    const port = await make({ device_profile: 'fpga', propagate_uplink_status: false }, cloud.member);
    expect(port).toMatchObject({ device_profile: 'fpga', propagate_uplink_status: false });
    expectError(
      await change(member, port, { device_profile: 'gpu' }),
      400,
      'HTTPBadRequest',
      'Cannot update read-only attribute device_profile',
    );
    expect((await change(member, port, { propagate_uplink_status: 'yes' })).at('port.propagate_uplink_status')).toBe(true);
  });

  test('hints are those that something understands', async () => {
    const hints = { openvswitch: { other_config: { 'tx-steering': 'hash' } } };
    const port = await make({ hints });
    expect(port.hints).toEqual(hints);
    expect((await change(admin, port, { hints: { openvswitch: {} } })).at('port.hints')).toEqual({ openvswitch: {} });
    expect((await change(admin, port, { hints: null })).at('port.hints')).toBe(null);
    for (const [given, reason] of [
      ['x', "'x' is not a dictionary"],
      [{ bridge: {} }, 'Unexpected keys supplied: bridge'],
      [{ openvswitch: { other_config: { colour: 1 } } }, 'Unexpected keys supplied: colour'],
      [{ openvswitch: { other_config: { 'tx-steering': 'fast' } } }, 'fast is not in valid_values'],
    ] as const)
      expectError(await change(admin, port, { hints: given }), 400, 'HTTPBadRequest', `Invalid input for hints. Reason: ${reason}.`);
    const body = { port: { network_id: network.id, hints } };
    expectError(await member('POST', '/ports', body), 403, 'PolicyNotAuthorized');
  });

  test('trust stands in the profile too, however it was given', async () => {
    const port = await make({ trusted: true });
    expect(port).toMatchObject({ trusted: true, 'binding:profile': { trusted: true } });
    // Nova writes profiles that do not know of it.
    const moved = await change(service, port, { 'binding:profile': { pci_slot: '0000:04:00.1' } });
    expect(moved.at('port.binding:profile')).toEqual({ pci_slot: '0000:04:00.1', trusted: true });
    const lost = await change(admin, port, { trusted: false });
    expect(lost.at('port')).toMatchObject({ trusted: false, 'binding:profile': { pci_slot: '0000:04:00.1', trusted: false } });
    await change(service, port, { 'binding:profile': { trusted: true } });
    expect((await admin('GET', `/ports/${port.id}`)).at('port')).toMatchObject({ trusted: true, 'binding:profile': { trusted: true } });
    const old = await service('POST', '/ports', { port: { network_id: network.id, 'binding:profile': { trusted: true } } });
    expect((await admin('GET', `/ports/${old.at('port.id')}`)).at('port.trusted')).toBe(true);
    expectError(await change(admin, port, { trusted: null }), 400, 'InvalidInput');
    expectError(
      await member('POST', '/ports', { port: { network_id: network.id, trusted: true } }),
      403,
      'PolicyNotAuthorized',
      '(rule:create_port and rule:create_port:trusted) is disallowed by policy',
    );
  });

  test('a MAC is made anew when null asks for it', async () => {
    const made = await make({ mac_address: null });
    expect(made.mac_address).toMatch(/^fa:16:3e:/);
    const subnet = await cloud.make('subnet', {
      network_id: network.id,
      cidr: '2001:db8:1::/64',
      ip_version: 6,
      ipv6_ra_mode: 'slaac',
      ipv6_address_mode: 'slaac',
    });
    const port = await make({ fixed_ips: [{ subnet_id: subnet.id }] }, cloud.member);
    const other = await change(admin, port, { mac_address: null });
    expect(other.at('port.mac_address')).toMatch(/^fa:16:3e:/);
    expect(other.at('port.mac_address')).not.toBe(port.mac_address);
    // An address that was made of the MAC is made anew with it.
    expect(other.at('port.fixed_ips.0.ip_address')).not.toBe((port.fixed_ips as { ip_address: string }[])[0]?.ip_address);
    expectError(await change(member, port, { mac_address: null }), 403, 'PolicyNotAuthorized');
    await change(admin, port, { 'binding:host_id': 'host' });
    expectError(await change(admin, port, { mac_address: null }), 409, 'PortBound');
  });

  test('a physical function has its own MAC while it is on a host', async () => {
    const physical = { 'binding:vnic_type': 'direct-physical' };
    const shared = await cloud.make('network', { shared: true }, cloud.admin);
    const made = await service('POST', '/ports', {
      port: {
        ...physical,
        network_id: shared.id,
        'binding:host_id': 'host',
        'binding:profile': { device_mac_address: '02-00-00-00-00-0C' },
      },
    });
    expect(made.at('port')).toMatchObject({ mac_address: '02:00:00:00:00:0c', 'binding:vif_type': 'binding_failed' });
    const port = await make(physical);
    const said = async (changes: object) => (await change(service, port, changes)).at('port.mac_address');
    expect(await said({ 'binding:profile': { device_mac_address: '02:00:00:00:00:0a' } })).toBe(port.mac_address);
    expect(await said({ 'binding:host_id': 'host' })).toBe('02:00:00:00:00:0a');
    expect(await said({ 'binding:profile': { device_mac_address: '02:00:00:00:00:0b' }, mac_address: 'fa:16:3e:00:00:01' })).toBe(
      '02:00:00:00:00:0b',
    );
    expect(await said({ 'binding:host_id': '', 'binding:profile': {} })).toBe('02:00:00:00:00:0b');
    await said({ 'binding:host_id': 'host', 'binding:profile': { device_mac_address: '02:00:00:00:00:0a' } });
    expect(await said({ 'binding:profile': {} })).toMatch(/^fa:16:3e:/);
    expectError(
      await change(service, port, { 'binding:profile': { device_mac_address: 'x' } }),
      400,
      'InvalidInput',
      "Invalid input for operation: 'x' is not a valid MAC address.",
    );
  });

  test('ports are tagged as they are made, many at once', async () => {
    const ports = [{ network_id: network.id, tags: ['red', 'blue'] }, { network_id: network.id }];
    const made = await member('POST', '/ports', { ports });
    expect(made.status).toBe(201);
    expect([made.at('ports.0.tags'), made.at('ports.1.tags')]).toEqual([['red', 'blue'], []]);
    expect((await member('GET', '/ports?tags=red')).at('ports')).toMatchObject([{ id: made.at('ports.0.id') }]);
    expectError(
      await member('POST', '/ports', { ports: [{ network_id: network.id, tags: ['a', 'a'] }] }),
      400,
      'HTTPBadRequest',
      "Invalid input for tags. Reason: Duplicate items in the list: 'a'.",
    );
  });
});
