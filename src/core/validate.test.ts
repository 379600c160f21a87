// Every validator against what the reference server said of the same values: clients and suites match on these very texts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from './errors.ts';
import * as check from './validate.ts';

interface Observed {
  readonly validate: check.Validate;
  readonly accepted: readonly unknown[];
  readonly refused: readonly (readonly [value: unknown, reason: string])[];
}

const observed: Readonly<Record<string, Observed>> = {
  uuid: {
    validate: check.uuid,
    accepted: ['11111111-2222-4333-8444-555555555555'],
    refused: [
      [null, "'None' is not a valid UUID"],
      ['', "'' is not a valid UUID"],
      [' ', "' ' is not a valid UUID"],
      ['abc', "'abc' is not a valid UUID"],
      ['a\tb', "'a\tb' is not a valid UUID"],
      ['a\nb', "'a\nb' is not a valid UUID"],
      [' lead', "' lead' is not a valid UUID"],
      [5, "'5' is not a valid UUID"],
      [true, "'True' is not a valid UUID"],
      [[], "'[]' is not a valid UUID"],
      [{}, "'{}' is not a valid UUID"],
      [['a'], "'['a']' is not a valid UUID"],
      ['not-a-uuid', "'not-a-uuid' is not a valid UUID"],
    ],
  },
  uuid_or_none: {
    validate: check.orNull(check.uuid),
    accepted: [null, '11111111-2222-4333-8444-555555555555'],
    refused: [
      ['', "'' is not a valid UUID"],
      ['x', "'x' is not a valid UUID"],
    ],
  },
  name_string: {
    validate: check.nameText(255),
    accepted: ['', 'abc', 'not-a-uuid', '11111111-2222-4333-8444-555555555555'],
    refused: [
      [null, "'None' is not a valid string"],
      [' ', "' ' is not a valid string"],
      ['a\tb', "'a\tb' is not a valid string"],
      ['a\nb', "'a\nb' is not a valid string"],
      [' lead', "' lead' is not a valid string"],
      [5, "'5' is not a valid string"],
      [true, "'True' is not a valid string"],
      [[], "'[]' is not a valid string"],
      [{}, "'{}' is not a valid string"],
      [['a'], "'['a']' is not a valid string"],
    ],
  },
  string: {
    validate: check.text(255),
    accepted: ['', ' ', 'abc', 'a\tb', 'a\nb', ' lead', 'not-a-uuid', '11111111-2222-4333-8444-555555555555'],
    refused: [
      [null, "'None' is not a valid string"],
      [5, "'5' is not a valid string"],
      [true, "'True' is not a valid string"],
      [[], "'[]' is not a valid string"],
      [{}, "'{}' is not a valid string"],
      [['a'], "'['a']' is not a valid string"],
    ],
  },
  integer: {
    validate: check.integer,
    accepted: [1, '1'],
    refused: [
      ['a', "'a' is not an integer"],
      [null, "'None' is not an integer"],
      [true, "'True' is not an integer:boolean"],
      [1.5, "'1.5' is not an integer"],
    ],
  },
  non_negative: {
    validate: check.nonNegative,
    accepted: [0, '1'],
    refused: [
      [-1, "'-1' should be non-negative"],
      ['a', "'a' is not an integer"],
      [null, "'None' is not an integer"],
    ],
  },
  range: {
    validate: check.range(1, 10),
    accepted: [1, 10, '5'],
    refused: [
      [0, "'0' is too small - must be at least '1'"],
      [11, "'11' is too large - must be no larger than '10'"],
      ['a', "'a' is not an integer"],
      [null, "'None' is not an integer"],
    ],
  },
  range_or_none: {
    validate: check.orNull(check.range(1, 10)),
    accepted: [null, 5],
    refused: [[0, "'0' is too small - must be at least '1'"]],
  },
  values: {
    validate: check.oneOf(['a', 'b']),
    accepted: ['a'],
    refused: [
      ['c', 'c is not in valid_values'],
      [null, 'None is not in valid_values'],
    ],
  },
  ip_address: {
    validate: check.ipAddress,
    accepted: ['10.0.0.1', '10.0.0.0', '2001:db8::1', '::ffff:10.0.0.1'],
    refused: [
      ['10.0.0.1/24', "'10.0.0.1/24' is not a valid IP address"],
      ['10.0.0.0/24', "'10.0.0.0/24' is not a valid IP address"],
      ['2001:DB8::0/64', "'2001:DB8::0/64' is not a valid IP address"],
      ['10.0.0.01', "'10.0.0.01' is not an accepted IP address, '10.0.0.1' is recommended"],
      ['10.0.0.256', "'10.0.0.256' is not a valid IP address"],
      ['10.0.0', "'10.0.0' is not a valid IP address"],
      [' 10.0.0.1', "' 10.0.0.1' is not a valid IP address"],
      ['10.0.0.0/33', "'10.0.0.0/33' is not a valid IP address"],
      [null, "'None' is not a valid IP address"],
      ['', "'' is not a valid IP address"],
      [5, "'5' is not a valid IP address"],
    ],
  },
  subnet: {
    validate: check.cidr,
    accepted: ['10.0.0.1/24', '10.0.0.0/24', '2001:DB8::0/64'],
    refused: [
      ['10.0.0.1', "'10.0.0.1' is not a valid IP subnet"],
      ['10.0.0.0', "'10.0.0.0' is not a valid IP subnet"],
      ['2001:db8::1', "'2001:db8::1' is not a valid IP subnet"],
      ['10.0.0.01', "'10.0.0.01' is not a valid IP subnet"],
      ['10.0.0.256', "'10.0.0.256' is not a valid IP subnet"],
      ['10.0.0', "'10.0.0' is not a valid IP subnet"],
      ['::ffff:10.0.0.1', "'::ffff:10.0.0.1' is not a valid IP subnet"],
      [' 10.0.0.1', "' 10.0.0.1' is not a valid IP subnet"],
      ['10.0.0.0/33', "'10.0.0.0/33' is not a valid IP subnet"],
      [null, "'None' is not a valid IP subnet"],
      ['', "'' is not a valid IP subnet"],
      [5, "'5' is not a valid IP subnet"],
    ],
  },
  mac_address: {
    validate: check.mac,
    accepted: ['fa:16:3e:00:00:01', 'FA-16-3E-00-00-01', 'fa163e000001', '01:00:5e:00:00:01', 'fa:16:3e:0:0:1'],
    refused: [
      ['00:00:00:00:00:00', "'00:00:00:00:00:00' is not a valid MAC address"],
      ['ff:ff:ff:ff:ff:ff', "'ff:ff:ff:ff:ff:ff' is not a valid MAC address"],
      ['x', "'x' is not a valid MAC address"],
      [null, "'None' is not a valid MAC address"],
    ],
  },
  fixed_ips: {
    validate: check.fixedIps,
    accepted: [[], [{ subnet_id: '11111111-2222-4333-8444-555555555555' }], [{ ip_address: '10.0.0.1' }], [{ foo: 1 }], [{}]],
    refused: [
      [null, "Invalid data format for fixed IP: 'None'"],
      [[{ ip_address: '10.0.0.1' }, { ip_address: '10.0.0.1' }], "Duplicate IP address '10.0.0.1'"],
      ['x', "Invalid data format for fixed IP: 'x'"],
      [[{ ip_address: 'x' }], "'x' is not a valid IP address"],
    ],
  },
  ip_pools: {
    validate: check.pools,
    accepted: [[], [{ start: '10.0.0.1', end: '10.0.0.5' }]],
    refused: [
      [null, "Invalid data format for IP pool: 'None'"],
      [[{ start: '10.0.0.1' }], "Validation of dictionary's keys failed. Expected keys: {'start', 'end'} Provided keys: {'start'}"],
      [[{ start: 'x', end: 'y' }], "'x' is not a valid IP address"],
      [
        [{ start: '10.0.0.1', end: '10.0.0.5', z: 1 }],
        "Validation of dictionary's keys failed. Expected keys: {'start', 'end'} Provided keys: {'start', 'end', 'z'}",
      ],
      ['x', "Invalid data format for IP pool: 'x'"],
    ],
  },
  nameservers: {
    validate: check.nameservers,
    accepted: [[], ['10.0.0.1']],
    refused: [
      [null, "Invalid data format for nameserver: 'None'"],
      [['10.0.0.1', '10.0.0.1'], "Duplicate nameserver '10.0.0.1'"],
      [['x'], "'x' is not a valid nameserver. 'x' is not a valid IP address"],
      [[''], "'' is not a valid nameserver. '' is not a valid IP address"],
    ],
  },
  hostroutes: {
    validate: check.hostRoutes,
    accepted: [[], [{ destination: '10.0.0.0/8', nexthop: '10.0.0.1' }]],
    refused: [
      [null, "Invalid data format for hostroute: 'None'"],
      [
        [{ destination: '10.0.0.0/8' }],
        "Validation of dictionary's keys failed. Expected keys: {'destination', 'nexthop'} Provided keys: {'destination'}",
      ],
      ['x', "Invalid data format for hostroute: 'x'"],
      [[{ destination: 'x', nexthop: '10.0.0.1' }], "'x' is not a valid CIDR"],
    ],
  },
  list_of_subnet_service_types: {
    validate: check.serviceTypes,
    accepted: [null, [], ['compute:nova'], ['network:router_gateway'], ['compute:nova', 'compute:nova']],
    refused: [
      [['foo'], 'Subnet service type foo does not correspond to a valid device owner.'],
      [[1], 'Subnet service type 1 is not a string.'],
    ],
  },
  list_of_unique_strings: {
    validate: check.listOfUnique(check.text(255)),
    accepted: [[], ['a']],
    refused: [
      [null, "'None' is not a list"],
      [['a', 'a'], "Duplicate items in the list: 'a'"],
      ['a', "'a' is not a list"],
      [[1], "'1' is not a valid string"],
    ],
  },
  dns_host_name: {
    validate: check.dnsName(63),
    accepted: [],
    refused: [
      ['-a', "'-a' not a valid PQDN or FQDN. Reason: Name '-a' must not start or end with a hyphen"],
      [
        'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' not a valid PQDN or FQDN. Reason: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' exceeds the 63 character FQDN limit",
      ],
      [
        'A',
        "'A' not a valid PQDN or FQDN. Reason: Name 'A' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen",
      ],
      [
        'a_b',
        "'a_b' not a valid PQDN or FQDN. Reason: Name 'a_b' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen",
      ],
    ],
  },
  dns_domain_name: {
    validate: check.dnsDomain(255),
    accepted: ['', 'a.', 'my-domain.org.', '<project_id>.example.org.'],
    refused: [
      ['a', "'a' is not a FQDN"],
      ['x..', "'x..' not a valid PQDN or FQDN. Reason: Encountered an empty component"],
      ['-a.', "'-a.' not a valid PQDN or FQDN. Reason: Name '-a' must not start or end with a hyphen"],
      [null, "'None' is not a valid string"],
    ],
  },
  fip_dns_host_name: {
    validate: check.dnsName(63),
    accepted: ['', 'a', 'a.b'],
    refused: [
      [
        'a_b',
        "'a_b' not a valid PQDN or FQDN. Reason: Name 'a_b' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen",
      ],
    ],
  },
  oneline_not_empty_string: {
    validate: check.oneLineNotEmpty(255),
    accepted: ['a'],
    refused: [
      ['', "'' Blank strings are not permitted"],
      ['a\nb', "Multi-line string is not allowed: 'a\nb'"],
    ],
  },
  dict: {
    validate: check.object,
    accepted: [{}, { a: 1 }],
    refused: [
      [null, "'None' is not a dictionary"],
      ['x', "'x' is not a dictionary"],
      [[], "'[]' is not a dictionary"],
    ],
  },
};

/** The reason, or what a validator that has an error of its own throws. */
const said = (validate: check.Validate, value: unknown): string | undefined => {
  try {
    return validate(value);
  } catch (error) {
    return (error as Error).message;
  }
};

describe.each(Object.entries(observed))('%s', (_, { validate, accepted, refused }) => {
  test('accepts what is right', () => {
    for (const value of accepted) expect([value, said(validate, value)]).toEqual([value, undefined]);
  });
  test('says why it refuses', () => {
    for (const [value, reason] of refused) expect(said(validate, value)).toBe(reason);
  });
});

describe('lengths', () => {
  const long = 'x'.repeat(256);
  test.each([
    [check.text(255), `'${long}' exceeds maximum length of 255`],
    [check.nameText(255), `'${long}' exceeds maximum length of 255`],
    [check.uuid, `'${long}' is not a valid UUID`],
  ])('are told with the whole value', (validate, reason) => {
    expect(validate(long)).toBe(reason);
    expect(check.text(255)(long.slice(1))).toBeUndefined();
  });

  test('count characters, not the units they are made of', () => {
    expect(check.text(2)('🦎🦎')).toBeUndefined();
    expect(check.text(2)('🦎🦎🦎')).toBe("'🦎🦎🦎' exceeds maximum length of 2");
  });

  test('hints of zones are bounded together', () => {
    expect(() => check.zoneHints(['x'.repeat(200), 'y'.repeat(60)])).toThrow(
      'Invalid input for operation: Too many availability_zone_hints specified.',
    );
    expect(check.zoneHints(['a', 'b'])).toBeUndefined();
    expect(check.zoneHints(['a', 'a'])).toBe("Duplicate items in the list: 'a'");
  });
});

describe('DHCP options', () => {
  const option = (more: object) => [{ opt_name: 'mtu', opt_value: '1400', ...more }];
  test.each([
    [null, undefined],
    [[], undefined],
    [option({}), undefined],
    [option({ opt_value: null }), undefined],
    [option({ ip_version: 6 }), undefined],
    [option({ opt_name: 'router', opt_value: '' }), undefined],
    [option({ opt_value: '' }), "'' Blank strings are not permitted"],
    [option({ opt_name: '' }), "'' Blank strings are not permitted"],
    [option({ opt_name: 'router', opt_value: 'a\nb' }), "Multi-line string is not allowed: 'a\nb'"],
    [option({ ip_version: 5 }), '5 is not in valid_values'],
    [option({ more: 1 }), 'Unexpected keys supplied: more'],
    [[{ opt_name: 'mtu' }], "Expected keys: ['opt_name', 'opt_value'] not all provided in {'opt_name': 'mtu'}"],
    ['x', "'x' is not a list"],
    [['x'], "'x' is not a dictionary"],
  ])('%j', (value, reason) => {
    expect(check.dhcpOptions(value)).toBe(reason);
  });
});

test('nothing that JSON can say makes a validator throw anything but an error of the API', () => {
  const every: readonly check.Validate[] = [...Object.values(observed).map(({ validate }) => validate), check.dhcpOptions, check.zoneHints];
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const validate of every) {
        try {
          expect(['string', 'undefined']).toContain(typeof validate(value));
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }
    }),
  );
});
