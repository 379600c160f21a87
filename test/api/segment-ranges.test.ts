// Ranges of segments' numbers: those of the configuration, those for everybody and those of one project, from which its networks get theirs first.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { preparePools } from '#ml2/pools.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('ranges on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, {
      settings: { networkTypes: ['vxlan', 'vlan'], tunnelIds: [[1, 4]], vlanRanges: new Map([['rack', [[10, 12]]]]) },
    });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterEach(async () => {
    for (const { id } of (await admin('GET', '/networks')).at('networks') as Shown[]) await admin('DELETE', `/networks/${id}`);
    for (const { id } of (await ranges()).filter((range) => !range.default)) await admin('DELETE', `/network_segment_ranges/${id}`);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const ranges = async (query = '') => (await admin('GET', `/network_segment_ranges${query}`)).at('network_segment_ranges') as Shown[];
  const post = (attributes: object, who = admin) => who('POST', '/network_segment_ranges', { network_segment_range: attributes });
  const made = async (attributes: object) => {
    const answer = await post({ network_type: 'vxlan', ...attributes });
    expect(answer.status, answer.text).toBe(201);
    return answer.at('network_segment_range') as Shown;
  };
  const own = (minimum: number, maximum: number, more: object = {}) =>
    made({ shared: false, project_id: cloud.member.projectId, minimum, maximum, ...more });
  const change = ({ id }: Shown, changes: object) => admin('PUT', `/network_segment_ranges/${id}`, { network_segment_range: changes });
  const range = async ({ id }: Shown) => (await admin('GET', `/network_segment_ranges/${id}`)).at('network_segment_range') as Shown;
  const network = async (person = cloud.member) => {
    const { id } = await cloud.make('network', {}, person);
    const shown = (await admin('GET', `/networks/${id}`)).at('network') as Shown;
    return { id, type: shown['provider:network_type'], number: Number(shown['provider:segmentation_id']) };
  };
  const numbers = async (count: number, person = cloud.member) => {
    const found: number[] = [];
    for (let at = 0; at < count; at++) found.push((await network(person)).number);
    return found.toSorted((a, b) => a - b);
  };

  test('those of the configuration are there, and stay as they are', async () => {
    const all = await ranges();
    expect(all.map((one) => [one.network_type, one.physical_network, one.minimum, one.maximum]).toSorted()).toEqual([
      ['geneve', null, 1, 4],
      ['gre', null, 1, 4],
      ['vlan', 'rack', 10, 12],
      ['vxlan', null, 1, 4],
    ]);
    const [vlan] = (await ranges('?network_type=vlan')) as [Shown];
    expect(vlan).toEqual({
      id: expect.any(String),
      name: '',
      project_id: null,
      tenant_id: null,
      default: true,
      shared: true,
      network_type: 'vlan',
      physical_network: 'rack',
      minimum: 10,
      maximum: 12,
      used: {},
      available: [10, 11, 12],
      description: '',
      tags: [],
      revision_number: 0,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const refused = `Network Segment Range ${vlan.id} is a default segment range which could not be updated or deleted.`;
    expectError(await change(vlan, { name: 'x' }), 400, 'NetworkSegmentRangeDefaultReadOnly', refused);
    expectError(await admin('DELETE', `/network_segment_ranges/${vlan.id}`), 400, 'NetworkSegmentRangeDefaultReadOnly', refused);
    // A start with the same configuration changes nothing.
    await cloud.store.transaction((tx) => preparePools(tx, cloud.pipeline.parts.settings));
    expect(await ranges()).toEqual(all);
  });

  test("a project's networks get the numbers of its own range first, and nobody else gets them", async () => {
    const mine = await own(100, 101, { name: 'mine', description: 'for the member' });
    expect(mine).toMatchObject({
      name: 'mine',
      description: 'for the member',
      project_id: cloud.member.projectId,
      default: false,
      shared: false,
      physical_network: null,
      available: [100, 101],
      used: {},
      revision_number: 0,
    });
    expect((await ranges(`?project_id=${cloud.member.projectId}`)).map(({ id }) => id)).toEqual([mine.id]);
    const [first, second] = [await network(), await network()];
    expect([first.number, second.number].toSorted()).toEqual([100, 101]);
    expect(await range(mine)).toMatchObject({ available: [], used: { 100: cloud.member.projectId, 101: cloud.member.projectId } });
    // Then those for everybody, and of the next type.
    expect(await numbers(4)).toEqual([1, 2, 3, 4]);
    expect(await network()).toMatchObject({ type: 'vlan' });
    const referenced = `Network Segment Range ${mine.id} is referenced by one or more project networks.`;
    expectError(await admin('DELETE', `/network_segment_ranges/${mine.id}`), 409, 'NetworkSegmentRangeReferencedByProject', referenced);
    expectError(await change(mine, { maximum: 105 }), 409, 'NetworkSegmentRangeReferencedByProject', referenced);
    // What is given back is given to the same project again.
    await admin('DELETE', `/networks/${first.id}`);
    expect((await network(cloud.stranger)).number).not.toBe(first.number);
    expect((await network()).number).toBe(first.number);
  });

  test('a range within that of the configuration is taken out of it', async () => {
    const mine = await own(3, 9);
    expect(await numbers(2, cloud.stranger)).toEqual([1, 2]);
    expect((await network(cloud.stranger)).type).toBe('vlan');
    const [taken] = await numbers(1);
    expect(taken).toBeGreaterThan(2);
    // An administrator may take one of it, and gives it back to it.
    const chosen = (await ranges()).find(({ id }) => id === mine.id)?.available as number[];
    const picked = { 'provider:network_type': 'vxlan', 'provider:segmentation_id': chosen[0] };
    const { id } = await cloud.make('network', picked, cloud.admin);
    expect((await range(mine)).used).toMatchObject({ [String(chosen[0])]: cloud.admin.projectId });
    await admin('DELETE', `/networks/${id}`);
    expect((await range(mine)).available).toContain(chosen[0]);
    expect((await numbers(6)).every((number) => number > 2)).toBe(true);
  });

  test('a range that goes gives its numbers back to whom they were of', async () => {
    const mine = await own(3, 9);
    expect((await admin('DELETE', `/network_segment_ranges/${mine.id}`)).status).toBe(204);
    expectError(
      await admin('GET', `/network_segment_ranges/${mine.id}`),
      404,
      'NetworkSegmentRangeNotFound',
      `Network Segment Range ${mine.id} could not be found.`,
    );
    expect(await numbers(4, cloud.stranger)).toEqual([1, 2, 3, 4]);
    expect((await network(cloud.stranger)).type).toBe('vlan');
  });

  test('a shared range is for everybody, and so is what it is changed to', async () => {
    const more = await made({ minimum: 200, maximum: 201, project_id: '' });
    expect(more).toMatchObject({ shared: true, project_id: null });
    expect(await numbers(6, cloud.stranger)).toEqual([1, 2, 3, 4, 200, 201]);
    for (const { id } of (await admin('GET', '/networks')).at('networks') as Shown[]) await admin('DELETE', `/networks/${id}`);
    const changed = await change(more, { minimum: 201, maximum: 202, name: 'moved' });
    expect(changed.at('network_segment_range')).toMatchObject({ available: [201, 202], name: 'moved', revision_number: 1 });
    expect(await numbers(6)).toEqual([1, 2, 3, 4, 201, 202]);
  });

  test('VLANs of physical networks that the configuration does not name', async () => {
    const rack = await made({
      network_type: 'vlan',
      physical_network: 'other',
      minimum: 7,
      maximum: 7,
      shared: false,
      project_id: cloud.member.projectId,
    });
    await numbers(4);
    expect(await network()).toMatchObject({ type: 'vlan', number: 7 });
    expect((await range(rack)).used).toEqual({ 7: cloud.member.projectId });
    const by = await cloud.make(
      'network',
      { 'provider:network_type': 'vlan', 'provider:physical_network': 'other', 'provider:segmentation_id': 9 },
      cloud.admin,
    );
    expect(by['provider:segmentation_id']).toBe(9);
  });

  test('what a range cannot be', async () => {
    const vxlan = (minimum: unknown, maximum: unknown, more: object = {}) => post({ network_type: 'vxlan', minimum, maximum, ...more });
    expectError(
      await post({ minimum: 1, maximum: 2 }),
      400,
      'NetworkSegmentRangeNetTypeNotSupported',
      'Network type None does not support network segment ranges.',
    );
    expectError(
      await post({ network_type: 'flat', minimum: 1, maximum: 2 }),
      400,
      'HTTPBadRequest',
      'Invalid input for network_type. Reason: flat is not in valid_values.',
    );
    expectError(await vxlan(0, 5), 400, 'HTTPBadRequest', "Invalid input for minimum. Reason: '0' is too small - must be at least '1'.");
    expectError(await vxlan('x', 5), 400, 'InvalidInput', "Invalid input for operation: 'x' is not an integer.");
    expectError(
      await vxlan(5, 2),
      500,
      'NetworkTunnelRangeError',
      "Invalid network tunnel range: '5:2' - End of tunnel range is less than start of tunnel range.",
    );
    expectError(
      await vxlan(5, 16_777_216),
      500,
      'NetworkTunnelRangeError',
      "Invalid network tunnel range: '5:16777216' - 16777216 is not a valid vxlan identifier.",
    );
    const vlan = (minimum: number, maximum: number, more: object = { physical_network: 'rack' }) =>
      post({ network_type: 'vlan', minimum, maximum, ...more });
    expectError(
      await vlan(1, 2, {}),
      400,
      'BadRequest',
      "Bad network_segment_range request: Network type vlan requires 'physical_network' to be specified while creating new range.",
    );
    expectError(
      await vlan(4000, 5000),
      500,
      'NetworkVlanRangeError',
      "Invalid network VLAN range: '4000:5000' - '5000 is not a valid VLAN tag'.",
    );
    expectError(await vlan(5, 2), 500, 'NetworkVlanRangeError');
    const one = await own(300, 310);
    const other = await made({ minimum: 320, maximum: 330 });
    const overlaps = (...which: Shown[]) =>
      `Network segment range overlaps with range(s) with id ${which
        .map(({ id }) => id)
        .toSorted()
        .join(', ')}`;
    expectError(await vxlan(305, 325), 409, 'NetworkSegmentRangeOverlaps', overlaps(one, other));
    expectError(await vxlan(310, 310, { shared: false }), 409, 'NetworkSegmentRangeOverlaps', overlaps(one));
    expectError(await change(other, { minimum: 309 }), 409, 'NetworkSegmentRangeOverlaps', overlaps(one));
    expectError(await change(other, { minimum: 331 }), 500, 'NetworkTunnelRangeError');
    expect((await change(other, { minimum: 321 })).status).toBe(200);
    for (const name of ['shared', 'network_type', 'project_id'])
      expectError(await change(other, { [name]: true }), 400, 'HTTPBadRequest', `Cannot update read-only attribute ${name}`);
    for (const name of ['minimum', 'shared', 'used'])
      expectError(
        await admin('GET', `/network_segment_ranges?${name}=1`),
        400,
        'HTTPBadRequest',
        `['${name}'] is invalid attribute for filtering`,
      );
    expectError(await change({ ...one, id: NOWHERE }, {}), 404, 'NetworkSegmentRangeNotFound');
    // A physical network means nothing to a tunnel.
    expect((await made({ minimum: 400, maximum: 400, physical_network: 'rack' })).physical_network).toBe(null);
  });

  test('many at once, and of overlapping ones at once one', async () => {
    const body = { network_segment_ranges: [400, 410].map((minimum) => ({ network_type: 'gre', minimum, maximum: minimum + 5 })) };
    const both = await admin('POST', '/network_segment_ranges', body);
    expect([both.status, (both.at('network_segment_ranges') as unknown[]).length]).toEqual([201, 2]);
    const answers = await Promise.all(Array.from({ length: 4 }, () => post({ network_type: 'geneve', minimum: 500, maximum: 505 })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
  });

  test('are tagged, and are the administrator’s alone', async () => {
    const one = await own(600, 601);
    expect((await admin('PUT', `/network_segment_ranges/${one.id}/tags/blue`)).status).toBe(201);
    expect((await ranges('?tags=blue')).map(({ id }) => id)).toEqual([one.id]);
    for (const who of [member, cloud.as(cloud.manager), cloud.as(cloud.service)]) {
      expect((await who('GET', '/network_segment_ranges')).body).toEqual({ network_segment_ranges: [] });
      expectError(await who('GET', `/network_segment_ranges/${one.id}`), 404, 'NetworkSegmentRangeNotFound');
      expectError(await post({ network_type: 'vxlan', minimum: 1, maximum: 2 }, who), 403, 'PolicyNotAuthorized');
      expectError(await who('DELETE', `/network_segment_ranges/${one.id}`), 404, 'NetworkSegmentRangeNotFound');
    }
  });

  test('a range of millions tells its lowest numbers', async () => {
    const wide = await made({ minimum: 1000, maximum: 16_777_215 });
    expect(wide.available).toHaveLength(10_000);
    expect((wide.available as number[]).at(-1)).toBe(10_999);
  });
});
