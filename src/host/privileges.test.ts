// Which capabilities an agent needs, read off what the kernel writes in /proc.
import { expect, test } from 'vitest';
import { whyPowerless } from './privileges.ts';

const status = (mask: string) => `Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t${mask}\nCapBnd:\t000001ffffffffff\n`;

test('root has all; a container’s root without the two that matter is told which', () => {
  expect(whyPowerless(status('000001ffffffffff'))).toBeUndefined();
  expect(whyPowerless(status('00000000a80425fb'))).toMatch(/CAP_NET_ADMIN and CAP_SYS_ADMIN, which/);
  expect(whyPowerless(status('00000000a80435fb'))).toMatch(/at least CAP_SYS_ADMIN, which/);
  expect(whyPowerless(status('0000000000000000'))).toMatch(/needs root/);
  expect(whyPowerless('no such line')).toBeUndefined();
});
