// The part of the API's description that is about resources: collections, items, what else can be asked of them, tags. Called by openapi.ts.
import type { Attributes } from '#core/attributes.ts';
import type { Registry } from '#core/registry.ts';
import type { Action, Field, Operation, Resource } from '#core/resource.ts';
import { json, reference, refusals, type Schema, titled, wrapped } from './openapi-parts.ts';
import { actionPath, itemPath, usualPath } from './paths.ts';

/** The paths of one resource. */
export function resourcePaths(resource: Resource, registry: Registry): Record<string, Schema> {
  const inParent = resource.parent ? [inPath(resource.parent.field)] : [];
  const collection = collectionOf(resource);
  const item = itemOf(resource);
  const path = itemPath(resource, registry);
  const whole = [...inParent, inPath(resource.item)];
  return {
    ...(Object.keys(collection).length > 0 && {
      [usualPath(resource, registry)]: { ...(inParent.length > 0 && { parameters: inParent }), ...collection },
    }),
    ...(Object.keys(item).length > 0 && { [path]: { parameters: whole, ...item } }),
    ...actionPaths(registry.actions(resource), path, whole),
    ...(resource.field.get('tags')?.visible && tagPaths(resource, path)),
  };
}

const inPath = (name: string): Schema => ({ name, in: 'path', required: true, schema: { type: 'string' } });

const named = (resource: Resource, verb: string, summary: string): Schema => ({
  operationId: `${verb}_${resource.name}`,
  tags: [resource.collection],
  summary,
});
const offers = (resource: Resource, operation: Operation): boolean => resource.operations.includes(operation);
const words = (name: string): string => name.replaceAll('_', ' ');

function collectionOf(resource: Resource): Schema {
  const { name, collection } = resource;
  return {
    ...(offers(resource, 'list') && {
      get: {
        ...named(resource, 'list', `Lists ${words(collection)}`),
        parameters: [...filtersOf(resource), ...sortingOf(resource), ...paging],
        responses: { 200: { description: 'Those the caller may see.', content: json(many(resource)) }, ...refusals(404) },
      },
    }),
    ...(offers(resource, 'create') && { post: { ...named(resource, 'create', `Makes a ${words(name)}`), ...creation(resource) } }),
  };
}

function itemOf(resource: Resource): Schema {
  const { name, key } = resource;
  const one = wrapped(key, reference('schemas', titled(name)));
  const conditional = resource.field.has('revision_number') ? [reference('parameters', 'IfMatch')] : [];
  return {
    ...(offers(resource, 'show') && {
      get: {
        ...named(resource, 'show', `Shows a ${words(name)}`),
        parameters: [reference('parameters', 'Fields')],
        responses: { 200: { description: 'The row.', content: json(one) }, ...refusals(404) },
      },
    }),
    ...(offers(resource, 'update') && {
      put: {
        ...named(resource, 'update', `Changes a ${words(name)}`),
        parameters: conditional,
        requestBody: { required: true, content: json(wrapped(key, reference('schemas', `${titled(name)}Update`))) },
        responses: { 200: { description: 'As it is now.', content: json(one) }, ...refusals(404, 409, 412) },
      },
    }),
    ...(offers(resource, 'delete') && {
      delete: {
        ...named(resource, 'delete', `Removes a ${words(name)}`),
        parameters: conditional,
        responses: { 204: { description: 'Gone.' }, ...refusals(404, 409, 412) },
      },
    }),
  };
}

/** One in an object under its key, or in bulk several in a list under the collection's. */
function creation(resource: Resource): Schema {
  const both = (suffix: string): Schema => {
    const item = reference('schemas', `${titled(resource.name)}${suffix}`);
    const single = wrapped(resource.key, item);
    return resource.bulk ? { oneOf: [single, wrapped(resource.collection, { type: 'array', minItems: 1, items: item })] } : single;
  };
  return {
    requestBody: { required: true, content: json(both('Create')) },
    responses: { 201: { description: 'What was made.', content: json(both('')) }, ...refusals(404, 409, 413) },
  };
}

function actionPaths(actions: readonly Action<Attributes>[], path: string, parameters: readonly Schema[]): Record<string, Schema> {
  const paths = Map.groupBy(actions, (one) => actionPath(path, one, '{about}'));
  return Object.fromEntries(
    [...paths].map(([url, some]) => [
      url,
      { parameters: [...parameters, ...(some[0]?.about ? [inPath('about')] : [])], ...Object.assign({}, ...some.map(call)) },
    ]),
  );
}

function call({ resource, name, method, about, status = 200, doc, takes }: Action<Attributes>): Schema {
  const body = json({ type: 'object' });
  const done = method === 'DELETE' ? { 204: { description: 'Done.' } } : { [status]: { description: 'Done.', content: body } };
  const verb = method === 'PUT' ? name : `${method.toLowerCase()}_${name}`;
  return {
    [method.toLowerCase()]: {
      operationId: `${verb}${about ? '_about' : ''}_${resource.name}`,
      tags: [resource.collection],
      summary: doc,
      ...((method === 'PUT' || method === 'POST') && {
        requestBody: { required: takes !== undefined, content: json({ type: 'object', ...(takes && { properties: takes }) }) },
      }),
      responses: { ...done, ...refusals(404, 409) },
    },
  };
}

function tagPaths(resource: Resource, path: string): Record<string, Schema> {
  const of = (verb: string, what: string, summary: string): Schema => ({
    operationId: `${verb}_${resource.name}_${what}`,
    tags: [resource.collection],
    summary,
  });
  const all = wrapped('tags', reference('schemas', 'Tags'));
  const given = { requestBody: { required: true, content: json(all) } };
  const answer = { 200: { description: 'Done.', content: json(all) }, ...refusals(404) };
  const done = { 204: { description: 'Yes.' }, ...refusals(404) };
  return {
    [`${path}/tags`]: {
      parameters: [inPath(resource.item)],
      get: { ...of('list', 'tags', 'Tells its tags'), responses: answer },
      put: { ...of('set', 'tags', 'Gives it these tags and no others'), ...given, responses: answer },
      post: { ...of('add', 'tags', 'Gives it more tags'), ...given, responses: answer },
      delete: { ...of('delete', 'tags', 'Takes all its tags'), responses: done },
    },
    [`${path}/tags/{tag}`]: {
      parameters: [inPath(resource.item), inPath('tag')],
      get: { ...of('has', 'tag', 'Tells whether it has a tag'), responses: done },
      put: {
        ...of('add', 'tag', 'Gives it a tag'),
        responses: { 201: { description: 'Done.', content: json({ type: 'null' }) }, ...refusals(404) },
      },
      delete: { ...of('delete', 'tag', 'Takes a tag'), responses: done },
    },
  };
}
const many = (resource: Resource): Schema => ({
  type: 'object',
  properties: {
    [resource.collection]: { type: 'array', items: reference('schemas', titled(resource.name)) },
    [`${resource.collection}_links`]: {
      type: 'array',
      description: 'The pages before and after, when `limit` was given.',
      items: { type: 'object', properties: { rel: { enum: ['next', 'previous'] }, href: { type: 'string', format: 'uri' } } },
    },
  },
  required: [resource.collection],
});

/** What a filter is given: of a list, one of its elements. */
const filtered = ({ filterSql, keptIn, schema }: Field): Schema => (filterSql || keptIn ? { type: 'string' } : schema);

/** Every filter may be repeated: any of its values. */
const filtersOf = (resource: Resource): Schema[] =>
  resource.fields
    .filter((field) => field.filter)
    .map((field) => ({
      name: field.name,
      in: 'query',
      description: field.doc,
      schema: { type: 'array', items: filtered(field) },
    }));

function sortingOf(resource: Resource): Schema[] {
  const keys = resource.fields.filter((field) => field.sort).map((field) => field.name);
  return [
    { name: 'sort_key', in: 'query', description: 'With sort_dir, pairwise.', schema: { type: 'array', items: { enum: keys } } },
    reference('parameters', 'SortDir'),
    reference('parameters', 'Fields'),
  ];
}

const paging = ['Limit', 'Marker', 'PageReverse'].map((name) => reference('parameters', name));
