// The demo's world: a server and two hosts, each a throw-away host of its own, on one underlay; and this process beside them, as a user's machine. All
// that happens in it happens through the programs and the API that users have.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runProgram } from '#host/process.ts';
import { endProgram, joinHosts, makeHost, type ThrowawayHost, until } from '#host/throwaway.ts';
import { type Client, connect } from '../client.ts';

/** The server, on the switch that joins the hosts. */
export const SERVER = 'https://10.99.0.254:9696';
export const UNDERLAY_MTU = 1500;
const USER_MACHINE = '10.99.0.253/24';
const DIRECTORY = '/run/demo';
/** With compiled code kept in each host's memory, the many starts of `isospin` take half the time. */
const ISOSPIN = [
  'env',
  `NODE_COMPILE_CACHE=${DIRECTORY}/compiled`,
  process.execPath,
  ...process.execArgv,
  fileURLToPath(new URL('../main.ts', import.meta.url)),
];

/** A host with its agents. */
export interface DemoHost {
  readonly host: ThrowawayHost;
  readonly name: string;
  /** Its tunnel endpoint. */
  readonly endpoint: string;
  agent: ChildProcess | undefined;
}

/** An instance: a namespace, and what is known of its port. */
export interface Instance {
  readonly name: string;
  readonly on: DemoHost;
  readonly port: string;
  readonly mac: string;
  readonly address: string;
}

/** A project and what it has. */
export interface Project {
  readonly name: string;
  readonly id: string;
  readonly user: string;
  /** As its user. */
  readonly client: Client;
  readonly network: string;
  readonly vni: number;
  readonly mtu: number;
  readonly instances: readonly [Instance, Instance];
}

/** What the steps make and hand on. */
export interface World {
  /** As the admin. */
  readonly admin: Client;
  readonly hosts: readonly [DemoHost, DemoHost];
  projects: readonly Project[];
  /** Makes the hosts, and starts the server. */
  build(): Promise<void>;
  /** Lets a host join, with a credential of its own. */
  invite(host: DemoHost): Promise<void>;
  startAgent(host: DemoHost): Promise<void>;
  /** Ends a host's agents. */
  endAgent(host: DemoHost, signal: NodeJS.Signals): Promise<void>;
  /** Signs a user in. */
  signIn(user: string, password: string, project: string): Promise<Client>;
  /** A command of `isospin` on a host, as the admin. Answers its output. */
  isospin(host: ThrowawayHost, words: readonly string[]): Promise<string>;
}

/** A world that is still to be built. */
export function worldOf(): World {
  let server: ThrowawayHost | undefined;
  let admin: Client | undefined;
  let hosts: readonly [DemoHost, DemoHost] | undefined;
  let adminVariables: Readonly<Record<string, string>> = {};
  const ca = `${DIRECTORY}/ca.pem`;
  const built = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('this world is not built yet');
    return part;
  };
  const world: World = {
    projects: [],
    get admin() {
      return built(admin);
    },
    get hosts() {
      return built(hosts);
    },
    async build() {
      const [one, two] = await Promise.all([makeHost('host1'), makeHost('host2')]);
      hosts = [one, two].map((host, i) => ({ host, name: host.name, endpoint: `10.99.0.${i + 1}`, agent: undefined })) as unknown as [
        DemoHost,
        DemoHost,
      ];
      server = await joinHosts([one, two], UNDERLAY_MTU);
      await joinUnderlay(server);
      for (const host of [server, one, two]) mkdirSync(host.path(DIRECTORY), { mode: 0o700 });
      await certify(server, ca);
      const certificate = readFileSync(server.path(ca));
      for (const path of [one.path(ca), two.path(ca), '/run/ca.pem']) writeFileSync(path, certificate);
      const tls = ['--tls-cert', ca, '--tls-key', `${DIRECTORY}/key.pem`];
      const listen = ['--state', `${DIRECTORY}/state`, '--listen', new URL(SERVER).host, '--host', 'server'];
      await startProgram(server, ['server', ...listen, ...tls], 'ready at');
      adminVariables = variables(await world.isospin(server, ['openrc', '--state', `${DIRECTORY}/state`]));
      admin = await connect(inWorld, adminVariables);
    },
    async invite({ host, name }) {
      const credential = await world.isospin(built(server), ['host', 'add', name, '--state', `${DIRECTORY}/state`]);
      writeFileSync(host.path(`${DIRECTORY}/credential`), credential, { mode: 0o600 });
    },
    async startAgent(on) {
      const who = ['--host', on.name, '--local-ip', on.endpoint, '--credential', `${DIRECTORY}/credential`];
      on.agent = await startProgram(on.host, ['agent', ...who, '--server', SERVER, '--ca', ca], 'have joined');
    },
    async endAgent(on, signal) {
      await endProgram(built(on.agent), signal);
      on.agent = undefined;
    },
    signIn: (user, password, project) =>
      connect(inWorld, { ...adminVariables, OS_USERNAME: user, OS_PASSWORD: password, OS_PROJECT_NAME: project }),
    async isospin(host, words) {
      const environment = Object.entries({ ...adminVariables, OS_CACERT: ca }).map(([name, value]) => `${name}=${value}`);
      const { code, stdout, stderr } = await host.attempt(['env', ...environment, ...ISOSPIN, ...words]);
      if (code !== 0) throw new Error(`isospin ${words.join(' ')} on ${host.name}: ${stderr.trim().split('\n').at(-1)}`);
      return stdout.trim();
    },
  };
  return world;
}

/** Options of this process's own client. */
const inWorld = { args: [], text: (name: string) => (name === 'ca' ? '/run/ca.pem' : undefined), on: () => false };

/** Gives the server its address on the switch, and this process a cable to it. */
async function joinUnderlay(server: ThrowawayHost): Promise<void> {
  await server.batch([`addr add ${new URL(SERVER).hostname}/24 dev sw`]);
  const lines = [
    `link add underlay type veth peer name user netns ${server.pid}`,
    `addr add ${USER_MACHINE} dev underlay`,
    'link set underlay up',
  ];
  const { code, stderr } = await runProgram(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
  if (code !== 0) throw new Error(`ip refused: ${stderr}`);
  await server.batch(['link set user master sw up']);
}

/** A certificate for the server's address, which is its own authority. */
async function certify(server: ThrowawayHost, path: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${DIRECTORY}/key.pem`];
  const name = ['-subj', '/CN=isospin demo', '-addext', `subjectAltName=IP:${new URL(SERVER).hostname}`];
  await server.run(['openssl', 'req', '-x509', ...key, '-days', '1', ...name, '-out', path]);
}

/** The variables of an openrc file. */
function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)=(?:'(.*)'|(.*))$/gm)].map(([, name, quoted, plain]) => [name, quoted ?? plain ?? '']),
  );
}

/** Starts a long-running `isospin`, and waits for the line by which it says that it is ready. */
async function startProgram(host: ThrowawayHost, words: readonly string[], ready: string): Promise<ChildProcess> {
  const child = host.start([...ISOSPIN, ...words]);
  let [said, complaints] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4096);
  });
  const last = () => complaints.trim().split('\n').at(-1);
  const program = `isospin ${words[0]} on ${host.name}`;
  const heard = () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${last()}`);
    return said.includes(ready);
  };
  await until(`${program} says "${ready}"`, heard, 15_000).catch((error: Error) => {
    throw child.exitCode === null && complaints !== '' ? new Error(`${error.message}; it says ${last()}`) : error;
  });
  return child;
}
