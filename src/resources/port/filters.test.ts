// The SQL that finds ports by their addresses.
import { expect, test } from 'vitest';
import { filterByFixedIps } from './filters.ts';

test('values of one kind are either, kinds are both, and what means nothing is passed over', () => {
  expect(filterByFixedIps({})).toBeUndefined();
  expect(filterByFixedIps({ nonsense: ['x'] })).toBeUndefined();
  const one = (condition: string): string => `r.id IN (SELECT a.port_id FROM ip_allocations a WHERE ${condition})`;
  expect(filterByFixedIps({ ip_address: ['10.0.0.1', '2001:DB8::0:1'], subnet_id: ['s'], nonsense: ['x'] })).toEqual({
    sql: `${one('a.ip_address IN (?, ?)')} AND ${one('a.subnet_id IN (?)')}`,
    params: ['10.0.0.1', '2001:db8::1', 's'],
  });
});

test('a part of an address is text, not a pattern', () => {
  expect(filterByFixedIps({ ip_address_substr: ['10_0%', 'DB8\\'] })).toEqual({
    sql: "EXISTS (SELECT 1 FROM ip_allocations a WHERE a.port_id = r.id AND (a.ip_address LIKE ? ESCAPE '\\' OR a.ip_address LIKE ? ESCAPE '\\'))",
    params: ['%10\\_0\\%%', '%db8\\\\%'],
  });
});
