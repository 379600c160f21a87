// The names by which a host finds its DHCP ports again.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dhcpDeviceId, nameUuid } from './device.ts';

test('names make the UUIDs that RFC 4122 says they make', () => {
  // Python's uuid.uuid5(uuid.NAMESPACE_DNS, …).
  expect(nameUuid('python.org')).toBe('886313e1-3b8a-5372-9b90-0c9aee199e5d');
  fc.assert(
    fc.property(fc.string(), (name) => {
      expect(nameUuid(name)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }),
  );
});

test('a host is known by the first part of its name', () => {
  const network = '11111111-2222-4333-8444-555555555555';
  expect(dhcpDeviceId('one.example.org', network)).toBe(dhcpDeviceId('one', network));
  expect(dhcpDeviceId('one', network)).not.toBe(dhcpDeviceId('two', network));
  expect(dhcpDeviceId('one', network)).toMatch(/^dhcp[0-9a-f-]{36}-11111111-2222-4333-8444-555555555555$/);
});
