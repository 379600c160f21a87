// Every attribute of every resource with every kind of value, every call, and every filter: never 500, what was made can be shown and removed, and
// the rows agree afterwards.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actionPath } from '#api/paths.ts';
import type { Resource } from '#core/resource.ts';
import { resources } from '#resources/index.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud } from './cloud.ts';
import { check, invariants, names, value } from './random-values.ts';
import { isMade, type Made, type Wish, Workshop } from './workshop.ts';

const unlimited = Object.fromEntries(resources.flatMap(({ resource: { name, quota } }) => (quota === undefined ? [] : [[name, -1]])));

describe.each(engines())('odd values on $name', (engine) => {
  let cloud: Cloud;
  let workshop: Workshop;
  let made: readonly Resource[];
  /** What a create of each takes, and one of each. */
  const wishes = new Map<string, Wish>();
  const rows = new Map<string, Made>();
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: unlimited } });
    workshop = new Workshop(cloud);
    for (const host of ['host', 'other']) await cloud.join(host);
    made = cloud.registry.all.filter(({ name }) => isMade(name));
    for (const { name } of made) {
      wishes.set(name, await workshop.wish(name));
      rows.set(name, await workshop.make(name));
    }
  });
  afterAll(() => cloud.close());

  const wishOf = ({ name }: Resource): Wish => wishes.get(name) as Wish;
  const rowOf = ({ name }: Resource): Made => rows.get(name) as Made;
  const maker = ({ name }: Resource) => cloud.as(workshop.maker(name));

  /** Makes a row with the value, or gives it to one that is there; then it can be shown, and what was made be removed. */
  async function tryOut(resource: Resource, name: string, wrong: unknown, update: boolean): Promise<void> {
    const { key, item } = resource;
    const as = maker(resource);
    const what = `${resource.name} ${name}=${JSON.stringify(wrong)}`;
    if (update) {
      const { path } = rowOf(resource);
      check(await as('PUT', path, { [key]: { [name]: wrong } }), `PUT ${what}`);
      // What was shared is perhaps not any more, and the port of a binding somewhere else.
      if ((await as('GET', path)).status === 404) rows.set(resource.name, await workshop.make(resource.name));
      return;
    }
    const { attributes, parent } = wishOf(resource);
    const collection = workshop.path(resource, parent);
    const answer = await as('POST', collection, { [key]: { ...attributes, [name]: wrong } });
    check(answer, `POST ${what}`);
    const row = answer.at(key) as Record<string, unknown> | undefined;
    if (answer.status !== 201 || row === undefined) return;
    const path = `${collection}/${row[item]}`;
    expect([what, (await as('GET', path)).status]).toEqual([what, 200]);
    const removed = await as('DELETE', path);
    check(removed, `DELETE ${what}`);
    // A router's port is not for users to delete, nor a range out of which somebody has a network, nor a trunk that is shut down.
    const inUse = ['ServicePortInUse', 'NetworkSegmentRangeReferencedByProject', 'TrunkDisabled'];
    if (removed.status !== 204) expect([what, inUse]).toEqual([what, expect.arrayContaining([removed.at('NeutronError.type')])]);
  }

  test('as attributes, by chance', { timeout: 180_000 }, async () => {
    const ids = [...rows.values()].map(({ row }) => row.id);
    const tries = fc.constantFrom(...made).chain((resource) =>
      fc.record({
        resource: fc.constant(resource),
        name: fc.constantFrom(...names(resource)),
        wrong: fc.oneof(value, fc.constantFrom<unknown>(...ids, cloud.member.projectId, NOWHERE)),
        update: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(tries, ({ resource, name, wrong, update }) => tryOut(resource, name, wrong, update)),
      { numRuns: 1_000 },
    );
    await invariants(cloud);
  });

  test('as attributes, the usual suspects everywhere', { timeout: 180_000 }, async () => {
    const suspects = [
      null,
      true,
      0,
      -1,
      1.5,
      1e308,
      '',
      '\0',
      'x'.repeat(300),
      '10.0.0.0/24',
      [],
      [null],
      [1],
      [''],
      [[]],
      [{}],
      {},
      { a: { b: [1] } },
    ];
    for (const resource of made) {
      for (const { name, post, put } of resource.fields) {
        for (const wrong of suspects) {
          if (post) await tryOut(resource, name, wrong, false);
          if (put && resource.operations.includes('update')) await tryOut(resource, name, wrong, true);
        }
      }
    }
    await invariants(cloud);
  });

  test('as what calls are sent, by chance', { timeout: 180_000 }, async () => {
    const ids = [...rows.values()].map(({ row }) => row.id);
    const calls = resources.filter(({ resource }) => isMade(resource.name)).flatMap(({ actions }) => actions);
    const words = [
      'subnet_id',
      'port_id',
      'router_id',
      'addresses',
      'prefixes',
      'routes',
      'router',
      'sub_ports',
      'network_id',
      'subnetpool',
      'id',
    ];
    const word = fc.oneof(value, fc.constantFrom<unknown>(...ids, NOWHERE));
    const inner = fc.dictionary(fc.constantFrom(...words), fc.oneof(word, fc.array(word, { maxLength: 2 })), { maxKeys: 3 });
    const body = fc.oneof(inner, fc.dictionary(fc.constantFrom(...words), inner, { maxKeys: 2 }), value);
    const one = fc.record({ call: fc.constantFrom(...calls), body, about: fc.constantFrom(...ids, NOWHERE) });
    await fc.assert(
      fc.asyncProperty(one, async ({ call, body: sent, about }) => {
        const { path } = rowOf(call.resource as unknown as Resource);
        const bare = call.method === 'GET' || call.method === 'DELETE';
        const answer = await cloud.as(cloud.admin)(call.method, actionPath(path, call, about), bare ? undefined : sent);
        check(answer, `${call.method} ${call.name} ${JSON.stringify(sent)}`);
      }),
      { numRuns: 600 },
    );
    await invariants(cloud);
  });

  test('as filters, markers and orders', { timeout: 60_000 }, async () => {
    const suspects = [
      '',
      '\0',
      '-1',
      '1.5',
      '1e308',
      '9'.repeat(19),
      '9'.repeat(40),
      'null',
      'true',
      '[]',
      '{}',
      '%',
      'x'.repeat(300),
      '\u{1F600}',
      'a=b',
      'ip_address=\0',
    ];
    for (const resource of cloud.registry.all.filter(({ operations }) => operations.includes('list'))) {
      const { collection } = resource;
      const path = workshop.path(resource, wishes.get(resource.name)?.parent);
      for (const name of [
        ...resource.fields.map((field) => field.name),
        'tenant_id',
        'fields',
        'limit',
        'marker',
        'sort_key',
        'sort_dir',
        'page_reverse',
      ]) {
        for (const wrong of suspects) {
          const search = new URLSearchParams([[name, wrong], ...(name === 'marker' ? [['limit', '1'] as [string, string]] : [])]);
          check(await cloud.as(cloud.admin)('GET', `${path}?${search}`), `GET ${collection}?${search}`);
        }
      }
    }
  });
});
