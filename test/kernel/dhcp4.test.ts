// DHCP over IPv4 with a real client: what udhcpc is told is what the port, its subnet and its network say.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lease, networkId, server, subnet4, subnetId } from '#test/dhcp-wishes.ts';
import { clientPort, type DhcpHost, makeDhcpHost } from './dhcp-host.ts';
import { ping } from './host.ts';

let dhcp: DhcpHost;
beforeAll(async () => {
  dhcp = await makeDhcpHost();
});
afterAll(() => dhcp?.close());

test('address, mask, router, name servers, domain, host name, MTU and lease time', async () => {
  const served = server(1, [subnet4(1, { dns_nameservers: ['192.0.2.53', '192.0.2.54'] })], { lease_time: 7_200 });
  const port = lease(1, clientPort(0x21), [[1, '10.1.0.33']], { hostname: 'web-1' });
  dhcp.set(served, port);
  await dhcp.settled();
  const told = await dhcp.lease4(await dhcp.boot(port), ['-O', 'hostname', '-O', 'domain']);
  expect(told).toMatchObject({
    ip: '10.1.0.33',
    mask: '24',
    router: '10.1.0.1',
    dns: '192.0.2.53 192.0.2.54',
    domain: 'cloud.example',
    hostname: 'web-1',
    mtu: '1450',
    lease: '7200',
    serverid: '10.1.0.2',
  });
  expect(told).not.toHaveProperty('staticroutes');
});

test('two instances that configured themselves reach each other, and their names are known', async () => {
  const served = server(1, [subnet4(1)]);
  const ports = [0x21, 0x22].map((n) => lease(1, clientPort(n), [[1, `10.1.0.${n}`]]));
  dhcp.set(served, ...ports);
  await dhcp.settled();
  const told = await Promise.all(ports.map(async (port) => dhcp.lease4(await dhcp.boot(port))));
  expect(told.map((each) => each?.ip)).toEqual(['10.1.0.33', '10.1.0.34']);
  // Without name servers of the subnet's own, the DHCP server is one.
  expect(told[0]).toMatchObject({ dns: '10.1.0.2' });
  expect(await ping(dhcp.host, 'vm21', '10.1.0.34', 3)).toBe(3);
  expect(await dhcp.host.run(['ip', 'link', 'show', 'eth0'], 'vm21')).toContain('mtu 1450');
  const names = await dhcp.host.attempt(['busybox', 'nslookup', 'host-10-1-0-34.cloud.example', '10.1.0.2'], 'vm21');
  expect(names.stdout).toContain('10.1.0.34');
  const elsewhere = await dhcp.host.attempt(['busybox', 'nslookup', 'host-10-1-0-99.cloud.example', '10.1.0.2'], 'vm21');
  expect(elsewhere.stdout).not.toContain('10.1.0.99');
});

test('host routes come as classless routes, with the default route among them and the network’s other subnets on the link', async () => {
  const routes = [
    { destination: '172.16.0.0/12', nexthop: '10.1.0.5' },
    { destination: '192.0.2.128/25', nexthop: '10.1.0.6' },
  ];
  const served = server(1, [subnet4(1, { host_routes: routes }), subnet4(2)]);
  const port = lease(1, clientPort(0x21), [[1, '10.1.0.33']]);
  dhcp.set(served, port);
  await dhcp.settled();
  const netns = await dhcp.boot(port);
  const told = await dhcp.lease4(netns, ['-O', '249']);
  const pairs = (told?.staticroutes ?? '').split(' ');
  expect(Object.fromEntries(pairs.flatMap((word, i) => (i % 2 === 0 ? [[word, pairs[i + 1]]] : [])))).toEqual({
    '172.16.0.0/12': '10.1.0.5',
    '192.0.2.128/25': '10.1.0.6',
    '10.2.0.0/24': '0.0.0.0',
    '0.0.0.0/0': '10.1.0.1',
  });
  const table = await dhcp.host.run(['ip', 'route', 'show'], netns);
  expect(table).toContain('default via 10.1.0.1');
  expect(table).toContain('172.16.0.0/12 via 10.1.0.5');
  expect(table).toMatch(/10\.2\.0\.0\/24 dev eth0/);
});

test('a default route among the host routes wins over the gateway; without either there is none', async () => {
  const given = subnet4(1, { host_routes: [{ destination: '0.0.0.0/0', nexthop: '10.1.0.254' }] });
  const port = lease(1, clientPort(0x21), [[1, '10.1.0.33']]);
  dhcp.set(server(1, [given]), port);
  await dhcp.settled();
  const netns = await dhcp.boot(port);
  expect(await dhcp.lease4(netns)).toMatchObject({ router: '10.1.0.254' });
  dhcp.set(server(1, [subnet4(1, { gateway_ip: null, dns_nameservers: ['0.0.0.0'] })]), port);
  await dhcp.settled();
  const told = await dhcp.lease4(netns);
  expect(told?.ip).toBe('10.1.0.33');
  expect(told).not.toHaveProperty('router');
  expect(told).not.toHaveProperty('staticroutes');
  expect(told).not.toHaveProperty('dns');
});

test('extra options of a port go to that port alone, and override what the subnet says', async () => {
  const ports = [
    lease(1, clientPort(0x21), [[1, '10.1.0.33']], {
      options: [
        { opt_name: 'bootfile-name', opt_value: 'pxelinux.0', ip_version: 4 },
        { opt_name: 'tftp-server', opt_value: 'boot.example', ip_version: 4 },
        { opt_name: 'ntp-server', opt_value: '192.0.2.123', ip_version: 4 },
        { opt_name: '26', opt_value: '1300', ip_version: 4 },
        { opt_name: 'dns-server', opt_value: '192.0.2.99', ip_version: 4 },
        { opt_name: 'router', opt_value: null, ip_version: 4 },
        { opt_name: 'bootfile-url', opt_value: 'for-v6-only', ip_version: 6 },
      ],
    }),
    lease(1, clientPort(0x22), [[1, '10.1.0.34']]),
  ];
  dhcp.set(server(1, [subnet4(1)]), ...ports);
  await dhcp.settled();
  const ask = ['-O', 'bootfile', '-O', 'tftp', '-O', 'ntpsrv'];
  const [mine, other] = await Promise.all(ports.map(async (port) => dhcp.lease4(await dhcp.boot(port), ask)));
  expect(mine).toMatchObject({ ntpsrv: '192.0.2.123', tftp: 'boot.example', mtu: '1300', dns: '192.0.2.99' });
  expect(mine?.bootfile ?? mine?.boot_file).toBe('pxelinux.0');
  expect(mine).not.toHaveProperty('router');
  expect(other).toMatchObject({ router: '10.1.0.1', mtu: '1450', dns: '10.1.0.2' });
  for (const name of ['ntpsrv', 'tftp', 'bootfile', 'boot_file']) expect(other).not.toHaveProperty(name);
});

test('what a tenant writes into names and options harms nobody', async () => {
  const options = [
    { opt_name: 'bootfile-name', opt_value: 'a\ndhcp-script=/bin/sh', ip_version: 4 as const },
    { opt_name: 'tftp-server', opt_value: 'x"\\ # y', ip_version: 4 as const },
    { opt_name: 'no such option', opt_value: '1', ip_version: 4 as const },
    { opt_name: 'nonsense', opt_value: '1', ip_version: 4 as const },
    { opt_name: '6', opt_value: 'not an address', ip_version: 4 as const },
  ];
  const ports = [
    lease(1, clientPort(0x21), [[1, '10.1.0.33']], { options, hostname: 'x,10.1.0.34,ignore' }),
    lease(1, clientPort(0x22), [[1, '10.1.0.34']]),
  ];
  dhcp.set(server(1, [subnet4(1)]), ...ports);
  await dhcp.settled();
  const told = await Promise.all(ports.map(async (port) => dhcp.lease4(await dhcp.boot(port), ['-O', 'tftp', '-O', 'bootfile'])));
  expect(told.map((each) => each?.ip)).toEqual(['10.1.0.33', '10.1.0.34']);
  expect(told[0]).not.toHaveProperty('bootfile');
});

test('who is no port of the network gets nothing; a subnet without DHCP gives nothing', async () => {
  const silent = subnet4(1, { enable_dhcp: false });
  const stranger = lease(1, clientPort(0x2f), [[1, '10.1.0.47']]);
  const mute = lease(1, clientPort(0x21), [[1, '10.1.0.33']]);
  const heard = lease(1, clientPort(0x22), [[2, '10.2.0.34']]);
  dhcp.set(server(1, [silent, subnet4(2)]), mute, heard);
  await dhcp.settled();
  const netns = await dhcp.boot(stranger);
  await dhcp.host.run(['ip', 'link', 'set', `tap${stranger.port_id.slice(0, 11)}`, 'master', `brq${networkId(1).slice(0, 11)}`, 'up']);
  expect(await dhcp.lease4(await dhcp.boot(heard))).toMatchObject({ ip: '10.2.0.34', router: '10.2.0.1' });
  expect(await dhcp.lease4(netns, [], 2)).toBeUndefined();
  expect(await dhcp.lease4(await dhcp.boot(mute), [], 2)).toBeUndefined();
});

test('two networks with the same addresses are served apart', async () => {
  const twin = { subnet_id: subnetId(2), cidr: '10.1.0.0/24', gateway_ip: '10.1.0.1' };
  const networks = [
    server(1, [subnet4(1, { dns_nameservers: ['192.0.2.1'] })]),
    server(2, [subnet4(2, { ...twin, dns_nameservers: ['192.0.2.2'] })]),
  ];
  const ports = [lease(1, clientPort(0x21), [[1, '10.1.0.33']]), lease(2, clientPort(0x22), [[2, '10.1.0.33']])];
  dhcp.set(...networks, ...ports);
  await dhcp.settled();
  const told = await Promise.all(ports.map(async (port) => dhcp.lease4(await dhcp.boot(port))));
  expect(told[0]).toMatchObject({ ip: '10.1.0.33', serverid: '10.1.0.2', dns: '192.0.2.1' });
  expect(told[1]).toMatchObject({ ip: '10.1.0.33', serverid: '10.1.0.2', dns: '192.0.2.2' });
  // The lower network goes, the other one keeps serving.
  dhcp.set(networks[1] as (typeof networks)[1], ports[1] as (typeof ports)[1]);
  await dhcp.settled();
  expect(await dhcp.lease4('vm22')).toMatchObject({ ip: '10.1.0.33', dns: '192.0.2.2' });
  expect(await dhcp.lease4('vm21', [], 2)).toBeUndefined();
});
