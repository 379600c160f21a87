// What this machine can do for tests. Asked by tests that skip themselves and by `npm test`, which skips whole tiers.
import { spawnSync } from 'node:child_process';

/** Why this process cannot make the namespaces that throw-away hosts are made of; undefined when it can. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'throw-away hosts need root';
  const { status, stderr, error } = spawnSync('unshare', ['--net', '--mount', '--pid', '--fork', 'ip', 'link', 'set', 'lo', 'up'], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `no network namespaces on this machine (${error?.message ?? stderr.trim()})`;
}
