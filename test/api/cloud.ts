// A whole server in this process, as clients see it: store, engine, identity and every route, on a database of the test's own. Used by all tests of
// test/api but identity's. Requests go through Fastify without a network in between.
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { expect } from 'vitest';
import type { AgentRecord, ServerLink } from '#agents/link.ts';
import { type Hosts, serveHosts } from '#api/hosts.ts';
import { createMetrics } from '#api/metrics.ts';
import { createServer } from '#api/server.ts';
import { openMemoryBus } from '#bus/memory.ts';
import { Pipeline } from '#core/pipeline.ts';
import { Policy } from '#core/policy.ts';
import { type Registry, registry } from '#core/registry.ts';
import { defaultSettings, type Settings } from '#core/settings.ts';
import { statusFollows } from '#desired/reports.ts';
import { bootstrap } from '#identity/bootstrap.ts';
import { embeddedIdentity } from '#identity/embedded.ts';
import { preparePools } from '#ml2/pools.ts';
import { policies, resources } from '#resources/index.ts';
import type { Store } from '#store/store.ts';
import type { Engine } from '#test/postgres.ts';
import { describedAnswers } from './described.ts';
import * as identity from './identity-server.ts';
import { checkRefusal } from './refusals.ts';
import { watchStatements } from './statements.ts';

/** Somebody with a token for a project. */
export interface Person {
  readonly token: string;
  readonly projectId: string;
}

export interface Sent {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer; `at('port.fixed_ips.0')` is what its body has at this path. */
export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  at(path: string): unknown;
}

/** A row as an answer has it. */
export type Shown = Readonly<Record<string, unknown>> & { readonly id: string };

export interface Cloud {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly registry: Registry;
  readonly hosts: Hosts;
  readonly admin: Person;
  /** Members of two projects, and a reader and a manager of the first one's. */
  readonly member: Person;
  readonly stranger: Person;
  readonly reader: Person;
  readonly manager: Person;
  /** Has the role service in a project of its own, as Nova has. */
  readonly service: Person;
  /** Somebody else with a role, in a project of its own or in this one. */
  person(role: string, projectId?: string): Promise<Person>;
  /** One request; to the API's own paths without `/v2.0` where `path` does not begin with it. */
  send(method: HTTPMethods, path: string, sent?: Sent): Promise<Reply>;
  /** A request as somebody. */
  as(person: Person): (method: HTTPMethods, path: string, body?: unknown, headers?: Sent['headers']) => Promise<Reply>;
  /** Creates and answers the row; throws when it is refused. By the member when nobody is named. */
  make(resource: string, attributes: object, person?: Person): Promise<Shown>;
  /** A new network with a subnet of this prefix. */
  wired(cidr: string, person?: Person): Promise<{ readonly network: Shown; readonly subnet: Shown }>;
  /** Lets a host join and say hello with both agents. */
  join(host: string, configurations?: Readonly<Record<string, unknown>>): Promise<ServerLink>;
  close(): Promise<void>;
}

export interface CloudOptions {
  readonly settings?: Partial<Settings>;
  readonly policy?: Readonly<Record<string, string>>;
  readonly publicUrl?: string;
}

/** What a host with both agents says of itself. */
export const agentsOf = (configurations: Readonly<Record<string, unknown>>): AgentRecord[] => [
  { agent_type: 'Linux bridge agent', binary: 'isospin-l2-agent', configurations },
  { agent_type: 'DHCP agent', binary: 'isospin-dhcp-agent', configurations: {} },
];

export async function openCloud(engine: Engine, { settings: changed = {}, policy = {}, publicUrl }: CloudOptions = {}): Promise<Cloud> {
  const opened = await engine.open();
  const watch = watchStatements(opened.store);
  const { store } = watch;
  const settings: Settings = { ...defaultSettings, ...changed };
  await bootstrap(store, { adminPassword: identity.ADMIN_PASSWORD, scrypt: identity.cheapScrypt });
  const embedded = await embeddedIdentity(store, { scrypt: identity.cheapScrypt });
  await opened.store.transaction((tx) => preparePools(tx, settings));
  const bus = openMemoryBus();
  const all = registry(resources, statusFollows as never[]);
  const pipeline = new Pipeline({ store, registry: all, policy: new Policy(policies, policy), settings, bus });
  const hosts = serveHosts(pipeline, (error) => {
    throw error;
  });
  const app = await createServer({ pipeline, identity: embedded, embedded, hosts, metrics: createMetrics(), publicUrl });
  const server = { app, identity: embedded };
  const adminToken = await identity.adminToken(server);
  const person = async (role: string): Promise<Person> => identity.person(server, role);
  const member = await person('member');
  const admin = { token: adminToken, projectId: await projectOf(app, adminToken) };

  const service = await person('service');
  const seers = new Set<string | undefined>([adminToken, service.token]);
  // Under rules of an operator's own anybody may be one.
  const seesAll = (token: string | undefined) => Object.keys(policy).length > 0 || seers.has(token);
  const checkAnswer = describedAnswers(all);

  async function send(method: HTTPMethods, path: string, { token, body, headers }: Sent = {}): Promise<Reply> {
    const url =
      path === '/' || /^\/(v2\.0|v3\/|agent\/v1|identity|openapi\.json|healthz|readyz|metrics)/.test(path) ? path : `/v2.0${path}`;
    const request = {
      method: method as 'GET',
      url,
      headers: {
        host: 'cloud.example.org:9696',
        ...(token !== undefined && { 'x-auth-token': token }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    };
    const answer = await watch.request(method, seesAll(token), async () => reply(await app.inject(request)));
    checkRefusal(answer.status, answer.body);
    // As it arrives: `..` leads to the path above.
    checkAnswer(method, new URL(url, 'http://cloud').pathname, answer.status, answer.body);
    return answer;
  }
  const as =
    (someone: Person): ReturnType<Cloud['as']> =>
    (method, path, body, headers) =>
      send(method, path, { token: someone.token, body, ...(headers && { headers }) });

  async function make(resource: string, attributes: object, someone: Person = member): Promise<Shown> {
    const made = await as(someone)('POST', `/${resource}s`, { [resource]: attributes });
    if (made.status !== 201) throw new Error(`no ${resource}: ${made.status} ${made.text}`);
    return made.at(resource) as Shown;
  }

  return {
    app,
    store: opened.store,
    pipeline,
    registry: all,
    hosts,
    admin,
    member,
    stranger: await person('member'),
    reader: await inProject(server, member.projectId, 'reader'),
    manager: await inProject(server, member.projectId, 'manager'),
    service,
    async person(role, projectId) {
      const someone = await (projectId === undefined ? person(role) : inProject(server, projectId, role));
      if (role === 'admin') seers.add(someone.token);
      return someone;
    },
    send,
    as,
    make,
    async wired(cidr, someone) {
      const network = await make('network', {}, someone);
      const subnet = await make('subnet', { network_id: network.id, cidr, ip_version: cidr.includes(':') ? 6 : 4 }, someone);
      return { network, subnet };
    },
    async join(host, configurations = { tunnel_types: ['vxlan'], tunneling_ip: '192.0.2.1', bridge_mappings: { physnet: 'eth1' } }) {
      const link = hosts.of(host);
      await link.hello(agentsOf(configurations), new Date());
      return link;
    },
    async close() {
      await app.close();
      hosts.close();
      await bus.close();
      await opened.remove();
      expect(watch.faults, 'what costs more than it should').toEqual([]);
    },
  };
}

function reply(response: { statusCode: number; body: string; headers: Readonly<Record<string, unknown>> }): Reply {
  const isJson = String(response.headers['content-type'] ?? '').startsWith('application/json');
  const body: unknown = isJson && response.body !== '' ? JSON.parse(response.body) : undefined;
  return {
    status: response.statusCode,
    text: response.body,
    body,
    headers: response.headers,
    at: (path) => path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined | null)?.[key], body),
  };
}

async function projectOf(app: FastifyInstance, token: string): Promise<string> {
  const headers = { 'x-auth-token': token, 'x-subject-token': token };
  const response = await app.inject({ url: '/identity/v3/auth/tokens', headers });
  return response.json().token.project.id;
}

/** Somebody else in a project that is there. */
async function inProject(server: identity.IdentityServer, projectId: string, role: string): Promise<Person> {
  const someone = await identity.person(server, role);
  const token = await identity.adminToken(server);
  const path = `/projects/${projectId}/users/${someone.userId}/roles/${await identity.roleId(server, role)}`;
  await identity.send(server, 'PUT', path, { token });
  return { projectId, token: await identity.tokenOf(server, someone.login({ project: { id: projectId } })) };
}

/** That a request was refused, and in which words. */
export function expectError(answer: Reply, status: number, type: string, message?: string | RegExp): void {
  expect({ status: answer.status, type: answer.at('NeutronError.type') }, answer.text.slice(0, 500)).toEqual({ status, type });
  expect(Object.keys(answer.body as object)).toEqual(['NeutronError']);
  expect(answer.at('NeutronError.detail')).toBe('');
  if (typeof message === 'string') expect(answer.at('NeutronError.message')).toBe(message);
  else if (message) expect(answer.at('NeutronError.message')).toMatch(message);
}

/** Waits for what happens in its own time; fails after five seconds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 5_000; !(await holds()); await pause(5)) {
    if (Date.now() > end) throw new Error(`${what} did not happen`);
  }
}

/** An id that nothing has. */
export const NOWHERE = '00000000-0000-4000-8000-000000000000';
