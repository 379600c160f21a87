// Every attribute of every kind of row, every action and every tag call, with whatever values: never 500. Rows are made by workshop.ts, so that requests
// get as far as the rules; a new resource is in it by itself.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionPath } from '#api/paths.ts';
import type { Served } from '#core/resource.ts';
import { resources } from '#resources/index.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud, type Person, type Shown } from './cloud.ts';
import { check, invariants, names, value } from './random-values.ts';
import { isMade, type Made, type Wish, Workshop } from './workshop.ts';

const unlimited = Object.fromEntries(resources.flatMap(({ resource: { name, quota } }) => (quota === undefined ? [] : [[name, -1]])));
const kinds = resources.filter(({ resource }) => isMade(resource.name));

const SUSPECTS: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  1e308,
  '',
  '\0',
  'x'.repeat(300),
  '10.0.0.0/24',
  NOWHERE,
  [],
  [null],
  ['\0'],
  [[]],
  [{}],
  {},
  { a: { b: ['\0'] } },
];

/** What the bodies of actions have. */
const PARTS = [
  'subnet_id',
  'port_id',
  'network_id',
  'addresses',
  'prefixes',
  'sub_ports',
  'segmentation_type',
  'segmentation_id',
  'routes',
  'id',
  'tags',
];

describe.each(engines())('random calls on $name', (engine) => {
  let cloud: Cloud;
  let workshop: Workshop;
  const made = new Map<string, Made>();
  const wishes = new Map<string, Wish>();
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: unlimited } });
    workshop = new Workshop(cloud);
    for (const host of ['host', 'other']) await cloud.join(host);
    for (const { resource } of kinds) {
      made.set(resource.name, await workshop.make(resource.name));
      wishes.set(resource.name, await workshop.wish(resource.name));
    }
  }, 60_000);
  afterAll(() => cloud.close());

  const makerOf = (name: string): Person => (name === 'port_binding' ? cloud.service : cloud.admin);
  const ids = (): string[] => [...[...made.values()].map(({ row }) => row.id ?? ''), cloud.member.projectId, NOWHERE];

  async function rowOf(name: string): Promise<Made> {
    const there = made.get(name);
    if (there && (await cloud.as(makerOf(name))('GET', there.path)).status === 200) return there;
    const next = await workshop.make(name);
    made.set(name, next);
    return next;
  }

  async function tryOut({ resource }: Served, name: string, wrong: unknown): Promise<void> {
    const { key, operations } = resource;
    const call = cloud.as(makerOf(resource.name));
    const what = `${resource.name} ${name}=${JSON.stringify(wrong)}`;
    const { attributes, parent } = wishes.get(resource.name) as Wish;
    const collection = workshop.path(resource, parent);
    const answer = await call('POST', collection, { [key]: { ...attributes, [name]: wrong } });
    check(answer, `POST ${what}`);
    if (answer.status === 201) {
      const path = `${collection}/${encodeURIComponent(String((answer.at(key) as Shown)[resource.item]))}`;
      expect([what, (await call('GET', path)).status]).toEqual([what, 200]);
      check(await call('DELETE', path), `DELETE ${what}`);
    }
    if (!operations.includes('update')) return;
    const { path } = await rowOf(resource.name);
    check(await call('PUT', path, { [key]: { [name]: wrong } }), `PUT ${what}`);
  }

  test.each(kinds.map((kind) => [kind.resource.name, kind] as const))(
    'the usual suspects in every attribute of %s',
    { timeout: 120_000 },
    async (_, kind) => {
      for (const { name } of kind.resource.fields) for (const wrong of SUSPECTS) await tryOut(kind, name, wrong);
      await invariants(cloud);
    },
  );

  test('any values in any attribute', { timeout: 180_000 }, async () => {
    const attempts = fc.constantFrom(...kinds).chain((kind) =>
      fc.record({
        kind: fc.constant(kind),
        name: fc.constantFrom(...names(kind.resource)),
        wrong: fc.oneof(value, fc.constantFrom<unknown>(...ids())),
      }),
    );
    await fc.assert(
      fc.asyncProperty(attempts, ({ kind, name, wrong }) => tryOut(kind, name, wrong)),
      { numRuns: 400 },
    );
    await invariants(cloud);
  });

  test('any bodies to any action', { timeout: 180_000 }, async () => {
    const calls = kinds.flatMap((kind) => kind.actions.map((action) => ({ kind, action })));
    const scalar = () => fc.oneof(value, fc.constantFrom<unknown>(...ids()));
    const item = () => fc.dictionary(fc.constantFrom(...PARTS, 'destination', 'nexthop'), scalar(), { maxKeys: 3 });
    const part = () => fc.oneof(scalar(), fc.array(scalar(), { maxLength: 3 }), item(), fc.array(item(), { maxLength: 3 }));
    const body = () => fc.dictionary(fc.constantFrom(...PARTS), part(), { maxKeys: 3 });
    const attempts = fc.constantFrom(...calls).chain(({ kind, action }) =>
      fc.record({
        kind: fc.constant(kind),
        action: fc.constant(action),
        body: fc.oneof(
          body(),
          body().map((inner) => ({ [kind.resource.key]: inner })),
          part().map((inner) => ({ service_profiles: inner })),
          value,
        ),
        about: fc.oneof(fc.constantFrom(...ids()), fc.string({ unit: 'binary', maxLength: 5 })),
      }),
    );
    await fc.assert(
      fc.asyncProperty(attempts, async ({ kind: { resource }, action, body: sent, about }) => {
        const { path } = await rowOf(resource.name);
        const url = actionPath(path, action, encodeURIComponent(about.toWellFormed()) || '-');
        const bare = ['GET', 'DELETE'].includes(action.method);
        const answer = await cloud.as(makerOf(resource.name))(action.method, url, bare ? undefined : sent);
        check(answer, `${action.method} ${url} ${JSON.stringify(sent)?.slice(0, 300)}`);
      }),
      { numRuns: 800 },
    );
    await invariants(cloud);
  });

  test('the usual suspects in every part of every action', { timeout: 180_000 }, async () => {
    for (const { resource, actions } of kinds) {
      for (const action of actions.filter(({ method }) => method !== 'GET' && method !== 'DELETE')) {
        for (const part of PARTS) {
          for (const wrong of [...SUSPECTS, ['10.0.0.0/8', '\0'], ['::/0'], '0', [{ port_id: NOWHERE }], [{ id: '\0' }], { id: '\0' }]) {
            for (const wrap of [{ [part]: wrong }, { [resource.key]: { [part]: wrong } }]) {
              const { path } = made.get(resource.name) as Made;
              const url = actionPath(path, action, NOWHERE);
              check(
                await cloud.as(makerOf(resource.name))(action.method, url, wrap),
                `${action.method} ${url} ${JSON.stringify(wrap).slice(0, 300)}`,
              );
            }
          }
        }
      }
    }
    await invariants(cloud);
  });
});
