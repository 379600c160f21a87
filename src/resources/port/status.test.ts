// The one place that decides a port's status, as a table and as laws.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { portStatus, type Wiring, type Word } from './status.ts';

const fine: Word = { current: true, error: null };
const stale: Word = { current: false, error: null };
const failed: Word = { current: true, error: 'no such bridge' };
const wired: Wiring = { admin_state_up: true, bound: true, l2: fine, dhcp: undefined };

test.each<[string, Partial<Wiring>, string]>([
  ['wired', {}, 'ACTIVE'],
  ['nobody has said a word', { l2: undefined }, 'DOWN'],
  ['its host could not', { l2: failed }, 'DOWN'],
  ['its host could not wire what it was before', { l2: { current: false, error: 'x' } }, 'DOWN'],
  ['its host has applied what it was before', { l2: stale }, 'BUILD'],
  ['no DHCP server has said a word', { dhcp: [] }, 'BUILD'],
  ['a DHCP server knows it as it was', { dhcp: [stale] }, 'BUILD'],
  ['a DHCP server could not', { dhcp: [failed] }, 'BUILD'],
  ['one DHCP server of two is enough', { dhcp: [failed, fine] }, 'ACTIVE'],
  ['not bound', { bound: false }, 'DOWN'],
  ['out of service', { admin_state_up: false }, 'DOWN'],
])('%s', (_, change, status) => {
  expect(portStatus({ ...wired, ...change })).toBe(status);
});

const word = fc.record({ current: fc.boolean(), error: fc.constantFrom(null, 'x') });
const wiring = fc.record<Wiring>({
  admin_state_up: fc.boolean(),
  bound: fc.boolean(),
  l2: fc.option(word, { nil: undefined }),
  dhcp: fc.option(fc.array(word, { maxLength: 3 }), { nil: undefined }),
});

test('ACTIVE needs the host’s word, current and without error, and one DHCP server’s where one is needed', () => {
  fc.assert(
    fc.property(wiring, (one) => {
      const good = (said: Word | undefined): boolean => said?.current === true && said.error === null;
      const active = one.admin_state_up && one.bound && good(one.l2) && (one.dhcp === undefined || one.dhcp.some(good));
      expect(portStatus(one) === 'ACTIVE').toBe(active);
    }),
  );
});

test('another word of a DHCP server never makes it worse', () => {
  const order = ['DOWN', 'BUILD', 'ACTIVE'];
  fc.assert(
    fc.property(wiring, word, (one, more) => {
      if (one.dhcp === undefined) return;
      const after = portStatus({ ...one, dhcp: [...one.dhcp, more] });
      expect(order.indexOf(after)).toBeGreaterThanOrEqual(order.indexOf(portStatus(one)));
    }),
  );
});
