// The part of the API's description that is about no resource: versions, extensions, quotas, the agents' schedule. Called by openapi.ts.
import type { Registry } from '#core/registry.ts';
import { agent } from '#resources/agent/schema.ts';
import type { Schedule } from '#resources/agent/served.ts';
import { schedules } from '#resources/index.ts';
import { limited } from '#resources/quota/limits.ts';
import { json, reference, refusals, type Schema, shapeOf, titled, wrapped } from './openapi-parts.ts';

const array = (items: Schema): Schema => ({ type: 'array', items });
const text = { type: 'string' };
const linkSchema = array({ type: 'object', properties: { rel: text, href: { type: 'string', format: 'uri' } } });
const answer = (schema: Schema, description = 'Done.'): Schema => ({ 200: { description, content: json(schema) } });
const inPath = (...names: string[]): Schema[] => names.map((name) => ({ name, in: 'path', required: true, schema: text }));

export function otherPaths(registry: Registry): Record<string, Schema> {
  return { ...discovery, ...extensions, ...quotas(registry), ...Object.assign({}, ...schedules.map(scheduled)) };
}

const discovery = {
  '/': {
    get: {
      operationId: 'list_versions',
      summary: 'Tells the versions of the API',
      security: [],
      responses: answer(
        wrapped('versions', array({ type: 'object', properties: { id: text, status: { const: 'CURRENT' }, links: linkSchema } })),
      ),
    },
  },
  '/v2.0/': {
    get: {
      operationId: 'list_resources',
      summary: 'Tells the core collections',
      responses: {
        ...answer(wrapped('resources', array({ type: 'object', properties: { name: text, collection: text, links: linkSchema } }))),
        ...refusals(),
      },
    },
  },
};

const extension: Schema = {
  type: 'object',
  properties: {
    alias: text,
    name: text,
    description: text,
    // Some published ones are no dates.
    updated: { type: 'string' },
    links: { type: 'array', maxItems: 0 },
  },
};

const extensions = {
  '/v2.0/extensions': {
    get: {
      operationId: 'list_extensions',
      summary: 'Lists the extensions served',
      responses: { ...answer(wrapped('extensions', array(extension))), ...refusals() },
    },
  },
  '/v2.0/extensions/{alias}': {
    parameters: inPath('alias'),
    get: {
      operationId: 'show_extension',
      summary: 'Shows an extension',
      responses: {
        ...answer(wrapped('extension', extension)),
        ...refusals(),
        404: { description: 'No such extension.', content: { 'text/plain': { schema: text } } },
      },
    },
  },
};

function quotas(registry: Registry): Record<string, Schema> {
  const resources = limited(registry);
  const limit = { type: 'integer', minimum: -1, maximum: 2_147_483_647, description: '-1 is unlimited.' };
  const of = (schema: Schema, more: Schema = {}): Schema => ({
    type: 'object',
    properties: { ...Object.fromEntries(resources.map(({ name }) => [name, schema])), ...more },
  });
  const detail = { type: 'object', properties: { limit, used: { type: 'integer' }, reserved: { const: 0 } } };
  const get = (operationId: string, summary: string, schema: Schema): Schema => ({
    get: { operationId, tags: ['quotas'], summary, responses: { ...answer(schema), ...refusals() } },
  });
  const parameters = inPath('project_id');
  const change = wrapped('quota', of(limit, { force: { type: 'boolean' }, check_limit: { type: 'boolean' } }));
  return {
    '/v2.0/quotas': get(
      'list_quotas',
      'Lists the projects whose limits were set',
      wrapped('quotas', array(of(limit, { project_id: text, tenant_id: text }))),
    ),
    '/v2.0/quotas/project': get('show_quota_project', "Tells the caller's project", wrapped('project', { type: 'object' })),
    '/v2.0/quotas/tenant': get('show_quota_tenant', "Tells the caller's project", wrapped('tenant', { type: 'object' })),
    '/v2.0/quotas/{project_id}': {
      parameters,
      ...get('show_quota', "Shows a project's limits", wrapped('quota', of(limit))),
      put: {
        operationId: 'update_quota',
        tags: ['quotas'],
        summary: "Sets a project's limits; one below what is used is refused unless `force` is true",
        requestBody: { required: true, content: json(change) },
        responses: { ...answer(wrapped('quota', of(limit))), ...refusals() },
      },
      delete: {
        operationId: 'delete_quota',
        tags: ['quotas'],
        summary: 'Goes back to the default limits',
        responses: { 204: { description: 'Gone.' }, ...refusals(404) },
      },
    },
    '/v2.0/quotas/{project_id}/default': {
      parameters,
      ...get('show_quota_default', 'Shows the default limits', wrapped('quota', of(limit))),
    },
    '/v2.0/quotas/{project_id}/details': {
      parameters,
      ...get('show_quota_details', 'Shows limits and what is used of them', wrapped('quota', of(detail))),
    },
  };
}

const tags = ['agents'];

/** What agents of a kind serve, from both ends. */
function scheduled({ resource, name, agents, detail }: Schedule): Record<string, Schema> {
  const many = wrapped(resource.collection, array(reference('schemas', titled(resource.name))));
  const id = `${resource.name}_id`;
  const shown = agent.fields.filter((field) => field.visible);
  const server = detail ? shapeOf(agent.doc, shown, [], detail.properties) : reference('schemas', 'Agent');
  const operation = (verb: string, of: string): string => `${verb}_${of.replaceAll('-', '_')}`;
  return {
    [`/v2.0/agents/{id}/${name}s`]: {
      parameters: inPath('id'),
      get: {
        operationId: operation('list', `${name}s`),
        tags,
        summary: `Lists the ${resource.collection} that an agent serves`,
        responses: { ...answer(many), ...refusals(404) },
      },
      post: {
        operationId: operation('create', name),
        tags,
        summary: `Lets an agent serve a ${resource.name}`,
        requestBody: {
          required: true,
          content: json({ type: 'object', properties: { [id]: { type: 'string', format: 'uuid' } }, required: [id] }),
        },
        responses: { 201: { description: 'Done.', content: json({ type: 'null' }) }, ...refusals(404, 409) },
      },
    },
    [`/v2.0/agents/{id}/${name}s/{${id}}`]: {
      parameters: inPath('id', id),
      delete: {
        operationId: operation('delete', name),
        tags,
        summary: `Takes a ${resource.name} from an agent`,
        responses: { 204: { description: 'Done.' }, ...refusals(404, 409) },
      },
    },
    [`/v2.0/${resource.collection}/{id}/${agents}`]: {
      parameters: inPath('id'),
      get: {
        operationId: operation('list', agents),
        tags,
        summary: `Lists the agents that serve a ${resource.name}`,
        responses: { ...answer(wrapped('agents', array(server))), ...refusals(404) },
      },
    },
  };
}
