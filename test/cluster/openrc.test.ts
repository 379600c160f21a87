// `isospin openrc`: what it prints is what a shell needs to sign in, at the address by which clients reach the server.
import { execFileSync } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { isospin, passwordOf, type Server, scratch, startServer, tokenOf } from './program.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serverWith(args: readonly string[] = [], password?: string): Promise<Server> {
  const place = scratch();
  cleanups.push(place.remove);
  const server = await startServer(place.file('state'), args, { env: { ISOSPIN_ADMIN_PASSWORD: password } });
  cleanups.push(() => server.end());
  return server;
}

/** The variables that a shell has after it read what openrc printed. */
async function variables(server: Server, ...args: readonly string[]): Promise<Record<string, string>> {
  const { code, stdout } = await isospin(['openrc', '--state', server.state, ...args]);
  expect(code).toBe(0);
  const printed = execFileSync('sh', ['-c', 'eval "$RC"; env -0'], { env: { RC: stdout, PATH: '/usr/bin:/bin' }, encoding: 'utf8' });
  const all = printed.split('\0').map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return Object.fromEntries(all.filter(([name]) => name.startsWith('OS_')));
}

test("the admin's variables sign in, whatever stands in the password", async () => {
  const server = await serverWith([], `it's "$HOME" \\ and more`);
  const rc = await variables(server);
  expect(rc).toMatchObject({ OS_AUTH_URL: `${server.url}/identity/v3`, OS_USERNAME: 'admin', OS_PROJECT_NAME: 'admin' });
  expect(rc.OS_PASSWORD).toBe(passwordOf(server.state));
  expect(await tokenOf(server.url, rc.OS_PASSWORD ?? '')).toMatch(/^ey/);
});

test("another user's have no password", async () => {
  const rc = await variables(await serverWith(), '--user', 'ann', '--project', 'shop');
  expect(rc).toMatchObject({ OS_USERNAME: 'ann', OS_PROJECT_NAME: 'shop' });
  expect(rc).not.toHaveProperty('OS_PASSWORD');
});

test('the address is the public one where there is one', async () => {
  const server = await serverWith(['--public-url', 'https://net.example.org:9696/']);
  expect((await variables(server)).OS_AUTH_URL).toBe('https://net.example.org:9696/identity/v3');
});
