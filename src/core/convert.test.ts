// Converters against what the reference server made of the same values, and their laws.
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, test } from 'vitest';
import * as convert from './convert.ts';
import { ApiError } from './errors.ts';

const invalid = (text: string): string => `Invalid input for operation: ${text}.`;
const notBoolean = (text: string): string => invalid(`'${text}' cannot be converted to boolean`);
const notInteger = (text: string): string => invalid(`'${text}' is not an integer`);

type Case = readonly [value: unknown, out: unknown];
const observed: readonly (readonly [
  name: string,
  convert: convert.Convert,
  cases: readonly Case[],
  refused: readonly (readonly [unknown, string])[],
])[] = [
  [
    'toBoolean',
    convert.toBoolean,
    [
      ...[true, 'true', 'TRUE', 'True', 't', 'yes', 'Y', 'on', '1', 1].map((value): Case => [value, true]),
      ...[false, 'false', 'no', 'off', 'n', 'f', '0', 0].map((value): Case => [value, false]),
    ],
    [
      ['', notBoolean('')],
      [null, notBoolean('None')],
      ['maybe', notBoolean('maybe')],
      [2, notBoolean('2')],
      ['2', notBoolean('2')],
      [[], notBoolean('[]')],
    ],
  ],
  [
    'toBoolean or null',
    convert.orNull(convert.toBoolean),
    [
      [null, null],
      ['true', true],
    ],
    [['x', notBoolean('x')]],
  ],
  [
    'toInt',
    convert.toInt,
    [
      ['5', 5],
      [5, 5],
      [' 5 ', 5],
      [5.9, 5],
      [true, 1],
    ],
    [
      ['5.0', notInteger('5.0')],
      [null, notInteger('None')],
      ['a', notInteger('a')],
      ['', notInteger('')],
      [{}, notInteger('{}')],
    ],
  ],
  [
    'noneToEmptyList',
    convert.noneToEmptyList,
    [
      [null, []],
      [[], []],
      [['a'], ['a']],
    ],
    [],
  ],
  [
    'noneToEmptyObject',
    convert.noneToEmptyObject,
    [
      [null, {}],
      [{}, {}],
    ],
    [],
  ],
  [
    'toText',
    convert.toText,
    [
      [null, null],
      [5, '5'],
      ['a', 'a'],
    ],
    [],
  ],
  [
    'toLowerCase',
    convert.toLowerCase,
    [
      ['ABC', 'abc'],
      ['', ''],
    ],
    [
      [5, invalid('Input value 5 must be string type')],
      [null, invalid('Input value None must be string type')],
    ],
  ],
  [
    'sanitizedMac',
    convert.sanitizedMac,
    [
      ['FA-16-3E-00-00-01', 'fa:16:3e:00:00:01'],
      ['fa163e000001', 'fa:16:3e:00:00:01'],
      ['fa16.3e00.0001', 'fa:16:3e:00:00:01'],
      ['x', 'x'],
      [5, 5],
    ],
    [],
  ],
  [
    'canonicalIp',
    convert.canonicalIp,
    [
      ['10.0.0.1', '10.0.0.1'],
      ['2001:DB8::0:1', '2001:db8::1'],
      ['2001:db8:0:0::1/64', '2001:db8:0:0::1/64'],
      ['x', 'x'],
      [null, null],
      ['', ''],
      ['10.1', '10.1'],
    ],
    [],
  ],
  [
    'canonicalCidr',
    convert.canonicalCidr,
    [
      ['10.0.0.5/24', '10.0.0.5/24'],
      ['2001:DB8::1/64', '2001:db8::1/64'],
    ],
    [['x', invalid('x is not in a CIDR format')]],
  ],
  [
    'canonicalPools',
    convert.canonicalPools,
    [
      [[{ start: '2001:DB8::1', end: '2001:db8:0::ff' }], [{ start: '2001:db8::1', end: '2001:db8::ff' }]],
      [null, []],
      ['x', 'x'],
      [[5], [5]],
    ],
    [],
  ],
];

describe.each(observed)('%s', (_, converter, cases, refused) => {
  test('makes one form of many', () => {
    for (const [value, out] of cases) expect([value, converter(value)]).toEqual([value, out]);
  });
  test('and of what it made the same again', () => {
    for (const [, out] of cases) expect(converter(out)).toEqual(out);
  });
  test('refuses the rest in the words of the API', () => {
    for (const [value, message] of refused)
      expect(() => converter(value)).toThrow(expect.objectContaining({ message, type: 'InvalidInput', status: 400 }));
  });
  test('throws nothing else at anything', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          converter(value);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});

test('pairs become lists by key, and a key cannot be anything but a key', () => {
  expect(convert.keyValueLists(['a=1', 'a=2', 'b=3', 'c=', 'd=x=y'])).toEqual({ a: ['1', '2'], b: ['3'], c: [''], d: ['x=y'] });
  expect(() => convert.keyValueLists(['x'])).toThrow(invalid("'x' is not of the form <key>=[value]"));
  const odd = convert.keyValueLists(['__proto__=1', 'constructor=2']);
  expect(Object.entries(odd)).toEqual([
    ['__proto__', ['1']],
    ['constructor', ['2']],
  ]);
});

test('every way to write an IPv6 address has one text, that of RFC 5952', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const canonical = convert.canonicalAddress(text);
      expect(convert.canonicalAddress(canonical)).toBe(canonical);
      expect(convert.canonicalAddress(text.toUpperCase())).toBe(canonical);
      expect(ipaddr.parse(canonical).toByteArray()).toEqual(ipaddr.parse(text).toByteArray());
    }),
  );
});

test('every way to write a MAC has one text', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 6, maxLength: 6 }), fc.boolean(), (octets, upper) => {
      const hex = octets.map((one) => one.toString(16).padStart(2, '0'));
      const shape = (text: string): string => (upper ? text.toUpperCase() : text);
      const plain = hex.join('');
      const ways = [
        hex.join(':'),
        hex.join('-'),
        plain,
        (plain.match(/.{4}/g) ?? []).join('.'),
        octets.map((one) => one.toString(16)).join(':'),
      ];
      for (const way of ways) expect(convert.sanitizedMac(shape(way))).toBe(hex.join(':'));
    }),
  );
});
