// What holds for everything that is declared: documented, refused without a token, kept by a table of exactly its columns. That it is what the
// Networking API publishes is the subject of published-*.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from '#api/server.ts';
import { extensions } from '#packs/extensions.ts';
import { resources } from '#resources/index.ts';
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

test('every extension that something belongs to is served, or nothing is said of it', () => {
  const served = new Set(extensions.map(({ alias }) => alias));
  for (const { name, extension, fields } of all) {
    if (extension !== null) expect([name, served.has(extension)]).toEqual([name, true]);
    for (const field of fields)
      if (field.extension !== null) expect([`${name}.${field.name}`, served.has(field.extension)]).toEqual([`${name}.${field.name}`, true]);
  }
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
  const BESIDE: Readonly<Record<string, readonly string[]>> = { agents: ['alive_until'] };

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
