// The description that machines read is whole: it follows the rules of OpenAPI 3.1, has every route, and describes every attribute that is answered. That
// answers fit it is asked of each one that any test gets: see described.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionPath, itemPath, usualPath } from '#api/paths.ts';
import { routesOf } from '#api/server.ts';
import { resources } from '#resources/index.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, openCloud } from './cloud.ts';

type Node = Readonly<Record<string, unknown>>;
interface Operation extends Node {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly Node[];
  readonly responses: Readonly<Record<string, Node>>;
}
type Item = Readonly<Record<string, Operation>> & { readonly parameters?: readonly Node[] };

const [engine] = engines();
let cloud: Cloud;
let admin: ReturnType<Cloud['as']>;
let document: {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Item>>;
  readonly tags: readonly { readonly name: string }[];
  readonly components: { readonly schemas: Readonly<Record<string, Node>> };
};
beforeAll(async () => {
  if (!engine) throw new Error('no database');
  cloud = await openCloud(engine);
  admin = cloud.as(cloud.admin);
  document = (await cloud.send('GET', '/openapi.json')).body as typeof document;
});
afterAll(() => cloud.close());

const METHODS = ['get', 'put', 'post', 'delete'];
const operations = (): { path: string; method: string; item: Item; operation: Operation }[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([name]) => name !== 'parameters')
      .map(([method, operation]) => ({ path, method, item, operation: operation as Operation })),
  );
const found = (reference: string): unknown =>
  reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((value, key) => (value as Node | undefined)?.[key], document);
const resolved = (node: Node): Node => (typeof node.$ref === 'string' ? (found(node.$ref) as Node) : node);

describe('by the rules of OpenAPI', () => {
  test('every reference leads somewhere', () => {
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(visit);
      else if (typeof value === 'object' && value !== null) {
        const { $ref } = value as Node;
        if (typeof $ref === 'string') expect([$ref, typeof found($ref)]).toEqual([$ref, 'object']);
        Object.values(value).forEach(visit);
      }
    };
    expect(document.openapi).toBe('3.1.0');
    visit(document);
  });

  test('operations are named once, and have a summary and known answers', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    for (const { path, method, operation } of operations()) {
      const at = `${method} ${path}`;
      expect([at, METHODS.includes(method), /^[a-z][a-z0-9_]+$/.test(operation.operationId), operation.summary.length > 0]).toEqual([
        at,
        true,
        true,
        true,
      ]);
      const answers = Object.entries(operation.responses);
      expect([at, answers.some(([status]) => /^2\d\d$/.test(status))]).toEqual([at, true]);
      for (const [status, answer] of answers) {
        expect([at, status, typeof resolved(answer).description]).toEqual([at, expect.stringMatching(/^[2-5]\d\d$/), 'string']);
      }
    }
  });

  test('each part of a path is described once, and nothing else is', () => {
    for (const { path, item, operation } of operations()) {
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolved);
      const places = parameters.map((one) => `${one.in} ${one.name}`);
      expect([path, places.filter((place, index) => places.indexOf(place) !== index)]).toEqual([path, []]);
      const inPath = parameters.filter((one) => one.in === 'path').map((one) => one.name);
      expect([path, inPath.sort()]).toEqual([path, [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name).sort()]);
      for (const one of parameters) expect([path, one.name, typeof one.schema]).toEqual([path, one.name, 'object']);
    }
  });

  test('tags are those of the list', () => {
    const known = [...document.tags.map(({ name }) => name), 'quotas', 'agents'];
    for (const { path, operation } of operations())
      for (const tag of operation.tags ?? []) expect([path, known]).toEqual([path, expect.arrayContaining([tag])]);
  });
});

test('what a resource offers is described, and nothing else', () => {
  for (const { resource, actions } of resources.filter(({ resource: { operations } }) => operations.length > 0)) {
    const offers = (operation: (typeof resource.operations)[number]) => resource.operations.includes(operation);
    const [collection, item] = [usualPath(resource, cloud.registry), itemPath(resource, cloud.registry)];
    const methods = (path: string) => METHODS.filter((method) => document.paths[path]?.[method]).join(' ');
    expect([collection, methods(collection)]).toEqual([
      collection,
      [...(offers('list') ? ['get'] : []), ...(offers('create') ? ['post'] : [])].join(' '),
    ]);
    expect([item, methods(item)]).toEqual([
      item,
      [...(offers('show') ? ['get'] : []), ...(offers('update') ? ['put'] : []), ...(offers('delete') ? ['delete'] : [])].join(' '),
    ]);
    for (const action of actions) {
      expect(methods(actionPath(item, action, '{about}')).split(' ')).toContain(action.method.toLowerCase());
      const asks = (action.method === 'PUT' || action.method === 'POST') && action.name !== 'activate';
      expect([action.name, action.takes !== undefined]).toEqual([action.name, asks]);
    }
  }
});

test('every path that is described has its route', () => {
  const routes = new Set((routesOf.get(cloud.app) ?? []).map(({ method, url }) => `${method} ${url.replaceAll(/:\w+/g, '{}')}`));
  for (const { path, method } of operations()) {
    const route = `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`;
    expect([route, routes.has(route)]).toEqual([route, true]);
  }
});

test('an answer to an administrator has every attribute that is described', async () => {
  await cloud.join('host');
  const { network } = await cloud.wired('10.0.0.0/24', cloud.admin);
  await cloud.make('port', { network_id: network.id, 'binding:host_id': 'host' }, cloud.admin);
  for (const collection of ['agents', 'networks', 'subnets', 'ports']) {
    const { name } = resources.find(({ resource }) => resource.collection === collection)?.resource ?? { name: '' };
    const [first] = (await admin('GET', `/${collection}?limit=2`)).at(collection) as { id: string }[];
    const described = Object.keys(document.components.schemas[`${name[0]?.toUpperCase()}${name.slice(1)}`]?.properties as object);
    expect(Object.keys((await admin('GET', `/${collection}/${first?.id}`)).at(name) as object).sort()).toEqual(described.sort());
  }
});

test('what is no resource is answered as described', async () => {
  const { projectId } = cloud.admin;
  await cloud.join('host');
  await cloud.send('GET', '/');
  const agent = (await admin('GET', '/agents?agent_type=DHCP%20agent')).at('agents.0.id');
  const { id } = await cloud.make('network', {});
  expect((await admin('PUT', `/quotas/${projectId}`, { quota: { network: 90 } })).status).toBe(200);
  expect((await admin('POST', `/agents/${agent}/dhcp-networks`, { network_id: id })).status).toBe(201);
  const paths = ['/v2.0/', '/extensions', '/extensions/agent', `/agents/${agent}/dhcp-networks`, `/networks/${id}/dhcp-agents`];
  const quotas = ['', '/tenant', '/project', ...['', '/default', '/details'].map((view) => `/${projectId}${view}`)];
  for (const path of [...paths, ...quotas.map((one) => `/quotas${one}`)]) {
    expect([path, (await admin('GET', path)).status]).toEqual([path, 200]);
  }
});

test('a refusal is as described', async () => {
  const { properties, required } = document.components.schemas.NeutronError as {
    properties: Record<string, { required: string[] }>;
    required: string[];
  };
  for (const answer of [await admin('GET', '/networks/x'), await admin('POST', '/networks', {}), await admin('GET', '/nothing')]) {
    expect(Object.keys(answer.body as object)).toEqual(required);
    expect(Object.keys(answer.at('NeutronError') as object).sort()).toEqual([...(properties.NeutronError?.required ?? [])].sort());
  }
});
