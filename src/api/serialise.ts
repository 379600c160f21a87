// Schemas from which Fastify compiles each resource's serialiser. Every attribute may be missing (policy, `fields`) and may be null; lists and
// objects are written as they are.
import type { Field, Resource } from '#core/resource.ts';

const KIND = { text: 'string', int: 'integer', bool: 'boolean' } as const;

function attribute(field: Field): object {
  const kind = field.column ?? field.reads;
  return kind === 'json' ? {} : { type: KIND[kind], nullable: true };
}

const row = (resource: Resource): object => {
  const properties: Record<string, object> = {};
  for (const field of resource.fields) if (field.visible) properties[field.name] = attribute(field);
  if (resource.field.has('project_id')) properties.tenant_id = { type: 'string', nullable: true };
  return { type: 'object', properties };
};

export const oneSchema = (resource: Resource): object => ({ type: 'object', properties: { [resource.key]: row(resource) } });

export const manySchema = (resource: Resource): object => ({
  type: 'object',
  properties: {
    [resource.collection]: { type: 'array', items: row(resource) },
    [`${resource.collection}_links`]: {
      type: 'array',
      items: { type: 'object', properties: { rel: { type: 'string' }, href: { type: 'string' } } },
    },
  },
});
