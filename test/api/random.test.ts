// Whatever is thrown at any route: never 500, every refusal of the Networking API is one that is declared, and the rows agree afterwards.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from '#api/server.ts';
import type { Resource } from '#core/resource.ts';
import { addHost } from '#identity/hosts.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud } from './cloud.ts';
import { check, DEEP, invariants, names, text, value } from './random-values.ts';

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Stand for ids of rows that are there when the request is sent, so that requests get past the first look-up. */
const MARKS = ['@0@', '@1@', '@2@', '@3@', '@4@', '@5@', '@6@'];
/** The mark of a resource's own row. */
const OWN: Readonly<Record<string, string>> = { network: '@0@', subnet: '@1@', port: '@2@', agent: '@3@', quota: '@5@' };

describe.each(engines())('random requests on $name', (engine) => {
  let cloud: Cloud;
  let ids: string[];
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { network: -1, subnet: -1, port: -1 } } });
    await refresh();
  });
  afterAll(() => cloud.close());

  const filled = (given: string): string => given.replaceAll(/@(\d)@/g, (_, at: string) => ids[Number(at)] ?? NOWHERE);

  /** New rows for the marks: random requests delete them. */
  async function refresh(): Promise<void> {
    await cloud.join('host');
    const { network, subnet } = await cloud.wired('10.0.0.0/24');
    const port = await cloud.make('port', { network_id: network.id, 'binding:host_id': 'host' }, cloud.admin);
    const agents = (await cloud.as(cloud.admin)('GET', '/agents?fields=id')).at('agents') as { id: string }[];
    ids = [network.id, subnet.id, port.id, ...agents.map(({ id }) => id), cloud.member.projectId, NOWHERE];
  }

  /** What a create of the resource needs. */
  const needed: Readonly<Record<string, fc.Arbitrary<object>>> = {
    subnet: fc.nat({ max: 255 }).map((n) => ({ network_id: '@0@', ip_version: 4, cidr: `10.${n}.0.0/24` })),
    port: fc.constant({ network_id: '@0@' }),
  };

  /** Bodies for a route of a resource (or of none): most name it and its attributes, many would be right. */
  function bodies(resource: Resource | undefined): fc.Arbitrary<string> {
    const name = resource?.name ?? 'quota';
    const keys = resource ? names(resource) : ['network', 'subnet', 'port', 'force', 'network_id', 'bogus'];
    const may = fc.dictionary(fc.constantFrom(...keys), fc.oneof(value, fc.constantFrom<unknown>(...MARKS)), { maxKeys: 2 });
    const must = fc.oneof({ weight: 3, arbitrary: needed[name] ?? fc.constant({}) }, fc.constant({}));
    const inner = fc.tuple(must, fc.oneof(fc.constant({}), may)).map((parts) => Object.assign({}, ...parts));
    return fc.oneof(
      { weight: 5, arbitrary: inner.map((one) => JSON.stringify({ [name]: one })) },
      { weight: 2, arbitrary: fc.array(inner, { maxLength: 3 }).map((list) => JSON.stringify({ [`${name}s`]: list })) },
      { weight: 2, arbitrary: inner.map((one) => JSON.stringify(one)) },
      value.map((any) => JSON.stringify(any)),
      fc.string(),
      fc.constantFrom('', DEEP, '{"a":', '\ufeff{}', '{"network":{"__proto__":{}}}', '{"constructor":{"prototype":{}}}'),
    );
  }

  test('at every route, by anybody', { timeout: 180_000 }, async () => {
    const all = cloud.registry.all;
    const routes = (routesOf.get(cloud.app) ?? []).filter(({ url }) => url.startsWith('/v2.0'));
    const keys = [...new Set(all.flatMap(names)), 'fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse'];
    // Half of them at the resources' own doors: elsewhere most is refused.
    const doors = routes.filter(
      ({ method, url }) =>
        method !== 'PATCH' && all.some((one) => [`/v2.0/${one.collection}`, `/v2.0/${one.collection}/:id`].includes(url)),
    );
    const request = fc.oneof(fc.constantFrom(...routes), fc.constantFrom(...doors)).chain((route) => {
      const resource = all.find(({ collection }) => route.url.startsWith(`/v2.0/${collection}`));
      return fc.record({
        route: fc.constant(route.url),
        method: fc.oneof({ weight: 6, arbitrary: fc.constant(route.method) }, fc.constantFrom(...METHODS)),
        person: fc.constantFrom<keyof Cloud & ('admin' | 'member' | 'reader' | 'service')>('admin', 'admin', 'member', 'reader', 'service'),
        id: fc.oneof({ weight: 4, arbitrary: fc.constant(OWN[resource?.name ?? 'quota'] ?? '') }, fc.constantFrom(...MARKS), text),
        body: bodies(resource),
        query: fc.array(fc.tuple(fc.constantFrom(...keys), fc.oneof(text, fc.constantFrom(...MARKS))), { maxLength: 2 }),
        headers: fc.oneof(
          { weight: 4, arbitrary: fc.constant({}) },
          fc.record({ 'if-match': fc.constantFrom('revision_number=0', 'revision_number=x', '"x"', '') }),
          fc.record({ 'content-type': fc.constantFrom('text/plain', 'x', '') }),
        ),
      });
    });
    let sent = 0;
    const done = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ route, method, person, id, body: given, query, headers }) => {
        if (sent++ % 50 === 0) await refresh();
        // Whoever makes a URL of `..` makes it another path.
        const part = id === '..' ? '...' : filled(id);
        const path = route.replaceAll(/:\w+/g, () => encodeURIComponent(part.toWellFormed()) || '-');
        const search = new URLSearchParams(query.map(([name, word]): [string, string] => [name, filled(word).toWellFormed()]));
        const bare = ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
        const body = bare ? undefined : filled(given);
        const { token } = cloud[person];
        const answer = await cloud.send(method, `${path}?${search}`, { token, body, headers });
        if (answer.status < 300) done.set(method, (done.get(method) ?? 0) + 1);
        if (method === 'HEAD') expect(answer.status).toBeGreaterThanOrEqual(400);
        else check(answer, `${method} ${path}?${search} ${body?.slice(0, 300)}`);
      }),
      { numRuns: 4_000 },
    );
    // Not everything was refused at the door.
    expect(Object.fromEntries(['GET', 'POST', 'PUT', 'DELETE'].map((method) => [method, (done.get(method) ?? 0) > 0]))).toEqual({
      GET: true,
      POST: true,
      PUT: true,
      DELETE: true,
    });
    await invariants(cloud);
  });

  test("at the hosts' interface", { timeout: 60_000 }, async () => {
    const headers = { 'x-isospin-host': 'host', authorization: `Bearer ${await addHost(cloud.store, 'host')}` };
    const one = fc.dictionary(fc.constantFrom('key', 'digest', 'error', 'agent_type', 'binary', 'configurations', 'x'), value, {
      maxKeys: 4,
    });
    const body = fc.oneof(
      fc.record(
        { agents: fc.oneof(fc.array(one, { maxLength: 3 }), value), started_at: fc.oneof(text, fc.constant('2030-01-01T00:00:00Z')) },
        { requiredKeys: [] },
      ),
      fc.record({ reports: fc.oneof(fc.array(one, { maxLength: 3 }), value) }),
      fc.record({
        reports: fc.array(
          fc.record({
            key: fc.tuple(fc.constantFrom('port', 'lease', 'dhcp', 'x'), fc.constantFrom(...MARKS)).map((parts) => parts.join('/')),
            digest: text,
            error: fc.option(text),
          }),
          { maxLength: 3 },
        ),
      }),
      value,
    );
    const call = fc.record({
      call: fc.constantFrom(['POST', 'hello'], ['POST', 'heartbeat'], ['POST', 'reports'], ['GET', 'desired']),
      body,
      cursor: text,
    });
    await fc.assert(
      fc.asyncProperty(call, async ({ call: [method, path], body: sent, cursor }) => {
        const search = method === 'GET' ? `?cursor=${encodeURIComponent(cursor.toWellFormed())}` : '';
        const answer = await cloud.send(method as 'GET' | 'POST', `/agent/v1/${path}${search}`, {
          headers,
          ...(method === 'POST' && { body: filled(JSON.stringify(sent) ?? 'x') }),
        });
        check(answer, `${method} ${path}${search} ${JSON.stringify(sent)?.slice(0, 300)}`);
      }),
      { numRuns: 600 },
    );
  });
});
