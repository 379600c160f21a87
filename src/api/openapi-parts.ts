// What both parts of the API's description are put together from.
import type { Field } from '#core/resource.ts';

export type Schema = Readonly<Record<string, unknown>>;

export const reference = (kind: string, name: string): Schema => ({ $ref: `#/components/${kind}/${name}` });
export const json = (schema: Schema): Schema => ({ 'application/json': { schema } });
export const wrapped = (name: string, schema: Schema): Schema => ({ type: 'object', properties: { [name]: schema }, required: [name] });

/** The refusals that any operation may answer with, and these. */
export const refusals = (...statuses: readonly number[]): Schema =>
  Object.fromEntries([400, 401, 403, 503, ...statuses].map((status) => [status, reference('responses', `Error${status}`)]));

/** `network` → `Network`. */
export const titled = (name: string): string => name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

/** An object with these attributes, and others that are none of a resource's. */
export const shapeOf = (doc: string, fields: readonly Field[], required: readonly string[] = [], more: Schema = {}): Schema => ({
  type: 'object',
  description: doc,
  properties: Object.assign({}, ...fields.map(attribute), more),
  ...(required.length > 0 && { required }),
  additionalProperties: false,
});

function attribute(field: Field): Record<string, Schema> {
  const schema = {
    ...field.schema,
    description: field.extension === null ? field.doc : `${field.doc} Extension ${field.extension}.`,
    ...(field.default !== undefined && { default: field.default }),
    ...(!field.post && !field.put && { readOnly: true }),
  };
  return field.name === 'project_id'
    ? { project_id: schema, tenant_id: { ...schema, description: 'The same as project_id.' } }
    : { [field.name]: schema };
}
