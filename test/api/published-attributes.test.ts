// Collections, attributes and calls are what the published definitions of the Networking API say (facts/), but where deviations.ts says why not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf } from '#api/server.ts';
import type { Resource } from '#core/resource.ts';
import { resources } from '#resources/index.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, openCloud } from './cloud.ts';
import { actionDeviations, attributeDeviations, noResources, notOffered } from './deviations.ts';
import { type CollectionFact, collectionOf, extensionFacts, families } from './facts.ts';

const all = resources.map(({ resource }) => resource).filter(({ operations }) => operations.length > 0);
/** Everything that a deployment offers. */
const offered = new Map([...families].filter(([family]) => !Object.hasOwn(notOffered, family)).flatMap(([, one]) => Object.entries(one)));
const isDeployed = (alias: string | null): boolean => alias === null || extensionFacts[alias]?.deployed === true;

test('families that no deployment offers are no part of this one', () => {
  for (const [family, reason] of Object.entries(notOffered)) {
    expect([family, families.has(family), reason.length > 20]).toEqual([family, true, true]);
    for (const [collection, fact] of Object.entries(families.get(family) ?? {})) {
      if (fact.extension !== null)
        expect([collection, fact.extension, isDeployed(fact.extension)]).toEqual([collection, fact.extension, false]);
      if (offered.has(collection)) continue; // of the same name in another API
      expect(all.map((resource) => collectionOf(resource, all))).not.toContain(collection);
    }
  }
});

test('every collection that a deployment offers is served, and no other', () => {
  const here = all.map((resource) => collectionOf(resource, all));
  expect(here.filter((collection) => !offered.has(collection))).toEqual([]);
  expect(Object.keys(noResources).filter((collection) => !offered.has(collection) || here.includes(collection))).toEqual([]);
  expect([...offered.keys()].filter((collection) => !here.includes(collection) && !Object.hasOwn(noResources, collection))).toEqual([]);
});

const flagsOf = ({ post, put, visible, filter, sort, policy }: Resource['fields'][number]): string =>
  [post && 'c', put && 'u', visible && 'v', filter && 'f', sort && 's', policy && 'p'].filter(Boolean).join('');

/** What is otherwise than published: `NAME WHAT: here …, there …`. */
function differences(resource: Resource, fact: CollectionFact): Map<string, string> {
  const found = new Map<string, string>();
  const compare = (what: string, here: unknown, there: unknown): void => {
    const [mine, theirs] = [JSON.stringify(here), JSON.stringify(there)];
    if (mine !== theirs) found.set(what, `${what}: here ${mine}, there ${theirs}`);
  };
  compare('(key)', resource.key, fact.key);
  compare('(item)', resource.item, fact.item);
  compare('(extension)', resource.extension, fact.extension);
  compare('(operations)', resource.operations.join(' '), fact.operations);
  if (fact.bulk !== undefined && resource.operations.includes('create')) compare('(bulk)', resource.bulk, fact.bulk);
  compare('(tags)', resource.field.get('tags')?.visible === true, fact.tags === true);
  for (const name of new Set([...resource.field.keys(), ...Object.keys(fact.attributes)])) {
    const [field, published] = [resource.field.get(name), fact.attributes[name]];
    // A column that no client can set or see is nobody's attribute.
    if (field && !published && !field.post && !field.put && !field.visible && !field.filter) continue;
    const { extension } = published ?? {};
    compare(`${name} presence`, field !== undefined, extension !== undefined && isDeployed(extension));
    if (!field || !published) continue;
    compare(`${name} flags`, flagsOf(field), published.flags);
    compare(`${name} required`, field.post && field.required, published.required === true);
    compare(`${name} default`, field.default ?? null, published.default ?? null);
  }
  return found;
}

describe('attributes', () => {
  test.each(all.map((resource) => [collectionOf(resource, all), resource] as const))('of %s', (collection, resource) => {
    const fact = offered.get(collection);
    const reasons = attributeDeviations[collection];
    expect([fact, reasons]).not.toContain(undefined);
    const found = differences(resource, fact as CollectionFact);
    expect([...found].filter(([what]) => !reasons?.[what]).map(([, line]) => line)).toEqual([]);
    expect(Object.keys(reasons ?? {}).filter((what) => !found.has(what))).toEqual([]);
  });

  test('deviations are of collections that there are', () => {
    expect(Object.keys(attributeDeviations).filter((collection) => !offered.has(collection))).toEqual([]);
  });
});

describe('calls', () => {
  let cloud: Cloud;
  beforeAll(async () => {
    const [engine] = engines();
    if (!engine) throw new Error('no database');
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  test('every published path and call has a route', () => {
    const routes = new Set((routesOf.get(cloud.app) ?? []).map(({ method, url }) => `${method} ${url.replaceAll(/:\w+/g, '{}')}`));
    const calls = [...offered.values()].flatMap(({ path, operations, actions = {} }) => [
      ...(operations.includes('list') ? [`GET ${path}`] : []),
      ...Object.keys(actions).filter((call) => isDeployed(actions[call] ?? null)),
    ]);
    const missing = calls.filter((call) => !routes.has(call.replace(' ', ' /v2.0')));
    expect(missing).toEqual(Object.keys(actionDeviations));
  });
});
