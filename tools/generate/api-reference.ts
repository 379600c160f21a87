// The reference page of the Networking API's resources, from their declarations. One of the generators of list.ts. Pure.
import { actionPath, itemPath, usualPath } from '#api/paths.ts';
import { registry } from '#core/registry.ts';
import type { Field, Resource, Served } from '#core/resource.ts';
import { extensions } from '#packs/extensions.ts';
import { resources, schedules } from '#resources/index.ts';
import { code, page, table } from './page.ts';

/** The page's text. */
export function apiReference(): string {
  return page(
    'src/resources and src/packs',
    'The Networking API',
    `The OpenStack Networking API v2.0 below \`/v2.0\`, as far as it is served. The same for machines: \`GET /openapi.json\`. Errors are in
[errors.md](errors.md), who may do what in [policies.md](policies.md), users and tokens in [identity.md](identity.md).`,
    ...resources.filter(({ resource }) => resource.operations.length > 0).map(section),
    other,
    '## Extensions',
    'As `GET /v2.0/extensions` lists them. An alias stands here when everything it promises is there.',
    table(
      ['Alias', 'What it brings'],
      extensions.map(({ alias, description }) => [code(alias), description]),
    ),
  );
}

const all = registry(resources);

/** A resource's calls, each with its path. */
function callsOf(resource: Resource): string[] {
  const [collection, item] = [usualPath(resource, all), itemPath(resource, all)];
  const calls = {
    list: `GET ${collection}`,
    create: `POST ${collection}`,
    show: `GET ${item}`,
    update: `PUT ${item}`,
    delete: `DELETE ${item}`,
  };
  return (Object.keys(calls) as (keyof typeof calls)[]).filter((one) => resource.operations.includes(one)).map((one) => calls[one]);
}

function section({ resource, actions }: Served): string {
  const more = [
    resource.bulk && resource.operations.includes('create') ? 'A `POST` of a list makes several, all or none.' : '',
    resource.prefix === undefined ? '' : `\`/${resource.prefix}\` may be left out.`,
    resource.quota === undefined
      ? ''
      : `Quota: ${resource.quota === -1 ? 'unlimited' : resource.quota} in a project, unless set otherwise.`,
    resource.field.get('tags')?.visible ? 'Has [tags](#tags).' : '',
  ].filter((sentence) => sentence !== '');
  // What clients neither set nor see nor search is none of their business.
  const fields = resource.fields.filter((field) => field.visible || field.post || field.put || field.filter);
  return [
    `## ${resource.parent ? `${all.byName(resource.parent.resource)?.collection}: ` : ''}${resource.collection}`,
    `${resource.doc} ${callsOf(resource).map(code).join(', ')}. ${more.join(' ')}`.trim(),
    ...(actions.length === 0
      ? []
      : [
          table(
            ['Call', 'Body', 'What it does'],
            actions.map((one) => [
              code(`${one.method} ${actionPath(itemPath(resource, all), one, '{about}')}`),
              one.takes ? code(bodyText(one.takes)) : '',
              one.doc,
            ]),
          ),
        ]),
    table(['Attribute', 'Type', 'Create', 'Update', 'Query', 'What it is'], fields.map(row)),
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

/** `{"router": {"routes": […]}}` */
function bodyText(properties: Readonly<Record<string, Schema>>): string {
  const parts = Object.entries(properties).map(([name, schema]) => {
    const inner = schema.properties as Readonly<Record<string, Schema>> | undefined;
    return `"${name}": ${inner ? bodyText(inner) : schema.type === 'array' ? '[…]' : '…'}`;
  });
  return `{${parts.join(', ')}}`;
}

/** A type in a word or two. */
function typeText(schema: Schema): string {
  if (Array.isArray(schema.anyOf)) return [...new Set((schema.anyOf as Schema[]).map(typeText))].join(' or ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'array') return `list of ${typeText((schema.items as Schema | undefined) ?? {})}`;
  if (typeof schema.format === 'string') return schema.format;
  if (typeof schema.maxLength === 'number') return `string (${schema.maxLength})`;
  return Array.isArray(schema.type) ? schema.type.join(' or ') : String(schema.type ?? 'any');
}

const quotas: readonly (readonly [string, string])[] = [
  ['GET /v2.0/quotas', 'Lists the projects whose limits were set.'],
  ['GET /v2.0/quotas/{project_id}', "Shows a project's limits; `/default` and `/details` behind it, the default ones and what is used."],
  ['PUT /v2.0/quotas/{project_id}', 'Sets limits; one below what is used is refused unless `force` is true. -1 is unlimited.'],
  ['DELETE /v2.0/quotas/{project_id}', 'Goes back to the default limits.'],
];

const served = schedules.flatMap(({ resource: { name, collection }, name: path, agents }): [string, string][] => [
  [`GET /v2.0/agents/{id}/${path}s`, `Lists the ${collection} that an agent serves.`],
  [`POST /v2.0/agents/{id}/${path}s`, `Lets an agent serve a ${name}: \`{"${name}_id": …}\`.`],
  [`DELETE /v2.0/agents/{id}/${path}s/{${name}_id}`, `Takes a ${name} from an agent.`],
  [`GET /v2.0/${collection}/{id}/${agents}`, `Lists the agents that serve a ${name}.`],
]);

const tags: readonly (readonly [string, string])[] = [
  ['GET …/tags', 'Tells its tags.'],
  ['PUT …/tags', 'Gives it the tags of `{"tags": […]}` and no others.'],
  ['POST …/tags', 'Gives it the tags of `{"tags": […]}` besides those it has.'],
  ['DELETE …/tags', 'Takes all its tags.'],
  ['GET …/tags/{tag}', 'Tells whether it has a tag: 204 or 404.'],
  ['PUT …/tags/{tag}', 'Gives it a tag.'],
  ['DELETE …/tags/{tag}', 'Takes a tag.'],
];

const calls = (some: readonly (readonly [string, string])[]): string =>
  table(
    ['Call', 'What it does'],
    some.map(([call, what]) => [code(call), what]),
  );

const other = `## quotas

${calls(quotas)}

## Which agent serves what

${calls(served)}

## Tags

Below the items of what has tags.

${calls(tags)}

## Lists

| Query | What it does |
|---|---|
| an attribute that is a filter | rows with this value; several values of one filter: any of them; unknown filters are refused |
| \`fields\` | only these attributes, as often as given |
| \`sort_key\`, \`sort_dir\` | in pairs; the id decides where all are equal |
| \`limit\`, \`marker\`, \`page_reverse\` | pages; the answer links to the neighbouring ones |

\`If-Match: revision_number=N\` on \`PUT\` and \`DELETE\` does it only while the row is still at that revision (else 412).`;
