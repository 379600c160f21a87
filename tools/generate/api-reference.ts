// The reference page of the Networking API's resources, from their declarations. One of the generators of list.ts. Pure.
import type { Field, Resource } from '#core/resource.ts';
import { extensions } from '#packs/extensions.ts';
import { resources } from '#resources/index.ts';
import { code, page, table } from './page.ts';

/** The page's text. */
export function apiReference(): string {
  return page(
    'src/resources and src/packs',
    'The Networking API',
    `The OpenStack Networking API v2.0 below \`/v2.0\`, as far as it is served. The same for machines: \`GET /openapi.json\`. Errors are in
[errors.md](errors.md), who may do what in [policies.md](policies.md), users and tokens in [identity.md](identity.md).`,
    ...resources.flatMap(({ resource }) => (resource.operations.length > 0 ? [section(resource)] : [])),
    other,
    '## Extensions',
    'As `GET /v2.0/extensions` lists them. An alias stands here when everything it promises is there.',
    table(
      ['Alias', 'What it brings'],
      extensions.map(({ alias, description }) => [code(alias), description]),
    ),
  );
}

const CALLS = {
  list: (path: string) => `GET ${path}`,
  create: (path: string) => `POST ${path}`,
  show: (path: string) => `GET ${path}/{id}`,
  update: (path: string) => `PUT ${path}/{id}`,
  delete: (path: string) => `DELETE ${path}/{id}`,
} as const;

function section(resource: Resource): string {
  const path = `/v2.0/${resource.collection}`;
  const calls = (Object.keys(CALLS) as (keyof typeof CALLS)[])
    .filter((operation) => resource.operations.includes(operation))
    .map((operation) => code(CALLS[operation](path)));
  const more = [
    resource.bulk ? 'A `POST` of a list makes several, all or none.' : '',
    resource.quota === undefined ? '' : `Quota: ${resource.quota} in a project, unless set otherwise.`,
  ].filter((sentence) => sentence !== '');
  return [
    `## ${resource.collection}`,
    `${resource.doc} ${calls.join(', ')}. ${more.join(' ')}`.trim(),
    table(['Attribute', 'Type', 'Create', 'Update', 'Query', 'What it is'], resource.fields.map(row)),
  ].join('\n\n');
}

function row(field: Field): string[] {
  const query = [...(field.filter ? ['filter'] : []), ...(field.sort ? ['sort'] : [])].join(', ');
  const refers = field.ref ? ` Refers to a ${field.ref.resource}.` : '';
  const from = field.extension === null ? '' : ` (${field.extension})`;
  return [
    code(field.name),
    typeText(field.schema),
    field.post ? createText(field) : '',
    field.put ? 'yes' : '',
    query,
    `${field.doc}${refers}${from}`,
  ];
}

function createText(field: Field): string {
  if (field.name === 'project_id') return "the caller's";
  if (field.required) return '**required**';
  return field.default === undefined ? 'optional' : code(JSON.stringify(field.default));
}

type Schema = Readonly<Record<string, unknown>>;

/** A type in a word or two. */
function typeText(schema: Schema): string {
  if (Array.isArray(schema.anyOf)) return [...new Set((schema.anyOf as Schema[]).map(typeText))].join(' or ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'array') return `list of ${typeText((schema.items as Schema | undefined) ?? {})}`;
  if (typeof schema.format === 'string') return schema.format;
  if (typeof schema.maxLength === 'number') return `string (${schema.maxLength})`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}

const other = `## quotas, and which agent serves which network

| Call | What it does |
|---|---|
| \`GET /v2.0/quotas\` | Lists the projects whose limits were set. |
| \`GET /v2.0/quotas/{project_id}\` | Shows a project's limits; \`/default\` and \`/details\` behind it, the default ones and what is used. |
| \`PUT /v2.0/quotas/{project_id}\` | Sets limits; one below what is used is refused unless \`force\` is true. -1 is unlimited. |
| \`DELETE /v2.0/quotas/{project_id}\` | Goes back to the default limits. |
| \`GET /v2.0/agents/{id}/dhcp-networks\` | Lists the networks that a DHCP agent serves. |
| \`POST /v2.0/agents/{id}/dhcp-networks\` | Lets a DHCP agent serve a network. |
| \`DELETE /v2.0/agents/{id}/dhcp-networks/{network_id}\` | Takes a network from a DHCP agent. |
| \`GET /v2.0/networks/{id}/dhcp-agents\` | Lists the DHCP agents that serve a network. |

## Lists

| Query | What it does |
|---|---|
| an attribute that is a filter | rows with this value; several values of one filter: any of them; unknown filters are refused |
| \`fields\` | only these attributes, as often as given |
| \`sort_key\`, \`sort_dir\` | in pairs; the id decides where all are equal |
| \`limit\`, \`marker\`, \`page_reverse\` | pages; the answer links to the neighbouring ones |

\`If-Match: revision_number=N\` on \`PUT\` and \`DELETE\` does it only while the row is still at that revision (else 412).`;
