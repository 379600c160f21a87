// `isospin up` on a throw-away host where something is amiss: another one runs, a program is missing. And what an operator must never find: secrets
// in logs, in command lines, in files that others can read.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeHost, ping, type TestHost, until } from '#test/kernel/host.ts';
import { isospin, type Program, passwordOf, type Reply, ready, scratch, start } from './program.ts';

let host: TestHost;
let place: ReturnType<typeof scratch>;
const programs: Program[] = [];
beforeEach(async () => {
  host = await makeHost('host');
  place = scratch();
});
afterEach(async () => {
  try {
    for (const program of programs.splice(0)) await program.end('SIGKILL');
  } finally {
    await host.close();
    place.remove();
  }
});

function up(state: string, args: readonly string[] = [], env: Record<string, string> = {}): Program {
  const program = start(['up', '--state', place.file(state), '--listen', '127.0.0.1:0', '--host', 'host', ...args], { host, env });
  programs.push(program);
  return program;
}

/** The one line of a program that ends by itself. */
async function refused(program: Program): Promise<string> {
  expect(await program.ended()).toBe(1);
  expect(program.said.length).toBe(1);
  expect(program.stdout).toBe('');
  return (program.said[0] ?? '').replaceAll(`${place.path}/`, '');
}

/** Makes a program impossible to run on this host alone. */
async function hide(program: string): Promise<void> {
  const path = (await host.run(['sh', '-c', `command -v ${program}`])).trim();
  await host.run(['mount', '--bind', '/dev/null', (await host.run(['readlink', '-f', path])).trim()]);
}

test('a second up on the same state, or the same host, is refused, and the first goes on', async () => {
  const first = up('a');
  const url = await ready(first);
  const { pid } = JSON.parse(readFileSync(place.file('a/server.json'), 'utf8'));
  expect(await refused(up('a'))).toBe(`isospin: another server uses the state directory a (process ${pid})`);
  const other = 'the agents of another isospin process steer this host already (/run/isospin/control/agent.sock)';
  expect(await refused(up('b'))).toBe(`isospin: the agents cannot start: ${other}`);
  // What it had begun to serve it took back.
  expect(existsSync(place.file('b/server.json'))).toBe(false);
  const { stdout } = await isospin(['openrc', '--state', place.file('a')], { host });
  expect(stdout).toContain(`export OS_AUTH_URL=${url}/identity/v3\n`);
  const cleaned = await isospin(['clean', '--state', place.file('a')], { host });
  expect(cleaned).toMatchObject({ code: 1, stdout: '' });
  expect(cleaned.stderr).toContain(`the server of ${place.file('a')} is running (process ${pid}): stop it first`);
  await first.end('SIGTERM');
  expect(first.child.exitCode).toBe(0);
  await ready(up('b'));
});

test('without ip nothing can be wired: up says which package and ends; without dnsmasq it says so and goes on', async () => {
  await hide('dnsmasq');
  const program = up('a');
  await ready(program);
  expect(program.said[0]).toBe(
    'isospin: this host serves no DHCP until it has them: dnsmasq is not installed (Debian package dnsmasq-base)',
  );
  const env = { OS_AUTH_URL: '' };
  const state = ['--state', place.file('a')];
  // The API and the wiring are there: two instances without DHCP reach each other.
  const token = await openstack('POST', '/identity/v3/auth/tokens', {
    auth: {
      identity: {
        methods: ['password'],
        password: { user: { name: 'admin', domain: { id: 'default' }, password: passwordOf(place.file('a')) } },
      },
      scope: { project: { name: 'admin', domain: { id: 'default' } } },
    },
  });
  const made = async (path: string, body: object) => (await openstack('POST', `/v2.0/${path}`, body, token.token)).body;
  const { network } = await made('networks', { network: { name: 'n' } });
  await made('subnets', { subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' } });
  for (const n of [1, 2]) {
    await made('ports', { port: { network_id: network.id, name: `p${n}`, fixed_ips: [{ ip_address: `10.0.0.1${n}` }] } });
    const plugged = await isospin(['plug', `p${n}`, '--netns', `vm${n}`, '--timeout', '2', ...state], { host, env });
    // A port that waits for DHCP is not ACTIVE: plug says so, and the device is there.
    expect(plugged.code).toBe(1);
    expect(plugged.stderr).toMatch(/is plugged on host and still \w+ after 2 s/);
    await host.run(['ip', '-n', `vm${n}`, 'addr', 'add', `10.0.0.1${n}/24`, 'dev', 'eth0']);
  }
  expect(await ping(host, 'vm1', '10.0.0.12', 3)).toBe(3);
  const show = await isospin(['agent', 'show'], { host });
  expect(show.stdout).toContain('dnsmasq is not installed on this host (Debian package dnsmasq-base)');
  await program.end('SIGTERM');
  await hide('bridge');
  await hide('ip');
  expect(await refused(up('b'))).toBe(
    'isospin: this host cannot wire networks: ip is not installed (Debian package iproute2), bridge is not installed (Debian package iproute2)',
  );
});

/** One call to the API, made on the host. */
async function openstack(method: string, path: string, body: object, token = ''): Promise<{ token: string; body: Reply['body'] }> {
  const { url } = JSON.parse(readFileSync(place.file('a/server.json'), 'utf8'));
  const script = `fetch(process.argv[1], { method: process.argv[2], body: process.argv[3], headers: { 'content-type': 'application/json', 'x-auth-token': process.argv[4] } })
    .then(async (r) => console.log(JSON.stringify({ token: r.headers.get('x-subject-token'), body: await r.json() })))`;
  return JSON.parse(await host.run([process.execPath, '-e', script, url + path, method, JSON.stringify(body), token]));
}

test('a PATH without sbin is enough', async () => {
  const program = up('a', [], { PATH: '/usr/local/bin:/usr/bin:/bin' });
  await ready(program);
  expect(program.said).toEqual([expect.stringMatching(/^isospin: not enforced yet: /)]);
});

test('secrets are in no log, no command line and no file that others can read', async () => {
  const secret = 'first-Password-of-all';
  const program = up('a', ['--log-level', 'debug'], { ISOSPIN_ADMIN_PASSWORD: secret });
  await ready(program);
  expect(passwordOf(place.file('a'))).toBe(secret);
  const added = await isospin(['host', 'add', 'far', '--state', place.file('a')], { host });
  const credential = added.stdout.trim();
  expect(credential).toMatch(/^\S{40,}$/);
  const signed = await openstack('POST', '/identity/v3/auth/tokens', {
    auth: { identity: { methods: ['password'], password: { user: { name: 'admin', domain: { id: 'default' }, password: secret } } } },
  });
  const scope = { project: { name: 'admin', domain: { id: 'default' } } };
  const { token } = await openstack('POST', '/identity/v3/auth/tokens', {
    auth: { identity: { methods: ['token'], token: { id: signed.token } }, scope },
  });
  const { network } = (await openstack('POST', '/v2.0/networks', { network: { name: 'n' } }, token)).body;
  await openstack('POST', '/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' } }, token);
  await openstack('POST', '/v2.0/ports', { port: { network_id: network.id, name: 'p' } }, token);
  // Refusals and faults are logged, and with them what was sent.
  await openstack('POST', '/identity/v3/auth/tokens', {
    auth: { identity: { methods: ['password'], password: { user: { name: 'admin', domain: { id: 'default' }, password: `${secret}!` } } } },
  });
  const plugging = start(['plug', 'p', '--netns', 'vm', '--state', place.file('a')], { host });
  const lines = new Set<string>();
  while (plugging.child.exitCode === null) {
    for (const line of host.processes().values()) lines.add(line);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(await plugging.ended()).toBe(0);
  await until('DHCP is served', () => [...host.processes().values()].some((line) => line.includes('dnsmasq')));
  for (const line of host.processes().values()) lines.add(line);
  expect([...lines].some((line) => line.includes('cli/main.ts plug'))).toBe(true);
  const secrets = [secret, credential, signed.token, token];
  const shown = [program.stdout, program.stderr, plugging.stdout, plugging.stderr, added.stderr, ...lines].join('\n');
  for (const one of secrets) expect(shown).not.toContain(one);
  // The state: for its owner alone. The database holds hashes, not secrets.
  expect(modes(place.file('a')).filter(({ mode }) => (mode & 0o077) !== 0)).toEqual([]);
  for (const { path } of modes(place.file('a'))) {
    if (path.endsWith('admin-password') || !statSync(path).isFile()) continue;
    for (const one of secrets) expect(readFileSync(path).includes(one)).toBe(false);
  }
  // What daemons of other users must read holds no secret, and nobody but root writes there or asks the agents.
  const run = modes(host.path('/run/isospin'));
  expect(run.length).toBeGreaterThan(5);
  expect(run.filter(({ mode, path }) => (mode & 0o022) !== 0 && !/\/(leases|bus)/.test(path))).toEqual([]);
  expect(statSync(host.path('/run/isospin/control')).mode & 0o777).toBe(0o700);
  for (const { path } of run) if (statSync(path).isFile()) for (const one of secrets) expect(readFileSync(path).includes(one)).toBe(false);
});

/** A directory, and everything below it. */
function modes(path: string): { path: string; mode: number }[] {
  const stat = statSync(path);
  const own = { path, mode: stat.mode & 0o7777 };
  return stat.isDirectory() ? [own, ...readdirSync(path).flatMap((name) => modes(join(path, name)))] : [own];
}
