// Identity kept elsewhere: one server is the Keystone of another. Between them stands a door that counts the calls, and can be shut.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Api, adminOf, apiWith, ask, isospin, must, passwordOf, type Server, scratch, startServer, tokenOf } from './program.ts';

/** What the door does with a call: let it through, or answer this. */
type Door = 'open' | 'hung' | { readonly status: number; readonly body: string };

const place = scratch();
let keystone: Server;
let server: Server;
let door: Door = 'open';
const calls: { method: string; path: string; token: string; subject: string }[] = [];
const proxy = http.createServer((request, response) => {
  const { method = '', url = '', headers } = request;
  calls.push({ method, path: url, token: String(headers['x-auth-token']), subject: String(headers['x-subject-token']) });
  if (door === 'hung') return;
  if (door !== 'open') {
    response.writeHead(door.status, { 'content-type': 'application/json' }).end(door.body);
    return;
  }
  const onwards = http.request(keystone.url + url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  onwards.on('error', () => response.destroy());
  request.pipe(onwards);
});

beforeAll(async () => {
  keystone = await startServer(place.file('keystone'));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  const config = {
    keystone: `http://127.0.0.1:${port}/identity/v3`,
    keystone_user: 'admin',
    keystone_project: 'admin',
    keystone_password: passwordOf(keystone.state),
  };
  writeFileSync(place.file('config.yaml'), JSON.stringify(config), { mode: 0o600 });
  server = await startServer(place.file('state'), ['--config', place.file('config.yaml'), '--log-level', 'debug']);
});
afterAll(async () => {
  await server?.end();
  await keystone?.end();
  proxy.closeAllConnections();
  proxy.close();
  place.remove();
});
beforeEach(() => {
  door = 'open';
  calls.length = 0;
});

const validations = () => calls.filter(({ method }) => method === 'GET').length;
const newToken = () => tokenOf(keystone.url, passwordOf(keystone.state));
const networks = (token: string) => apiWith(server.url, token)('GET', '/v2.0/networks');

/** A user with a role in a project of its own; answers a token. */
async function userWith(role: string): Promise<string> {
  const identity = async (method: string, path: string, body?: unknown) =>
    must(await adminOf(keystone))(method, `/identity/v3${path}`, body);
  const { project } = await identity('POST', '/projects', { project: { name: `of ${role}` } });
  const { user } = await identity('POST', '/users', { user: { name: `a ${role}`, password: 'word' } });
  const { roles } = await identity('GET', `/roles?name=${role}`);
  await identity('PUT', `/projects/${project.id}/users/${user.id}/roles/${roles[0].id}`);
  return tokenOf(keystone.url, 'word', { user: `a ${role}`, project: `of ${role}` });
}

test('tokens of Keystone work, with their project and their roles', async () => {
  const admin = apiWith(server.url, await newToken());
  const provider = { network: { name: 'n', 'provider:network_type': 'local' } };
  expect((await admin('POST', '/v2.0/networks', provider)).status).toBe(201);
  const member = apiWith(server.url, await userWith('member'));
  expect((await member('POST', '/v2.0/networks', provider)).status).toBe(403);
  const made = await member('POST', '/v2.0/networks', { network: { name: 'mine' } });
  expect(made.status).toBe(201);
  expect((await member('GET', '/v2.0/networks')).body.networks.map(({ name }: { name: string }) => name)).toEqual(['mine']);
  const reader = apiWith(server.url, await userWith('reader'));
  expect((await reader('POST', '/v2.0/networks', { network: { name: 'mine' } })).status).toBe(403);
  expect((await reader('GET', '/v2.0/networks')).body.networks).toEqual([]);
  const all = (await admin('GET', '/v2.0/networks')).body.networks as { project_id: string; name: string }[];
  expect(all.find(({ name }) => name === 'mine')?.project_id).toBe(made.body.network.project_id);
});

test('one token is asked about once, however many requests carry it at once', async () => {
  const token = await newToken();
  const answers = await Promise.all(Array.from({ length: 50 }, () => networks(token)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
  expect(validations()).toBe(1);
  for (let i = 0; i < 20; i++) await networks(token);
  expect(validations()).toBe(1);
  // The service user signed in before, and does not again.
  expect(calls.filter(({ method }) => method === 'POST')).toEqual([]);
  await networks(await newToken());
  expect(validations()).toBe(2);
});

test('a token nobody knows is 401, and where to get one is said; it is asked about once too', async () => {
  for (let i = 0; i < 3; i++) {
    const { status, headers, body } = await networks('gAAAAA-no-token');
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(`Keystone uri="http://127.0.0.1:${(proxy.address() as AddressInfo).port}/identity"`);
    expect(body.error.code).toBe(401);
  }
  expect(validations()).toBe(1);
  // No token at all needs no Keystone.
  expect((await ask(`${server.url}/v2.0/networks`, 'GET')).status).toBe(401);
  expect((await networks('')).status).toBe(401);
  expect(validations()).toBe(1);
  const revoked = await newToken();
  await ask(`${keystone.url}/identity/v3/auth/tokens`, 'DELETE', undefined, { 'x-auth-token': revoked, 'x-subject-token': revoked });
  expect((await networks(revoked)).status).toBe(401);
});

test('when the token of the service user ends, it signs in again, once for all who wait', async () => {
  await networks(await newToken());
  const own = calls.at(-1)?.token ?? '';
  await ask(`${keystone.url}/identity/v3/auth/tokens`, 'DELETE', undefined, { 'x-auth-token': own, 'x-subject-token': own });
  const tokens = await Promise.all(Array.from({ length: 8 }, newToken));
  calls.length = 0;
  const answers = await Promise.all(tokens.map(networks));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  expect(calls.filter(({ method }) => method === 'POST').length).toBe(1);
});

test('a Keystone that is away, or answers nonsense, is 503 and never 401 or 500; known tokens go on', async () => {
  const known = await newToken();
  expect((await networks(known)).status).toBe(200);
  const strange: Door[] = [
    { status: 500, body: '{"error": {"code": 500}}' },
    { status: 503, body: 'away' },
    { status: 403, body: '{"error": {"code": 403}}' },
    { status: 200, body: '<html>a login page</html>' },
    { status: 200, body: '{}' },
    { status: 200, body: 'null' },
    { status: 200, body: '{"token": {"user": {}}}' },
    { status: 200, body: '{"token": {"user": {"id": "u", "name": "u"}, "expires_at": "2100-01-01T00:00:00Z", "roles": [{}]}}' },
    { status: 302, body: '' },
    { status: 401, body: '{"error": {"code": 401}}' },
  ];
  for (door of strange) {
    const token = `unknown ${calls.length}`;
    const { status, body } = await networks(token);
    expect({ door, status, body }).toEqual({
      door,
      status: 503,
      body: { NeutronError: { type: 'ServiceUnavailable', message: 'The identity service is not available.', detail: '' } },
    });
    expect((await networks(known)).status).toBe(200);
  }
  door = 'open';
  // What was not known while it was away was not taken for unknown.
  expect((await networks(await newToken())).status).toBe(200);
  const later = await newToken();
  await keystone.end('SIGKILL');
  expect((await networks(later)).status).toBe(503);
  expect((await networks(known)).status).toBe(200);
  const { port } = new URL(keystone.url);
  keystone = await startServer(keystone.state, ['--listen', `127.0.0.1:${port}`]);
  expect((await networks(later)).status).toBe(200);
});

test('one that does not answer is given up after a while, and holds up nobody else', async () => {
  const known = await newToken();
  await networks(known);
  door = 'hung';
  const since = performance.now();
  const hung = networks('waits for ever');
  expect((await networks(known)).status).toBe(200);
  expect((await hung).status).toBe(503);
  expect(performance.now() - since).toBeLessThan(12_000);
});

test('there is no identity and no password of its own, and the service password is nowhere to be read', async () => {
  expect((await ask(`${server.url}/identity/v3`, 'GET')).status).toBe(404);
  expect(existsSync(`${server.state}/admin-password`)).toBe(false);
  const { code, stderr } = await isospin(['openrc', '--state', server.state]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: "isospin: this machine's server asks a Keystone: its users' openrc files come from there\n",
  });
  const secret = passwordOf(keystone.state);
  expect(server.stderr).not.toContain(secret);
  expect(server.stdout).not.toContain(secret);
  expect(readFileSync(`/proc/${server.child.pid}/cmdline`, 'utf8')).not.toContain(secret);
  // Tokens of clients are secrets as well.
  for (const { token, subject } of calls) for (const one of [token, subject]) if (one.length > 40) expect(server.stderr).not.toContain(one);
});

test('a wrong service password is the operator’s trouble: 503, and the log says why', async () => {
  const config = { ...JSON.parse(readFileSync(place.file('config.yaml'), 'utf8')), keystone_password: 'wrong' };
  writeFileSync(place.file('wrong.yaml'), JSON.stringify(config));
  const wrong = await startServer(place.file('other'), ['--config', place.file('wrong.yaml')]);
  try {
    const api: Api = apiWith(wrong.url, await newToken());
    expect((await api('GET', '/v2.0/networks')).status).toBe(503);
    expect(wrong.stderr).toContain('Keystone refused the service user: 401');
  } finally {
    await wrong.end();
  }
});
