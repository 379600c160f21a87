// SIGTERM: what was asked is answered, what only waits is let go, and the process ends with 0 in a moment.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { adminOf, isospin, must, passwordOf, type Server, scratch, start, startServer, tokenOf } from './program.ts';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function running(): Promise<Server> {
  const place = scratch();
  cleanups.push(place.remove);
  const server = await startServer(place.file('state'));
  cleanups.push(() => server.end('SIGKILL'));
  return server;
}

/** Sends a signal and answers the exit status and the milliseconds that it took. */
async function ended(server: Server, signal: NodeJS.Signals): Promise<{ code: number | null; since: number; at: number; ms: number }> {
  const since = performance.now();
  server.child.kill(signal);
  const late = setTimeout(() => server.child.kill('SIGKILL'), 20_000);
  const code = await server.ended();
  clearTimeout(late);
  const at = performance.now();
  return { code, since, at, ms: at - since };
}

/** A connection that says something and then waits. */
async function connection(url: string, text: string): Promise<net.Socket> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  cleanups.push(() => void socket.destroy());
  return socket;
}

/** Sends the head of a POST and waits until the server asks for the rest; the answer sends that, and answers the status. */
async function begin(url: string, body: object, headers: Record<string, string> = {}): Promise<() => Promise<number>> {
  const text = JSON.stringify(body);
  const own = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), expect: '100-continue' };
  const request = http.request(url, { method: 'POST', agent: false, headers: { ...own, ...headers } });
  request.on('error', () => undefined); // a test may end the server on purpose
  request.flushHeaders();
  await once(request, 'continue');
  return async () => {
    request.end(text);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    response.resume();
    return response.statusCode ?? 0;
  };
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s answers the requests that have begun, whatever else is open', async (signal) => {
  const server = await running();
  const api = must(await adminOf(server));
  const { network } = await api('POST', '/v2.0/networks', { network: { name: 'n' } });
  const { stdout } = await isospin(['host', 'add', 'h', '--state', server.state]);
  const agent = new http.Agent({ keepAlive: true });
  const open: string[] = [];
  // Wake streams, connections that idle after an answer, and one that never said anything.
  for (let i = 0; i < 3; i++) {
    const headers = { authorization: `Bearer ${stdout.trim()}`, 'x-isospin-host': 'h' };
    const stream = http.get(`${server.url}/agent/v1/wakes`, { headers, agent });
    const [response] = (await once(stream, 'response')) as [http.IncomingMessage];
    response.resume().once('close', () => open.push(`stream ${i} ended ${response.complete ? 'well' : 'broken'}`));
    const [idle] = (await once(http.get(`${server.url}/healthz`, { agent }), 'response')) as [http.IncomingMessage];
    idle.resume();
  }
  await connection(server.url, '');
  const ports = Array.from({ length: 500 }, (_, i) => ({ network_id: network.id, name: `p${i}` }));
  // A long write, and logins, which take their time to be compared. The server has seen the heads of all.
  const token = await tokenOf(server.url, passwordOf(server.state));
  const identity = {
    methods: ['password'],
    password: { user: { name: 'admin', domain: { id: 'default' }, password: passwordOf(server.state) } },
  };
  const begun = await Promise.all([
    begin(`${server.url}/v2.0/ports`, { ports }, { 'x-auth-token': token }),
    ...Array.from({ length: 20 }, () => begin(`${server.url}/identity/v3/auth/tokens`, { auth: { identity } })),
  ]);
  const answered = Promise.all(begun.map((finish) => finish())).then((all) => ({ all, at: performance.now() }));
  await pause(50);
  const end = await ended(server, signal);
  const { all, at } = await answered;
  expect(all).toEqual(Array.from({ length: 21 }, () => 201));
  expect(end.code).toBe(0);
  expect(end.at - Math.max(at, end.since)).toBeLessThan(2_000);
  expect(open.sort()).toEqual(['stream 0 ended well', 'stream 1 ended well', 'stream 2 ended well']);
  agent.destroy();
  // Answered is kept.
  const again = await startServer(server.state);
  cleanups.push(() => again.end('SIGKILL'));
  const { ports: found } = await must(await adminOf(again))('GET', '/v2.0/ports?fields=name');
  expect(found.length).toBe(500);
});

test('a request that is never finished holds nothing up', async () => {
  const server = await running();
  await connection(server.url, 'GET /healthz HTTP/1.1\r\nhost: x\r\n');
  await connection(
    server.url,
    'POST /v2.0/ports HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"port"',
  );
  await pause(100);
  const { code, ms } = await ended(server, 'SIGTERM');
  expect(code).toBe(0);
  expect(ms).toBeLessThan(2_500);
});

test('while it starts, the signal is heeded too; a second one ends it at once', async () => {
  const place = scratch();
  cleanups.push(place.remove);
  for (const wait of [0, 150, 250, 350]) {
    const program = start(['server', '--state', place.file('state'), '--listen', '127.0.0.1:0']);
    await pause(wait);
    await program.end('SIGTERM');
    // Before it listens for signals the kernel ends it.
    expect([0, null]).toContain(program.child.exitCode);
    expect(program.said.filter((line) => !line.includes('not enforced'))).toEqual([]);
    expect(existsSync(place.file('state/server.json'))).toBe(false);
  }
  const server = await startServer(place.file('state'));
  cleanups.push(() => server.end('SIGKILL'));
  // It waits a second for the rest of this one.
  await begin(`${server.url}/identity/v3/auth/tokens`, {});
  server.child.kill('SIGTERM');
  await pause(300);
  const { code } = await ended(server, 'SIGTERM');
  expect({ code, signal: server.child.signalCode }).toEqual({ code: null, signal: 'SIGTERM' });
});
