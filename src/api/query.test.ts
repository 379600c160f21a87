// From a query string to a Query, or to the refusal the API documents; and the links of a page.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ApiError } from '#core/errors.ts';
import type { Resource } from '#core/resource.ts';
import { network } from '#resources/network/schema.ts';
import { port } from '#resources/port/schema.ts';
import { pageLinks, parseFields, parseQuery } from './query.ts';

const networks = network as unknown as Resource;
const ports = port as unknown as Resource;
const said = (resource: Resource, search: string): object => {
  const { filters, sort, ...rest } = parseQuery(resource, search);
  return {
    filters: Object.fromEntries(filters.map(([field, values]) => [field.name, values])),
    sort: sort.map(([field, way]) => `${field.name} ${way}`),
    ...rest,
  };
};
const nothing = { filters: {}, sort: [], fields: [], limit: 0, marker: undefined, reverse: false };

describe('a query', () => {
  test.each<[Resource, string, object]>([
    [networks, '', {}],
    [networks, 'name=a&name=b&status=ACTIVE', { filters: { name: ['a', 'b'], status: ['ACTIVE'] } }],
    [networks, 'name=', { filters: { name: [''] } }],
    [networks, 'name=a%20b%26c%3Dd+e', { filters: { name: ['a b&c=d e'] } }],
    [
      networks,
      'admin_state_up=YES&shared=0&router:external=f',
      { filters: { admin_state_up: [true], shared: [false], 'router:external': [false] } },
    ],
    [networks, 'provider:segmentation_id=7', { filters: { 'provider:segmentation_id': [7] } }],
    [networks, 'tenant_id=p', { filters: { project_id: ['p'] } }],
    [ports, 'mac_address=FA-16-3E-00-00-01', { filters: { mac_address: ['fa:16:3e:00:00:01'] } }],
    [ports, 'fixed_ips=ip_address%3D10.0.0.1', { filters: { fixed_ips: ['ip_address=10.0.0.1'] } }],
    [networks, 'fields=id&fields=name&fields=', { fields: ['id', 'name'] }],
    [networks, 'sort_key=name&sort_dir=desc&sort_key=tenant_id&sort_dir=asc', { sort: ['name desc', 'project_id asc'] }],
    [networks, 'limit=2&marker=m&page_reverse=TRUE', { limit: 2, marker: 'm', reverse: true }],
    [networks, 'limit=0&page_reverse=yes', {}],
    [networks, 'limit=2&marker=&sort_key=&sort_dir=', { limit: 2 }],
  ])('of %s: "%s"', (resource, search, wanted) => {
    expect(said(resource, search)).toEqual({ ...nothing, ...wanted });
  });

  test.each<[Resource, string, string, string]>([
    [networks, 'bogus=1', 'HTTPBadRequest', "['bogus'] is invalid attribute for filtering"],
    [networks, 'bogus=1&subnets=x&bogus=2', 'HTTPBadRequest', "['bogus', 'subnets'] is invalid attribute for filtering"],
    [networks, 'created_at=x', 'HTTPBadRequest', "['created_at'] is invalid attribute for filtering"],
    [networks, "it's=1", 'HTTPBadRequest', `["it's"] is invalid attribute for filtering`],
    [networks, '__proto__=1', 'HTTPBadRequest', "['__proto__'] is invalid attribute for filtering"],
    [networks, 'tenant_id=a&project_id=a', 'TenantIdProjectIdFilterConflict', 'Both tenant_id and project_id passed as filters.'],
    [networks, 'admin_state_up=maybe', 'InvalidInput', "Invalid input for operation: 'maybe' cannot be converted to boolean."],
    [networks, 'provider:segmentation_id=x', 'InvalidInput', "Invalid input for operation: 'x' is not an integer."],
    [networks, 'sort_key=name', 'HTTPBadRequest', 'The number of sort_keys and sort_dirs must be same'],
    [networks, 'sort_key=bogus&sort_dir=asc', 'HTTPBadRequest', "['bogus'] is invalid attribute for sort_keys"],
    [networks, 'sort_key=name&sort_dir=up', 'HTTPBadRequest', "['up'] is invalid value for sort_dirs, valid value is 'asc' and 'desc'"],
    [networks, 'limit=-1', 'BadRequest', "Bad limit request: Limit must be an integer 0 or greater and not '-1'."],
    [networks, 'limit=', 'BadRequest', "Bad limit request: Limit must be an integer 0 or greater and not ''."],
    [networks, 'limit=1x', 'BadRequest', "Bad limit request: Limit must be an integer 0 or greater and not '1x'."],
  ])('of %s that is none: "%s"', (resource, search, type, message) => {
    expect(() => parseQuery(resource, search)).toThrow(expect.objectContaining({ type, message, status: 400 }));
  });

  test('any text is a query or refused by the API', () => {
    const key = fc.oneof(
      fc.constantFrom(...networks.fields.map(({ name }) => name), 'limit', 'marker', 'sort_key', 'sort_dir', 'fields'),
      fc.string(),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.oneof(fc.string(), fc.constantFrom('1', 'true', 'asc', 'name'), fc.string({ unit: 'binary' })))),
        (pairs) => {
          try {
            parseQuery(networks, new URLSearchParams(pairs).toString());
          } catch (error) {
            expect(error).toBeInstanceOf(ApiError);
            expect((error as ApiError).status).toBe(400);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a show knows fields alone', () => {
    expect(parseFields('fields=id&bogus=1&fields=name')).toEqual(['id', 'name']);
    expect(parseFields('')).toEqual([]);
  });
});

describe('links', () => {
  const url = 'http://api.example/v2.0/networks';
  const shape = (count: number) =>
    count === 0 ? { count, first: undefined, last: undefined } : { count, first: 'id-0', last: `id-${count - 1}` };
  const links = (search: string, count: number, max = -1): unknown =>
    pageLinks(url, search, parseQuery(networks, search), max, shape(count))?.map(({ rel, href }) => `${rel} ${href.replace(url, '')}`);
  const next = (id: string, more: string) => `next ?${more}&marker=${id}`;
  const previous = (id: string, more: string) => `previous ?${more}&marker=${id}&page_reverse=True`;

  test.each<[string, number, number, unknown]>([
    ['', 5, -1, undefined],
    ['limit=0', 5, -1, undefined],
    ['limit=2', 2, -1, [next('id-1', 'limit=2'), previous('id-0', 'limit=2')]],
    ['limit=2', 1, -1, [previous('id-0', 'limit=2')]],
    ['limit=2&marker=x', 0, -1, ['previous ?limit=2&page_reverse=True']],
    ['limit=2&marker=x&page_reverse=True', 2, -1, [next('id-1', 'limit=2'), previous('id-0', 'limit=2')]],
    ['limit=2&marker=x&page_reverse=True', 1, -1, [next('id-0', 'limit=2')]],
    [
      'limit=2&name=a+b&name=%C3%A4&fields=id',
      2,
      -1,
      [next('id-1', 'limit=2&name=a+b&name=%C3%A4&fields=id'), previous('id-0', 'limit=2&name=a+b&name=%C3%A4&fields=id')],
    ],
    // The server's own maximum makes pages, too: whoever did not ask for them must learn that there is more.
    ['limit=9', 3, 3, [next('id-2', 'limit=9'), previous('id-0', 'limit=9')]],
    ['name=a', 3, 3, [next('id-2', 'name=a'), previous('id-0', 'name=a')]],
    ['', 3, 3, ['next ?marker=id-2', 'previous ?marker=id-0&page_reverse=True']],
  ])('of "%s" with %d rows and a maximum of %d', (search, count, max, wanted) => {
    expect(links(search, count, max)).toEqual(wanted);
  });
});
