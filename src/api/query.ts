// The query language of lists: filters, fields, order, pages. From the query string to a Query that core/list.ts answers, and the links to
// the pages before and after. Every refusal is one the API documents.
import { errorTable } from '#core/errors.ts';
import { requestErrors } from '#core/input.ts';
import { bounded, type Query } from '#core/list.ts';
import { repr } from '#core/python.ts';
import type { Field, Resource } from '#core/resource.ts';

export const queryErrors = errorTable({
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
  TenantIdProjectIdFilterConflict: ['invalid', 'Both tenant_id and project_id passed as filters.'],
});
const bad = (reason: string): Error => requestErrors.HTTPBadRequest({ reason });

const RESERVED = new Set(['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']);
const NOTHING: Query = { filters: [], fields: [], sort: [], limit: 0, marker: undefined, reverse: false };

export function parseQuery(resource: Resource, search: string): Query {
  if (search === '') return NOTHING;
  const params = new URLSearchParams(search);
  return {
    filters: parseFilters(resource, params),
    fields: params.getAll('fields').filter((name) => name !== ''),
    sort: parseSort(resource, params),
    limit: parseLimit(params.get('limit')),
    marker: params.get('marker') || undefined,
    reverse: params.get('page_reverse')?.toLowerCase() === 'true',
  };
}

/** `fields` of a show. */
export const parseFields = (search: string): readonly string[] =>
  search === '' ? [] : new URLSearchParams(search).getAll('fields').filter((name) => name !== '');

function parseLimit(text: string | null): number {
  if (text === null) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw queryErrors.BadRequest({ resource: 'limit', msg: `Limit must be an integer 0 or greater and not '${text}'` });
}

function parseFilters(resource: Resource, params: URLSearchParams): [Field, unknown[]][] {
  const filters = new Map<Field, unknown[]>();
  const unknown = new Set<string>();
  if (params.has('tenant_id') && params.has('project_id')) throw queryErrors.TenantIdProjectIdFilterConflict({});
  for (const [key, text] of params) {
    if (RESERVED.has(key)) continue;
    const field = resource.field.get(key === 'tenant_id' ? 'project_id' : key);
    if (!field?.filter) {
      unknown.add(key);
      continue;
    }
    const value = field.convert ? field.convert(text) : text;
    filters.set(field, [...(filters.get(field) ?? []), value]);
  }
  if (unknown.size > 0) throw bad(`${repr([...unknown])} is invalid attribute for filtering`);
  return [...filters];
}

function parseSort(resource: Resource, params: URLSearchParams): [Field, 'asc' | 'desc'][] {
  const keys = params.getAll('sort_key').filter((key) => key !== '');
  const directions = params.getAll('sort_dir').filter((direction) => direction !== '');
  if (keys.length !== directions.length) throw bad('The number of sort_keys and sort_dirs must be same');
  const fields = keys.map((key) => resource.field.get(key === 'tenant_id' ? 'project_id' : key));
  const wrong = keys.filter((_, index) => fields[index]?.sort !== true);
  if (wrong.length > 0) throw bad(`${repr(wrong)} is invalid attribute for sort_keys`);
  const odd = directions.filter((direction) => direction !== 'asc' && direction !== 'desc');
  if (odd.length > 0) throw bad(`${repr(odd)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'`);
  return fields.map((field, index) => [field as Field, directions[index] as 'asc' | 'desc']);
}

export interface Link {
  readonly rel: 'next' | 'previous';
  readonly href: string;
}

/** What a page holds, as far as its links need to know: how many rows, and the names of its first and its last item. */
export interface Shape {
  readonly count: number;
  readonly first: unknown;
  readonly last: unknown;
}

/** Links to the neighbouring pages, every other part of the query kept; undefined where there are no pages. `url` is the collection's own. */
export function pageLinks(url: string, search: string, query: Query, max: number, { count, first, last }: Shape): Link[] | undefined {
  const limit = bounded(query.limit, max);
  if (limit === 0) return undefined;
  const full = count >= limit;
  const href = (marker: unknown, back: boolean): string => {
    const params = new URLSearchParams(search);
    params.delete('marker');
    params.delete('page_reverse');
    if (typeof marker === 'string') params.set('marker', marker);
    if (back) params.set('page_reverse', 'True');
    return `${url}?${params.toString()}`;
  };
  const links: Link[] = [];
  if (full || query.reverse) links.push({ rel: 'next', href: href(last, false) });
  if (full || !query.reverse) links.push({ rel: 'previous', href: href(first, true) });
  return links;
}
