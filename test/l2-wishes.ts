// Desired objects of layer 2, written by hand or drawn by chance: for the laws beside the planner, the contract with the kernel and
// the kernel tests.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { DesiredObject, DesiredValue } from '#desired/objects.ts';
import type { Link } from '#host/links.ts';

/** An object with its key and digest, as the server would send it. */
export function desiredObject(value: DesiredValue): DesiredObject {
  const id =
    value.kind === 'network' || value.kind === 'dhcp'
      ? value.network_id
      : value.kind === 'flood'
        ? `${value.network_id}/${value.tunnel_ip}`
        : value.port_id;
  return { key: `${value.kind}/${id}`, digest: createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16), value };
}

/** A desired state by key. */
export function desiredMap(values: readonly DesiredValue[]): Map<string, DesiredObject> {
  return new Map(values.map(desiredObject).map((object) => [object.key, object]));
}

/** A device that nothing was set on, up. */
export const plainLink: Omit<Link, 'name'> = {
  index: 0,
  kind: null,
  master: null,
  mtu: 1500,
  up: true,
  linkLocal: true,
  group: 'default',
  ipv4: true,
  ipv6: true,
  answersArp: false,
  learns: true,
  vxlan: null,
  vlan: null,
  bridge: null,
};

/** Ids of the networks that wishes are about. */
export const networks = [1, 2, 3, 4].map((n) => `${n}${n}${n}${n}${n}${n}${n}${n}-1111-4111-8111-111111111111`);
/** Ports that wishes are about, numbered from 1. */
export const PORTS = 6;
/** The device of port N. */
export const device = (n: number) => `tap${n}0000000-aa`;
const endpoint = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3');

const network = (id: string) =>
  fc.record({
    kind: fc.constant('network' as const),
    network_id: fc.constant(id),
    network_type: fc.constantFrom('local' as const, 'vxlan' as const, 'vxlan' as const, 'flat' as const, 'vlan' as const, 'gre' as const),
    physical_network: fc.constantFrom('public', 'other', 'mapped'),
    segmentation_id: fc.constantFrom(7, 8, 9),
    mtu: fc.constantFrom(1450, 1500),
    local_ip: fc.constantFrom('10.0.0.1', null),
  });
const port = (n: number) =>
  fc.record({
    kind: fc.constant('port' as const),
    port_id: fc.constant(`${n}0000000-aaaa-4aaa-8aaa-aaaaaaaaaaaa`),
    network_id: fc.constantFrom(...networks),
    device: fc.constant(device(n)),
    mac_address: fc.constant(`fa:16:3e:00:00:0${n}`),
    admin_state_up: fc.boolean(),
    owner: fc.constant('instance' as const),
  });
const peer = (n: number) =>
  fc.record({
    kind: fc.constant('peer' as const),
    port_id: fc.constant(`${n}0000000-bbbb-4bbb-8bbb-bbbbbbbbbbbb`),
    network_id: fc.constantFrom(...networks),
    mac_address: fc.constant(`fa:16:3e:00:01:0${n}`),
    ip_addresses: fc.subarray([`192.168.0.${n}`, `192.168.1.${n}`, `fd00::${n}`]),
    tunnel_ip: endpoint,
  });
const flood = fc.record({ kind: fc.constant('flood' as const), network_id: fc.constantFrom(...networks), tunnel_ip: endpoint });

/** Everything that a host may be asked for at layer 2, sensible or not. */
export const wish: fc.Arbitrary<DesiredValue[]> = fc
  .tuple(
    fc.tuple(...networks.map((id) => fc.option(network(id)))),
    fc.tuple(...[1, 2, 3, 4, 5, 6].map((n) => fc.option(port(n)))),
    fc.tuple(...[1, 2, 3].map((n) => fc.option(peer(n)))),
    fc.uniqueArray(flood, { selector: (value) => `${value.network_id}${value.tunnel_ip}` }),
  )
  .map((parts) => parts.flat().filter((value) => value !== null));
/** Devices of ports that are there. */
export const appeared = fc.subarray(Array.from({ length: PORTS }, (_, i) => device(i + 1)));
