// What an agent holds, by network and by device.
import { expect, test } from 'vitest';
import type { DesiredValue } from '#desired/objects.ts';
import { desiredObject, networks } from '#test/l2-wishes.ts';
import { createHeld } from './held.ts';

const [network = ''] = networks;
const port: DesiredValue = {
  kind: 'port',
  port_id: '10000000-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
  network_id: network,
  device: 'tap10000000-aa',
  mac_address: 'fa:16:3e:00:00:01',
  admin_state_up: true,
  owner: 'instance',
};

test('an object of a kind that is not known yet, without a network, concerns no network and is held until it goes', () => {
  const held = createHeld();
  const router = { key: 'router/1', digest: '0', value: { kind: 'router', router_id: '1' } as unknown as DesiredValue };
  const { networks: touched } = held.take({ cursor: '1', complete: true, drop: [], put: [router, desiredObject(port)] });
  expect([...touched]).toEqual([network]);
  expect([...held.networks]).toEqual([network]);
  expect(held.objects.get('router/1')).toBe(router);
  const after = held.take({ cursor: '2', complete: false, drop: ['router/1'], put: [] });
  expect([...after.networks]).toEqual([]);
  expect(after.gone).toEqual(['router/1']);
});

test('a network that goes takes along what names it', () => {
  const held = createHeld();
  held.take({ cursor: '1', complete: true, drop: [], put: [desiredObject(port)] });
  expect(held.networkOfDevice('tap10000000-aa')).toBe(network);
  const { gone } = held.take({ cursor: '2', complete: false, drop: [`network/${network}`], put: [] });
  expect(gone).toEqual([`port/${port.port_id}`]);
  expect(held.networkOfDevice('tap10000000-aa')).toBeUndefined();
  expect([...held.networks]).toEqual([]);
});
