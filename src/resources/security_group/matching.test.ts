// Which parts of a rule go together, and when two rules match the same.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkMatch, type Match, matchText, normalizedCidr, protocolName } from './matching.ts';
import { PROTOCOLS } from './values.ts';

const refusal = (match: Partial<Match>): string | undefined => {
  try {
    checkMatch({ direction: 'ingress', ...match });
    return undefined;
  } catch (error) {
    return (error as Error).name;
  }
};

test.each<[Partial<Match>, string | undefined]>([
  [{}, undefined],
  [{ protocol: 'tcp' }, undefined],
  [{ protocol: 'tcp', port_range_min: 1, port_range_max: 65_535 }, undefined],
  [{ protocol: '132', port_range_min: 7, port_range_max: 7 }, undefined],
  [{ protocol: 'tcp', port_range_min: 0, port_range_max: 5 }, 'SecurityGroupInvalidPortValue'],
  [{ protocol: 'tcp', port_range_min: 0, port_range_max: 0 }, 'SecurityGroupInvalidPortValue'],
  [{ protocol: 'tcp', port_range_min: 5, port_range_max: 4 }, 'SecurityGroupInvalidPortRange'],
  [{ protocol: 'udp', port_range_min: 5 }, 'SecurityGroupInvalidPortRange'],
  [{ protocol: '6', port_range_max: 5 }, 'SecurityGroupInvalidPortRange'],
  [{ port_range_min: 5, port_range_max: 5 }, 'SecurityGroupProtocolRequiredWithPorts'],
  [{ protocol: 'any', port_range_min: 5, port_range_max: 5 }, 'SecurityGroupProtocolRequiredWithPorts'],
  [{ protocol: 'gre', port_range_min: 5, port_range_max: 5 }, 'SecurityGroupInvalidProtocolForPort'],
  [{ protocol: 'igmp', port_range_min: 1 }, 'SecurityGroupInvalidProtocolForPort'],
  [{ protocol: 'icmp', port_range_min: 8 }, undefined],
  [{ protocol: 'icmp', port_range_min: 0, port_range_max: 0 }, undefined],
  [{ protocol: 'icmp', port_range_min: 300, port_range_max: 1 }, 'SecurityGroupInvalidIcmpValue'],
  [{ protocol: 'icmp', port_range_min: 1, port_range_max: 256 }, 'SecurityGroupInvalidIcmpValue'],
  [{ protocol: 'icmp', port_range_max: 6 }, 'SecurityGroupMissingIcmpType'],
  [{ protocol: 'icmpv6', ethertype: 'IPv6', port_range_max: 6 }, 'SecurityGroupMissingIcmpType'],
  [{ protocol: 'icmpv6' }, 'SecurityGroupEthertypeConflictWithProtocol'],
  [{ protocol: '44' }, 'SecurityGroupEthertypeConflictWithProtocol'],
  [{ protocol: 'igmp', ethertype: 'IPv6' }, undefined],
  [{ remote_ip_prefix: '2001:db8::/64' }, 'SecurityGroupRuleParameterConflict'],
  [{ remote_ip_prefix: '10.0.0.0/8', ethertype: 'IPv6' }, 'SecurityGroupRuleParameterConflict'],
  [{ remote_ip_prefix: '10.0.0.0/8', remote_group_id: 'g' }, 'SecurityGroupMultipleRemoteEntites'],
  [{ remote_group_id: 'g', remote_address_group_id: 'a' }, 'SecurityGroupMultipleRemoteEntites'],
])('%j: %s', (match, expected) => expect(refusal(match)).toBe(expected));

test.each<[Partial<Match>, Partial<Match>]>([
  [{ protocol: 'tcp' }, { protocol: '6' }],
  [{ protocol: 'any' }, {}],
  [{ protocol: 'hopopt' }, { protocol: '0' }],
  [{ remote_ip_prefix: '0.0.0.0/0' }, {}],
  [
    { remote_ip_prefix: '::/0', ethertype: 'IPv6' },
    { ethertype: 'IPv6', protocol: null },
  ],
  [
    { protocol: 'icmp', ethertype: 'IPv6' },
    { protocol: '58', ethertype: 'IPv6' },
  ],
  [
    { protocol: 'icmpv6', ethertype: 'IPv6' },
    { protocol: 'ipv6-icmp', ethertype: 'IPv6' },
  ],
  [{ ethertype: 'IPv4', port_range_min: null }, {}],
])('%j matches what %j does', (one, other) => {
  expect(matchText({ direction: 'ingress', ...one })).toBe(matchText({ direction: 'ingress', ...other }));
});

test('rules that differ in anything else do not match the same', () => {
  const match = fc.record<Match>({
    direction: fc.constantFrom('ingress', 'egress'),
    ethertype: fc.constantFrom('IPv4', 'IPv6'),
    protocol: fc.constantFrom('tcp', 'udp'),
    port_range_min: fc.constantFrom(null, 1, 2),
    port_range_max: fc.constantFrom(null, 1, 2),
    remote_ip_prefix: fc.constantFrom(null, '10.0.0.0/8', '10.0.0.5/8'),
    remote_group_id: fc.constantFrom(null, 'g', 'h'),
  });
  const sane = match.filter((one) => one.remote_ip_prefix === null || one.remote_group_id === null);
  fc.assert(
    fc.property(sane, sane, (one, other) => {
      expect(matchText(one) === matchText(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test('ICMP has one name with IPv6, every other protocol keeps its own', () => {
  for (const [protocol] of PROTOCOLS) {
    expect(protocolName({ protocol })).toBe(protocol);
    const old = protocol === 'icmp' || protocol === 'icmpv6';
    expect(protocolName({ protocol, ethertype: 'IPv6' })).toBe(old ? 'ipv6-icmp' : protocol);
  }
});

test('a prefix without host bits', () => {
  expect([normalizedCidr('10.0.0.5/24'), normalizedCidr('2001:db8::1/64'), normalizedCidr(null)]).toEqual([
    '10.0.0.0/24',
    '2001:db8::/64',
    null,
  ]);
});
