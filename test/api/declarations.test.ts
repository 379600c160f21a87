// What holds for everything that is declared: documented, guarded by a rule, refused without a token, kept by a table of exactly its columns, and like
// the reference API but where it says why not (facts.json, copied from that API's definitions).
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from '#api/server.ts';
import { sharedPolicies } from '#core/policy-shared.ts';
import type { Resource } from '#core/resource.ts';
import { extensions } from '#packs/extensions.ts';
import { policies, resources } from '#resources/index.ts';
import { type Engine, engines } from '#test/postgres.ts';
import { type Cloud, openCloud } from './cloud.ts';

const all = resources.map(({ resource }) => resource);

test('everything has a word for its reader', () => {
  const sentence = /^[\w`].+[.…`]$/;
  for (const { name, doc, fields } of all) {
    expect([name, doc]).toEqual([name, expect.stringMatching(sentence)]);
    for (const field of fields)
      expect([`${name}.${field.name}`, field.doc]).toEqual([`${name}.${field.name}`, expect.stringMatching(sentence)]);
  }
});

test('every default is a value that a client could have sent', () => {
  for (const { name, fields } of all) {
    for (const field of fields) {
      if (field.default === undefined) continue;
      const canonical = field.convert ? field.convert(field.default) : field.default;
      expect([name, field.name, canonical, field.validate?.(canonical)]).toEqual([name, field.name, field.default, undefined]);
    }
  }
});

describe('policy', () => {
  const verbs = { list: 'get', show: 'get', create: 'create', update: 'update', delete: 'delete' } as const;

  test('every operation has a rule', () => {
    for (const { name, operations } of all) {
      for (const operation of operations) expect(Object.keys(policies)).toContain(`${verbs[operation]}_${name}`);
    }
  });

  /** Attributes that ask rules of their own which nobody published: anybody who may do the rest may do this. */
  const UNRULED = new Set(['network.mtu', 'subnet.shared', 'subnet.router:external']);

  test('every attribute that asks rules of its own has one', () => {
    for (const { name, fields } of all) {
      for (const field of fields.filter((one) => one.policy)) {
        const rules = Object.keys(policies).filter((rule) => rule.endsWith(`_${name}:${field.name}`));
        expect([`${name}.${field.name}`, rules.length > 0]).toEqual([`${name}.${field.name}`, !UNRULED.has(`${name}.${field.name}`)]);
      }
    }
  });

  /** Rules that are asked by name, by routes that are no resource's, or that other rules are made of. */
  const BY_NAME = [
    ...Object.keys(sharedPolicies),
    ...['network_device', 'external', 'external_network'],
    ...['get_quota', 'update_quota', 'delete_quota'],
    ...['create_dhcp-network', 'get_dhcp-networks', 'delete_dhcp-network', 'get_dhcp-agents'],
  ];
  /** Published, though nobody can do what they are about. */
  const IDLE = [
    'create_agent',
    'update_network:provider:network_type',
    'update_network:provider:physical_network',
    'update_network:provider:segmentation_id',
  ];

  test('every rule is one that is asked', () => {
    const asked = new Set<string>([...BY_NAME, ...IDLE]);
    for (const { actions } of resources) for (const { name, rule = name } of actions) asked.add(rule);
    for (const { name, field } of all) {
      if (field.has('tags')) for (const verb of ['create', 'get', 'update', 'delete']) asked.add(`${verb}_${name}:tags`);
    }
    for (const { name, fields, operations } of all) {
      for (const verb of new Set(operations.map((operation) => verbs[operation]))) {
        asked.add(`${verb}_${name}`);
        for (const field of fields) {
          const may = verb === 'get' ? field.visible : verb === 'create' ? field.post : verb === 'update' && field.put;
          // Only attributes that say so are asked about on writes; on reads a rule is enough.
          if (may && (field.policy || verb === 'get')) asked.add(`${verb}_${name}:${field.name}`);
          if (may && field.column === 'json') for (const part of partsOf(field.schema)) asked.add(`${verb}_${name}:${field.name}:${part}`);
        }
      }
    }
    expect(Object.keys(policies).filter((rule) => !asked.has(rule))).toEqual([]);
  });

  const partsOf = (schema: Readonly<Record<string, unknown>>): string[] =>
    Object.keys((schema.items as { properties?: object } | undefined)?.properties ?? {});

  test('every rule refers to rules that are there', () => {
    for (const [name, text] of Object.entries(policies)) {
      for (const [, rule = ''] of text.matchAll(/rule:([\w-]+)/g))
        expect([name, Object.keys(policies).includes(rule) ? rule : undefined]).toEqual([name, rule]);
    }
  });
});

test('every extension that something belongs to is served, or nothing is said of it', () => {
  const served = new Set(extensions.map(({ alias }) => alias));
  for (const { name, extension, fields } of all) {
    if (extension !== null) expect([name, served.has(extension)]).toEqual([name, true]);
    for (const field of fields)
      if (field.extension !== null) expect([`${name}.${field.name}`, served.has(field.extension)]).toEqual([`${name}.${field.name}`, true]);
  }
});

describe('like the reference API', () => {
  interface Fact {
    readonly extension: string | null;
    /** c: create, u: update, v: visible, f: filter, s: sort key, p: rules of its own. */
    readonly flags: string;
    readonly required?: boolean;
    readonly default?: unknown;
  }
  const facts = JSON.parse(readFileSync(new URL('facts.json', import.meta.url), 'utf8')) as Record<string, Record<string, Fact>>;
  const served = new Set(extensions.map(({ alias }) => alias));

  /** What of an attribute is otherwise here, and why. */
  const DEVIATIONS: Readonly<Record<string, string>> = {
    'network.mtu default': 'there 0 stands for "as much as the type allows"; here leaving it out does, and 0 is taken too',
    'network.provider:network_type flags': 'how a network is carried is decided when it is made: an update is refused as read-only',
    'network.provider:physical_network flags': 'as provider:network_type',
    'network.provider:segmentation_id flags': 'as provider:network_type',
    'subnet.dns_nameservers default': 'there the code behind fills in the empty list; here the declaration does',
    'subnet.host_routes default': 'as dns_nameservers',
    'subnet.service_types default': 'as dns_nameservers',
    'port.binding:host_id default': 'there the code behind fills in the empty text; here the declaration does',
    'port.binding:profile default': 'as binding:host_id',
    'port.extra_dhcp_opts default': 'there null, shown as the empty list; here the empty list',
    'agent.availability_zone presence': 'shown without its extension, because clients print it; zones themselves are not served',
  };

  const flagsOf = ({ post, put, visible, filter, sort, policy }: Resource['fields'][number]): string =>
    [post && 'c', put && 'u', visible && 'v', filter && 'f', sort && 's', policy && 'p'].filter(Boolean).join('');

  test.each(all)('$name', (resource) => {
    const found: string[] = [];
    const declared = facts[resource.name] ?? {};
    const differs = (name: string, what: string, here: unknown, there: unknown): void => {
      if (JSON.stringify(here) === JSON.stringify(there)) return;
      found.push(`${resource.name}.${name} ${what}`);
      if (!DEVIATIONS[`${resource.name}.${name} ${what}`])
        console.error(`${resource.name}.${name} ${what}: here ${JSON.stringify(here)}, there ${JSON.stringify(there)}`);
    };
    for (const name of new Set([...resource.field.keys(), ...Object.keys(declared)])) {
      const [field, fact] = [resource.field.get(name), declared[name]];
      const expected =
        fact && (fact.extension === null || fact.extension === resource.extension || served.has(fact.extension) || name === 'project_id');
      differs(name, 'presence', field !== undefined, expected === true);
      if (!field || !fact) continue;
      differs(name, 'flags', flagsOf(field), fact.flags);
      differs(name, 'required', field.post && field.required, fact.required === true);
      differs(name, 'default', field.default ?? null, fact.default ?? null);
    }
    expect(found.sort()).toEqual(
      Object.keys(DEVIATIONS)
        .filter((key) => key.startsWith(`${resource.name}.`))
        .sort(),
    );
  });
});

describe.each(engines())('on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  /** Answered to anybody, on purpose. */
  const OPEN = ['/', '/healthz', '/readyz', '/metrics', '/openapi.json'];

  test('every route but a few named ones refuses who shows no token', async () => {
    const routes = routesOf.get(cloud.app) ?? [];
    expect(routes.filter(({ url }) => url.startsWith('/v2.0/')).length).toBeGreaterThan(60);
    for (const { method, url } of routes) {
      if (OPEN.includes(url) || url.startsWith('/identity')) continue;
      const answer = await cloud.send(method, url.replaceAll(/:\w+/g, 'x'), method === 'GET' ? {} : { body: {} });
      expect([method, url, answer.status]).toEqual([method, url, 401]);
      expect([url, answer.headers['www-authenticate']]).toEqual([url, expect.any(String)]);
    }
  });

  test('paths that nothing is at refuse who shows no token, too', async () => {
    for (const path of ['/v2.0', '/v2.0/nothing', '/v2.0/networks/x/y/z'])
      expect([path, (await cloud.send('GET', path)).status]).toEqual([path, 401]);
  });

  /** Columns beside those of declared attributes. */
  const BESIDE: Readonly<Record<string, readonly string[]>> = { agents: ['alive_until'], ports: ['binding_segment_id'] };

  test('tables hold exactly what is declared', async () => {
    // What is computed of others has no table.
    for (const { table, columns } of all.filter((one) => !one.table.startsWith('('))) {
      const kinds = new Map(
        columns.map((field) => [field.sqlName, field.column === 'int' || field.column === 'bool' ? 'integer' : 'text']),
      );
      for (const name of BESIDE[table] ?? []) kinds.set(name, 'text');
      const real = await columnsOf(cloud, engine, table);
      expect([table, Object.fromEntries([...real].sort())]).toEqual([table, Object.fromEntries([...kinds].sort())]);
    }
  });
});

async function columnsOf({ store }: Cloud, { name }: Engine, table: string): Promise<Map<string, string>> {
  const rows =
    name === 'sqlite'
      ? await store.read.all<{ name: string; type: string }>('SELECT name, type FROM pragma_table_info(?)', table)
      : await store.read.all<{ name: string; type: string }>(
          'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ?',
          table,
        );
  return new Map(rows.map((row) => [row.name, /int/i.test(row.type) ? 'integer' : row.type.toLowerCase()]));
}
