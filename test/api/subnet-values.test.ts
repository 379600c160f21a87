// What a subnet's attributes may be and what not: gateways, pools, IPv6 modes, lists.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud } from './cloud.ts';
import { invariants } from './random-values.ts';
import { subnetCalls } from './subnet-calls.ts';

describe.each(engines())('values of subnets on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const { post, made } = subnetCalls(() => cloud);
  const refused = async (attributes: object, status: number, type: string, message?: string | RegExp) =>
    expectError(await post(attributes), status, type, message);
  const input = (message: string) => `Invalid input for operation: ${message}.`;
  const four = (cidr: string, more: object = {}) => ({ ip_version: 4, cidr, ...more });
  const six = (cidr: string, more: object = {}) => ({ ip_version: 6, cidr, ...more });

  test('what a subnet must say', async () => {
    await refused({ cidr: '10.0.0.0/24' }, 400, 'HTTPBadRequest', "Failed to parse request. Required attribute 'ip_version' not specified");
    expectError(
      await member('POST', '/subnets', { subnet: { ip_version: 4, cidr: '10.0.0.0/24' } }),
      400,
      'HTTPBadRequest',
      "Failed to parse request. Required attribute 'network_id' not specified",
    );
    await refused({ ip_version: 4 }, 400, 'BadRequest', 'Bad subnets request: a subnetpool must be specified in the absence of a cidr.');
    await refused(
      four('10.0.0.0/24', { ip_version: 5 }),
      400,
      'HTTPBadRequest',
      'Invalid input for ip_version. Reason: 5 is not in valid_values.',
    );
    await refused(
      { ip_version: 6, cidr: '10.0.0.0/24' },
      400,
      'InvalidInput',
      input("cidr '10.0.0.0/24' does not match the ip_version '6'"),
    );
    await refused(four('10.0.0.0/33'), 400, 'HTTPBadRequest', "Invalid input for cidr. Reason: '10.0.0.0/33' is not a valid IP subnet.");
    await refused(four('all of them'), 400, 'InvalidInput');
    const pool = '00000000-0000-4000-8000-000000000001';
    await refused({ ip_version: 4, subnetpool_id: pool }, 404, 'SubnetPoolNotFound', `Subnet pool ${pool} could not be found.`);
  });

  test('gateways that cannot be', async () => {
    await refused(four('10.0.0.0/24', { gateway_ip: '10.0.0.0' }), 400, 'InvalidInput', input('Gateway is not valid on subnet'));
    await refused(four('10.0.0.0/24', { gateway_ip: '10.0.0.255' }), 400, 'InvalidInput', input('Gateway is not valid on subnet'));
    await refused(
      four('10.0.0.0/24', { gateway_ip: '::1' }),
      400,
      'InvalidInput',
      input("gateway_ip '::1' does not match the ip_version '4'"),
    );
    await refused(
      four('10.0.0.0/24', { gateway_ip: 'x' }),
      400,
      'HTTPBadRequest',
      "Invalid input for gateway_ip. Reason: 'x' is not a valid IP address.",
    );
    await refused(
      four('10.0.0.0/24', { gateway_ip: '10.0.0.5', allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.9' }] }),
      409,
      'GatewayConflictWithAllocationPools',
      'Gateway ip 10.0.0.5 conflicts with allocation pool 10.0.0.2-10.0.0.9.',
    );
  });

  test('pools that cannot be', async () => {
    const pools = (...ranges: [string, string][]) =>
      four('10.0.0.0/24', { allocation_pools: ranges.map(([start, end]) => ({ start, end })) });
    await refused(
      pools(['10.0.0.9', '10.0.0.2']),
      400,
      'InvalidAllocationPool',
      "The allocation pool {'start': '10.0.0.9', 'end': '10.0.0.2'} is not valid.",
    );
    await refused(pools(['::1', '::2']), 400, 'InvalidAllocationPool');
    await refused(
      pools(['10.0.0.2', '10.0.1.2']),
      400,
      'OutOfBoundsAllocationPool',
      'The allocation pool 10.0.0.2-10.0.1.2 spans beyond the subnet cidr 10.0.0.0/24.',
    );
    await refused(
      pools(['10.0.0.2', '10.0.0.9'], ['10.0.0.9', '10.0.0.20']),
      409,
      'OverlappingAllocationPools',
      'Found overlapping allocation pools: 10.0.0.2-10.0.0.9 10.0.0.9-10.0.0.20 for subnet 10.0.0.0/24.',
    );
    await refused(
      four('10.0.0.0/24', { allocation_pools: 'all' }),
      400,
      'HTTPBadRequest',
      /^Invalid input for allocation_pools\. Reason: Invalid data format/,
    );
    await refused(four('10.0.0.0/24', { allocation_pools: [{ start: '10.0.0.2' }] }), 400, 'HTTPBadRequest', /Expected keys/);
  });

  test('prefixes that DHCP does not serve', async () => {
    const small = 'Subnet has a prefix length that is incompatible with DHCP service enabled';
    const unserved: [object, string][] = [
      ...['10.0.0.0/31', '10.0.0.0/32', '0.0.0.0/32'].map((cidr): [object, string] => [four(cidr), small]),
      ...['2001:db8::/127', '2001:db8::5/128', '::1/128'].map((cidr): [object, string] => [six(cidr), small]),
      [four('224.1.0.0/24'), 'Multicast IP subnet is not supported if enable_dhcp is True'],
      [six('ff02::/64'), 'Multicast IP subnet is not supported if enable_dhcp is True'],
      [four('127.0.0.0/8'), 'Loopback IP subnet is not supported if enable_dhcp is True'],
      [four('0.0.0.0/8'), "First IP '0.0.0.0' of network is not supported if enable_dhcp is True."],
      [four('0.0.0.0/0'), "First IP '0.0.0.0' of network is not supported if enable_dhcp is True."],
    ];
    for (const [attributes, message] of unserved) {
      await refused(attributes, 400, 'InvalidInput', input(message));
      const { id } = await made({ ...attributes, gateway_ip: null, enable_dhcp: false });
      const change = async (to: object) => admin('PUT', `/subnets/${id}`, { subnet: to });
      expectError(await change({ enable_dhcp: true }), 400, 'InvalidInput', input(message));
      expect((await change({ name: 'unserved' })).status).toBe(200);
    }
    for (const cidr of ['10.0.0.0/30', '126.0.0.0/7', '169.254.0.0/16']) await made(four(cidr));
    for (const cidr of ['2001:db8::/126', '::/64', 'fe80::/64']) await made(six(cidr));
  });

  test('IPv6 modes', async () => {
    await refused(
      four('10.0.0.0/24', { ipv6_ra_mode: 'slaac' }),
      400,
      'InvalidInput',
      input('ipv6_ra_mode is not valid when ip_version is 4'),
    );
    await refused(
      four('10.0.0.0/24', { ipv6_address_mode: 'slaac' }),
      400,
      'InvalidInput',
      input('ipv6_address_mode is not valid when ip_version is 4'),
    );
    await refused(
      six('2001:db8::/64', { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'dhcpv6-stateful' }),
      400,
      'InvalidInput',
      input(
        "ipv6_ra_mode set to 'slaac' with ipv6_address_mode set to 'dhcpv6-stateful' is not valid. If both attributes are set, they must be the same value",
      ),
    );
    await refused(
      six('2001:db8::/64', { ipv6_ra_mode: 'slaac', enable_dhcp: false }),
      400,
      'InvalidInput',
      input('ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False'),
    );
    await refused(six('2001:db8::/65', { ipv6_address_mode: 'slaac' }), 400, 'InvalidInput', /requires the prefix to be \/64/);
    await refused(
      six('2001:db8::/64', { ipv6_address_mode: 'magic' }),
      400,
      'HTTPBadRequest',
      'Invalid input for ipv6_address_mode. Reason: magic is not in valid_values.',
    );
    for (const mode of ['dhcpv6-stateful', 'dhcpv6-stateless', 'slaac']) {
      expect(await made(six('2001:db8::/64', { ipv6_address_mode: mode }))).toMatchObject({ ipv6_address_mode: mode, ipv6_ra_mode: null });
    }
  });

  test('name servers and routes', async () => {
    const lists = {
      dns_nameservers: ['192.0.2.1', '192.0.2.2'],
      host_routes: [{ destination: '198.51.100.0/24', nexthop: '10.0.0.9' }],
    };
    const subnet = await made(four('10.0.0.0/24', lists));
    expect(subnet).toMatchObject(lists);
    const change = async (attributes: object) => admin('PUT', `/subnets/${subnet.id}`, { subnet: attributes });
    expect((await change({ dns_nameservers: null, host_routes: null })).at('subnet')).toMatchObject({
      dns_nameservers: [],
      host_routes: [],
    });
    const many = (count: number) => Array.from({ length: count }, (_, i) => `192.0.2.${i + 1}`);
    expect((await change({ dns_nameservers: many(5) })).status).toBe(200);
    expectError(
      await change({ dns_nameservers: many(6) }),
      400,
      'DNSNameServersExhausted',
      `Unable to complete operation for ${subnet.id}. The number of DNS nameservers exceeds the limit 5.`,
    );
    await refused(
      four('10.0.0.0/24', { dns_nameservers: many(6) }),
      400,
      'DNSNameServersExhausted',
      'Unable to complete operation for new subnet. The number of DNS nameservers exceeds the limit 5.',
    );
    const routes = many(21).map((ip) => ({ destination: `${ip}/32`, nexthop: '10.0.0.9' }));
    expectError(
      await change({ host_routes: routes }),
      400,
      'HostRoutesExhausted',
      `Unable to complete operation for ${subnet.id}. The number of host routes exceeds the limit 20.`,
    );
    expectError(await change({ dns_nameservers: ['x'] }), 400, 'HTTPBadRequest', /'x' is not a valid nameserver/);
    expectError(
      await change({ dns_nameservers: ['192.0.2.1', '192.0.2.1'] }),
      400,
      'HTTPBadRequest',
      /Duplicate nameserver '192\.0\.2\.1'/,
    );
    expectError(
      await change({ host_routes: [{ destination: '::/0', nexthop: '10.0.0.9' }] }),
      400,
      'InvalidInput',
      input("destination '::/0' does not match the ip_version '4'"),
    );
    expectError(await change({ host_routes: [{ destination: '10.0.0.0/8' }] }), 400, 'HTTPBadRequest', /Expected keys/);
  });

  test('service types', async () => {
    await refused(
      four('10.0.0.0/24', { service_types: ['foo:bar'] }),
      400,
      'InvalidSubnetServiceType',
      'Subnet service type foo:bar does not correspond to a valid device owner.',
    );
    await refused(
      four('10.0.0.0/24', { service_types: [3] }),
      400,
      'InvalidInputSubnetServiceType',
      'Subnet service type 3 is not a string.',
    );
    expect((await made(four('10.0.0.0/24', { service_types: ['compute:nova'] }))).service_types).toEqual(['compute:nova']);
  });
});
