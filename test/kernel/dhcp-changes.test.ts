// What changes of ports cost a DHCP server that runs: a new one nothing, any number of others one signal in 200 ms, and no address stays behind
// with who had it before.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { LeaseObject } from '#desired/objects.ts';
import { lease, server, subnet4 } from '#test/dhcp-wishes.ts';
import { RUN_DIRECTORY } from './agent-process.ts';
import { clientPort, type DhcpHost, filesOf, makeDhcpHost } from './dhcp-host.ts';
import { until } from './host.ts';

const network = server(1, [subnet4(1)]);
const port = (n: number, address: string, more: Partial<LeaseObject> = {}) => lease(1, clientPort(n), [[1, address]], more);
const first = port(0x21, '10.1.0.33');

let dhcp: DhcpHost;
beforeAll(async () => {
  dhcp = await makeDhcpHost();
});
afterAll(() => dhcp?.close());
beforeEach(async () => {
  dhcp.set(network, first);
  await dhcp.settled();
  await quiet();
});

const now = () => ({ pid: dhcp.pid(network), ...dhcp.counts(network) });
/** Waits until dnsmasq has been told everything: nothing happened to it for longer than the pause between two signals. */
const quiet = () =>
  until('the server is at rest', async () => {
    const seen = () => attempt(() => JSON.stringify(now()));
    const before = seen();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return before !== undefined && before === seen();
  });
const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined; // between the end of one server and the start of the next
  }
};

test('a new port reloads nothing and is served at once', async () => {
  const before = now();
  const ports = Array.from({ length: 20 }, (_, i) => port(0x30 + i, `10.1.0.${100 + i}`));
  for (const [i] of ports.entries()) {
    dhcp.set(network, first, ...ports.slice(0, i + 1));
    await dhcp.settled();
  }
  const last = ports[19] as LeaseObject;
  const netns = await dhcp.boot(last);
  const started = Date.now();
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.119' });
  expect(Date.now() - started).toBeLessThan(3_000);
  expect(now()).toEqual(before);
});

test('an address that is deleted and created again for another MAC is leased at once, after one signal', async () => {
  const old = port(0x22, '10.1.0.50');
  dhcp.set(network, first, old);
  await dhcp.settled();
  expect(await dhcp.lease4(await dhcp.boot(old))).toMatchObject({ ip: '10.1.0.50' });
  const heir = port(0x23, '10.1.0.50');
  const netns = await dhcp.boot(heir);
  const before = now();
  dhcp.set(network, first, heir);
  const started = Date.now();
  await dhcp.settled();
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.50' });
  expect(Date.now() - started).toBeLessThan(3_000);
  await quiet();
  expect(now()).toEqual({ ...before, signals: before.signals + 1 });
  expect(await dhcp.lease4('vm22', [], 2)).toBeUndefined();
});

test('two ports that swap their addresses get each other’s', async () => {
  const ports = [port(0x22, '10.1.0.50'), port(0x23, '10.1.0.51')];
  dhcp.set(network, ...ports);
  await dhcp.settled();
  for (const each of ports) expect(await dhcp.lease4(await dhcp.boot(each))).toMatchObject({ ip: each.ip_addresses[0]?.ip_address });
  await quiet();
  dhcp.set(network, port(0x22, '10.1.0.51'), port(0x23, '10.1.0.50'));
  await dhcp.settled();
  expect(await dhcp.lease4('vm22')).toMatchObject({ ip: '10.1.0.51' });
  expect(await dhcp.lease4('vm23')).toMatchObject({ ip: '10.1.0.50' });
});

test('a port that gets another address, and one that gets another MAC, are known as they are now', async () => {
  dhcp.set(network, first, port(0x22, '10.1.0.60'));
  await dhcp.settled();
  const netns = await dhcp.boot(port(0x22, '10.1.0.60'));
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.60' });
  await quiet();
  dhcp.set(network, first, port(0x22, '10.1.0.61'));
  await dhcp.settled();
  expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.61' });
  await quiet();
  const replaced = port(0x22, '10.1.0.61', { mac_address: 'fa:16:3e:aa:bb:cc' });
  dhcp.set(network, first, replaced);
  await dhcp.settled();
  expect(await dhcp.lease4(netns, [], 2)).toBeUndefined();
  expect(await dhcp.lease4(await dhcp.boot(replaced))).toMatchObject({ ip: '10.1.0.61' });
});

test('many changes at one moment cost one signal', async () => {
  const ports = Array.from({ length: 60 }, (_, i) => port(0x40 + i, `10.1.0.${100 + i}`));
  dhcp.set(network, first, ...ports);
  await dhcp.settled();
  await quiet();
  const before = now();
  const changed = ports
    .slice(20)
    .map((each, i) =>
      i % 2 ? each : { ...each, hostname: `renamed-${i}`, options: [{ opt_name: '26', opt_value: '1400', ip_version: 4 as const }] },
    );
  dhcp.set(network, first, ...changed);
  await dhcp.settled();
  await quiet();
  expect(now()).toEqual({ ...before, signals: before.signals + 1 });
});

test('changes that follow each other within 200 ms cost one signal at their beginning and one at their end', async () => {
  const ports = Array.from({ length: 30 }, (_, i) => port(0x40 + i, `10.1.0.${100 + i}`));
  dhcp.set(network, first, ...ports);
  await dhcp.settled();
  await quiet();
  const before = now();
  const heard: number[] = [];
  let signals = before.signals;
  const listening = setInterval(() => {
    const count = dhcp.counts(network).signals;
    if (count > signals) heard.push(Date.now());
    signals = count;
  }, 5);
  const started = Date.now();
  let left = ports;
  while (Date.now() - started < 170 && left.length > 0) {
    left = left.slice(1);
    dhcp.set(network, first, ...left);
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  expect(ports.length - left.length).toBeGreaterThan(5);
  await dhcp.settled();
  await quiet();
  clearInterval(listening);
  const { signals: after, ...same } = now();
  expect(same).toEqual({ pid: before.pid, starts: before.starts });
  expect(after - before.signals).toBeLessThanOrEqual(2);
  expect(after - before.signals).toBeGreaterThanOrEqual(1);
  if (heard.length === 2) expect((heard[1] as number) - (heard[0] as number)).toBeGreaterThan(150);
  const gone = ports[0] as LeaseObject;
  expect(await dhcp.lease4(await dhcp.boot(gone), [], 2)).toBeUndefined();
});

test('no IPv4 lease is kept, so none can stand in the way; a client that releases or renews is served as before', async () => {
  const netns = await dhcp.boot(first);
  expect(await dhcp.lease4(netns, ['-R'])).toMatchObject({ ip: '10.1.0.33' });
  await until('the lease file holds no IPv4 lease', () => !(filesOf(dhcp.host, network).get('leases') ?? '').includes('10.1.0.33'));
  expect(await dhcp.lease4(netns, ['-r', '10.1.0.33'])).toMatchObject({ ip: '10.1.0.33' });
  // Asked for an address that is not its own, it is given its own.
  expect(await dhcp.lease4(netns, ['-r', '10.1.0.77'])).toMatchObject({ ip: '10.1.0.33' });
});

test('a running client renews what the server has forgotten', async () => {
  const netns = await dhcp.boot(first);
  const out = `/run/renewed`;
  const argv = ['udhcpc', '-f', '-t', '5', '-T', '1', '-i', 'eth0', '-s', '/run/tools/script4', '-p', '/run/udhcpc.pid'];
  dhcp.host.start(['env', `OUT=${out}`, ...argv], netns);
  const told = async () => (await dhcp.host.attempt(['cat', out])).stdout;
  await until('it has its lease', async () => (await told()).includes('event=bound'));
  await until('the server has forgotten it', () => !(filesOf(dhcp.host, network).get('leases') ?? '').includes('10.1.0.33'));
  await dhcp.host.run(['sh', '-c', 'kill -USR1 $(cat /run/udhcpc.pid)']);
  await until('it has renewed', async () => (await told()).includes('event=renew'));
  expect(await told()).not.toContain('event=nak');
});

test('change after change between leases, the server lives on', async () => {
  const before = now();
  const netns = await dhcp.boot(first);
  for (let turn = 0; turn < 8; turn++) {
    expect(await dhcp.lease4(netns)).toMatchObject({ ip: '10.1.0.33' });
    dhcp.set(network, first, port(0x22, `10.1.0.${60 + turn}`));
    await dhcp.settled();
  }
  await quiet();
  expect(now()).toMatchObject({ pid: before.pid, starts: before.starts });
});

test('where a port has options of its own, a change starts the server anew, which a signal would kill', async () => {
  const special = port(0x24, '10.1.0.70', { options: [{ opt_name: 'tftp-server', opt_value: 'boot.example', ip_version: 4 }] });
  const before = now();
  dhcp.set(network, first, special);
  await dhcp.settled();
  const netns = await dhcp.boot(special);
  for (let turn = 0; turn < 4; turn++) {
    expect(await dhcp.lease4(netns, ['-O', 'tftp'])).toMatchObject({ ip: '10.1.0.70', tftp: 'boot.example' });
    await quiet();
    expect(now()).toMatchObject({ starts: before.starts + turn, signals: before.signals });
    dhcp.set(network, special, port(0x22, `10.1.0.${60 + turn}`));
    await dhcp.settled();
  }
});

test('another name server of the subnet is known to the next client, by a server that was started anew', async () => {
  const before = now();
  const other = server(1, [subnet4(1, { dns_nameservers: ['192.0.2.7'] })]);
  dhcp.set(other, first);
  await dhcp.settled();
  expect(await dhcp.lease4(await dhcp.boot(first))).toMatchObject({ ip: '10.1.0.33', dns: '192.0.2.7' });
  expect(now()).toMatchObject({ starts: before.starts + 1 });
  expect([...filesOf(dhcp.host, network).keys()].filter((name) => name.endsWith('.conf')).length).toBe(1);
  expect([...dhcp.host.processes().values()].filter((line) => line.includes(`${RUN_DIRECTORY}/dhcp/${network.network_id}`)).length).toBe(1);
});
