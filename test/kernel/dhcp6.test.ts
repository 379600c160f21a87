// DHCP over IPv6 with a real client (dhclient): addresses where the subnet is stateful, settings alone where it is stateless, nothing for SLAAC.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lease, server, subnet4, subnet6 } from '#test/dhcp-wishes.ts';
import { clientPort, type DhcpHost, filesOf, makeDhcpHost } from './dhcp-host.ts';
import { ping, until } from './host.ts';

let dhcp: DhcpHost;
beforeAll(async () => {
  dhcp = await makeDhcpHost();
});
afterAll(() => dhcp?.close());

test('stateful: each port gets its address, the name servers and the search domain, and they reach each other', async () => {
  const served = server(1, [subnet6(1, 'dhcpv6-stateful', { dns_nameservers: ['2001:db8::53', '2001:db8::54'] })]);
  const ports = [0x21, 0x22].map((n) => lease(1, clientPort(n), [[1, `fd00:1::${n.toString(16)}`]]));
  dhcp.set(served, ...ports);
  await dhcp.settled();
  const told = await Promise.all(ports.map(async (port) => dhcp.lease6(await dhcp.boot(port))));
  expect(told.map((each) => each?.new_ip6_address)).toEqual(['fd00:1::21', 'fd00:1::22']);
  expect(told[0]).toMatchObject({ new_dhcp6_name_servers: '2001:db8::53 2001:db8::54', new_dhcp6_domain_search: 'cloud.example.' });
  for (const netns of ['vm21', 'vm22']) await dhcp.host.run(['ip', 'route', 'add', 'fd00:1::/64', 'dev', 'eth0'], netns);
  await until('they reach each other', () => ping(dhcp.host, 'vm21', 'fd00:1::22'));
});

test('stateless: settings without an address', async () => {
  const served = server(1, [subnet6(1, 'dhcpv6-stateless', { dns_nameservers: ['2001:db8::53'] })]);
  const port = lease(1, clientPort(0x21), [[1, 'fd00:1::f816:3eff:fe00:21']]);
  dhcp.set(served, port);
  await dhcp.settled();
  const told = await dhcp.lease6(await dhcp.boot(port), true);
  expect(told).toMatchObject({ new_dhcp6_name_servers: '2001:db8::53', new_dhcp6_domain_search: 'cloud.example.' });
  expect(told).not.toHaveProperty('new_ip6_address');
});

test('a port of both families gets both, from one server', async () => {
  const served = server(1, [subnet4(1), subnet6(2, 'dhcpv6-stateful')]);
  const port = lease(1, clientPort(0x21), [
    [1, '10.1.0.33'],
    [2, 'fd00:2::33'],
  ]);
  dhcp.set(served, port);
  await dhcp.settled();
  const netns = await dhcp.boot(port);
  const [v4, v6] = await Promise.all([dhcp.lease4(netns), dhcp.lease6(netns)]);
  expect(v4).toMatchObject({ ip: '10.1.0.33' });
  expect(v6).toMatchObject({ new_ip6_address: 'fd00:2::33', new_dhcp6_name_servers: 'fd00:2::2' });
});

test('extra options of the sixth version go to their port alone', async () => {
  const options = [
    { opt_name: 'bootfile-url', opt_value: 'tftp://[2001:db8::1]/pxe', ip_version: 6 as const },
    { opt_name: 'sntp-server', opt_value: '2001:db8::123', ip_version: 6 as const },
    { opt_name: 'dns-server', opt_value: '2001:db8::99', ip_version: 6 as const },
    { opt_name: 'tftp-server', opt_value: 'for-v4-only', ip_version: 4 as const },
  ];
  const ports = [lease(1, clientPort(0x21), [[1, 'fd00:1::21']], { options }), lease(1, clientPort(0x22), [[1, 'fd00:1::22']])];
  dhcp.set(server(1, [subnet6(1, 'dhcpv6-stateful')]), ...ports);
  await dhcp.settled();
  const [mine, other] = await Promise.all(ports.map(async (port) => dhcp.lease6(await dhcp.boot(port))));
  expect(mine).toMatchObject({
    new_ip6_address: 'fd00:1::21',
    new_dhcp6_name_servers: '2001:db8::99',
    new_dhcp6_sntp_servers: '2001:db8::123',
    new_dhcp6_bootfile_url: 'tftp://[2001:db8::1]/pxe',
  });
  expect(other).toMatchObject({ new_ip6_address: 'fd00:1::22', new_dhcp6_name_servers: 'fd00:1::2' });
  expect(other).not.toHaveProperty('new_dhcp6_sntp_servers');
});

test('SLAAC subnets and strangers are given nothing', async () => {
  const slaac = server(1, [subnet6(1, 'slaac')]);
  const stateful = server(2, [subnet6(2, 'dhcpv6-stateful')]);
  const port = lease(1, clientPort(0x21), [[1, 'fd00:1::f816:3eff:fe00:21']]);
  const stranger = lease(2, clientPort(0x2f), [[2, 'fd00:2::2f']]);
  dhcp.set(slaac, stateful, port, lease(2, clientPort(0x22), [[2, 'fd00:2::22']]));
  await dhcp.settled();
  const names = [await dhcp.boot(port), await dhcp.boot(stranger)];
  const bridge = `brq${stateful.network_id.slice(0, 11)}`;
  await dhcp.host.run(['ip', 'link', 'set', `tap${stranger.port_id.slice(0, 11)}`, 'master', bridge, 'up']);
  expect(await Promise.all(names.map((netns) => dhcp.lease6(netns, false, 4)))).toEqual([undefined, undefined]);
});

test('a lease ends with its port, and its address is leased to the next at once', async () => {
  const served = server(1, [subnet6(1, 'dhcpv6-stateful')]);
  const [old, heir] = [lease(1, clientPort(0x21), [[1, 'fd00:1::77']]), lease(1, clientPort(0x22), [[1, 'fd00:1::77']])];
  const leases = () => filesOf(dhcp.host, served).get('leases') ?? '';
  dhcp.set(served, old);
  await dhcp.settled();
  expect(await dhcp.lease6(await dhcp.boot(old))).toMatchObject({ new_ip6_address: 'fd00:1::77' });
  expect(leases()).toContain('fd00:1::77');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = dhcp.counts(served);
  const netns = await dhcp.boot(heir);
  dhcp.set(served, heir);
  await dhcp.settled();
  expect(leases()).not.toContain('fd00:1::77');
  expect(await dhcp.lease6(netns)).toMatchObject({ new_ip6_address: 'fd00:1::77' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(dhcp.counts(served)).toEqual({ starts: before.starts, signals: before.signals + 1 });
  dhcp.set(served);
  await dhcp.settled();
  await until('no lease is left', () => !leases().includes('fd00:1::77'));
});

test('a client that releases and asks again gets its address again', async () => {
  const served = server(1, [subnet6(1, 'dhcpv6-stateful')]);
  const port = lease(1, clientPort(0x21), [[1, 'fd00:1::88']]);
  dhcp.set(served, port);
  await dhcp.settled();
  const netns = await dhcp.boot(port);
  expect(await dhcp.lease6(netns)).toMatchObject({ new_ip6_address: 'fd00:1::88' });
  await dhcp.release6(netns);
  await until('the lease is gone', () => !(filesOf(dhcp.host, served).get('leases') ?? '').includes('fd00:1::88'));
  expect(await dhcp.lease6(netns)).toMatchObject({ new_ip6_address: 'fd00:1::88' });
});
