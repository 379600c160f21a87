// Projections are pure: the same rows give the same objects; what is not wiring changes no digest; and a delta means what applyDelta says.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from './digest.ts';
import { applyDelta, type DesiredDelta, type DesiredObject, type DesiredValue } from './objects.ts';
import { floodObject, leaseObject, networkObject, peerObject, portObject } from './project.ts';
import type { NetworkRow, PortRow } from './rows.ts';

const network: NetworkRow = { id: 'n1', mtu: 1450, dns_domain: '', network_type: 'vxlan', physical_network: '', segmentation_id: 7 };
const port: PortRow = {
  id: '11111111-2222-4333-8444-555555555555',
  network_id: 'n1',
  mac_address: 'fa:16:3e:00:00:01',
  admin_state_up: 1,
  device_owner: 'compute:nova',
  host: 'one',
  vif_type: 'bridge',
  fixed_ips: [
    { subnet_id: 'b', ip_address: '10.0.0.9' },
    { subnet_id: 'a', ip_address: '10.0.0.5' },
  ],
  extra_dhcp_opts: [],
  dns_name: '',
};

describe('a port', () => {
  test('is wired on its host alone, and a peer on every other one that can be sent to', () => {
    expect(portObject(port, 'one')?.value).toEqual({
      kind: 'port',
      port_id: port.id,
      network_id: 'n1',
      device: 'tap11111111-22',
      mac_address: port.mac_address,
      admin_state_up: true,
      owner: 'instance',
    });
    expect(portObject(port, 'two')).toBeUndefined();
    expect(peerObject(port, network, 'one', '192.0.2.1')).toBeUndefined();
    expect(peerObject(port, network, 'two', undefined)).toBeUndefined();
    expect(peerObject(port, { ...network, network_type: 'vlan' }, 'two', '192.0.2.1')).toBeUndefined();
    expect(peerObject(port, network, 'two', '192.0.2.1')?.value).toMatchObject({
      ip_addresses: ['10.0.0.5', '10.0.0.9'],
      tunnel_ip: '192.0.2.1',
    });
  });

  test.each([{ vif_type: 'unbound' }, { vif_type: 'binding_failed' }, { host: '', vif_type: 'unbound' }])(
    'that is not bound is nowhere: %j',
    (change) => {
      expect(portObject({ ...port, ...change }, 'one')).toBeUndefined();
      expect(peerObject({ ...port, ...change }, network, 'two', '192.0.2.1')).toBeUndefined();
    },
  );

  test.each([
    'network:router_interface',
    'network:router_gateway',
    'network:router_ha_interface',
    'network:ha_router_replicated_interface',
  ])('of a router is wired nowhere, as %s', (device_owner) => {
    expect(portObject({ ...port, device_owner }, 'one')).toBeUndefined();
  });

  test('has a lease when it has addresses and is no DHCP server', () => {
    expect(leaseObject(port)?.value).toMatchObject({ hostname: 'host-10-0-0-9' });
    expect(leaseObject({ ...port, dns_name: 'named' })?.value).toMatchObject({ hostname: 'named' });
    expect(leaseObject({ ...port, fixed_ips: [] })).toBeUndefined();
    expect(leaseObject({ ...port, device_owner: 'network:dhcp' })).toBeUndefined();
    const six = [{ subnet_id: 'c', ip_address: '2001:db8::1' }];
    expect(leaseObject({ ...port, fixed_ips: six })?.value).toMatchObject({ hostname: 'host-2001-db8--1' });
  });
});

test('tunnels have an endpoint, other networks have none', () => {
  expect(networkObject(network, '192.0.2.1').value).toMatchObject({ local_ip: '192.0.2.1', physical_network: null });
  expect(networkObject({ ...network, network_type: 'flat', physical_network: 'p' }, '192.0.2.1').value).toMatchObject({
    local_ip: null,
    physical_network: 'p',
  });
  expect(floodObject(network, 'one', 'one', '192.0.2.1')).toBeUndefined();
  expect(floodObject(network, 'one', 'two', '192.0.2.2')?.key).toBe('flood/n1/two');
});

test('a digest changes exactly when the value does', () => {
  const rows = fc.record({
    mac_address: fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:02'),
    admin_state_up: fc.constantFrom(0, 1),
    device_owner: fc.constantFrom('', 'network:dhcp'),
  });
  fc.assert(
    fc.property(rows, rows, (a, b) => {
      const [one, other] = [portObject({ ...port, ...a }, 'one'), portObject({ ...port, ...b }, 'one')];
      expect(one?.digest === other?.digest).toBe(JSON.stringify(one?.value) === JSON.stringify(other?.value));
    }),
  );
});

describe('a delta', () => {
  const make = (key: string, network_id: string, mark: string): DesiredObject => {
    const value = { kind: 'flood', network_id, tunnel_ip: mark } as DesiredValue;
    return { key, digest: digestOf(value), value };
  };
  const key = fc.constantFrom('network/a', 'port/1', 'port/2', 'network/b', 'peer/3');
  const networkOf: Readonly<Record<string, string>> = { 'network/a': 'a', 'port/1': 'a', 'port/2': 'a', 'network/b': 'b', 'peer/3': 'b' };
  const object = fc.tuple(key, fc.constantFrom('x', 'y')).map(([name, mark]) => make(name, networkOf[name] ?? '', mark));
  const delta: fc.Arbitrary<DesiredDelta> = fc.record({
    cursor: fc.constant('c'),
    complete: fc.boolean(),
    drop: fc.uniqueArray(key),
    put: fc.uniqueArray(object, { selector: (one) => one.key }),
  });
  const heldOf = (all: readonly DesiredObject[]) => new Map(all.map((one) => [one.key, one]));

  test('drops first, then puts; a network takes its objects along; a complete one leaves nothing of before', () => {
    fc.assert(
      fc.property(fc.uniqueArray(object, { selector: (one) => one.key }), delta, (before, one) => {
        const held = heldOf(before);
        applyDelta(held, one);
        const gone = (each: DesiredObject): boolean =>
          one.complete || one.drop.includes(each.key) || one.drop.includes(`network/${each.value.network_id}`);
        expect(held).toEqual(heldOf([...before.filter((each) => !gone(each)), ...one.put]));
      }),
    );
  });

  test('twice is once, and it names at least what it changed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(object, { selector: (one) => one.key }), delta, (before, one) => {
        const held = heldOf(before);
        const touched = applyDelta(held, one);
        for (const name of new Set([...held.keys(), ...before.map((each) => each.key)])) {
          const old = before.find((each) => each.key === name);
          if (held.get(name)?.digest !== old?.digest) expect(touched).toContain(name);
        }
        const again = new Map(held);
        applyDelta(again, one);
        expect(again).toEqual(held);
      }),
    );
  });
});
