// What one request may cost: lists in bodies are bounded or cost no more than their length, and whatever takes ports counts them.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud } from './cloud.ts';

const list = <T>(length: number, of: (n: number) => T): T[] => Array.from({ length }, (_, n) => of(n));
/** Prefixes that are no neighbours. */
const prefixes = (length: number, first = 10): string[] =>
  list(length, (n) => `${first + (n >> 15)}.${(n >> 7) & 255}.${(n & 127) * 2}.0/24`);

describe.each(engines())('bounds on $name', (engine) => {
  let cloud: Cloud;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { port: 3 } } });
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  test('of an address group', async () => {
    const tooMany = /An address group has at most 10000 addresses/;
    const made = await member('POST', '/address_groups', { address_group: { addresses: prefixes(10_001) } });
    expectError(made, 400, 'InvalidInput', tooMany);
    const { id } = await cloud.make('address_group', { addresses: prefixes(6_000) });
    const call = (name: string, addresses: string[]) => member('PUT', `/address_groups/${id}/${name}`, { addresses });
    expectError(await call('add_addresses', prefixes(6_000, 20)), 400, 'InvalidInput', tooMany);
    expect((await call('add_addresses', prefixes(4_000, 20))).status).toBe(200);
    expectError(await call('add_addresses', prefixes(4_000, 20)), 400, 'AddressesAlreadyExist');
    expectError(await call('remove_addresses', prefixes(6_000, 20)), 404, 'AddressesNotFound');
    expect((await call('remove_addresses', prefixes(4_000, 20))).at('address_group.addresses')).toHaveLength(6_000);
  });

  test('of the prefixes that a call of a subnet pool names', async () => {
    const { id } = await cloud.make('subnetpool', { name: 'pool', prefixes: ['8.0.0.0/6'] });
    for (const name of ['add_prefixes', 'remove_prefixes']) {
      const answer = await member('PUT', `/subnetpools/${id}/${name}`, { prefixes: prefixes(1_001) });
      expectError(answer, 400, 'InvalidInput', /A subnet pool has at most 1000 prefixes/);
    }
  });

  test('of allocation pools: there may be many, in any order, and two that overlap are found', async () => {
    const network = await cloud.make('network', {});
    const pools = list(999, (n) => ({ start: `10.1.${n >> 7}.${(n & 127) * 2}`, end: `10.1.${n >> 7}.${(n & 127) * 2}` })).reverse();
    const make = (allocation_pools: object[]) =>
      member('POST', '/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/8', allocation_pools } });
    const clash = { start: '10.1.5.0', end: '10.1.5.1' };
    expectError(await make([...pools, clash]), 409, 'OverlappingAllocationPools');
    const gateway = { start: '10.0.0.1', end: '10.0.0.1' };
    expectError(await make([...pools, gateway]), 409, 'GatewayConflictWithAllocationPools');
    const many = /There are more than 1000 items in the list/;
    expectError(await make([...pools, ...pools]), 400, 'HTTPBadRequest', many);
    const made = await make(pools);
    expect(made.at('subnet.allocation_pools')).toHaveLength(999);
    expectError(
      await member('PUT', `/subnets/${made.at('subnet.id')}`, { subnet: { allocation_pools: [...pools, ...pools] } }),
      400,
      'HTTPBadRequest',
      many,
    );
  });

  test('of the addresses of a port: one port does not take them all', async () => {
    const { network, subnet } = await cloud.wired('10.4.0.0/16');
    const ask = (count: number) =>
      member('POST', '/ports', { port: { network_id: network.id, fixed_ips: list(count, () => ({ subnet_id: subnet.id })) } });
    expectError(await ask(1_001), 400, 'HTTPBadRequest', /There are more than 1000 items in the list/);
    const made = await ask(1_000);
    expect(made.at('port.fixed_ips')).toHaveLength(1_000);
    expect((await member('DELETE', `/ports/${made.at('port.id')}`)).status).toBe(204);
  });

  test('of the groups of a port: those that are nowhere are named, all of them', async () => {
    const network = await cloud.make('network', {});
    const ids = list(3_000, () => randomUUID());
    const answer = await member('POST', '/ports', { port: { network_id: network.id, security_groups: ids } });
    expectError(answer, 404, 'SecurityGroupNotFound', `Security group ${ids.join(', ')} does not exist`);
  });

  test('of local IPs: the ports that they take', async () => {
    const { network } = await cloud.wired('10.3.0.0/24');
    for (let n = 0; n < 3; n++) await cloud.make('local_ip', { network_id: network.id });
    const full = "Quota exceeded for resources: ['port'].";
    expectError(await member('POST', '/local_ips', { local_ip: { network_id: network.id } }), 409, 'OverQuota', full);
    const port = ((await member('GET', '/ports')).at('ports') as { id: string }[])[0];
    expect((await member('POST', '/local_ips', { local_ip: { local_port_id: port?.id } })).status).toBe(201);
  });
});
