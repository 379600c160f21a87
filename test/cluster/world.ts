// A server and agents that reach it over HTTPS, each on a throw-away host of its own: what a cloud of several machines is. Tests reach the API
// through a socket file; instances are namespaces that `isospin plug` made.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { fileURLToPath } from 'node:url';
import type { HostPlan, HostView } from '#main/host.ts';
import { joinHosts, makeHost, type TestHost, until } from '#test/kernel/host.ts';
import {
  type Answer,
  type Api,
  isospin,
  must,
  type Program,
  passwordOf,
  type Reply,
  type Server,
  scratch,
  start,
  startServer,
} from './program.ts';

export const SERVER = 'https://10.99.0.1:9696';
/** The address of the agent's host at an index. */
export const addressOf = (index: number): string => `10.99.0.${index + 2}`;

export interface World {
  readonly place: ReturnType<typeof scratch>;
  /** The server's host, and those of the agents. */
  readonly control: TestHost;
  readonly hosts: readonly TestHost[];
  server: Server;
  readonly agents: Program[];
  /** As the admin. */
  readonly api: Api;
  readonly ok: ReturnType<typeof must>;
  /** One request with any headers. */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  startServer(): Promise<void>;
  /** Starts the agent of a host; `joined` is awaited by the test where it matters. */
  startAgent(index: number, args?: readonly string[]): Program;
  joined(index: number): Promise<void>;
  credential(index: number): string;
  /** Gives a host a new credential and keeps it in its file. */
  addHost(index: number): Promise<void>;
  /** A command on a host, signed in as the admin. */
  command(index: number, args: readonly string[]): Promise<Answer>;
  show(index: number): Promise<HostView>;
  plan(index: number): Promise<readonly HostPlan[]>;
  close(): Promise<void>;
}

/** A certificate authority and, signed by it, the server's certificate. Answers nothing: `NAME.pem`, `server.pem`, `server.key` in the directory. */
export function certify(place: ReturnType<typeof scratch>, name = 'ca', address = '10.99.0.1'): void {
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const [ca, caKey] = [place.file(`${name}.pem`), place.file(`${name}.key`)];
  openssl([...make, '-keyout', caKey, '-out', ca, '-subj', `/CN=${name}`]);
  const files = ['-keyout', place.file('server.key'), '-out', place.file('server.pem')];
  openssl([...make, '-CA', ca, '-CAkey', caKey, ...files, '-subj', '/CN=server', '-addext', `subjectAltName=IP:${address}`]);
}

function openssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
}

/** Makes the server's host and `count` hosts with an agent each, which have joined. */
export async function makeWorld(count: number): Promise<World> {
  const place = scratch();
  certify(place);
  const names = ['control', ...Array.from({ length: count }, (_, i) => `host${i + 1}`)];
  const [control, ...hosts] = (await Promise.all(names.map(makeHost))) as [TestHost, ...TestHost[]];
  const fabric = await joinHosts([control, ...hosts]);
  const state = place.file('state');
  const args = ['--listen', '10.99.0.1:9696', '--tls-cert', place.file('server.pem'), '--tls-key', place.file('server.key')];
  const settings = ['--global-physnet-mtu', '1550', '--agent-down-time', '30', '--dhcp-agents-per-network', '1'];
  const relay = control.start([
    process.execPath,
    fileURLToPath(new URL('relay.ts', import.meta.url)),
    place.file('api.sock'),
    '10.99.0.1',
    '9696',
  ]);
  await once(relay.stdout as NodeJS.ReadableStream, 'data');
  const ca = readFileSync(place.file('ca.pem'));
  const call: World['call'] = (method, path, body, headers = {}) => callOver(place.file('api.sock'), ca, method, path, body, headers);
  let token = '';
  const api: Api = (method, path, body, headers = {}) => call(method, path, body, { 'x-auth-token': token, ...headers });
  const credential = (index: number) => place.file(`host${index + 1}.credential`);
  const at = (index: number) => hosts[index] as TestHost;
  const asked = async <T>(index: number, question: string): Promise<T> => {
    const { code, stdout, stderr } = await isospin(['agent', question, '--json'], { host: at(index) });
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const world: World = {
    place,
    control,
    hosts,
    server: undefined as unknown as Server,
    agents: [],
    api,
    ok: must(api),
    call,
    async startServer() {
      world.server = await startServer(state, [...args, ...settings], { host: control });
    },
    startAgent(index, more = []) {
      const given = ['--server', SERVER, '--ca', place.file('ca.pem'), '--host', `host${index + 1}`, '--credential', credential(index)];
      return start(['agent', ...given, '--local-ip', addressOf(index), ...more], { host: at(index) });
    },
    joined: (index) =>
      until(`host${index + 1} has joined`, () => world.agents[index]?.stdout.includes('have joined'), 10_000).then(() => undefined),
    credential: (index) => readFileSync(credential(index), 'utf8').trim(),
    async addHost(index) {
      const { code, stdout, stderr } = await isospin(['host', 'add', `host${index + 1}`, '--state', state]);
      if (code !== 0) throw new Error(stderr);
      writeFileSync(credential(index), stdout, { mode: 0o600 });
    },
    command: (index, words) =>
      isospin([...words, '--server', SERVER, '--ca', place.file('ca.pem')], {
        host: at(index),
        env: { OS_USERNAME: 'admin', OS_PASSWORD: passwordOf(state), OS_PROJECT_NAME: 'admin' },
      }),
    show: (index) => asked(index, 'show'),
    plan: (index) => asked(index, 'plan'),
    async close() {
      try {
        for (const agent of world.agents) await agent.end('SIGTERM');
        await world.server.end('SIGTERM');
      } finally {
        for (const host of [...hosts, control, fabric]) await host.close();
        place.remove();
      }
    },
  };
  await world.startServer();
  const domain = { id: 'default' };
  const identity = { methods: ['password'], password: { user: { name: 'admin', domain, password: passwordOf(state) } } };
  const signed = await call('POST', '/identity/v3/auth/tokens', { auth: { identity, scope: { project: { name: 'admin', domain } } } });
  token = String(signed.headers.get('x-subject-token'));
  for (const index of hosts.keys()) {
    await world.addHost(index);
    world.agents.push(world.startAgent(index));
  }
  for (const index of hosts.keys()) await world.joined(index);
  return world;
}

/** One request over HTTPS through a socket file. */
function callOver(
  socketPath: string,
  ca: Buffer,
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const content = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        socketPath,
        ca,
        method,
        path,
        headers: { host: '10.99.0.1:9696', ...content, ...headers },
        servername: '',
        agent: false,
        checkServerIdentity: () => undefined,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: new Headers(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
            body: response.headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text,
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
