// Which addresses a port wants, for any subnets and any wishes: laws first, then the cases of the API.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contains, eui64, parsePrefix, toNumber, toText } from './address.ts';
import { choose, type FixedIpRequest, type SubnetChoice, type Wanted } from './choose.ts';

const subnet = (id: string, cidr: string, more: Partial<SubnetChoice> = {}): SubnetChoice => ({
  id,
  cidr,
  ip_version: cidr.includes(':') ? 6 : 4,
  ipv6_address_mode: null,
  service_types: [],
  ...more,
});
const MAC = 'fa:16:3e:00:00:01';
const instance = { mac_address: MAC, device_owner: 'compute:nova' };
const router = { mac_address: MAC, device_owner: 'network:router_interface' };

const v4 = subnet('v4', '10.0.0.0/24');
const other4 = subnet('other4', '10.0.1.0/24');
const v6 = subnet('v6', '2001:db8::/64');
const slaac = subnet('slaac', '2001:db8:1::/64', { ipv6_address_mode: 'slaac' });
const stateless = subnet('stateless', '2001:db8:2::/64', { ipv6_address_mode: 'dhcpv6-stateless' });
const stateful = subnet('stateful', '2001:db8:3::/64', { ipv6_address_mode: 'dhcpv6-stateful' });
const routers = subnet('routers', '192.0.2.0/24', { service_types: ['network:router_interface'] });
const all = [v4, other4, v6, slaac, stateless, stateful, routers];

const own = (of: SubnetChoice): string => toText(eui64(parsePrefix(of.cidr), MAC), 6);
/** `v4|other4` for any address of these, `v4=10.0.0.5` for that one. */
const said = (wanted: readonly Wanted[] | object): unknown =>
  Array.isArray(wanted)
    ? wanted.map((one: Wanted) => ('address' in one ? `${one.subnet.id}=${one.address}` : one.anyOf.map(({ id }) => id).join('|')))
    : wanted;

describe('choosing addresses', () => {
  test.each<[string, readonly SubnetChoice[], readonly FixedIpRequest[] | undefined, typeof instance, unknown]>([
    ['no subnets: none', [], undefined, instance, []],
    [
      'one of each version, and its own on every autoconfigured one',
      all,
      undefined,
      instance,
      ['v4|other4', 'v6|stateful', `slaac=${own(slaac)}`, `stateless=${own(stateless)}`],
    ],
    ['a subnet reserved for the owner comes first', all, undefined, router, ['routers|v4|other4', 'v6|stateful']],
    ['only subnets of others', [routers], undefined, instance, { refused: 'service type' }],
    ['an empty list asks for none', all, [], instance, []],
    ['a subnet', all, [{ subnet_id: 'other4' }], instance, ['other4', `slaac=${own(slaac)}`, `stateless=${own(stateless)}`]],
    ['an address finds its subnet', [v4, other4], [{ ip_address: '10.0.1.9' }], instance, ['other4=10.0.1.9']],
    ['both', [v4, other4], [{ subnet_id: 'v4', ip_address: '10.0.0.9' }], instance, ['v4=10.0.0.9']],
    ['two of one subnet', [v4], [{ subnet_id: 'v4' }, { subnet_id: 'v4' }], instance, ['v4', 'v4']],
    ['an autoconfigured subnet by name is not chosen twice', [slaac], [{ subnet_id: 'slaac' }], instance, [`slaac=${own(slaac)}`]],
    ['its own address may be named', [slaac], [{ ip_address: own(slaac) }], instance, [`slaac=${own(slaac)}`]],
    [
      'another one may not',
      [slaac],
      [{ subnet_id: 'slaac', ip_address: '2001:db8:1::9' }],
      instance,
      { refused: 'automatic', ip_address: '2001:db8:1::9', subnet_id: 'slaac' },
    ],
    ['but a router may', [slaac], [{ subnet_id: 'slaac', ip_address: '2001:db8:1::1' }], router, ['slaac=2001:db8:1::1']],
    ['a router gets any address there', [slaac], [{ subnet_id: 'slaac' }], router, ['slaac']],
    ['an unknown subnet', [v4], [{ subnet_id: 'gone' }], instance, { refused: 'subnet', subnet_id: 'gone' }],
    [
      'an address of the wrong subnet',
      [v4, other4],
      [{ subnet_id: 'v4', ip_address: '10.0.1.9' }],
      instance,
      { refused: 'not in subnet', ip_address: '10.0.1.9' },
    ],
    ['an address of no subnet', [v4], [{ ip_address: '192.0.2.1' }], instance, { refused: 'not in network', ip_address: '192.0.2.1' }],
    ['the network address', [v4], [{ ip_address: '10.0.0.0' }], instance, { refused: 'not in network', ip_address: '10.0.0.0' }],
    ['the broadcast address', [v4], [{ ip_address: '10.0.0.255' }], instance, { refused: 'not in network', ip_address: '10.0.0.255' }],
    [
      'both ends of a /31',
      [subnet('p2p', '192.0.2.0/31')],
      [{ ip_address: '192.0.2.0' }, { ip_address: '192.0.2.1' }],
      instance,
      ['p2p=192.0.2.0', 'p2p=192.0.2.1'],
    ],
    ['the one address of a /32', [subnet('host', '192.0.2.9/32')], [{ ip_address: '192.0.2.9' }], instance, ['host=192.0.2.9']],
    ['neither a subnet nor an address', [v4], [{}], instance, { refused: 'nothing named' }],
  ])('%s', (_, subnets, requests, port, wanted) => {
    expect(said(choose(subnets, requests, port))).toEqual(wanted);
  });

  const request = fc.record(
    {
      subnet_id: fc.constantFrom(...all.map(({ id }) => id), 'gone'),
      ip_address: fc.constantFrom('10.0.0.0', '10.0.0.9', '10.0.1.255', '2001:db8::7', own(slaac), '2001:db8:1::9', '192.0.2.5'),
    },
    { requiredKeys: [] },
  );
  const owner = fc.constantFrom('', 'compute:nova', 'network:dhcp', 'network:router_interface');

  test('an address named lies in its subnet and is none of the reserved; an instance has its own on autoconfigured subnets', () => {
    fc.assert(
      fc.property(
        fc.subarray(all),
        fc.option(fc.array(request, { maxLength: 3 }), { nil: undefined }),
        owner,
        (subnets, requests, device_owner) => {
          const wanted = choose(subnets, requests, { mac_address: MAC, device_owner });
          if ('refused' in wanted) return;
          for (const one of wanted) {
            if ('anyOf' in one) {
              expect(one.anyOf.length).toBeGreaterThan(0);
              for (const offered of one.anyOf) expect(subnets).toContain(offered);
              continue;
            }
            const prefix = parsePrefix(one.subnet.cidr);
            const value = toNumber(one.address);
            expect(contains(prefix, value)).toBe(true);
            if (prefix.version === 4) expect([prefix.first, prefix.last]).not.toContain(value);
            const auto = one.subnet.ipv6_address_mode === 'slaac' || one.subnet.ipv6_address_mode === 'dhcpv6-stateless';
            if (auto && !device_owner.startsWith('network:')) expect(one.address).toBe(own(one.subnet));
          }
          if (requests !== undefined) expect(wanted.length).toBeGreaterThanOrEqual(requests.length);
          const named = wanted.flatMap((one) => ('address' in one ? [one.address] : []));
          if (requests === undefined) expect(new Set(named).size).toBe(named.length);
        },
      ),
    );
  });
});
