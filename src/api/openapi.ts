// The description of the Networking API that machines read (OpenAPI 3.1), derived from what is declared: resources, attributes, errors. Called
// by server.ts, which keeps the text. What is no resource is in openapi-other.ts.
import { declaredErrors, statusOf } from '#core/errors.ts';
import type { Registry } from '#core/registry.ts';
import type { Field, Resource } from '#core/resource.ts';
import { otherPaths } from './openapi-other.ts';
import { json, reference, type Schema, shapeOf, titled, wrapped } from './openapi-parts.ts';
import { resourcePaths } from './openapi-resources.ts';

export function openapi(registry: Registry): object {
  const offered = registry.all.filter(({ operations }) => operations.length > 0);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Networking API',
      version: 'v2.0',
      description:
        'OpenStack Networking API v2.0 as served by Isospin. Which attributes an answer holds depends on what its caller may see.',
    },
    security: [{ token: [] }],
    tags: offered.map((resource) => ({ name: resource.collection, description: resource.doc })),
    paths: Object.assign({}, ...offered.map((resource) => resourcePaths(resource, registry)), otherPaths(registry)),
    components: {
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'A token of the identity service.' } },
      schemas: Object.assign({ NeutronError: errorSchema, Tags: tagsSchema }, ...offered.map(schemasOf)),
      parameters,
      responses: errorResponses(),
    },
  };
}

/** A resource's row, and what a create and an update may hold. */
function schemasOf(resource: Resource): Record<string, Schema> {
  const name = titled(resource.name);
  const offers = new Set(resource.operations);
  const of = (fields: readonly Field[], required?: readonly string[]): Schema => shapeOf(resource.doc, fields, required);
  const needed = resource.fields.filter((field) => field.post && field.required && field.name !== 'project_id');
  return {
    [name]: of(resource.fields.filter((field) => field.visible)),
    ...(offers.has('create') && {
      [`${name}Create`]: of(
        resource.fields.filter((field) => field.post),
        needed.map((field) => field.name),
      ),
    }),
    ...(offers.has('update') && { [`${name}Update`]: of(resource.fields.filter((field) => field.put)) }),
  };
}

const query = (name: string, description: string, schema: Schema): Schema => ({ name, in: 'query', description, schema });
const parameters: Readonly<Record<string, Schema>> = {
  Fields: query('fields', 'Attributes to answer; all when left out.', { type: 'array', items: { type: 'string' } }),
  SortDir: query('sort_dir', 'One for each sort_key.', { type: 'array', items: { enum: ['asc', 'desc'] } }),
  Limit: query('limit', 'Rows of a page; 0 is all.', { type: 'integer', minimum: 0 }),
  Marker: query('marker', 'Id of the row that the page follows.', { type: 'string' }),
  PageReverse: query('page_reverse', 'The page before the marker instead.', { type: 'boolean' }),
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description: '`revision_number=N`: only if the row is still at that revision.',
    schema: { type: 'string', pattern: '^"?revision_number=\\d+"?$' },
  },
};

const errorSchema: Schema = wrapped('NeutronError', {
  type: 'object',
  properties: {
    type: { type: 'string', description: 'Name of the error.' },
    message: { type: 'string' },
    detail: { const: '' },
  },
  required: ['type', 'message', 'detail'],
});

const tagsSchema: Schema = { type: 'array', maxItems: 50, items: { type: 'string', maxLength: 255 } };

/** One response for each status, naming the errors that have it. */
function errorResponses(): Record<string, Schema> {
  const responses: Record<string, Schema> = {};
  for (const status of new Set(Object.values(statusOf))) {
    const types = [...declaredErrors].filter(([, { kind }]) => statusOf[kind] === status).map(([type]) => type);
    responses[`Error${status}`] = { description: types.sort().join(', '), content: json(reference('schemas', 'NeutronError')) };
  }
  const challenge = { description: 'Where tokens are to be had.', schema: { type: 'string' } };
  return { ...responses, Error401: { description: 'No valid token.', headers: { 'WWW-Authenticate': challenge } } };
}
