// Lists against a second, slow saying of what they mean: filters, order, pages forward and back, and who sees what under any policy.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Link, pageLinks, parseQuery } from '#api/query.ts';
import type { Caller } from '#core/context.ts';
import { find, list } from '#core/list.ts';
import { Pipeline } from '#core/pipeline.ts';
import { holds, Policy } from '#core/policy.ts';
import type { Resource } from '#core/resource.ts';
import type { StoredRow } from '#core/sql.ts';
import { policies } from '#resources/index.ts';
import { type Cloud, callerOf, networks, newProject, openCloud, ports, refusal, subnets } from '#test/cloud.ts';
import { engines } from '#test/postgres.ts';

const URL = 'http://api.example/v2.0/subnets';
const projects = [newProject(), newProject(), newProject()];
const admin = callerOf('admin', projects[0] ?? '');
const ask = async (cloud: Cloud, resource: Resource, search: string, caller: Caller = admin): Promise<StoredRow[]> =>
  list(cloud.pipeline, resource, caller, parseQuery(resource, search));
const idsOf = (rows: readonly StoredRow[]): string[] => rows.map(({ id }) => String(id));

/** Networks, subnets and ports of three projects, with values that repeat, that are null and that are hard to order. */
async function fill(cloud: Cloud): Promise<void> {
  const names = ['', 'a', 'b', 'B', 'ä', "o'clock", '%', '_', 'a b', '=', '&', 'ab'];
  for (const [index, name] of names.entries()) {
    const project_id = projects[index % 3] ?? '';
    const { id: network_id } = await cloud.make(networks, {
      name,
      project_id,
      admin_state_up: index % 2 === 0,
      shared: index === 1 || index === 5,
      'router:external': index === 2,
    });
    await cloud.make(subnets, {
      network_id,
      name,
      ip_version: 4,
      cidr: `10.0.${index}.0/24`,
      ...(index % 3 === 0 ? { gateway_ip: null } : {}),
      enable_dhcp: index % 2 === 0,
      project_id,
    });
    if (index % 2 === 0)
      await cloud.make(subnets, {
        network_id,
        name,
        ip_version: 6,
        cidr: `2001:db8:${index}::/64`,
        ...(index % 4 === 0 ? { ipv6_address_mode: 'slaac' } : {}),
        project_id,
      });
    await cloud.make(ports, {
      network_id,
      name: names[(index * 5) % 12],
      project_id: projects[(index + 1) % 3],
      device_owner: index % 4 === 0 ? 'compute:nova' : '',
    });
  }
}

/** Values as both engines order them: null first, then by code point; false before true. */
function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return (a as string | number | boolean) < (b as string | number | boolean) ? -1 : 1;
}

interface Asked {
  readonly filters: readonly (readonly [string, string])[];
  readonly sort: readonly (readonly [string, 'asc' | 'desc'])[];
}

const filterOf = (key: string, values: readonly string[]) =>
  fc.constantFrom(...values).map((value): readonly [string, string] => [key, value]);
const asked: fc.Arbitrary<Asked> = fc.record({
  filters: fc.array(
    fc.oneof(
      filterOf('name', ['', 'a', 'b', '%', '_', 'nobody', "o'clock", '=', '&', 'a b']),
      filterOf('ip_version', ['4', '6', '5']),
      filterOf('enable_dhcp', ['true', 'False', '1', 'n']),
      filterOf('project_id', [...projects, 'nobody']),
      filterOf('ipv6_address_mode', ['slaac', 'dhcpv6-stateful']),
      filterOf('gateway_ip', ['10.0.1.1', '2001:DB8:2::']),
      filterOf('cidr', ['10.0.1.0/24', '2001:DB8:0:0::/64']),
      filterOf('shared', ['true', 'false']),
      filterOf('router:external', ['true', 'false']),
      filterOf('subnetpool_id', ['none']),
    ),
    { maxLength: 4 },
  ),
  sort: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom('name', 'ip_version', 'enable_dhcp', 'gateway_ip', 'ipv6_address_mode', 'project_id', 'cidr', 'subnetpool_id', 'id'),
      fc.constantFrom('asc' as const, 'desc' as const),
    ),
    { maxLength: 3, selector: ([key]) => key },
  ),
});

const searchOf = ({ filters, sort }: Asked, more: Readonly<Record<string, string>> = {}): string => {
  const params = new URLSearchParams(filters.map(([key, value]): [string, string] => [key, value]));
  for (const [key, direction] of sort) {
    params.append('sort_key', key);
    params.append('sort_dir', direction);
  }
  for (const [key, value] of Object.entries(more)) params.append(key, value);
  return params.toString();
};

/** What the query should find among all rows. */
function expected(all: readonly StoredRow[], { filters, sort }: Asked): string[] {
  const found = all.filter((row) =>
    [...new Set(filters.map(([key]) => key))].every((key) => {
      const values = filters
        .filter(([one]) => one === key)
        .flatMap(([, value]) => parseQuery(subnets, new URLSearchParams([[key, value]]).toString()).filters[0]?.[1] ?? []);
      return values.includes(row[key]);
    }),
  );
  const order = [...sort, ['id', 'asc'] as const];
  found.sort((a, b) => {
    for (const [key, direction] of order) {
      const sign = compare(a[key], b[key]) * (direction === 'asc' ? 1 : -1);
      if (sign !== 0) return sign;
    }
    return 0;
  });
  return idsOf(found);
}

describe.each(engines())('lists on $name', (engine) => {
  let cloud: Cloud;
  let all: StoredRow[];
  beforeAll(async () => {
    cloud = await openCloud(engine);
    await fill(cloud);
    const shared = new Set(idsOf(await ask(cloud, networks, 'shared=true')));
    expect(shared.size).toBe(2);
    all = (await ask(cloud, subnets, '')).map((row) => ({ ...row, shared: shared.has(String(row.network_id)) }));
    expect(all).toHaveLength(18);
  });
  afterAll(() => cloud.close());

  test('any filters and any order find what they say, in that order', async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(asked, async (one) => {
        const rows = await ask(cloud, subnets, searchOf(one));
        found += rows.length;
        expect(idsOf(rows)).toEqual(expected(all, one));
      }),
      { numRuns: 150 },
    );
    expect(found).toBeGreaterThan(200);
  });

  test('links lead through all pages, forward and back, whatever the order', async () => {
    await fc.assert(
      fc.asyncProperty(asked, fc.integer({ min: 1, max: 7 }), async (one, limit) => {
        const wanted = expected(all, one);
        const walk = async (start: string, rel: 'next' | 'previous'): Promise<string[][]> => {
          const pages: string[][] = [];
          for (let search: string | undefined = start; search !== undefined; ) {
            const rows = await ask(cloud, subnets, search);
            const links: readonly Link[] =
              pageLinks(URL, search, parseQuery(subnets, search), -1, { count: rows.length, first: rows[0]?.id, last: rows.at(-1)?.id }) ??
              [];
            pages.push(idsOf(rows));
            expect(pages.length).toBeLessThan(100);
            const marker = rel === 'next' ? rows.at(-1)?.id : rows[0]?.id;
            const href: string | undefined = links.find((link) => link.rel === rel)?.href;
            search = rows.length === 0 ? undefined : href?.slice(URL.length + 1);
            if (search !== undefined) expect(new URLSearchParams(search).get('marker')).toBe(marker);
          }
          return pages;
        };
        const forward = await walk(searchOf(one, { limit: String(limit) }), 'next');
        expect(forward.flat()).toEqual(wanted);
        for (const page of forward.slice(0, -1)) expect(page).toHaveLength(limit);
        const back = await walk(searchOf(one, { limit: String(limit), page_reverse: 'True' }), 'previous');
        expect(back.reverse().flat()).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });

  test('a list read in batches is the list', { timeout: 60_000 }, async () => {
    const sorts = fc.constantFrom('', 'name:asc', 'name:desc', 'gateway_ip:asc', 'gateway_ip:desc', 'ip_version:desc,name:asc');
    await fc.assert(
      fc.asyncProperty(sorts, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 30 }), async (sort, batch, limit) => {
        const keys = sort === '' ? [] : sort.split(',').map((one) => one.split(':'));
        const search = [...keys.map(([key, direction]) => `sort_key=${key}&sort_dir=${direction}`), `limit=${limit}`].join('&');
        const { batches } = await find(cloud.pipeline, subnets, admin, parseQuery(subnets, search), { decoded: true, batch });
        const rows: StoredRow[] = [];
        let last = false;
        for await (const one of batches) {
          expect([last, one.rows.length <= batch]).toEqual([false, true]);
          last = one.last;
          rows.push(...one.rows);
        }
        expect(idsOf(rows)).toEqual(idsOf(await ask(cloud, subnets, search)));
      }),
      { numRuns: 60 },
    );
  });

  test('fields narrow what comes back, and never what is found', async () => {
    const rows = await ask(cloud, subnets, 'fields=name&fields=nonsense&fields=tenant_id&ip_version=6');
    expect(rows.map((row) => Object.keys(row).sort())).toEqual(Array(6).fill(['name', 'tenant_id']));
  });

  test.each([
    ['ip_version=99999999999999999999', subnets],
    ['ip_version=-1', subnets],
    ['revision_number=9223372036854775808', networks],
    ['mtu=1e400', networks],
    ['id=not-an-id', ports],
    ['mac_address=nonsense', ports],
    ['fixed_ips=ip_address%3Dnonsense', ports],
    [`name=${'x'.repeat(300)}`, ports],
  ])('a value that nothing can have finds nothing or is refused: %s', async (search, resource) => {
    const rows = await ask(cloud, resource, search).catch((error: unknown) => refusal(Promise.reject(error)));
    if (Array.isArray(rows)) expect(rows).toEqual([]);
    else expect(rows.status).toBe(400);
  });

  test('addresses are found by a part of them, in any letter case', async () => {
    const [six] = await ask(cloud, ports, 'fixed_ips=ip_address_substr%3D2001:DB8');
    expect(six).toBeDefined();
    expect(await ask(cloud, ports, 'fixed_ips=ip_address_substr%3D%25')).toEqual([]);
    const both = await ask(cloud, ports, 'fixed_ips=ip_address_substr%3D10.0.1.&fixed_ips=ip_address_substr%3D10.0.2.');
    expect(both).toHaveLength(2);
  });
});

const rule = fc.constantFrom(
  '@',
  '!',
  'rule:admin_only',
  'role:reader and project_id:%(project_id)s',
  'rule:shared',
  'rule:shared or rule:owner',
  'not rule:owner',
  'rule:network_owner',
  'rule:owner or rule:network_owner or rule:admin_only',
  'not (rule:owner or rule:network_owner)',
  'field:ports:device_owner=compute:nova',
  'field:ports:device_owner=~^compute:',
  'field:ports:device_owner=~^compute: and rule:owner',
  'field:networks:router:external=True or role:admin',
  'field:ports:admin_state_up=True and not rule:owner',
);

describe.each(engines())('visibility on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    await fill(cloud);
  });
  afterAll(() => cloud.close());

  test('under any operator rules a list is what shows would show, with the attributes that shows would have', {
    timeout: 60_000,
  }, async () => {
    const everyone = [
      admin,
      callerOf('member', projects[0] ?? ''),
      callerOf('reader', projects[1] ?? ''),
      callerOf('nobody', projects[2] ?? ''),
    ];
    const all = await ask(cloud, ports, '');
    const parents = new Map((await ask(cloud, networks, '')).map((row) => [String(row.id), row]));
    let [seen, hidden] = [0, 0];
    await fc.assert(
      fc.asyncProperty(rule, rule, fc.constantFrom(...everyone), async (get_port, name, caller) => {
        const overrides = { get_port, 'get_port:name': name };
        const policy = new Policy(policies, overrides);
        const pipeline = new Pipeline({ ...cloud.pipeline.parts, policy });
        const may = (asking: string, row: StoredRow): boolean =>
          holds(policy.reduce(asking, caller.actor), ports, (attribute) => {
            const parent = parents.get(String(row.network_id));
            return attribute.startsWith('network:') ? parent?.[attribute.slice('network:'.length)] : row[attribute];
          });
        const rows = await list(pipeline, ports, caller, parseQuery(ports, ''));
        const wanted = all.filter((row) => may('get_port', row));
        expect(idsOf(rows)).toEqual(idsOf(wanted));
        for (const row of all) {
          const listed = rows.find(({ id }) => id === row.id);
          const shown = await pipeline.show(ports, caller, String(row.id)).catch((error: unknown) => refusal(Promise.reject(error)));
          if (listed) expect(shown).toEqual(listed);
          else expect(shown).toMatchObject({ type: 'PortNotFound' });
          expect(Object.hasOwn(listed ?? {}, 'name')).toBe(listed !== undefined && may('get_port:name', row));
        }
        seen += rows.length;
        hidden += all.length - rows.length;
      }),
      { numRuns: 80 },
    );
    expect(seen).toBeGreaterThan(80);
    expect(hidden).toBeGreaterThan(80);
  });
});
