// Every attribute with every kind of value, and every filter: never 500, and what was made can be shown and removed.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud } from './cloud.ts';
import { check, invariants, names, value } from './random-values.ts';

describe.each(engines())('odd values on $name', (engine) => {
  let cloud: Cloud;
  let ids: string[];
  let base: Readonly<Record<string, object>>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { network: -1, subnet: -1, port: -1 } } });
    await cloud.join('host');
    const { network, subnet } = await cloud.wired('192.168.0.0/16', cloud.admin);
    ids = [network.id, subnet.id, cloud.member.projectId, NOWHERE];
    base = {
      network: {},
      subnet: { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' },
      port: { network_id: network.id, fixed_ips: [{ subnet_id: subnet.id }] },
      agent: {},
    };
  });
  afterAll(() => cloud.close());

  /** Makes a row with the value, or makes one and gives it the value; then it can be shown and removed. */
  async function tryOut(kind: string, name: string, wrong: unknown, update: boolean): Promise<void> {
    const admin = cloud.as(cloud.admin);
    const collection = `${kind}s`;
    const what = `${collection} ${name}=${JSON.stringify(wrong)}`;
    const made = await admin('POST', `/${collection}`, { [kind]: { ...base[kind], ...(update ? {} : { [name]: wrong }) } });
    check(made, `POST ${what}`);
    const id = made.at(`${kind}.id`);
    if (typeof id !== 'string') return;
    if (update) check(await admin('PUT', `/${collection}/${id}`, { [kind]: { [name]: wrong } }), `PUT ${what}`);
    const shown = await admin('GET', `/${collection}/${id}`);
    expect([what, shown.status]).toEqual([what, 200]);
    const removed = await admin('DELETE', `/${collection}/${id}`);
    check(removed, `DELETE ${what}`);
    // A router's port is not for users to delete.
    if (removed.status !== 204) expect([what, removed.at('NeutronError.type')]).toEqual([what, 'ServicePortInUse']);
  }

  test('as attributes, by chance', { timeout: 180_000 }, async () => {
    const kinds = fc.constantFrom(...cloud.registry.all).chain((resource) =>
      fc.record({
        kind: fc.constant(resource.name),
        name: fc.constantFrom(...names(resource)),
        wrong: fc.oneof(value, fc.constantFrom<unknown>(...ids)),
        update: fc.boolean(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(kinds, ({ kind, name, wrong, update }) => tryOut(kind, name, wrong, update)),
      { numRuns: 500 },
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
    for (const resource of cloud.registry.all) {
      for (const { name } of resource.fields) {
        for (const wrong of suspects) for (const update of [false, true]) await tryOut(resource.name, name, wrong, update);
      }
    }
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
    for (const { collection, fields } of cloud.registry.all) {
      for (const name of [
        ...fields.map((field) => field.name),
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
          check(await cloud.as(cloud.admin)('GET', `/${collection}?${search}`), `GET ${collection}?${search}`);
        }
      }
    }
  });
});
