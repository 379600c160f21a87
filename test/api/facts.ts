// The published definitions of the Networking API as data, a file for each family in facts/. Read by the tests that hold what is declared here
// against them.
import { readdirSync, readFileSync } from 'node:fs';
import type { Resource } from '#core/resource.ts';

export interface AttributeFact {
  /** Alias that brings it; null for the core API. */
  readonly extension: string | null;
  /** c: create, u: update, v: visible, f: filter, s: sort key, p: rules of its own. */
  readonly flags: string;
  readonly required?: boolean;
  readonly default?: unknown;
  /** What a client's value is turned into first, by name. */
  readonly convert?: string;
  /** What it must pass then: names with what each is told. */
  readonly check?: Readonly<Record<string, unknown>>;
  /** Null stands for the default. */
  readonly nullIsDefault?: boolean;
}

/** What became of a sample: the value that it was turned into, the text of a refusal, or neither where it passed. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: string;
}

type Samples = readonly (readonly [value: unknown, outcome: Outcome])[];

export interface CollectionFact {
  /** Below /v2.0; `{}` stands for an id. */
  readonly path: string;
  /** Singular in bodies. */
  readonly key: string;
  /** Attribute that names an item in its path. */
  readonly item: string;
  readonly extension: string | null;
  readonly operations: string;
  /** Whether one call may create several; missing where nobody says. */
  readonly bulk?: boolean;
  readonly tags?: boolean;
  /** Calls beside the operations, `PUT /routers/{}/add_router_interface`, and the aliases that bring them. */
  readonly actions?: Readonly<Record<string, string | null>>;
  readonly attributes: Readonly<Record<string, AttributeFact>>;
}

export interface ExtensionFact {
  readonly name: string;
  readonly updated: string;
  readonly requires: readonly string[];
  /** Offered by a reference deployment with ML2 and Open vSwitch. */
  readonly deployed: boolean;
}

const folder = new URL('facts/', import.meta.url);
const read = <T>(file: string): T => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T;

const OTHERS = ['errors.json', 'extensions.json', 'policies.json', 'quota.json', 'values.json'];

/** Collections of each family, by path without prefixes and ids: `routers`, `policies/bandwidth_limit_rules`. */
export const families: ReadonlyMap<string, Readonly<Record<string, CollectionFact>>> = new Map(
  readdirSync(folder)
    .filter((file) => !OTHERS.includes(file))
    .map((file) => [file.replace(/\.json$/, ''), read(file)]),
);

export const extensionFacts = read<Record<string, ExtensionFact>>('extensions.json');
/** Rules of each subject. */
export const policyFacts = read<Record<string, Record<string, string>>>('policies.json');
/** Type → every status and text it comes with. */
export const errorFacts = read<Record<string, (readonly [status: number, text: string])[]>>('errors.json');
/** Default limits of what is counted. */
export const limitFacts = read<{ readonly limits: Record<string, number> }>('quota.json').limits;

/** Samples of values by check, `NAME ARGUMENTS`, and by conversion. */
export const valueFacts = read<Readonly<Record<'checks' | 'converters', Readonly<Record<string, Samples>>>>>('values.json');

/** The name of a resource's collection in {@link families}. */
export function collectionOf(resource: Resource, all: readonly Resource[]): string {
  const parent = all.find(({ name }) => name === resource.parent?.resource);
  return `${parent ? `${collectionOf(parent, all)}/` : ''}${resource.collection}`;
}
