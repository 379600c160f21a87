// gophercloud, the Go library of Terraform's provider, against a real `isospin server`. Its program is built with the machine's Go from modules of
// the Go module proxy, so it runs where ISOSPIN_GOPHERCLOUD=1 asks for it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { passwordOf, startServer } from '#test/cluster/program.ts';
import { run, variablesOf } from './clients.ts';

function obstacle(): string | undefined {
  if (process.env.ISOSPIN_GOPHERCLOUD !== '1') return 'ISOSPIN_GOPHERCLOUD=1 is not set: its modules come from the network';
  return spawnSync('go', ['version']).status === 0 ? undefined : "this machine has no go (Debian's golang)";
}

test('gophercloud makes, finds, changes and deletes', { timeout: 600_000 }, async (context) => {
  const why = obstacle();
  context.skip(why !== undefined, why);
  const home = mkdtempSync(join(tmpdir(), 'isospin-compat-'));
  const server = await startServer(join(home, 'state'));
  try {
    const program = join(home, 'program');
    await run('go', ['build', '-o', program, '.'], { cwd: fileURLToPath(new URL('gophercloud', import.meta.url)) });
    const { OS_IDENTITY_API_VERSION: _version, ...variables } = variablesOf(server.url, 'admin', passwordOf(server.state), 'admin');
    const env = { ...variables, OS_DOMAIN_NAME: 'Default' };
    const { stdout } = await run(program, [], { env });
    expect(JSON.parse(stdout)).toEqual({
      made: 3,
      address: '10.6.0.9',
      listed: ['a', 'b', 'c'],
      stale: true,
      changed: ['go2', false],
      type: 'vxlan',
      used: 3,
      'in use': true,
      gone: true,
    });
  } finally {
    await server.end();
    rmSync(home, { recursive: true, force: true });
  }
});
