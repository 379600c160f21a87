// Tags: words that people put on a resource and find it by. Spread `tagged` into a resource's attributes; api/tags.ts serves them below its
// items.
import { type Attributes, type FilterSql, type Row, t } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import { errorTable } from '#core/errors.ts';
import { str } from '#core/python.ts';
import type { Resource } from '#core/resource.ts';
import { text } from '#core/validate.ts';

export const tagErrors = errorTable({
  TagNotFound: ['notFound', 'Tag {tag} could not be found.'],
  TagResourceNotFound: ['notFound', 'Resource {resource} {resource_id} could not be found.'],
});

const MAX_LENGTH = 255;
const MAX_TAGS = 50;

/** Rows that have (all or one) of the tags, or have not. Values are comma lists. */
const having =
  (how: 'all' | 'any', not: '' | 'NOT '): FilterSql =>
  (values) => {
    const tags = [...new Set(values.flatMap((value) => value.split(',')).filter((tag) => tag !== ''))];
    if (tags.length === 0) return undefined;
    const one = `SELECT object_id FROM tags WHERE tag IN (${tags.map(() => '?').join(', ')})`;
    const ids = how === 'any' ? one : `${one} GROUP BY object_id HAVING COUNT(*) = ${tags.length}`;
    return { sql: `r.id ${not}IN (${ids})`, params: tags };
  };

const filter = (doc: string, how: FilterSql) => t.free(doc).readOnly().hidden().virtual().filter(how).extension('standard-attr-tag');

const tags = t
  .json<string[]>('Words that people put on it.', { type: 'array', items: { type: 'string' } })
  .keptIn('tags', 'object_id', 'tag')
  .filter(having('all', ''))
  .extension('standard-attr-tag');

const filters = {
  'tags-any': filter('Finds rows with one of the tags.', having('any', '')),
  'not-tags': filter('Finds rows without all of the tags.', having('all', 'NOT ')),
  'not-tags-any': filter('Finds rows with none of the tags.', having('any', 'NOT ')),
};

/** The attributes of what can be tagged. */
export const tagged = { tags: tags.readOnly(), ...filters };

/** As {@link tagged}, of what can be tagged while it is made. */
export const taggedFromTheStart = {
  tags: tags.validate(checkTags).default([]),
  ...filters,
};

/** Why a list of tags is refused. */
export function checkTags(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  const wrong = value.map(text(MAX_LENGTH)).find((reason) => reason !== undefined);
  if (wrong !== undefined) return wrong;
  const twice = new Set(value.filter((tag, index) => value.indexOf(tag) < index));
  if (twice.size > 0) return `Duplicate items in the list: '${[...twice].join(', ')}'`;
  return value.length > MAX_TAGS ? `The number of tags exceed the per-resource limit of ${MAX_TAGS}` : undefined;
}

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

/** `{"tags": […]}` of a body. */
export function tagsIn(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'tags')) throw invalid('Invalid tags body');
  const { tags: given } = body as { tags: unknown };
  const reason = checkTags(given);
  if (reason !== undefined) throw invalid(reason);
  return given as string[];
}

/** Changes a row's tags and nothing else. */
export async function retag(context: Context, resource: Resource, row: Row<Attributes>, next: readonly string[]): Promise<void> {
  const reason = checkTags(next);
  if (reason !== undefined) throw invalid(reason);
  await context.store(resource, row, { tags: [...next] });
}
