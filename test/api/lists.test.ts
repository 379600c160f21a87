// The query language: filters, fields, order and pages, and the links between pages.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';

describe.each(engines())('lists on $name', (engine) => {
  let cloud: Cloud;
  let get: (path: string) => Promise<Reply>;
  /** Names of what a query finds, in its order. */
  let names: (query: string) => Promise<string[]>;
  let networks: Shown[];
  beforeAll(async () => {
    cloud = await openCloud(engine);
    get = (path) => cloud.as(cloud.member)('GET', path);
    names = async (query) => ((await get(`/networks?${query}`)).at('networks') as Shown[]).map(({ name }) => String(name));
    networks = [];
    for (const name of ['a', 'b', 'b', 'c', '']) networks.push(await cloud.make('network', { name, admin_state_up: name !== 'c' }));
    await cloud.make('network', { name: 'foreign' }, cloud.stranger);
  });
  afterAll(() => cloud.close());

  const ids = (answer: Reply, collection = 'networks') => (answer.at(collection) as Shown[]).map(({ id }) => id);
  const linksOf = (answer: Reply, collection = 'networks') =>
    Object.fromEntries((answer.at(`${collection}_links`) as { rel: string; href: string }[]).map(({ rel, href }) => [rel, new URL(href)]));

  test('values of one key are either, keys are both', async () => {
    expect((await names('name=a&name=b')).sort()).toEqual(['a', 'b', 'b']);
    expect(await names('name=a&admin_state_up=false')).toEqual([]);
    expect(await names('name=c&admin_state_up=false')).toEqual(['c']);
    expect(await names('name=c&admin_state_up=true&admin_state_up=false')).toEqual(['c']);
  });

  test('matching is exact; the empty value is a value', async () => {
    expect(await names('name=~b')).toEqual([]);
    expect(await names('name=B')).toEqual([]);
    expect(await names('name=%25')).toEqual([]);
    expect(await names('name=')).toEqual(['']);
  });

  test('filter values are converted as the attribute is', async () => {
    for (const yes of ['true', 'True', 'YES', 'on', '1']) expect(await names(`admin_state_up=${yes}`)).toHaveLength(4);
    expectError(
      await get('/networks?admin_state_up=perhaps'),
      400,
      'InvalidInput',
      "Invalid input for operation: 'perhaps' cannot be converted to boolean.",
    );
    expectError(await get('/networks?mtu=many'), 400, 'InvalidInput', "Invalid input for operation: 'many' is not an integer.");
    expect(await names(`mtu=${networks[0]?.mtu}`)).toHaveLength(5);
    expect(await names('shared=false')).toHaveLength(5);
    expect(await names('shared=true')).toEqual([]);
    expect(await names('router:external=False')).toHaveLength(5);
    const { network } = await cloud.wired('10.1.0.0/24', cloud.stranger);
    const port = await cloud.make('port', { network_id: network.id, mac_address: 'fa:16:3e:ab:cd:ef' }, cloud.stranger);
    const find = cloud.as(cloud.stranger);
    for (const mac of ['FA:16:3E:AB:CD:EF', 'fa-16-3e-ab-cd-ef', 'fa163eabcdef']) {
      expect(ids(await find('GET', `/ports?mac_address=${mac}`), 'ports')).toEqual([port.id]);
    }
  });

  test('what is no filter is refused', async () => {
    expectError(await get('/networks?bogus=1'), 400, 'HTTPBadRequest', "['bogus'] is invalid attribute for filtering");
    for (const key of ['subnets', 'created_at', 'changed_since', 'dns_domain', 'port_security_enabled']) {
      expectError(await get(`/networks?${key}=x`), 400, 'HTTPBadRequest', `['${key}'] is invalid attribute for filtering`);
    }
    for (const key of ['bogus', 'constructor', '__proto__', 'toString']) expectError(await get(`/ports?${key}=x`), 400, 'HTTPBadRequest');
  });

  test('ports are found by their addresses', async () => {
    const one = await cloud.wired('10.2.0.0/24', cloud.stranger);
    const subnet2 = await cloud.make('subnet', { network_id: one.network.id, cidr: '10.3.0.0/24', ip_version: 4 }, cloud.stranger);
    const port = async (...fixed_ips: object[]) => (await cloud.make('port', { network_id: one.network.id, fixed_ips }, cloud.stranger)).id;
    const find = cloud.as(cloud.stranger);
    const a = await port({ ip_address: '10.2.0.10' });
    const b = await port({ ip_address: '10.2.0.11' }, { ip_address: '10.3.0.11' });
    const c = await port({ ip_address: '10.3.0.12' });
    const found = async (...values: string[]) =>
      ids(
        await find(
          'GET',
          `/ports?network_id=${one.network.id}&${values.map((value) => `fixed_ips=${encodeURIComponent(value)}`).join('&')}`,
        ),
        'ports',
      ).sort();
    expect(await found('ip_address=10.2.0.10')).toEqual([a]);
    expect(await found('ip_address=10.2.0.10', 'ip_address=10.3.0.12')).toEqual([a, c].sort());
    expect(await found(`subnet_id=${subnet2.id}`)).toEqual([b, c].sort());
    expect(await found(`subnet_id=${subnet2.id}`, 'ip_address=10.3.0.12')).toEqual([c]);
    expect(await found(`subnet_id=${one.subnet.id}`, `subnet_id=${subnet2.id}`)).toEqual([a, b, c].sort());
    expect(await found('ip_address_substr=0.11')).toEqual([b]);
    expect(await found('ip_address_substr=_')).toEqual([]);
    expect(await found('colour=red')).toEqual([a, b, c].sort());
    expectError(
      await get('/ports?fixed_ips=nothing'),
      400,
      'InvalidInput',
      "Invalid input for operation: 'nothing' is not of the form <key>=[value].",
    );
  });

  test('only the fields asked for come back, on lists and shows alike', async () => {
    const id = networks[0]?.id;
    const rows = (await get(`/networks?name=a&fields=id&fields=name`)).at('networks');
    expect(rows).toEqual([{ id, name: 'a' }]);
    expect((await get('/networks?name=a&fields=bogus')).at('networks')).toEqual([{}]);
    expect((await get(`/networks/${id}?fields=name&fields=bogus`)).body).toEqual({ network: { name: 'a' } });
    expect((await get(`/networks/${id}?fields=tenant_id`)).body).toMatchObject({ network: { tenant_id: cloud.member.projectId } });
    expect((await get(`/networks/${id}?fields=provider:network_type`)).body).toEqual({ network: {} });
    expect((await cloud.as(cloud.admin)('GET', `/networks/${id}?fields=provider:network_type`)).body).toEqual({
      network: { 'provider:network_type': 'vxlan' },
    });
  });

  test('order: as asked, then by id; by id when nothing is asked', async () => {
    const sorted = [...networks].map(({ id }) => id).sort();
    expect(ids(await get('/networks'))).toEqual(sorted);
    expect(await names('sort_key=name&sort_dir=asc')).toEqual(['', 'a', 'b', 'b', 'c']);
    expect(await names('sort_key=name&sort_dir=desc')).toEqual(['c', 'b', 'b', 'a', '']);
    expect(await names('sort_key=admin_state_up&sort_dir=asc&sort_key=name&sort_dir=desc')).toEqual(['c', 'b', 'b', 'a', '']);
    const bs = networks.filter(({ name }) => name === 'b').map(({ id }) => id);
    expect(ids(await get('/networks?name=b&sort_key=name&sort_dir=desc'))).toEqual(bs.sort());
    expect(ids(await get('/networks?sort_key=tenant_id&sort_dir=asc'))).toEqual(sorted);
    expect(ids(await get('/networks?sort_key=id&sort_dir=desc'))).toEqual(sorted.toReversed());
  });

  test('orders that are none', async () => {
    expectError(await get('/networks?sort_key=name'), 400, 'HTTPBadRequest', 'The number of sort_keys and sort_dirs must be same');
    expectError(await get('/networks?sort_key=bogus&sort_dir=asc'), 400, 'HTTPBadRequest', "['bogus'] is invalid attribute for sort_keys");
    expectError(
      await get('/networks?sort_key=shared&sort_dir=asc'),
      400,
      'HTTPBadRequest',
      "['shared'] is invalid attribute for sort_keys",
    );
    expectError(
      await get('/networks?sort_key=name&sort_dir=up'),
      400,
      'HTTPBadRequest',
      "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'",
    );
  });

  test('following next links shows every row once, and previous leads back', async () => {
    for (const order of ['', 'sort_key=name&sort_dir=desc', 'sort_key=admin_state_up&sort_dir=asc&sort_key=name&sort_dir=asc']) {
      const all = ids(await get(`/networks?${order}`));
      const seen: string[] = [];
      let path = `/networks?limit=2&${order}`;
      let last = await get(path);
      for (;;) {
        seen.push(...ids(last));
        const { next, previous } = linksOf(last);
        expect(previous?.searchParams.get('page_reverse')).toBe('True');
        expect(previous?.searchParams.get('limit')).toBe('2');
        if (!next) break;
        expect(next.searchParams.get('marker')).toBe(ids(last).at(-1));
        path = next.pathname + next.search;
        last = await get(path);
      }
      expect(seen).toEqual(all);
      const back = linksOf(last).previous as URL;
      expect(ids(await get(back.pathname + back.search))).toEqual(all.slice(2, 4));
    }
  });

  test('links keep the query and name the address the client used', async () => {
    const answer = await get('/networks?limit=1&name=b&fields=mtu');
    const { next, previous } = linksOf(answer);
    expect(next?.origin).toBe('http://cloud.example.org:9696');
    expect(next?.pathname).toBe('/v2.0/networks');
    expect(answer.at('networks')).toEqual([{ mtu: 1450 }]);
    const marker = next?.searchParams.get('marker') ?? '';
    expect((await get(`/networks/${marker}`)).at('network.name')).toBe('b');
    expect([...(next?.searchParams ?? [])].sort()).toEqual([
      ['fields', 'mtu'],
      ['limit', '1'],
      ['marker', marker],
      ['name', 'b'],
    ]);
    expect(previous?.searchParams.get('marker')).toBe(marker);
  });

  test('a full last page has a next link, to an empty page whose previous has no marker', async () => {
    const sorted = ids(await get('/networks'));
    const full = await get(`/networks?limit=5`);
    const next = linksOf(full).next as URL;
    expect(next.searchParams.get('marker')).toBe(sorted.at(-1));
    const empty = await get(next.pathname + next.search);
    expect(ids(empty)).toEqual([]);
    expect(linksOf(empty).next).toBeUndefined();
    expect(linksOf(empty).previous?.searchParams.get('marker')).toBeNull();
    expect(linksOf(await get('/networks?limit=6')).next).toBeUndefined();
  });

  test('backwards: the page that ends before the marker, in forward order', async () => {
    const sorted = ids(await get('/networks'));
    expect(ids(await get(`/networks?limit=2&page_reverse=TRUE&marker=${sorted[3]}`))).toEqual(sorted.slice(1, 3));
    expect(ids(await get('/networks?limit=2&page_reverse=true'))).toEqual(sorted.slice(3));
    const first = await get(`/networks?limit=2&page_reverse=true&marker=${sorted[1]}`);
    expect(ids(first)).toEqual(sorted.slice(0, 1));
    const { next } = linksOf(first);
    expect([next?.searchParams.get('marker'), next?.searchParams.get('page_reverse')]).toEqual([sorted[0], null]);
  });

  test('null comes before every value, in orders and in pages', async () => {
    const network = await cloud.make('network', {}, cloud.stranger);
    for (const [cidr, gateway_ip] of [
      ['10.4.0.0/24', '10.4.0.1'],
      ['10.5.0.0/24', null],
      ['10.6.0.0/24', '10.6.0.1'],
      ['10.7.0.0/24', null],
    ]) {
      await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr, gateway_ip }, cloud.stranger);
    }
    const find = cloud.as(cloud.stranger);
    for (const [direction, expected] of [
      ['asc', [null, null, '10.4.0.1', '10.6.0.1']],
      ['desc', ['10.6.0.1', '10.4.0.1', null, null]],
    ] as const) {
      const order = `network_id=${network.id}&sort_key=gateway_ip&sort_dir=${direction}`;
      const gateways = (answer: Reply) => (answer.at('subnets') as Shown[]).map(({ gateway_ip }) => gateway_ip);
      expect(gateways(await find('GET', `/subnets?${order}`))).toEqual(expected);
      const paged: unknown[] = [];
      for (let page = await find('GET', `/subnets?${order}&limit=1`); ; ) {
        paged.push(...gateways(page));
        const { next } = linksOf(page, 'subnets');
        if (!next) break;
        page = await find('GET', next.pathname + next.search);
      }
      expect(paged).toEqual(expected);
    }
  });

  test('limits and markers', async () => {
    const wrong = (text: string) => `Bad limit request: Limit must be an integer 0 or greater and not '${text}'.`;
    for (const text of ['-1', 'x', '1.5', '+1', ''])
      expectError(await get(`/networks?limit=${encodeURIComponent(text)}`), 400, 'BadRequest', wrong(text));
    const all = await get('/networks?limit=0');
    expect(ids(all)).toHaveLength(5);
    expect(all.at('networks_links')).toBeUndefined();
    expectError(await get(`/networks?limit=1&marker=${NOWHERE}`), 404, 'NetworkNotFound', `Network ${NOWHERE} could not be found.`);
    expectError(await get(`/ports?limit=1&marker=${NOWHERE}`), 404, 'PortNotFound', `Port ${NOWHERE} could not be found.`);
    expectError(await get(`/subnets?limit=1&marker=${NOWHERE}`), 404, 'SubnetNotFound');
    expectError(await get(`/routers?limit=1&marker=${NOWHERE}`), 404, 'RouterNotFound');
    // Elsewhere such a page is empty, and leads back to the last one.
    for (const collection of ['security_groups', 'security_group_rules', 'address_scopes', 'trunks', 'policies']) {
      const lost = await get(`/${collection}?limit=1&marker=${NOWHERE}`);
      expect([lost.status, lost.at(collection)]).toEqual([200, []]);
      expect(Object.keys(linksOf(lost, collection))).toEqual(['previous']);
    }
    expect(ids(await get(`/networks?marker=${NOWHERE}`))).toHaveLength(5);
    expect(ids(await get('/networks?limit=5&marker=&sort_key=&sort_dir='))).toHaveLength(5);
    expect(ids(await get('/networks?limit=999999'))).toHaveLength(5);
  });

  test('a page is a page of what the caller may see', async () => {
    const hidden = await Promise.all(Array.from({ length: 4 }, () => cloud.make('network', { name: 'hidden' }, cloud.stranger)));
    const seen: string[] = [];
    let page = await get('/networks?limit=2');
    for (;;) {
      const { next } = linksOf(page);
      if (next) expect(ids(page)).toHaveLength(2);
      seen.push(...ids(page));
      if (!next) break;
      page = await get(next.pathname + next.search);
    }
    expect(seen).toHaveLength(5);
    expect(seen.filter((id) => hidden.some((one) => one.id === id))).toEqual([]);
  });

  test('a long list comes as a stream, whole', async () => {
    const ports = await cloud.make('network', { name: 'crowded' }, cloud.stranger);
    const admin = cloud.as(cloud.admin);
    await admin('PUT', `/quotas/${cloud.stranger.projectId}`, { quota: { port: -1 } });
    for (let part = 0; part < 5; part++) {
      const bulk = Array.from({ length: 500 }, (_, index) => ({ network_id: ports.id, name: `${part}-${index}` }));
      expect((await cloud.as(cloud.stranger)('POST', '/ports', { ports: bulk })).status).toBe(201);
    }
    const all = await cloud.as(cloud.stranger)('GET', `/ports?network_id=${ports.id}`);
    expect(all.headers['content-length']).toBeUndefined();
    expect(new Set(ids(all, 'ports')).size).toBe(2_500);
    const page = await cloud.as(cloud.stranger)('GET', `/ports?network_id=${ports.id}&limit=2400&sort_key=name&sort_dir=desc&fields=name`);
    const sorted = (all.at('ports') as Shown[]).map(({ name }) => ({ name })).sort((a, b) => (String(a.name) < String(b.name) ? 1 : -1));
    expect(page.at('ports')).toEqual(sorted.slice(0, 2_400));
    expect(Object.keys(linksOf(page, 'ports'))).toEqual(['next', 'previous']);
  });
});

describe.each(engines())('a server with a maximum of rows, on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { paginationMaxLimit: 3 } });
  });
  afterAll(() => cloud.close());

  test('bounds lists with and without a limit', async () => {
    await cloud.as(cloud.member)('POST', '/networks', { networks: [{}, {}, {}, {}] });
    for (const query of ['', '?limit=0', '?limit=100']) {
      expect((await cloud.as(cloud.member)('GET', `/networks${query}`)).at('networks')).toHaveLength(3);
    }
    expect((await cloud.as(cloud.member)('GET', '/networks?limit=2')).at('networks')).toHaveLength(2);
  });
});
