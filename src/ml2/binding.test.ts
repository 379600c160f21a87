// Binding is pure: the same port, host and agents give the same answer, and one who cannot wire a port says why.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bind, deviceName } from './binding.ts';
import { bridgeName, tunnelEndpoint } from './mechanisms/linuxbridge.ts';
import type { HostAgent, MechanismDriver, NetworkType, Segment } from './segment.ts';

const NETWORK = '11111111-2222-4333-8444-555555555555';
const port = { network_id: NETWORK, vnic_type: 'normal' };
const segment = (network_type: NetworkType, physical_network = '', segmentation_id: number | null = null): Segment => ({
  id: `${network_type}-${physical_network}`,
  network_type,
  physical_network,
  segmentation_id,
});
const agent = (configurations: object = {}, more: Partial<HostAgent> = {}): HostAgent => ({
  agent_type: 'Linux bridge agent',
  alive: true,
  configurations: { tunneling_ip: '192.0.2.1', tunnel_types: ['vxlan'], bridge_mappings: { physnet: 'eth1' }, ...configurations },
  ...more,
});
const [vxlan, local, flat, vlan] = [segment('vxlan', '', 7), segment('local'), segment('flat', 'physnet'), segment('vlan', 'physnet', 5)];

describe('a port that can be wired', () => {
  test('is plugged as os-vif expects it', () => {
    expect(bind(port, 'host', [agent()], [vxlan])).toEqual({
      vif_type: 'bridge',
      vif_details: { port_filter: false, connectivity: 'l2', bridge_name: 'brq11111111-22' },
      segment: vxlan,
    });
  });

  test.each([[vxlan], [local], [flat], [vlan]])('over a segment of any type the agent carries', (one) => {
    expect(bind(port, 'host', [agent()], [one])).toMatchObject({ vif_type: 'bridge', segment: one });
  });

  test('takes the first segment that the host carries', () => {
    const strange = segment('flat', 'elsewhere');
    expect(bind(port, 'host', [agent()], [strange, vlan, vxlan])).toMatchObject({ segment: vlan });
  });

  test('has a device and a bridge whose names the kernel takes', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        for (const [name, prefix] of [
          [deviceName(id), 'tap'],
          [bridgeName(id), 'brq'],
        ]) {
          expect(name).toBe(`${prefix}${id.slice(0, 11)}`);
          expect(name?.length).toBeLessThan(16);
        }
      }),
    );
  });
});

test.each([[5], [null], [''], ['10.0.0.1/24'], ['10.0.0.1 dev eth0'], ['somewhere.example'], ['10.0.0']])(
  'a host whose tunnel endpoint is %j has none',
  (tunneling_ip) => {
    expect(tunnelEndpoint({ tunneling_ip })).toBeUndefined();
    expect(bind(port, 'host', [agent({ tunneling_ip })], [vxlan])).toHaveProperty('failed');
  },
);

describe('a port that nobody can wire', () => {
  test.each<[string, readonly HostAgent[], readonly Segment[], string]>([
    ['no agent', [], [vxlan], 'host host has no live Linux bridge agent'],
    ['a dead agent', [agent({}, { alive: false })], [vxlan], 'host host has no live Linux bridge agent'],
    ['an agent of another kind', [agent({}, { agent_type: 'DHCP agent' })], [vxlan], 'host host has no live Linux bridge agent'],
    [
      'no tunnel endpoint',
      [agent({ tunneling_ip: null })],
      [vxlan],
      "host host: its Linux bridge agent carries none of the network's segments (vxlan)",
    ],
    [
      'a tunnel type it has not',
      [agent()],
      [segment('gre', '', 7)],
      "host host: its Linux bridge agent carries none of the network's segments (gre)",
    ],
    [
      'a physical network it has not',
      [agent()],
      [segment('vlan', 'other', 5)],
      "host host: its Linux bridge agent carries none of the network's segments (vlan on other)",
    ],
    [
      'an agent that says nothing of itself',
      [agent({ tunneling_ip: 5, tunnel_types: 'vxlan', bridge_mappings: null })],
      [vxlan, flat],
      "host host: its Linux bridge agent carries none of the network's segments (vxlan, flat on physnet)",
    ],
    ['no segment', [agent()], [], "host host: its Linux bridge agent carries none of the network's segments ()"],
  ])('is told so: %s', (_, agents, segments, failed) => {
    expect(bind(port, 'host', agents, segments)).toEqual({ failed });
  });

  test('hears every driver', () => {
    const silent: MechanismDriver = {
      name: 'silent',
      agentType: 'Silent agent',
      vnicTypes: ['direct'],
      bind: () => ({ refused: 'it never does' }),
    };
    const agents = [agent({}, { agent_type: 'Silent agent' })];
    expect(bind({ ...port, vnic_type: 'direct' }, 'host', agents, [local], [silent])).toEqual({ failed: 'host host: it never does' });
    expect(bind({ ...port, vnic_type: 'direct' }, 'host', [agent()], [local])).toEqual({
      failed: 'linuxbridge has no ports of type direct',
    });
  });

  test('whatever an agent says of itself, binding answers', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('tunneling_ip', 'tunnel_types', 'bridge_mappings'), fc.jsonValue()), (configurations) => {
        const said: HostAgent = { agent_type: 'Linux bridge agent', alive: true, configurations };
        const result = bind(port, 'host', [said], [vxlan, flat]);
        expect('failed' in result || result.vif_type === 'bridge').toBe(true);
      }),
    );
  });
});
