// Segments and bindings as clients meet them: numbers from the configured ranges, each once; and ports that say honestly whether they are wired.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Settings } from '#core/settings.ts';
import { preparePools } from '#ml2/pools.ts';
import { type Cloud, callerOf, networks, newProject, openCloud, ports, refusal, subnets } from '#test/cloud.ts';
import { engines } from '#test/postgres.ts';

const settings: Partial<Settings> = {
  networkTypes: ['vxlan', 'vlan'],
  tunnelIds: [
    [101, 105],
    [104, 110],
  ],
  vlanRanges: new Map([
    ['phys/net', [[10, 12]]],
    ['by-hand', []],
  ]),
};

describe.each(engines())('segments on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings });
  });
  afterAll(() => cloud.close());
  const clear = async (): Promise<void> => {
    for (const { id } of await cloud.store.read.all<{ id: string }>('SELECT id FROM networks'))
      await cloud.pipeline.delete(networks, cloud.admin, id);
  };
  const provider = (network_type: string, physical_network?: string | null, segmentation_id?: number) => ({
    'provider:network_type': network_type,
    ...(physical_network === undefined ? {} : { 'provider:physical_network': physical_network }),
    ...(segmentation_id === undefined ? {} : { 'provider:segmentation_id': segmentation_id }),
  });
  const segment = (row: Readonly<Record<string, unknown>>): string =>
    `${row['provider:network_type']} ${row['provider:physical_network']} ${row['provider:segmentation_id']}`;

  test('tenants get each number once, then of the next type, then none; a number given back is given again', async () => {
    await clear();
    const member = callerOf('member', newProject());
    const made = await Promise.allSettled(Array.from({ length: 20 }, () => cloud.make(networks, {}, member)));
    const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused.map(({ type, status }) => `${status} ${type}`)).toEqual(Array(7).fill('503 NoNetworkAvailable'));
    const rows = await cloud.store.read.all<{ type: string; name: string; id: number }>(
      "SELECT network_type AS type, COALESCE(physical_network, '') AS name, segmentation_id AS id FROM network_segments ORDER BY network_type, segmentation_id",
    );
    const taken = rows.map(({ type, name, id }) => `${type} ${name} ${id}`);
    const wanted = [
      ...[10, 11, 12].map((id) => `vlan phys/net ${id}`),
      ...Array.from({ length: 10 }, (_, index) => `vxlan  ${101 + index}`),
    ];
    expect(taken).toEqual(wanted);
    const [first] = made;
    if (first?.status !== 'fulfilled') throw new Error('no network was made');
    const shown = await cloud.pipeline.show(networks, cloud.admin, first.value.id);
    expect(first.value['provider:segmentation_id']).toBeUndefined();
    await cloud.pipeline.delete(networks, member, first.value.id);
    const again = await cloud.make(networks, {}, member);
    expect(segment(await cloud.pipeline.show(networks, cloud.admin, again.id))).toBe(segment(shown));
  });

  test('what an administrator takes by number is taken', async () => {
    await clear();
    for (let id = 101; id < 110; id++) await cloud.make(networks, provider('vxlan', undefined, id));
    expect(segment(await cloud.make(networks, provider('vxlan')))).toBe('vxlan null 110');
    expect(await refusal(cloud.make(networks, provider('vxlan')))).toMatchObject({ type: 'NoNetworkAvailable', status: 503 });
    expect(await refusal(cloud.make(networks, provider('vxlan', null, 105)))).toEqual({
      type: 'TunnelIdInUse',
      status: 409,
      message: 'Unable to create the network. The tunnel ID 105 is in use.',
    });
    // Another type has numbers of its own, and so has every physical network.
    expect(segment(await cloud.make(networks, provider('geneve', undefined, 105)))).toBe('geneve null 105');
    expect(segment(await cloud.make(networks, provider('vlan', 'by-hand', 10)))).toBe('vlan by-hand 10');
    expect(segment(await cloud.make(networks, provider('vlan', 'phys/net', 10)))).toBe('vlan phys/net 10');
    expect((await refusal(cloud.make(networks, provider('vlan', 'phys/net', 10)))).message).toBe(
      'Unable to create the network. The VLAN 10 on physical network phys/net is in use.',
    );
    await cloud.make(networks, provider('flat', 'phys/net'));
    expect(await refusal(cloud.make(networks, provider('flat', 'phys/net')))).toMatchObject({ type: 'FlatNetworkInUse', status: 409 });
    for (let count = 0; count < 2; count++) expect(segment(await cloud.make(networks, provider('local')))).toBe('local null null');
    // Refused requests leave no network behind.
    expect((await cloud.store.read.all('SELECT id FROM networks WHERE id NOT IN (SELECT network_id FROM network_segments)')).length).toBe(
      0,
    );
  });

  test('a number beyond the ranges can be taken by an administrator, and is never given to a tenant', async () => {
    await clear();
    const { id } = await cloud.make(networks, provider('vxlan', undefined, 500));
    await cloud.pipeline.delete(networks, cloud.admin, id);
    const made = await Promise.all(Array.from({ length: 10 }, () => cloud.make(networks, provider('vxlan'))));
    expect(made.map((row) => Number(row['provider:segmentation_id'])).sort((a, b) => a - b)).toEqual([
      101, 102, 103, 104, 105, 106, 107, 108, 109, 110,
    ]);
  });

  test('a start with other ranges gives what is free of these', async () => {
    await clear();
    await cloud.make(networks, provider('vxlan', undefined, 102));
    const changed = { ...cloud.pipeline.parts.settings, tunnelIds: [[102, 103]] as const };
    for (let start = 0; start < 2; start++) await cloud.store.transaction((tx) => preparePools(tx, changed));
    expect(segment(await cloud.make(networks, provider('vxlan')))).toBe('vxlan null 103');
    expect((await refusal(cloud.make(networks, provider('vxlan')))).type).toBe('NoNetworkAvailable');
    await cloud.store.transaction((tx) => preparePools(tx, cloud.pipeline.parts.settings));
  });

  test('the MTU follows the type, within its bounds', async () => {
    await clear();
    expect((await cloud.make(networks, {})).mtu).toBe(1450);
    expect((await cloud.make(networks, provider('local'))).mtu).toBe(1500);
    expect((await cloud.make(networks, { mtu: 1000 })).mtu).toBe(1000);
    expect((await refusal(cloud.make(networks, { mtu: 1451 }))).message).toBe(
      'Invalid input for operation: Requested MTU is too big, maximum is 1450.',
    );
    expect((await refusal(cloud.make(networks, { mtu: 67 }))).message).toBe(
      'Invalid input for operation: Requested MTU is too small, minimum is 68.',
    );
    const { id } = await cloud.make(networks, {});
    await cloud.make(subnets, { network_id: id, cidr: '2001:db8::/64', ip_version: 6 });
    expect((await refusal(cloud.pipeline.update(networks, cloud.admin, id, { network: { mtu: 1279 } }))).type).toBe(
      'NetworkMTUSubnetConflict',
    );
    expect((await cloud.pipeline.update(networks, cloud.admin, id, { network: { mtu: 1280 } })).mtu).toBe(1280);
  });

  test('a binding fails honestly, and comes about when the host joins', async () => {
    await clear();
    const { id: network_id } = await cloud.make(networks, {});
    const on = async (host: string) => cloud.make(ports, { network_id, 'binding:host_id': host });
    const early = await on('late');
    expect(early).toMatchObject({ 'binding:vif_type': 'binding_failed', 'binding:vif_details': {}, status: 'DOWN' });
    await cloud.join('late', '192.0.2.9');
    const details = { port_filter: false, connectivity: 'l2', bridge_name: `brq${network_id.slice(0, 11)}` };
    expect(await cloud.pipeline.show(ports, cloud.admin, early.id)).toMatchObject({
      'binding:vif_type': 'bridge',
      'binding:vif_details': details,
    });
    // A host without a tunnel endpoint cannot carry the network.
    await cloud.join('no-tunnels', null);
    expect(await on('no-tunnels')).toMatchObject({ 'binding:vif_type': 'binding_failed' });
    // A host that was not heard of for too long is no host to bind to.
    await cloud.store.transaction((tx) => tx.run("UPDATE agents SET alive_until = '2000-01-01 00:00:00' WHERE host = 'late'"));
    expect(await on('late')).toMatchObject({ 'binding:vif_type': 'binding_failed' });
    expect(await cloud.pipeline.update(ports, cloud.admin, early.id, { port: { 'binding:host_id': '' } })).toMatchObject({
      'binding:vif_type': 'unbound',
      'binding:vif_details': {},
    });
    expect(await cloud.make(ports, { network_id })).toMatchObject({ 'binding:vif_type': 'unbound', 'binding:host_id': '' });
    for (const { id } of await cloud.store.read.all<{ id: string }>('SELECT id FROM ports'))
      await cloud.pipeline.delete(ports, cloud.admin, id);
    expect(await cloud.store.read.all('SELECT host FROM network_hosts')).toEqual([]);
  });
});
