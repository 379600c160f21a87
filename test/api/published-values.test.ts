// What a client may send for an attribute, and the words in which the rest is refused, are what is published: samples of every conversion and check
// (facts/values.json) are tried on every attribute that clients set, but where deviations.ts says why not.
import { describe, expect, test } from 'vitest';
import type { Field } from '#core/resource.ts';
import { resources } from '#resources/index.ts';
import { notOffered, valueDeviations } from './deviations.ts';
import { type AttributeFact, collectionOf, families, type Outcome, valueFacts } from './facts.ts';

const all = resources.map(({ resource }) => resource).filter(({ operations }) => operations.length > 0);
const offered = new Map([...families].filter(([family]) => !Object.hasOwn(notOffered, family)).flatMap(([, one]) => Object.entries(one)));

/** A long text stands in the samples by its length. */
const spelled = (value: unknown): unknown => (value === '<256 chars>' ? 'x'.repeat(256) : value);
const index = (samples: Readonly<Record<string, readonly (readonly [unknown, Outcome])[]>>) =>
  new Map(
    Object.entries(samples).map(([name, of]) => [name, new Map(of.map(([value, outcome]) => [JSON.stringify(spelled(value)), outcome]))]),
  );
const [checks, converters] = [index(valueFacts.checks), index(valueFacts.converters)];

/** Every sample there is, once. Texts of other lengths in them mean nothing. */
const samples = new Map(
  [...Object.values(valueFacts.checks), ...Object.values(valueFacts.converters)]
    .flat()
    .map(([value]) => [JSON.stringify(spelled(value)), spelled(value)] as const)
    .filter(([text]) => !/<\d+ chars>/.test(text)),
);

const PASSED: Outcome = {};
const refused = (error: string): Outcome => ({ error });
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const printed = (value: unknown): string => (value === null ? 'None' : value === true ? 'True' : value === false ? 'False' : String(value));

/** Checks that are told other things than in the samples. */
const TOLD: Readonly<Record<string, (value: unknown, told: never) => Outcome | undefined>> = {
  string: (value, max: number) => (typeof value === 'string' && value.length <= max ? PASSED : undefined),
  string_or_none: (value, max: number) => (value === null || (typeof value === 'string' && value.length <= max) ? PASSED : undefined),
  range(value, [least, most]: readonly [number, number]) {
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== 'number') return undefined;
    if (number < least) return refused(`'${number}' is too small - must be at least '${least}'`);
    return number > most ? refused(`'${number}' is too large - must be no larger than '${most}'`) : PASSED;
  },
  values(value, some: readonly unknown[]) {
    if (isObject(value)) return undefined;
    const isIn = some.some((one) => one === value || (typeof one === 'number' && typeof value === 'boolean' && Number(value) === one));
    return isIn ? PASSED : refused(`${printed(value)} is not in valid_values`);
  },
};

/** What is published of a value for an attribute; undefined where the samples do not tell. */
function published({ convert, check = {}, nullIsDefault }: AttributeFact, sample: unknown): Outcome | undefined {
  let value = sample;
  if (nullIsDefault && value === null) return undefined;
  if (convert !== undefined) {
    const outcome = converters.get(convert)?.get(JSON.stringify(value));
    if (!outcome || outcome.error !== undefined) return outcome;
    value = outcome.value;
  }
  for (const [name, told] of Object.entries(check)) {
    const outcome = checks.get(`${name} ${JSON.stringify(told)}`)?.get(JSON.stringify(value)) ?? TOLD[name]?.(value, told as never);
    if (!outcome || outcome.error !== undefined) return outcome;
  }
  return PASSED;
}

/** The text in which a value is refused here. */
function refusal({ convert, validate }: Field, sample: unknown): string | undefined {
  try {
    const given = structuredClone(sample);
    const value = convert ? convert(given) : given;
    return validate?.(value);
  } catch (error) {
    return (error as Error).message;
  }
}

/** Long texts are cut short in what is published. */
function isSaid(here: string | undefined, there: string | undefined): boolean {
  if (here === undefined || there === undefined) return here === there;
  const [start = '', end] = there.split('...');
  return end === undefined ? here === there : here.startsWith(start) && here.endsWith(end);
}

let tried = 0;

describe('values', () => {
  test.each(all.map((resource) => [collectionOf(resource, all), resource] as const))('of %s', (collection, resource) => {
    const found = new Map<string, string>();
    for (const field of resource.fields.filter(({ post, put }) => post || put)) {
      const fact = offered.get(collection)?.attributes[field.name];
      if (!fact) continue;
      for (const sample of samples.values()) {
        const outcome = published(fact, sample);
        if (!outcome) continue;
        tried += 1;
        const [here, there] = [refusal(field, sample), outcome.error];
        if (!isSaid(here, there))
          found.set(field.name, `${field.name}: ${JSON.stringify(sample)}: here ${here ?? 'fine'}, there ${there ?? 'fine'}`);
      }
    }
    // Nowhere blank: what belongs to nobody is counted by nobody's quota.
    found.delete('project_id');
    const reasons = valueDeviations[collection] ?? {};
    expect([...found].filter(([name]) => !reasons[name]).map(([, line]) => line)).toEqual([]);
    expect(Object.keys(reasons).filter((name) => !found.has(name))).toEqual([]);
  });

  test('were tried in numbers', () => {
    expect(tried).toBeGreaterThan(10_000);
  });
});
