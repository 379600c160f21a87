// Addresses as clients see them: chosen and asked for, IPv4 and IPv6, pools, service types, and races for the last one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

interface FixedIp {
  readonly subnet_id: string;
  readonly ip_address: string;
}

describe.each(engines())('addresses on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { port: -1 } } });
    admin = cloud.as(cloud.admin);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const subnetOn = (network: Shown, cidr: string, more: object = {}) =>
    cloud.make('subnet', { network_id: network.id, cidr, ip_version: cidr.includes(':') ? 6 : 4, ...more }, cloud.admin);
  const post = (network: Shown, attributes: object = {}) => admin('POST', '/ports', { port: { network_id: network.id, ...attributes } });
  const addressesOf = async (network: Shown, attributes: object = {}) => {
    const made = await post(network, attributes);
    if (made.status !== 201) throw new Error(made.text);
    return (made.at('port.fixed_ips') as FixedIp[]).map(({ ip_address }) => ip_address);
  };

  test('one IPv4 address, one IPv6 address, and one of every autoconfigured subnet', async () => {
    const network = await cloud.make('network', {});
    expect(await addressesOf(network)).toEqual([]);
    await subnetOn(network, '10.0.0.0/24');
    await subnetOn(network, '10.1.0.0/24');
    await subnetOn(network, '2001:db8:1::/64');
    await subnetOn(network, '2001:db8:2::/64', { ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' });
    await subnetOn(network, '2001:db8:3::/64', { ipv6_address_mode: 'dhcpv6-stateless' });
    const found = await addressesOf(network, { mac_address: 'fa:16:3e:00:12:34' });
    expect(found).toHaveLength(4);
    expect(found.filter((one) => one.startsWith('10.'))).toHaveLength(1);
    expect(found.filter((one) => one.startsWith('2001:db8:1:'))).toHaveLength(1);
    // RFC 4291 appendix A: the MAC with ff:fe in its middle and its universal bit turned.
    expect(found).toEqual(expect.arrayContaining(['2001:db8:2:0:f816:3eff:fe00:1234', '2001:db8:3:0:f816:3eff:fe00:1234']));
  });

  test('asked for by address, by subnet, by both', async () => {
    const { network, subnet } = await cloud.wired('10.0.0.0/24', cloud.admin);
    expect(await addressesOf(network, { fixed_ips: [{ ip_address: '10.0.0.9' }] })).toEqual(['10.0.0.9']);
    expect(await addressesOf(network, { fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.0.10' }] })).toEqual(['10.0.0.10']);
    expect(await addressesOf(network, { fixed_ips: [{ subnet_id: subnet.id }] })).toHaveLength(1);
    expect(await addressesOf(network, { fixed_ips: [{ subnet_id: subnet.id }, { subnet_id: subnet.id }] })).toHaveLength(2);
    expect(await addressesOf(network, { fixed_ips: [] })).toEqual([]);
    // The gateway's address is nobody's until somebody asks for it.
    expect(await addressesOf(network, { fixed_ips: [{ ip_address: '10.0.0.1' }] })).toEqual(['10.0.0.1']);
  });

  test('what cannot be asked for', async () => {
    const { network, subnet } = await cloud.wired('10.0.0.0/24', cloud.admin);
    const { subnet: foreign } = await cloud.wired('10.0.0.0/24', cloud.admin);
    const refused = async (fixed_ips: unknown, status: number, type: string, message: string | RegExp) =>
      expectError(await post(network, { fixed_ips }), status, type, message);
    await refused(
      [{ ip_address: '10.9.9.9' }],
      400,
      'InvalidIpForNetwork',
      'IP address 10.9.9.9 is not a valid IP for any of the subnets on the specified network.',
    );
    await refused([{ ip_address: '10.0.0.255' }], 400, 'InvalidIpForNetwork', /10\.0\.0\.255/);
    await refused([{ ip_address: '10.0.0.0' }], 400, 'InvalidIpForNetwork', /10\.0\.0\.0/);
    await refused(
      [{ subnet_id: subnet.id, ip_address: '10.9.9.9' }],
      400,
      'InvalidIpForSubnet',
      'IP address 10.9.9.9 is not a valid IP for the specified subnet.',
    );
    await refused([{ subnet_id: foreign.id }], 400, 'InvalidInput', new RegExp(`fixed_ips included invalid subnet ${foreign.id}`));
    await refused([{ subnet_id: NOWHERE }], 404, 'SubnetNotFound', `Subnet ${NOWHERE} could not be found.`);
    const own = await cloud.wired('10.0.0.0/24');
    const unseen = { port: { network_id: own.network.id, fixed_ips: [{ subnet_id: foreign.id }] } };
    expectError(await cloud.as(cloud.member)('POST', '/ports', unseen), 404, 'SubnetNotFound', `Subnet ${foreign.id} could not be found.`);
    const held = await cloud.make('port', { network_id: own.network.id });
    const moved = await cloud.as(cloud.member)('PUT', `/ports/${held.id}`, { port: { fixed_ips: [{ subnet_id: foreign.id }] } });
    expectError(moved, 404, 'SubnetNotFound', `Subnet ${foreign.id} could not be found.`);
    await addressesOf(network, { fixed_ips: [{ ip_address: '10.0.0.20' }] });
    await refused(
      [{ ip_address: '10.0.0.20' }],
      409,
      'IpAddressAlreadyAllocated',
      `IP address 10.0.0.20 already allocated in subnet ${subnet.id}`,
    );
    const shape = (reason: string) => `Invalid input for fixed_ips. Reason: ${reason}.`;
    await refused('all', 400, 'HTTPBadRequest', shape("Invalid data format for fixed IP: 'all'"));
    await refused(['x'], 400, 'HTTPBadRequest', shape("'x' is not a dictionary"));
    await refused([{ ip_address: 'x' }], 400, 'HTTPBadRequest', shape("'x' is not a valid IP address"));
    await refused([{ subnet_id: 'x' }], 400, 'HTTPBadRequest', shape("'x' is not a valid UUID"));
    await refused(
      [{ ip_address: '10.0.0.30' }, { ip_address: '10.0.0.30' }],
      400,
      'HTTPBadRequest',
      shape("Duplicate IP address '10.0.0.30'"),
    );
    await refused([{}], 400, 'InvalidInput', 'Invalid input for operation: IP allocation requires subnet_id or ip_address.');
    expect((await admin('GET', `/ports?network_id=${network.id}&fields=id`)).at('ports')).toHaveLength(1);
  });

  test('an address of an autoconfigured subnet is the one it must be, but for routers', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    const { id } = await subnetOn(network, '2001:db8::/64', { ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' });
    const own = { mac_address: 'fa:16:3e:00:00:01', fixed_ips: [{ subnet_id: id, ip_address: '2001:db8::f816:3eff:fe00:1' }] };
    expect(await addressesOf(network, own)).toEqual(['2001:db8::f816:3eff:fe00:1']);
    expectError(
      await post(network, { fixed_ips: [{ ip_address: '2001:db8::5' }] }),
      400,
      'AllocationOnAutoAddressSubnet',
      `IPv6 address 2001:db8::5 cannot be directly assigned to a port on subnet ${id} as the subnet is configured for automatic addresses`,
    );
    const router = { device_owner: 'network:router_interface', device_id: 'r', fixed_ips: [{ ip_address: '2001:db8::' }] };
    expect(await addressesOf(network, router)).toEqual(['2001:db8::']);
  });

  test('addresses are found in any spelling and shown in the shortest', async () => {
    const { network, subnet } = await cloud.wired('2001:db8::/64', cloud.admin);
    expect(await addressesOf(network, { fixed_ips: [{ ip_address: '2001:0DB8:0:0:0:0:0:00AB' }] })).toEqual(['2001:db8::ab']);
    expectError(
      await post(network, { fixed_ips: [{ ip_address: '2001:db8::00ab' }] }),
      409,
      'IpAddressAlreadyAllocated',
      `IP address 2001:db8::ab already allocated in subnet ${subnet.id}`,
    );
    const found = await admin('GET', `/ports?network_id=${network.id}&fixed_ips=${encodeURIComponent('ip_address=2001:DB8::AB')}`);
    expect(found.at('ports')).toHaveLength(1);
  });

  test('every address of a pool is given once, and then none', async () => {
    const { network } = await cloud.wired('10.0.0.0/28', cloud.admin);
    const given = await Promise.all(Array.from({ length: 16 }, () => post(network)));
    const taken = given.filter(({ status }) => status === 201).map((answer) => answer.at('port.fixed_ips.0.ip_address') as string);
    expect(taken.toSorted()).toEqual(Array.from({ length: 13 }, (_, i) => `10.0.0.${i + 2}`).sort());
    for (const answer of given.filter(({ status }) => status !== 201)) expectError(answer, 409, 'IpAddressGenerationFailure');
    const [{ id } = { id: '' }] = (await admin('GET', `/ports?network_id=${network.id}&fields=id&limit=1`)).at('ports') as Shown[];
    const [back] = (await admin('GET', `/ports/${id}`)).at('port.fixed_ips') as FixedIp[];
    await admin('DELETE', `/ports/${id}`);
    expect(await addressesOf(network)).toEqual([back?.ip_address]);
  });

  test('of many who ask for one address, one gets it', async () => {
    const { network } = await cloud.wired('10.0.0.0/24', cloud.admin);
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(network, { fixed_ips: [{ ip_address: '10.0.0.77' }] })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.at('NeutronError.type') === 'IpAddressAlreadyAllocated')).toHaveLength(9);
  });

  test('250 ports at once: no error, no address twice', { timeout: 60_000 }, async () => {
    const { network } = await cloud.wired('10.0.0.0/23', cloud.admin);
    const answers = await Promise.all(Array.from({ length: 250 }, () => post(network)));
    expect(answers.map(({ status, text }) => (status === 201 ? 201 : text)).filter((one) => one !== 201)).toEqual([]);
    expect(new Set(answers.map((answer) => answer.at('port.fixed_ips.0.ip_address'))).size).toBe(250);
    expect(new Set(answers.map((answer) => answer.at('port.mac_address'))).size).toBe(250);
  });

  test('a second subnet is used when the first is full', async () => {
    const { network } = await cloud.wired('10.0.0.0/30', cloud.admin);
    await subnetOn(network, '10.0.1.0/30');
    const both = [...(await addressesOf(network)), ...(await addressesOf(network))];
    expect(both.toSorted()).toEqual(['10.0.0.2', '10.0.1.2']);
    expectError(await post(network), 409, 'IpAddressGenerationFailure', `No more IP addresses available on network ${network.id}.`);
  });

  test('the whole of IPv4 and the whole of IPv6 as one subnet', async () => {
    for (const [cidr, enable_dhcp] of [
      ['0.0.0.0/0', false],
      ['::/0', true],
    ] as const) {
      const network = await cloud.make('network', {}, cloud.admin);
      await subnetOn(network, cidr, { enable_dhcp });
      expect(await addressesOf(network)).toHaveLength(1);
      const asked = cidr === '::/0' ? 'ffff::1' : '203.0.113.77';
      expect(await addressesOf(network, { fixed_ips: [{ ip_address: asked }] })).toEqual([asked]);
      expectError(await post(network, { fixed_ips: [{ ip_address: asked }] }), 409, 'IpAddressAlreadyAllocated');
    }
  });

  test('point-to-point prefixes have no network and broadcast address', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    await subnetOn(network, '10.0.0.0/31', { gateway_ip: null, enable_dhcp: false });
    expect([...(await addressesOf(network)), ...(await addressesOf(network))].sort()).toEqual(['10.0.0.0', '10.0.0.1']);
    const single = await cloud.make('network', {}, cloud.admin);
    await subnetOn(single, '10.0.0.7/32', { gateway_ip: null, enable_dhcp: false });
    expect(await addressesOf(single)).toEqual(['10.0.0.7']);
    expectError(await post(single), 409, 'IpAddressGenerationFailure');
  });

  test('addresses outside the pools are given to who asks', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    await subnetOn(network, '10.0.0.0/24', { allocation_pools: [{ start: '10.0.0.10', end: '10.0.0.10' }] });
    expect(await addressesOf(network, { fixed_ips: [{ ip_address: '10.0.0.200' }] })).toEqual(['10.0.0.200']);
    expect(await addressesOf(network)).toEqual(['10.0.0.10']);
    expectError(await post(network), 409, 'IpAddressGenerationFailure');
  });

  test('subnets for one kind of device', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    await subnetOn(network, '10.1.0.0/24', { service_types: ['network:floatingip'] });
    expectError(
      await post(network, { device_owner: 'compute:nova' }),
      409,
      'IpAddressGenerationFailureNoMatchingSubnet',
      `No valid service subnet for the given device owner, network ${network.id}, service type compute:nova.`,
    );
    await subnetOn(network, '10.2.0.0/24');
    expect(await addressesOf(network, { device_owner: 'compute:nova' })).toEqual([expect.stringMatching(/^10\.2\./)]);
    for (let i = 0; i < 5; i++)
      expect(await addressesOf(network, { device_owner: 'network:floatingip' })).toEqual([expect.stringMatching(/^10\.1\./)]);
  });

  test('changing them: what stays is kept, what goes is free', async () => {
    const { network, subnet } = await cloud.wired('10.0.0.0/24', cloud.admin);
    const port = await post(network, { fixed_ips: [{ ip_address: '10.0.0.5' }] });
    const id = port.at('port.id');
    const change = async (...fixed_ips: object[]) => admin('PUT', `/ports/${id}`, { port: { fixed_ips } });
    const now = (answer: Awaited<ReturnType<typeof change>>) =>
      (answer.at('port.fixed_ips') as FixedIp[]).map(({ ip_address }) => ip_address);
    expect(now(await change({ ip_address: '10.0.0.5' }, { ip_address: '10.0.0.6' }))).toEqual(['10.0.0.5', '10.0.0.6']);
    expect(now(await change({ subnet_id: subnet.id }))).toHaveLength(1);
    expect(now(await change({ ip_address: '10.0.0.7' }))).toEqual(['10.0.0.7']);
    expect(await addressesOf(network, { fixed_ips: [{ ip_address: '10.0.0.5' }] })).toEqual(['10.0.0.5']);
    expectError(await change({ ip_address: '10.0.0.5' }), 409, 'IpAddressAlreadyAllocated');
    expect(now(await admin('GET', `/ports/${id}`))).toEqual(['10.0.0.7']);
    expect(now(await change())).toEqual([]);
    const kept = await admin('PUT', `/ports/${id}`, { port: { name: 'without' } });
    expect(now(kept)).toEqual([]);
  });

  test('a new MAC is a new address on an autoconfigured subnet', async () => {
    const network = await cloud.make('network', {}, cloud.admin);
    await subnetOn(network, '2001:db8::/64', { ipv6_address_mode: 'slaac', ipv6_ra_mode: 'slaac' });
    const port = await post(network, { mac_address: 'fa:16:3e:00:00:01' });
    const changed = await admin('PUT', `/ports/${port.at('port.id')}`, { port: { mac_address: 'fa:16:3e:00:00:02' } });
    expect(changed.at('port.fixed_ips.0.ip_address')).toBe('2001:db8::f816:3eff:fe00:2');
  });

  test('ports that were there get an address of a new autoconfigured subnet', async () => {
    const { network } = await cloud.wired('10.0.0.0/24', cloud.admin);
    const port = await post(network, { mac_address: 'fa:16:3e:00:00:09' });
    const without = await post(network, { fixed_ips: [] });
    await subnetOn(network, '2001:db8::/64', { ipv6_address_mode: 'slaac' });
    const after = (await admin('GET', `/ports/${port.at('port.id')}`)).at('port') as Shown;
    expect((after.fixed_ips as FixedIp[]).map(({ ip_address }) => ip_address)).toContain('2001:db8::f816:3eff:fe00:9');
    expect(after.revision_number as number).toBeGreaterThan(port.at('port.revision_number') as number);
    expect((await admin('GET', `/ports/${without.at('port.id')}`)).at('port.fixed_ips')).toEqual([]);
  });
});
