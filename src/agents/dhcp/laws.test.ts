// What holds for every wish and every host: one pass is enough, the rest of the host is not touched, and nobody's text becomes a line.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DesiredValue } from '#desired/objects.ts';
import { stepText } from '#host/steps.ts';
import {
  bareHost,
  dhcpWish,
  type FakeHost,
  fold,
  hostile,
  lease,
  NO_SERVER,
  networkId,
  portId,
  server,
  subnet4,
  subnet6,
} from '#test/dhcp-wishes.ts';
import { desiredMap } from '#test/l2-wishes.ts';
import { configOf, filesOf } from './files.ts';
import { planDhcp } from './plan.ts';

const wished = (values: readonly DesiredValue[]) => desiredMap(values);
const quiet = (host: FakeHost) => {
  for (const [id, sight] of host.servers) host.servers.set(id, { ...sight, quiet: 0 });
};
/** Plans and carries out, as often as the plan itself asks to be looked at again. */
function settle(values: readonly DesiredValue[], host: FakeHost): void {
  quiet(host);
  for (const step of planDhcp(wished(values), host.actual, 'all').steps) fold(host, step);
}
/** What two hosts that are as wished must agree on. */
const shape = (host: FakeHost) => ({
  devices: [...host.actual.devices].sort(),
  bus: host.actual.bus,
  servers: [...host.servers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { files, quiet: _, ...sight }]) => [id, sight, [...files].sort()]),
});

test('one pass is enough, and every step of it is accepted', () => {
  fc.assert(
    fc.property(dhcpWish, dhcpWish, (before, after) => {
      const host = bareHost();
      settle(before, host);
      settle(after, host);
      expect(planDhcp(wished(after), host.actual, 'all').steps.map(stepText)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('a crash after any step is made good by the next pass', () => {
  fc.assert(
    fc.property(dhcpWish, dhcpWish, fc.nat(60), (before, after, crash) => {
      const host = bareHost();
      settle(before, host);
      quiet(host);
      for (const step of planDhcp(wished(after), host.actual, 'all').steps.slice(0, crash)) fold(host, step);
      settle(after, host);
      expect(planDhcp(wished(after), host.actual, 'all').steps.map(stepText)).toEqual([]);
      const straight = bareHost();
      settle(after, straight);
      expect(shape(host)).toEqual(shape(straight));
    }),
    { numRuns: 500 },
  );
});

test('nothing of ours is left when nothing is wished, and what is not ours is never touched', () => {
  fc.assert(
    fc.property(fc.array(dhcpWish, { maxLength: 3 }), (wishes) => {
      const host = bareHost({ devices: new Set(['eth0', 'tapdeadbeef-00']) });
      host.servers.set(networkId(9), {
        ...NO_SERVER,
        namespace: true,
        inner: [{ name: 'ns-deadbeef-00', mac: '', mtu: 1500, up: true, addresses: ['10.0.0.2/24'] }],
      });
      const untouched = shape(host);
      for (const values of wishes) settle(values, host);
      settle([], host);
      expect(shape(host)).toEqual(untouched);
    }),
    { numRuns: 300 },
  );
});

test('a new port on a running server writes its files and signals nobody', () => {
  const host = bareHost();
  const values: DesiredValue[] = [
    server(1, [subnet4(1), subnet6(4, 'dhcpv6-stateful')]),
    lease(1, portId(3), [
      [1, '10.1.0.5'],
      [4, 'fd00:4::5'],
    ]),
  ];
  settle(values, host);
  const more = lease(1, portId(4), [[1, '10.1.0.6']], { options: [{ opt_name: 'bootfile-name', opt_value: 'pxe.0', ip_version: 4 }] });
  const { steps } = planDhcp(wished([...values, more]), host.actual, new Set([networkId(1)]));
  expect(steps.map(({ tool }) => tool)).toEqual(['file', 'file', 'file']);
});

test('an address that changes hands waits for the signal, and the signal for its time', () => {
  const host = bareHost();
  const dhcp = server(1, [subnet4(1)]);
  settle([dhcp, lease(1, portId(3), [[1, '10.1.0.5']])], host);
  const heir = [dhcp, lease(1, portId(4), [[1, '10.1.0.5']])];
  const sight = host.servers.get(networkId(1)) ?? NO_SERVER;
  host.servers.set(networkId(1), { ...sight, quiet: 120 });
  const held = planDhcp(wished(heir), host.actual, 'all');
  expect(held.steps).toEqual([]);
  expect(held.again?.get(networkId(1))).toBe(120);
  expect([...held.waiting.keys()]).toEqual([`lease/${portId(4)}`]);
  host.servers.set(networkId(1), { ...sight, quiet: 0 });
  const { steps, waiting } = planDhcp(wished(heir), host.actual, 'all');
  const said = steps.map(stepText);
  expect(waiting.size).toBe(0);
  const at = (text: RegExp) => said.findIndex((line) => text.test(line));
  expect(at(/^write .*\/pending/)).toBeLessThan(at(/^remove .*hosts/));
  expect(at(/^remove .*hosts/)).toBeLessThan(at(/^write .*hosts/));
  expect(at(/^write .*hosts/)).toBeLessThan(at(/^signal SIGHUP/));
  expect(at(/^signal SIGHUP/)).toBeLessThan(at(/^forget .* 10\.1\.0\.5$/));
  expect(at(/^forget/)).toBeLessThan(at(/^remove .*\/pending/));
  expect(said.filter((line) => line.startsWith('signal')).length).toBe(1);
});

test('where a port has options of its own, a change starts the server anew instead of signalling it', () => {
  const host = bareHost();
  const dhcp = server(1, [subnet4(1)]);
  const plain = lease(1, portId(3), [[1, '10.1.0.5']]);
  const special = lease(1, portId(4), [[1, '10.1.0.6']], { options: [{ opt_name: 'bootfile-name', opt_value: 'pxe.0', ip_version: 4 }] });
  settle([dhcp, plain], host);
  expect(planDhcp(wished([dhcp, plain, special]), host.actual, 'all').steps.map(({ tool }) => tool)).toEqual(['file', 'file', 'file']);
  settle([dhcp, plain, special], host);
  const sight = host.servers.get(networkId(1)) ?? NO_SERVER;
  host.servers.set(networkId(1), { ...sight, quiet: 120 });
  expect(planDhcp(wished([dhcp, special]), host.actual, 'all').steps).toEqual([]);
  host.servers.set(networkId(1), { ...sight, quiet: 0 });
  const said = planDhcp(wished([dhcp, special]), host.actual, 'all').steps.map((step) => stepText(step).split(' ').slice(0, 2).join(' '));
  expect(said.filter((line) => /^(signal|start)/.test(line))).toEqual(['signal SIGTERM', 'start -n']);
});

test("no text of a tenant becomes a line, a setting or another port's option", () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, hostile, fc.constantFrom(4 as const, 6 as const), (domain, hostname, name, value, family) => {
      const dhcp = server(1, [subnet4(1), subnet6(4, 'dhcpv6-stateful')], { dns_domain: domain });
      const plain = configOf(server(1, dhcp.subnets, { dns_domain: 'a.b' }), '/run/isospin', 'dnsmasq').text;
      const config = configOf(dhcp, '/run/isospin', 'dnsmasq').text.split('\n');
      const allowed = new Set(plain.split('\n').map((line) => line.split('=')[0]));
      for (const line of config) {
        expect(allowed).toContain(line.split('=')[0]);
        expect(Buffer.byteLength(line)).toBeLessThan(1_024);
      }
      const port = lease(
        1,
        portId(3),
        [
          [1, '10.1.0.5'],
          [4, 'fd00:4::5'],
        ],
        { hostname, options: [{ opt_name: name, opt_value: value, ip_version: family }] },
      );
      const files = filesOf(dhcp, port);
      const lines = (text = '') => text.split('\n').slice(0, -1);
      expect(lines(files.hosts).length).toBe(2);
      for (const line of lines(files.hosts))
        expect(line).toMatch(/^fa:16:3e:00:00:33(,id:[0-9a-f:]+)?(,tag:dhcpv6)?(,set:p[0-9a-f-]{36})?,[[\]0-9a-f.:]+(,[a-z0-9-]+)?$/i);
      expect(lines(files.options).length).toBeLessThanOrEqual(1);
      for (const line of lines(files.options)) {
        expect(line).toMatch(/^tag:p[0-9a-f-]{36},(\d+|option6?:[a-z0-9+-]+)(,|$)/i);
        expect(Buffer.byteLength(line)).toBeLessThan(1_024);
        expect(line).not.toMatch(/\p{Cc}/u);
      }
      for (const line of lines(files.names)) expect(line).toMatch(/^[0-9a-f.:]+( [a-z0-9.-]+)+$/i);
    }),
    { numRuns: 2_000 },
  );
});
