// What is said at the start of agents about programs that the machine lacks.
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needTools } from './tools.ts';

test.each([
  [['ip', 'bridge', 'sysctl', 'dnsmasq', 'dbus-daemon', 'nft'], undefined],
  [
    ['ip', 'bridge', 'sysctl', 'dnsmasq', 'dbus-daemon'],
    'instances can send to services of this host until it has them: nft is not installed (Debian package nftables)',
  ],
  [
    ['ip', 'bridge', 'sysctl', 'dbus-daemon'],
    'this host serves no DHCP, and instances can send to services of this host until it has them: ' +
      'dnsmasq is not installed (Debian package dnsmasq-base), nft is not installed (Debian package nftables)',
  ],
] as const)('with %j', (programs, said) => {
  const PATH = mkdtempSync(join(tmpdir(), 'isospin-tools-'));
  try {
    for (const name of programs) symlinkSync('/bin/sh', join(PATH, name));
    expect(needTools({ PATH })).toBe(said);
  } finally {
    rmSync(PATH, { recursive: true });
  }
});
