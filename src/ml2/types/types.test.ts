// Type drivers: what an administrator may ask of a segment, in the API's words, and what a type leaves of the MTU.
import { describe, expect, test } from 'vitest';
import { defaultSettings } from '#core/settings.ts';
import type { PhysicalNetworks } from '../segment.ts';
import { driverOf, maximumMtu } from '../segments.ts';
import { typeDrivers } from './index.ts';

const known: PhysicalNetworks = {
  flat: ['one'],
  vlan: new Map([
    ['one', [[100, 200]]],
    ['two', []],
  ]),
};
const any: PhysicalNetworks = { flat: ['*'], vlan: new Map() };

test.each<[string, string | null | undefined, number | null | undefined, PhysicalNetworks, string | undefined]>([
  ['local', undefined, undefined, known, undefined],
  ['local', 'one', undefined, known, 'physical_network prohibited for local provider network'],
  ['local', undefined, 5, known, 'segmentation_id prohibited for local provider network'],
  ['flat', 'one', undefined, known, undefined],
  ['flat', 'any', null, any, undefined],
  ['flat', undefined, undefined, known, 'physical_network required for flat provider network'],
  ['flat', '', undefined, any, 'physical_network required for flat provider network'],
  ['flat', 'three', undefined, known, "unknown physical_network 'three' for flat provider network"],
  ['flat', 'one', 5, known, 'segmentation_id prohibited for flat provider network'],
  ['vlan', undefined, undefined, known, undefined],
  ['vlan', 'one', undefined, known, undefined],
  ['vlan', 'one', 1, known, undefined],
  ['vlan', 'two', 4094, known, undefined],
  ['vlan', 'one', 0, known, 'segmentation_id out of range (1 through 4094)'],
  ['vlan', 'one', 4095, known, 'segmentation_id out of range (1 through 4094)'],
  ['vlan', undefined, 5, known, 'segmentation_id requires physical_network for VLAN provider network'],
  ['vlan', 'three', undefined, known, "physical_network 'three' unknown for VLAN provider network"],
  ['vlan', 'two', undefined, known, 'Physical network two requires segmentation_id to be specified when creating a provider network'],
  ['vxlan', undefined, undefined, known, undefined],
  ['vxlan', undefined, 16_777_215, known, undefined],
  ['vxlan', undefined, 16_777_216, known, 'segmentation_id out of range (1 through 16777215)'],
  ['geneve', undefined, 0, known, 'segmentation_id out of range (1 through 16777215)'],
  ['gre', undefined, 4_294_967_295, known, undefined],
  ['gre', undefined, 4_294_967_296, known, 'segmentation_id out of range (1 through 4294967295)'],
  ['vxlan', 'one', 5, known, 'provider:physical_network specified for vxlan network'],
])('%s on %s with %s', (type, physical_network, segmentation_id, networks, answer) => {
  expect(driverOf(type).check({ network_type: type, physical_network, segmentation_id }, networks)).toBe(answer);
});

describe('MTU', () => {
  test.each([
    ['local', 1500, 0, 1500],
    ['flat', 1500, 0, 1500],
    ['vlan', 9000, 1500, 9000],
    ['vxlan', 1500, 0, 1450],
    ['vxlan', 9000, 0, 8950],
    ['vxlan', 9000, 1500, 1450],
    ['vxlan', 1500, 9000, 1450],
    ['geneve', 1500, 0, 1450],
    ['gre', 1500, 0, 1458],
  ])('of %s on %d with a path of %d is %d', (type, globalPhysnetMtu, pathMtu, mtu) => {
    expect(maximumMtu(driverOf(type), { ...defaultSettings, globalPhysnetMtu, pathMtu })).toBe(mtu);
  });

  test('and every type is there', () => {
    expect([...typeDrivers.keys()]).toEqual(['local', 'flat', 'vlan', 'gre', 'vxlan', 'geneve']);
    expect(() => driverOf('x')).toThrow("Invalid input for operation: network_type value 'x' not supported.");
  });
});
