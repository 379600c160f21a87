// What clients may write for a rule's values, and what is made of it: the published samples, and the odd ones.
import { expect, test } from 'vitest';
import type { Convert } from '#core/convert.ts';
import { ethertype, ipPrefix, notDefault, portValue, protocol } from './values.ts';

const outcome = (convert: Convert, value: unknown): unknown => {
  try {
    return convert(value);
  } catch (error) {
    return (error as Error).name;
  }
};

test.each([
  ['ipv4', 'IPv4'],
  ['IPV6', 'IPv6'],
  ['x', 'SecurityGroupRuleInvalidEtherType'],
  [null, 'SecurityGroupRuleInvalidEtherType'],
  [4, 'SecurityGroupRuleInvalidEtherType'],
])('ethertype %j is %j', (value, expected) => expect(outcome(ethertype, value)).toBe(expected));

test.each<[unknown, unknown]>([
  [null, null],
  ['any', null],
  ['ANY', 'any'],
  ['TCP', 'tcp'],
  ['6', '6'],
  [6, '6'],
  [0, '0'],
  ['007', '7'],
  ['255', '255'],
  ['ipv6-icmp', 'ipv6-icmp'],
  ...['256', 256, '-1', -1, 'icmp6', 'x', '', true, 1.5, ['tcp'], {}].map((wrong): [unknown, string] => [
    wrong,
    'SecurityGroupRuleInvalidProtocol',
  ]),
])('protocol %j is %j', (value, expected) => expect(outcome(protocol, value)).toBe(expected));

test.each<[unknown, unknown]>([
  [null, null],
  ['80', 80],
  [0, 0],
  [65_535, 65_535],
  [true, 1],
  [1.5, 1],
  ...['-1', -1, 65_536, 'a', '', '1e3', [], [1], {}].map((wrong): [unknown, string] => [wrong, 'SecurityGroupInvalidPortValue']),
])('port %j is %j', (value, expected) => expect(outcome(portValue, value)).toBe(expected));

test.each<[unknown, unknown]>([
  [null, null],
  ['', null],
  ['10.0.0.5/24', '10.0.0.5/24'],
  ['10.0.0.5', '10.0.0.5/32'],
  ['2001:DB8::/32', '2001:db8::/32'],
  ['2001:db8::1', '2001:db8::1/128'],
  ...['x', '256', '10.0.0.1/33', '192.168.1./24', '10.0.0.0/8/8', '10.0.0.0/', '010.0.0.1', 5, ['10.0.0.0/8'], {}].map(
    (wrong): [unknown, string] => [wrong, 'InvalidCIDR'],
  ),
])('prefix %j is %j', (value, expected) => expect(outcome(ipPrefix, value)).toBe(expected));

test.each(['default', 'DEFAULT', 'Default'])('%s is nobody else’s name', (name) => {
  expect(outcome(notDefault, name)).toBe('SecurityGroupDefaultAlreadyExists');
});

test('every other text is a name', () => {
  for (const name of ['', 'a', ' default', 'defaults']) expect(notDefault(name)).toBeUndefined();
  expect(notDefault(5)).toBe("'5' is not a valid string");
});
