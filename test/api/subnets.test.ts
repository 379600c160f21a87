// Subnets: what an answer holds, prefixes of any length, overlaps, changes, and what keeps them from going. Refusals are in subnet-values.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud } from './cloud.ts';
import { invariants } from './random-values.ts';
import { subnetCalls } from './subnet-calls.ts';

describe.each(engines())('subnets on $name', (engine) => {
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

  const { made } = subnetCalls(() => cloud);
  const four = (cidr: string, more: object = {}) => ({ ip_version: 4, cidr, ...more });
  const six = (cidr: string, more: object = {}) => ({ ip_version: 6, cidr, ...more });

  test('a new one', async () => {
    const { id: network_id } = await cloud.make('network', {});
    const answer = await member('POST', '/subnets', { subnet: { network_id, ip_version: 4, cidr: '10.0.0.0/24' } });
    const { projectId } = cloud.member;
    const shown = {
      id: expect.any(String),
      name: '',
      project_id: projectId,
      tenant_id: projectId,
      network_id,
      ip_version: 4,
      subnetpool_id: null,
      enable_dhcp: true,
      ipv6_ra_mode: null,
      ipv6_address_mode: null,
      gateway_ip: '10.0.0.1',
      cidr: '10.0.0.0/24',
      allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.254' }],
      host_routes: [],
      dns_nameservers: [],
      description: '',
      'router:external': false,
      service_types: [],
      dns_publish_fixed_ip: false,
      tags: [],
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: 0,
    };
    expect([answer.status, answer.body]).toMatchObject([201, { subnet: shown }]);
    const id = answer.at('subnet.id');
    expect((await member('GET', `/subnets/${id}`)).body).toEqual(answer.body);
    expect((await admin('GET', `/subnets?id=${id}`)).at('subnets')).toEqual([{ ...(answer.at('subnet') as object), segment_id: null }]);
  });

  test('an IPv6 one whose addresses are their own choice', async () => {
    const modes = { ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
    expect(await made(six('2001:db8::/64', modes))).toMatchObject({
      ...modes,
      cidr: '2001:db8::/64',
      gateway_ip: '2001:db8::',
      allocation_pools: [{ start: '2001:db8::1', end: '2001:db8::ffff:ffff:ffff:ffff' }],
    });
  });

  test('prefixes of any length', async () => {
    const pools = async (attributes: object) => {
      const { gateway_ip, allocation_pools } = await made(attributes);
      return [gateway_ip, ...(allocation_pools as { start: string; end: string }[]).map(({ start, end }) => `${start} ${end}`)];
    };
    expect(await pools(four('0.0.0.0/0', { enable_dhcp: false }))).toEqual(['0.0.0.1', '0.0.0.2 255.255.255.254']);
    expect(await pools(four('10.0.0.0/8'))).toEqual(['10.0.0.1', '10.0.0.2 10.255.255.254']);
    expect(await pools(four('10.0.0.0/30'))).toEqual(['10.0.0.1', '10.0.0.2 10.0.0.2']);
    expect(await pools(four('10.0.0.0/31', { gateway_ip: null, enable_dhcp: false }))).toEqual([null, '10.0.0.0 10.0.0.1']);
    expect(await pools(four('10.0.0.7/32', { enable_dhcp: false }))).toEqual(['10.0.0.8', '10.0.0.7 10.0.0.7']);
    expect(await pools(four('10.0.0.7/32', { gateway_ip: null, enable_dhcp: false }))).toEqual([null, '10.0.0.7 10.0.0.7']);
    expect(await pools(four('10.0.0.0/24', { gateway_ip: '10.0.0.100' }))).toEqual([
      '10.0.0.100',
      '10.0.0.1 10.0.0.99',
      '10.0.0.101 10.0.0.254',
    ]);
    expect(await pools(four('10.0.0.0/24', { gateway_ip: null }))).toEqual([null, '10.0.0.1 10.0.0.254']);
    expect(await pools(four('10.0.0.0/24', { gateway_ip: '192.0.2.1' }))).toEqual(['192.0.2.1', '10.0.0.1 10.0.0.254']);
    expect(await pools(six('::/0'))).toEqual(['::', '::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']);
    expect(await pools(six('2001:db8::/32'))).toEqual(['2001:db8::', '2001:db8::1 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff']);
    expect(await pools(six('2001:db8::/127', { gateway_ip: null, enable_dhcp: false }))).toEqual([null, '2001:db8:: 2001:db8::1']);
    expect(await pools(six('2001:db8::5/128', { gateway_ip: null, enable_dhcp: false }))).toEqual([null, '2001:db8::5 2001:db8::5']);
  });

  test('prefixes are shown without host bits, addresses in their shortest form', async () => {
    expect((await made(four('10.1.2.3/16'))).cidr).toBe('10.1.0.0/16');
    const odd = await made(
      six('2001:0DB8:0:0::FFFF/64', {
        gateway_ip: '2001:0db8::0001',
        allocation_pools: [{ start: '2001:DB8::0a', end: '2001:db8::00ff' }],
      }),
    );
    expect(odd).toMatchObject({
      cidr: '2001:db8::/64',
      gateway_ip: '2001:db8::1',
      allocation_pools: [{ start: '2001:db8::a', end: '2001:db8::ff' }],
    });
  });

  test('overlapping ones are refused on a network, not on two', async () => {
    const { network } = await cloud.wired('10.0.0.0/16');
    await cloud.wired('10.0.0.0/16');
    for (const cidr of ['10.0.0.0/16', '10.0.1.0/24', '10.0.0.0/8', '0.0.0.0/0']) {
      const answer = await member('POST', '/subnets', { subnet: { network_id: network.id, ...four(cidr, { enable_dhcp: false }) } });
      expectError(answer, 400, 'InvalidInput', new RegExp(`${cidr}.* overlaps with another subnet`));
    }
    expect((await member('POST', '/subnets', { subnet: { network_id: network.id, ...four('10.1.0.0/16') } })).status).toBe(201);
    expect((await member('POST', '/subnets', { subnet: { network_id: network.id, ...six('::/0') } })).status).toBe(201);
  });

  test('of two overlapping ones made at once, one is refused', async () => {
    const { id } = await cloud.make('network', {});
    const answers = await Promise.all(
      ['10.0.0.0/24', '10.0.0.0/23', '10.0.0.128/25', '10.0.0.0/16'].map((cidr) =>
        member('POST', '/subnets', { subnet: { network_id: id, ...four(cidr) } }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 400, 400, 400]);
  });

  test('what may change, and what that frees and takes', async () => {
    const subnet = await made(four('10.0.0.0/29'));
    const change = async (attributes: object) => admin('PUT', `/subnets/${subnet.id}`, { subnet: attributes });
    for (const [name, value] of [
      ['cidr', '10.0.0.0/28'],
      ['ip_version', 4],
      ['network_id', subnet.network_id],
      ['ipv6_ra_mode', null],
    ]) {
      expectError(await change({ [name as string]: value }), 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    }
    const changed = await change({
      name: 'n',
      description: 'd',
      enable_dhcp: false,
      gateway_ip: null,
      allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.2' }],
    });
    expect(changed.at('subnet')).toMatchObject({
      name: 'n',
      enable_dhcp: false,
      gateway_ip: null,
      allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.2' }],
    });
    const port = async () => admin('POST', '/ports', { port: { network_id: subnet.network_id } });
    const taken = [await port(), await port()].map((answer) => answer.at('port.fixed_ips.0.ip_address'));
    expect(taken.toSorted()).toEqual(['10.0.0.1', '10.0.0.2']);
    expectError(await port(), 409, 'IpAddressGenerationFailure', `No more IP addresses available on network ${subnet.network_id}.`);
    await change({ allocation_pools: [{ start: '10.0.0.1', end: '10.0.0.3' }] });
    expect((await port()).at('port.fixed_ips.0.ip_address')).toBe('10.0.0.3');
    expectError(await change({ gateway_ip: '10.0.0.3' }), 409, 'GatewayConflictWithAllocationPools');
    expectError(await change({ allocation_pools: [{ start: '10.0.0.9', end: '10.0.0.12' }] }), 400, 'OutOfBoundsAllocationPool');
  });

  test('a gateway that a router holds stays', async () => {
    const subnet = await made(four('10.0.0.0/24'));
    const router = await admin('POST', '/ports', {
      port: {
        network_id: subnet.network_id,
        device_owner: 'network:router_interface',
        device_id: 'router',
        fixed_ips: [{ ip_address: '10.0.0.1' }],
      },
    });
    expectError(
      await admin('PUT', `/subnets/${subnet.id}`, { subnet: { gateway_ip: '10.0.0.9' } }),
      409,
      'GatewayIpInUse',
      `Current gateway ip 10.0.0.1 already in use by port ${router.at('port.id')}. Unable to update.`,
    );
  });

  test("a user's port keeps a subnet from going; one whose address is its own choice does not", async () => {
    const { network, subnet } = await cloud.wired('10.0.0.0/24');
    const auto = await cloud.make('subnet', { network_id: network.id, ...six('2001:db8::/64', { ipv6_address_mode: 'slaac' }) });
    const port = await cloud.make('port', { network_id: network.id });
    expect(port.fixed_ips).toHaveLength(2);
    expectError(
      await member('DELETE', `/subnets/${subnet.id}`),
      409,
      'SubnetInUse',
      `Unable to complete operation on subnet ${subnet.id}: One or more ports have an IP allocation from this subnet: ${port.id}.`,
    );
    expect((await member('DELETE', `/subnets/${auto.id}`)).status).toBe(204);
    expect(
      ((await member('GET', `/ports/${port.id}`)).at('port.fixed_ips') as { subnet_id: string }[]).map(({ subnet_id }) => subnet_id),
    ).toEqual([subnet.id]);
    await member('DELETE', `/ports/${port.id}`);
    expect((await member('DELETE', `/subnets/${subnet.id}`)).status).toBe(204);
  });
});
