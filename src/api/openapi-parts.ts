// What both parts of the API's description are put together from.

export type Schema = Readonly<Record<string, unknown>>;

export const reference = (kind: string, name: string): Schema => ({ $ref: `#/components/${kind}/${name}` });
export const json = (schema: Schema): Schema => ({ 'application/json': { schema } });
export const wrapped = (name: string, schema: Schema): Schema => ({ type: 'object', properties: { [name]: schema }, required: [name] });

/** The refusals that any operation may answer with, and these. */
export const refusals = (...statuses: readonly number[]): Schema =>
  Object.fromEntries([400, 401, 403, 503, ...statuses].map((status) => [status, reference('responses', `Error${status}`)]));

/** `network` → `Network`. */
export const titled = (name: string): string => name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
