// Whether answers are as the description that machines read (OpenAPI) says. Called by cloud.ts for each answer, whichever test asks.
import { openapi } from '#api/openapi.ts';
import type { Registry } from '#core/registry.ts';

type Schema = Readonly<Record<string, unknown>>;
interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/,
  ipv4: /^\d+(\.\d+){3}$/,
  ipv6: /^[0-9a-f:]+$/,
  uri: /^https?:\/\//,
};
const IS: Readonly<Record<string, (value: unknown) => boolean>> = {
  null: (value) => value === null,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  string: (value) => typeof value === 'string',
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const object = (value: unknown) => value as Readonly<Record<string, unknown>>;
const told = (fits: boolean, value: unknown, at: string, what: string): string | undefined =>
  fits ? undefined : `${at}: ${JSON.stringify(value)} is not ${what}`;

/** As much of JSON Schema as the description uses; what it does not know is an error. */
function judge(document: Document): (value: unknown, schema: Schema, at: string) => string | undefined {
  const found = (reference: string): Schema =>
    reference
      .replace(/^#\//, '')
      .split('/')
      .reduce<Schema>((value, key) => value[key] as Schema, document as unknown as Schema);

  type Rule = (value: unknown, rule: unknown, at: string, schema: Schema) => string | undefined;
  const some: Rule = (value, rule, at) => {
    const reasons = (rule as Schema[]).map((one) => misfit(value, one, at));
    return reasons.includes(undefined) ? undefined : reasons.join('; ');
  };
  const rules: Readonly<Record<string, Rule>> = {
    $ref: (value, rule, at) => misfit(value, found(String(rule)), at),
    type: (value, rule, at) =>
      told(
        [rule].flat().some((type) => IS[String(type)]?.(value)),
        value,
        at,
        String(rule),
      ),
    enum: (value, rule, at) => told((rule as unknown[]).includes(value), value, at, JSON.stringify(rule)),
    const: (value, rule, at) => told(value === rule, value, at, JSON.stringify(rule)),
    pattern: (value, rule, at) => told(new RegExp(String(rule)).test(String(value)), value, at, String(rule)),
    format: (value, rule, at) => told(FORMATS[String(rule)]?.test(String(value)) === true, value, at, String(rule)),
    maxLength: (value, rule, at) => told(String(value).length <= Number(rule), value, at, `at most ${rule} long`),
    maxItems: (value, rule, at) => told((value as unknown[]).length <= Number(rule), value, at, `at most ${rule} items`),
    minItems: (value, rule, at) => told((value as unknown[]).length >= Number(rule), value, at, `at least ${rule} items`),
    minimum: (value, rule, at) => told(Number(value) >= Number(rule), value, at, `at least ${rule}`),
    maximum: (value, rule, at) => told(Number(value) <= Number(rule), value, at, `at most ${rule}`),
    anyOf: some,
    oneOf: some,
    items: (value, rule, at) => (value as unknown[]).map((one, i) => misfit(one, rule as Schema, `${at}.${i}`)).find((wrong) => wrong),
    required: (value, rule, at) =>
      told(
        (rule as string[]).every((name) => Object.hasOwn(object(value), name)),
        value,
        at,
        `with ${rule}`,
      ),
    properties: (value, rule, at) =>
      Object.entries(rule as Record<string, Schema>)
        .filter(([name]) => Object.hasOwn(object(value), name))
        .map(([name, one]) => misfit(object(value)[name], one, `${at}.${name}`))
        .find((wrong) => wrong),
    additionalProperties: (value, rule, at, { properties }) => {
      const more = Object.keys(object(value)).filter((name) => !Object.hasOwn(properties as object, name));
      return told(rule !== false || more.length === 0, more, at, 'described');
    },
    description: () => undefined,
    default: () => undefined,
    readOnly: () => undefined,
  };
  function misfit(value: unknown, schema: Schema, at: string): string | undefined {
    for (const [word, rule] of Object.entries(schema)) {
      if (!(word in rules)) throw new Error(`${at}: described.ts does not know ${word}`);
      const wrong = rules[word]?.(value, rule, at, schema);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }
  return misfit;
}

const plain = (path: string): string => path.replaceAll('-', '_');

/** Throws when an answer is none that the description has for its request. Paths that it does not have are passed over: other spellings of those it has. */
export function describedAnswers(registry: Registry): (method: string, path: string, status: number, body: unknown) => void {
  const document = openapi(registry) as Document;
  const misfit = judge(document);
  const paths = Object.entries(document.paths)
    .map(([path, operations]) => ({ path, operations, pattern: new RegExp(`^${plain(path).replaceAll(/\{[^}]+\}/g, '[^/]+')}$`) }))
    // What is written out comes before what may be anything.
    .sort((a, b) => (a.path.match(/\{/g)?.length ?? 0) - (b.path.match(/\{/g)?.length ?? 0));
  return (method, url, status, body) => {
    if (status !== 200 && status !== 201) return;
    const path = plain(url.split('?')[0] ?? '');
    const found = paths.find(({ pattern }) => pattern.test(path));
    const operation = found?.operations[method.toLowerCase()];
    const response = operation?.responses[status];
    if (!found || !operation) return;
    if (!response) throw new Error(`${method} ${found.path} answered ${status}, which is not described`);
    const schema = response.content?.['application/json']?.schema;
    const wrong = schema && misfit(body, schema, `${method} ${found.path}`);
    if (wrong !== undefined) throw new Error(wrong);
  };
}
