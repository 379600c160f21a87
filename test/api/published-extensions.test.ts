// The extensions that are listed are those of a reference deployment, with its names and dates, and what is counted has its default limits.
import { expect, test } from 'vitest';
import { limitedOf } from '#core/quota.ts';
import { extensions } from '#packs/extensions.ts';
import { resources } from '#resources/index.ts';
import { extensionFacts, limitFacts } from './facts.ts';

const deployed = Object.keys(extensionFacts).filter((alias) => extensionFacts[alias]?.deployed);

test('every extension of a deployment is listed, and no other', () => {
  const listed = extensions.map(({ alias }) => alias);
  expect(listed.toSorted()).toEqual(deployed.toSorted());
});

test.each(extensions.map((extension) => [extension.alias, extension] as const))(
  '%s is as published',
  (alias, { name, updated, description }) => {
    const { name: published, updated: date } = extensionFacts[alias] ?? {};
    expect({ name, updated }).toEqual({ name: published, updated: date });
    expect(description).toMatch(/^\w.+\.$/);
  },
);

test('what is counted has the published default limits', () => {
  const here = Object.fromEntries(limitedOf(resources.map(({ resource }) => resource)).map(({ name, quota }) => [name, quota]));
  expect(here).toEqual(limitFacts);
});
