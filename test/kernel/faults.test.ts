// What a host lacks is said in words, about the objects that need it and about no others; everything else is made real all the same.
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DesiredValue } from '#desired/objects.ts';
import { lease, server, subnet4 } from '#test/dhcp-wishes.ts';
import { type AgentProcess, type AgentSettings, makeServer, startAgent, type TestServer } from './agent-process.ts';
import { bridgeOf, cleared, deviceOf, macOf, networkId, portId } from './cloud.ts';
import { clientPort, keepInotifyLimit, withPorts } from './dhcp-host.ts';
import { endProgram, makeHost, makeInstance, ping, type TestHost, until } from './host.ts';

const TOOLS = ['ip', 'bridge', 'sysctl', 'env', 'dnsmasq', 'dbus-daemon'];
const served = server(1, [subnet4(1)]);
const client = lease(1, clientPort(0x21), [[1, '10.1.0.33']]);

const restore = keepInotifyLimit();
let host: TestHost;
let wishes: TestServer;
let agent: AgentProcess;
beforeAll(async () => {
  host = await makeHost('host1');
  mkdirSync(host.path('/run/bin'));
  for (const n of [1, 2]) await makeInstance(host, `vm${n}`, { device: deviceOf(n), mac: macOf(n), addresses: [`10.0.0.${n}/24`] });
});
afterAll(async () => {
  await host?.close();
  restore();
});
beforeEach(() => {
  for (const name of TOOLS) give(name);
  wishes = makeServer();
  return async () => {
    for (const name of TOOLS) give(name);
    wishes.drop(...wishes.objects.keys());
    if (agent.child.exitCode === null) await cleared(host);
    await agent.end('SIGTERM');
  };
});

/** The agent finds the programs that the host has been given, and no others. */
function start(settings: AgentSettings = {}, prefix: readonly string[] = []): void {
  agent = startAgent(host, wishes, { dhcp: true, ...settings }, { prefix: ['env', 'PATH=/run/bin', ...prefix] });
}
function programPath(name: string): string {
  const found = `${process.env.PATH}:/usr/sbin:/sbin`.split(':').map((directory) => join(directory, name));
  const path = found.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (path === undefined) throw new Error(`this machine has no ${name}`);
  return path;
}
function give(name: string): void {
  try {
    symlinkSync(programPath(name), host.path(`/run/bin/${name}`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
const take = (name: string) => unlinkSync(host.path(`/run/bin/${name}`));

const network = (n: number, more: object = {}): DesiredValue => ({
  kind: 'network',
  network_id: networkId(n),
  network_type: 'local',
  physical_network: null,
  segmentation_id: null,
  mtu: 1450,
  local_ip: null,
  ...more,
});
const port = (n: number, of: number, more: object = {}): DesiredValue => ({
  kind: 'port',
  port_id: portId(n),
  network_id: networkId(of),
  device: deviceOf(n),
  mac_address: macOf(n),
  admin_state_up: true,
  owner: 'instance',
  ...more,
});
const pair = [network(3), port(1, 3), port(2, 3)];
const errorOf = (key: string) => wishes.reports.get(key)?.error;
const works = async () => {
  await until('the ports are wired', () => errorOf(`port/${portId(1)}`) === null && errorOf(`port/${portId(2)}`) === null);
  expect(await ping(host, 'vm1', '10.0.0.2', 3)).toBe(3);
};

test.each([
  ['dnsmasq', 'dnsmasq-base'],
  ['dbus-daemon', 'dbus-daemon'],
])('without %s its objects say so, their neighbours work, and DHCP comes when the program does', async (program, debian) => {
  take(program);
  start();
  wishes.put(...pair, ...withPorts(served), ...withPorts(client));
  const missing = `${program} is not installed on this host (Debian package ${debian})`;
  await until('it is reported', () => errorOf(`dhcp/${served.network_id}`) === missing);
  expect(errorOf(`lease/${client.port_id}`)).toBe(missing);
  await until('its network is made all the same', () => errorOf(`network/${served.network_id}`) === null);
  await works();
  give(program);
  await until('DHCP is served', () => errorOf(`dhcp/${served.network_id}`) === null && errorOf(`lease/${client.port_id}`) === null, 6_000);
});

test('without a program that everything needs, everything says so, and is made when it comes', async () => {
  take('bridge');
  start();
  wishes.put(...pair);
  await until('it is reported', () => pair.every((value) => value.kind !== 'port' || errorOf(`port/${value.port_id}`)));
  expect(errorOf(`port/${portId(1)}`)).toBe('the program bridge is not installed on this host');
  expect(errorOf(`network/${networkId(3)}`)).toBe('the program bridge is not installed on this host');
  give('bridge');
  await works();
});

test('a program that goes missing later changes nothing that was made', async () => {
  start({ resync: 300 });
  wishes.put(...pair);
  await works();
  take('bridge');
  await until('a round fails', () => agent.logs.some(({ message }) => message.startsWith('a round failed')));
  await works();
  give('bridge');
});

test('a host without privileges ends with one clear line and touches nothing', async () => {
  const before = await host.run(['ip', '-o', 'link', 'show']);
  wishes.put(...pair);
  start({}, [programPath('setpriv'), '--bounding-set=-all', '--inh-caps=-all']);
  const [code] = (await once(agent.child, 'exit')) as [number];
  expect(code).toBe(1);
  expect(agent.logs.map(({ message }) => message)).toEqual([
    'wiring networks needs root, or at least CAP_NET_ADMIN and CAP_SYS_ADMIN, which this process lacks',
  ]);
  expect(wishes.reports.size).toBe(0);
  expect(await host.run(['ip', '-o', 'link', 'show'])).toBe(before);
});

test('networks and ports that cannot be, each say why, and stop nobody', async () => {
  start({ physical: { public: 'eth9' } });
  await host.run(['ip', 'link', 'add', 'vxlan-105', 'type', 'vxlan', 'id', '999', 'dstport', '4789', 'local', '127.0.0.1']);
  await host.run(['ip', 'tuntap', 'add', 'dev', bridgeOf(4), 'mode', 'tap']);
  const gre = server(2, []).network_id;
  wishes.put(
    network(1, { network_type: 'vxlan', segmentation_id: 105, local_ip: '127.0.0.1' }),
    network(2, { network_type: 'flat', physical_network: 'public' }),
    network(4),
    { ...network(1, { network_type: 'gre', segmentation_id: 7, local_ip: '127.0.0.1' }), network_id: gre } as DesiredValue,
    port(6, 1),
    ...pair,
    port(9, 3),
  );
  await works();
  await until('all are reported', () => [...wishes.objects.keys()].every((key) => wishes.reports.has(key)));
  expect(errorOf(`network/${networkId(1)}`)).toBe('a device vxlan-105 that is not ours is in the way');
  expect(errorOf(`port/${portId(6)}`)).toBe('a device vxlan-105 that is not ours is in the way');
  expect(errorOf(`network/${networkId(2)}`)).toBe('interface eth9 of physical network public does not exist on this host');
  expect(errorOf(`network/${networkId(4)}`)).toBe(`the device ${bridgeOf(4)} of this host is not a bridge`);
  expect(errorOf(`network/${gre}`)).toMatch(/^gre networks need/);
  expect(errorOf(`port/${portId(9)}`)).toBe(`device ${deviceOf(9)} has not appeared on this host`);
  expect(errorOf(`network/${networkId(3)}`)).toBeNull();
  await host.batch(['link del vxlan-105', `link del ${bridgeOf(4)}`]);
  await until('the way is free', () => errorOf(`network/${networkId(1)}`) === null && errorOf(`network/${networkId(4)}`) === null, 8_000);
});

test('a step that the kernel refuses is the failure of its object alone', async () => {
  start();
  // A bridge cannot be a port of a bridge: the kernel refuses the one step that would make it one.
  await host.run(['ip', 'link', 'add', deviceOf(7), 'type', 'bridge']);
  wishes.put(...pair, port(7, 3));
  await works();
  await until('the refusal is reported', () => errorOf(`port/${portId(7)}`));
  expect(errorOf(`port/${portId(7)}`)).toMatch(/bridge/i);
  expect(errorOf(`network/${networkId(3)}`)).toBeNull();
  await host.run(['ip', 'link', 'del', deviceOf(7)]);
  await until('it waits for a device that can', () => errorOf(`port/${portId(7)}`)?.includes('has not appeared'));
});

test('a DHCP server whose port is taken is the failure of its network alone', async () => {
  start();
  const [first, second] = [served, server(2, [subnet4(2)])];
  wishes.put(...withPorts(second));
  await until('the second is served', () => errorOf(`dhcp/${second.network_id}`) === null);
  // Somebody else's server sits in the namespace of the first.
  const netns = `qdhcp-${first.network_id}`;
  await host.run(['ip', 'netns', 'add', netns]);
  const squatter = host.start(
    [programPath('dnsmasq'), '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--user=root'],
    netns,
  );
  await until('it listens', async () => (await host.run(['cat', '/proc/net/tcp'], netns)).includes('00000000:0035'));
  wishes.put(...withPorts(first), ...withPorts(client));
  await until('the failure is reported', () => errorOf(`dhcp/${first.network_id}`));
  expect(errorOf(`dhcp/${first.network_id}`)).toMatch(/^dnsmasq did not start: .*(Address already in use|DHCP)/);
  expect(errorOf(`lease/${client.port_id}`)).toMatch(/^dnsmasq did not start/);
  expect(errorOf(`dhcp/${second.network_id}`)).toBeNull();
  await endProgram(squatter, 'SIGKILL');
  await until('it is served once the port is free', () => errorOf(`dhcp/${first.network_id}`) === null, 8_000);
});
