// Segments: networks that several carry, rows of them with numbers of their own, and routed networks, whose subnets and ports belong to one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

const PHYSICAL = ['rack1', 'rack2', 'rack3'] as const;

describe.each(engines())('segments on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, {
      settings: { vlanRanges: new Map(PHYSICAL.map((name) => [name, [[1, 4000]]])), networkTypes: ['vxlan'] },
    });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    for (const name of PHYSICAL.slice(0, 2)) await cloud.join(`in-${name}`, { bridge_mappings: { [name]: 'eth1' }, tunnel_types: [] });
    await cloud.join('nowhere', { bridge_mappings: {}, tunnel_types: [] });
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  let numbers = 100;
  const vlan = (physical_network: string, segmentation_id = numbers++) => ({ network_type: 'vlan', physical_network, segmentation_id });
  const provider = (segment: object) => Object.fromEntries(Object.entries(segment).map(([name, value]) => [`provider:${name}`, value]));
  const post = (network: Shown, segment: object, who = admin) =>
    who('POST', '/segments', { segment: { network_id: network.id, ...segment } });
  const made = async (answer: Promise<Reply>, name = 'segment') => {
    const { status, text, at } = await answer;
    expect(status, text).toBe(201);
    return at(name) as Shown;
  };
  const network = (attributes: object = {}) => cloud.make('network', attributes, cloud.admin);
  const segmentsOf = async ({ id }: Shown) => (await admin('GET', `/segments?network_id=${id}`)).at('segments') as Shown[];
  const shown = async ({ id }: Shown) => (await admin('GET', `/networks/${id}`)).at('network') as Shown;

  describe('of networks that several carry', () => {
    test('given at once', async () => {
      const [one, two] = [vlan('rack1'), vlan('rack2')];
      const both = await network({ segments: [provider(one), provider(two)] });
      const several = { segments: [provider(one), provider(two)], 'provider:network_type': null, 'provider:segmentation_id': null };
      expect(both).toMatchObject({ ...several, mtu: 1500, l2_adjacency: true });
      expect(await shown(both)).toMatchObject(several);
      expect(await segmentsOf(both)).toEqual(
        expect.arrayContaining([expect.objectContaining(one), expect.objectContaining({ ...two, name: null, description: '' })]),
      );
      for (const { segmentation_id } of [one, two])
        expect((await admin('GET', `/networks?provider:segmentation_id=${segmentation_id}&fields=id`)).at('networks')).toEqual([
          { id: both.id },
        ]);
      expect((await admin('GET', `/networks?provider:physical_network=rack2&fields=id`)).at('networks')).toContainEqual({ id: both.id });
      const alone = await network({ segments: [provider(vlan('rack1', 90))] });
      expect(alone).toMatchObject({ segments: null, 'provider:network_type': 'vlan', 'provider:segmentation_id': 90 });
      expect((await network({ segments: [provider({ network_type: 'vxlan' }), provider(vlan('rack1'))] })).mtu).toBe(1450);
      expect(await network({ segments: [] })).toMatchObject({ 'provider:network_type': 'vxlan' });
      // Tenants see nothing of it.
      const shared = await network({ segments: [provider(vlan('rack1')), provider(vlan('rack2'))], shared: true });
      const seen = (await member('GET', `/networks/${shared.id}`)).at('network') as Shown;
      expect(seen).not.toHaveProperty('segments');
      expect(seen).not.toHaveProperty('provider:network_type');
    });

    test('that cannot be', async () => {
      const wrong = (segments: unknown, more: object = {}) => admin('POST', '/networks', { network: { segments, ...more } });
      const one = provider(vlan('rack1'));
      expectError(
        await wrong([one], { 'provider:network_type': 'vlan' }),
        400,
        'SegmentsSetInConjunctionWithProviders',
        'Segments and provider values cannot both be set.',
      );
      expectError(await wrong([one, one]), 400, 'SegmentsContainDuplicateEntry', 'Duplicate segment entry in request.');
      expectError(await wrong([one, provider(vlan('rack1'))]), 409, 'NeutronDbObjectDuplicateEntry');
      expectError(await wrong('x'), 400, 'HTTPBadRequest', "Invalid input for segments. Reason: 'x' is not a list.");
      expectError(await wrong([7]), 400, 'HTTPBadRequest', "Invalid input for segments. Reason: '7' is not a dictionary.");
      expectError(await wrong([{ colour: 1 }]), 400, 'HTTPBadRequest', "Unrecognized attribute(s) 'colour'");
      expectError(await wrong([{ 'provider:network_type': 7 }]), 400, 'HTTPBadRequest');
      expectError(await wrong([provider({ physical_network: 'rack1' })]), 400, 'InvalidInput', /network_type required/);
      expectError(await wrong([provider({ ...vlan('rack1'), segmentation_id: 'x' })]), 400, 'InvalidInput', /'x' is not an integer/);
      expectError(
        await wrong([provider({ network_type: 'flat', physical_network: 'rack3' }), one, one]),
        400,
        'SegmentsContainDuplicateEntry',
      );
      expectError(
        await member('POST', '/networks', { network: { segments: [one] } }),
        403,
        'PolicyNotAuthorized',
        '(rule:create_network and rule:create_network:segments) is disallowed by policy',
      );
    });

    test('ports are bound on the segment that their host has', async () => {
      const both = await network({ segments: [provider(vlan('rack1')), provider(vlan('rack2'))] });
      const port = await cloud.make('port', { network_id: both.id, 'binding:host_id': 'in-rack2' }, cloud.admin);
      expect(port['binding:vif_type']).toBe('bridge');
      const carrier = (await segmentsOf(both)).find(({ physical_network }) => physical_network === 'rack2') as Shown;
      expectError(
        await admin('DELETE', `/segments/${carrier.id}`),
        409,
        'SegmentInUse',
        `Segment '${carrier.id}' cannot be deleted: The segment is still bound with 1 port(s).`,
      );
      const wired = (await cloud.hosts.of('in-rack2').pull(undefined)).put.find(({ key }) => key === `network/${both.id}`);
      expect(wired?.value).toMatchObject({ physical_network: 'rack2', segmentation_id: carrier.segmentation_id });
    });
  });

  test('a network is given another VLAN', async () => {
    const [first, second] = [vlan('rack1'), vlan('rack1')];
    const one = await network(provider(first));
    const change = (changes: object, who = admin) => who('PUT', `/networks/${one.id}`, { network: changes });
    const renumbered = await change({ 'provider:segmentation_id': second.segmentation_id });
    expect(renumbered.at('network')).toMatchObject({ ...provider(second), revision_number: 1 });
    expect((await segmentsOf(one))[0]).toMatchObject({ ...second, revision_number: 1 });
    // The former one is free.
    const other = await network(provider(first));
    expectError(
      await change({ 'provider:segmentation_id': first.segmentation_id }),
      409,
      'VlanIdInUse',
      `Unable to create the network. The VLAN ${first.segmentation_id} on physical network rack1 is in use.`,
    );
    const invalid = async (answer: Promise<Reply>, reason: string) =>
      expectError(await answer, 400, 'InvalidInput', `Invalid input for operation: ${reason}.`);
    await invalid(change({ 'provider:segmentation_id': 5000 }), 'segmentation_id out of range (1 through 4094)');
    await invalid(change({ 'provider:segmentation_id': null }), "'None' is not an integer");
    const fixed =
      'Plugin does not support updating the following provider network attributes: provider:physical_network, provider:network_type';
    await invalid(change({ 'provider:network_type': 'vxlan' }), fixed);
    await invalid(change({ 'provider:physical_network': 'rack2' }), fixed);
    // What stays as it is changes nothing.
    expect((await change(provider(second))).at('network.revision_number')).toBe(1);
    const tunnel = await network({ 'provider:network_type': 'vxlan', 'provider:segmentation_id': 777 });
    const renumber = (of: Shown, id: number) => admin('PUT', `/networks/${of.id}`, { network: { 'provider:segmentation_id': id } });
    await invalid(renumber(tunnel, 778), 'Only VLAN type networks can be updated.');
    await made(post(other, vlan('rack2')));
    await invalid(renumber(other, 7), 'Provider network attributes can be updated only in provider networks with a single segment.');
    const mine = await cloud.make('network', {});
    expectError(
      await member('PUT', `/networks/${mine.id}`, { network: { 'provider:segmentation_id': 7 } }),
      403,
      'PolicyNotAuthorized',
      '(rule:update_network and rule:update_network:provider:segmentation_id) is disallowed by policy',
    );
  });

  describe('as rows', () => {
    test('come and go', async () => {
      const [first, second] = [vlan('rack1'), vlan('rack2')];
      const one = await network(provider(first));
      const [base] = await segmentsOf(one);
      expect(base).toMatchObject({ network_id: one.id, ...first, name: null, description: '' });
      const more = await made(post(one, { ...second, name: 'two', description: 'of rack 2' }));
      expect(more).toEqual({
        id: expect.any(String),
        network_id: one.id,
        name: 'two',
        description: 'of rack 2',
        ...second,
        revision_number: 0,
        created_at: expect.any(String),
        updated_at: expect.any(String),
      });
      expect((await admin('GET', `/segments/${more.id}`)).body).toEqual({ segment: more });
      expect((await admin('GET', `/segments?network_id=${one.id}&physical_network=rack2`)).body).toEqual({ segments: [more] });
      expect(await shown(one)).toMatchObject({ 'provider:network_type': null, segments: [provider(first), provider(second)] });
      expect(Number((await shown(one)).revision_number)).toBeGreaterThan(Number(one.revision_number));
      const renamed = await admin('PUT', `/segments/${more.id}`, { segment: { name: null, description: 'x' } });
      expect(renamed.at('segment')).toMatchObject({ name: null, description: 'x', revision_number: 1 });
      expectError(
        await post(one, { ...second, segmentation_id: 3999 }),
        409,
        'NeutronDbObjectDuplicateEntry',
        `Failed to create a duplicate NetworkSegment: for attribute(s) ['network_id', 'network_type', 'physical_network'] with value(s) ${one.id}-vlan-rack2`,
      );
      expect((await admin('DELETE', `/segments/${base?.id}`)).status).toBe(204);
      expect(await shown(one)).toMatchObject({ segments: null, 'provider:physical_network': 'rack2' });
      // Its number is free again, and the next one's place is its own.
      expect(await network(provider(first))).toMatchObject({ 'provider:segmentation_id': first.segmentation_id });
      const chosen = await made(post(one, { network_type: 'vlan', physical_network: 'rack1' }));
      expect(chosen.segmentation_id).toEqual(expect.any(Number));
      for (const { id } of await segmentsOf(one)) expect((await admin('DELETE', `/segments/${id}`)).status).toBe(204);
      expect(await shown(one)).toMatchObject({ segments: null, 'provider:network_type': null, 'provider:segmentation_id': null });
      expect(await made(post(one, { network_type: 'local' }))).toMatchObject({ physical_network: null, segmentation_id: null });
      expect((await admin('DELETE', `/networks/${one.id}`)).status).toBe(204);
      expect(await segmentsOf(one)).toEqual([]);
    });

    test('that cannot be', async () => {
      const one = await network(provider(vlan('rack1')));
      const invalid = async (segment: object, reason: string) =>
        expectError(await post(one, segment), 400, 'InvalidInput', `Invalid input for operation: ${reason}.`);
      await invalid({ network_type: 'bogus' }, "network_type value 'bogus' not supported");
      await invalid(vlan('bogus'), "physical_network 'bogus' unknown for VLAN provider network");
      await invalid(vlan('rack2', 5000), 'segmentation_id out of range (1 through 4094)');
      await invalid({ ...vlan('rack2'), segmentation_id: 'x' }, "'x' is not an integer");
      await invalid({ network_type: 'vxlan', segmentation_id: null }, "'None' is not an integer");
      await invalid({ network_type: 'vxlan' }, 'Requested MTU is too big, maximum is 1450');
      expectError(await post(one, {}), 400, 'HTTPBadRequest', "Failed to parse request. Required attribute 'network_type' not specified");
      expectError(await post(one, { ...vlan('rack2'), physical_network: null }), 400, 'HTTPBadRequest', /'None' is not a valid string/);
      expectError(await post({ ...one, id: NOWHERE }, vlan('rack2')), 404, 'NetworkNotFound');
      await network(provider({ network_type: 'flat', physical_network: 'rack2' }));
      expectError(await post(one, { network_type: 'flat', physical_network: 'rack2' }), 409, 'FlatNetworkInUse');
      const taken = vlan('rack3');
      await network(provider(taken));
      expectError(await post(one, taken), 409, 'VlanIdInUse');
      expectError(await admin('POST', '/segments', { segments: [] }), 400, 'HTTPBadRequest', 'Bulk operation not supported');
      expectError(
        await admin('GET', '/segments?segmentation_id=5'),
        400,
        'HTTPBadRequest',
        "['segmentation_id'] is invalid attribute for filtering",
      );
      expectError(await admin('DELETE', `/segments/${NOWHERE}`), 404, 'SegmentNotFound', `Segment ${NOWHERE} could not be found.`);
      const [base] = await segmentsOf(one);
      expectError(
        await admin('PUT', `/segments/${base?.id}`, { segment: { segmentation_id: 7 } }),
        400,
        'HTTPBadRequest',
        'Cannot update read-only attribute segmentation_id',
      );
      for (const who of [member, cloud.as(cloud.manager), cloud.as(cloud.service)]) {
        expect((await who('GET', '/segments')).body).toEqual({ segments: [] });
        expectError(await who('GET', `/segments/${base?.id}`), 404, 'SegmentNotFound');
        expectError(await post(one, vlan('rack3'), who), 403, 'PolicyNotAuthorized', 'rule:create_segment is disallowed by policy');
        expectError(await who('DELETE', `/segments/${base?.id}`), 404, 'SegmentNotFound');
      }
    });

    test('of many who want the same, one gets it', async () => {
      const one = await network(provider(vlan('rack1')));
      const answers = await Promise.all(Array.from({ length: 4 }, () => post(one, vlan('rack2'))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    });
  });

  describe('of routed networks', () => {
    const gatewayOf = (cidr: string) => cidr.replace(/0\/\d+$/, '1');
    const subnet = (of: Shown, cidr: string, segment: Shown | undefined, more: object = {}) =>
      admin('POST', '/subnets', {
        subnet: { network_id: of.id, ip_version: 4, cidr, ...(segment && { segment_id: segment.id }), ...more },
      });
    /** Two racks with a subnet each. */
    async function routed() {
      const of = await network({ segments: [provider(vlan('rack1')), provider(vlan('rack2'))] });
      const segments = await segmentsOf(of);
      const [one, two] = PHYSICAL.map((name) => segments.find(({ physical_network }) => physical_network === name)) as [Shown, Shown];
      const near = await made(subnet(of, '10.1.0.0/24', one), 'subnet');
      const far = await made(subnet(of, '10.2.0.0/24', two), 'subnet');
      return { of, one, two, near, far };
    }
    const port = (of: Shown, more: object = {}) => admin('POST', '/ports', { port: { network_id: of.id, ...more } });
    const place = (of: Shown, host: string) => admin('PUT', `/ports/${of.id}`, { port: { 'binding:host_id': host } });

    test('subnets belong to segments, all or none', async () => {
      const { of, one, two, near } = await routed();
      expect(near.segment_id).toBe(one.id);
      expect(await shown(of)).toMatchObject({ l2_adjacency: false });
      expect((await admin('GET', `/subnets?segment_id=${one.id}&fields=id`)).at('subnets')).toEqual([{ id: near.id }]);
      const allOrNone = `All of the subnets on network '${of.id}' must either all be associated with segments or all not associated with any segment.`;
      expectError(await subnet(of, '10.3.0.0/24', undefined), 400, 'SubnetsNotAllAssociatedWithSegments', allOrNone);
      const other = await network(provider(vlan('rack3')));
      const [foreign] = (await segmentsOf(other)) as [Shown];
      expectError(
        await subnet(of, '10.3.0.0/24', foreign),
        400,
        'NetworkIdsDontMatch',
        `The subnet's network id, '${of.id}', doesn't match the network_id of segment '${foreign.id}'`,
      );
      expectError(await subnet(of, '10.3.0.0/24', { id: NOWHERE }), 404, 'SegmentNotFound', `Segment ${NOWHERE} could not be found.`);
      expectError(
        await subnet(of, '10.3.0.0/24', { id: 'x' }),
        400,
        'HTTPBadRequest',
        "Invalid input for segment_id. Reason: 'x' is not a valid UUID.",
      );
      expectError(
        await admin('DELETE', `/segments/${one.id}`),
        409,
        'SegmentInUse',
        `Segment '${one.id}' cannot be deleted: The segment is still associated with subnet(s) ${near.id}.`,
      );
      const change = (segment_id: unknown) => admin('PUT', `/subnets/${near.id}`, { subnet: { segment_id } });
      expect((await change(one.id)).status).toBe(200);
      expectError(
        await change(two.id),
        400,
        'SubnetSegmentAssociationChangeNotAllowed',
        'A subnet that is already associated with a segment cannot have its segment association changed.',
      );
      expectError(await change(null), 400, 'SubnetsNotAllAssociatedWithSegments', allOrNone);
      expect((await admin('DELETE', `/networks/${of.id}`)).status).toBe(204);
    });

    test('a subnet that was there is given the only segment', async () => {
      const of = await network(provider(vlan('rack1')));
      const [only] = (await segmentsOf(of)) as [Shown];
      const old = await made(subnet(of, '10.1.0.0/24', undefined), 'subnet');
      expect(old.segment_id).toBe(null);
      const change = (segment_id: string) => admin('PUT', `/subnets/${old.id}`, { subnet: { segment_id } });
      const second = await made(post(of, vlan('rack2')));
      expectError(
        await change(only.id),
        400,
        'NoUpdateSubnetWhenMultipleSegmentsOnNetwork',
        `The network '${of.id}' has multiple segments, it is only possible to associate an existing subnet with a segment on networks with a single segment.`,
      );
      await admin('DELETE', `/segments/${second.id}`);
      expectError(await change(NOWHERE), 404, 'SegmentNotFound');
      expect((await change(only.id)).at('subnet.segment_id')).toBe(only.id);
      // Its owner is told nothing of segments.
      const mine = await cloud.wired('10.1.0.0/24');
      expect((await member('GET', `/subnets/${mine.subnet.id}`)).at('subnet')).not.toHaveProperty('segment_id');
    });

    test('subnets tell the way to each other', async () => {
      const { of, near, far } = await routed();
      const routes = async ({ id }: Shown) =>
        ((await admin('GET', `/subnets/${id}`)).at('subnet.host_routes') as { destination: string }[]).toSorted((a, b) =>
          a.destination < b.destination ? -1 : 1,
        );
      const change = (which: Shown, changes: object) => admin('PUT', `/subnets/${which.id}`, { subnet: changes });
      const [toFar, toNear] = [
        { destination: '10.2.0.0/24', nexthop: '10.1.0.1' },
        { destination: '10.1.0.0/24', nexthop: '10.2.0.1' },
      ];
      expect([await routes(near), await routes(far)]).toEqual([[toFar], [toNear]]);
      const own = { destination: '10.99.0.0/16', nexthop: '10.1.0.9' };
      await change(near, { host_routes: [own] });
      expect(await routes(near)).toEqual([toFar, own]);
      await change(near, { gateway_ip: null });
      expect(await routes(near)).toEqual([own]);
      await change(near, { gateway_ip: '10.1.0.1', host_routes: [] });
      expect(await routes(near)).toEqual([toFar]);
      // What people say of a destination holds.
      const better = { destination: '10.2.0.0/24', nexthop: '10.1.0.200' };
      await change(near, { host_routes: [better] });
      expect(await routes(near)).toEqual([better]);
      await change(near, { host_routes: [] });
      expect((await admin('DELETE', `/subnets/${far.id}`)).status).toBe(204);
      expect(await routes(near)).toEqual([]);
      // Not to subnets of the same segment, nor of the other IP version.
      await made(subnet(of, '10.4.0.0/24', { id: String(near.segment_id) }), 'subnet');
      await made(subnet(of, '2001:db8:1::/64', { id: String(near.segment_id) }, { ip_version: 6 }), 'subnet');
      expect(await routes(near)).toEqual([]);
    });

    test('ports have addresses where they are, and wait for them until they are somewhere', async () => {
      const { of, near, far } = await routed();
      const waiting = await made(port(of), 'port');
      expect(waiting).toMatchObject({ fixed_ips: [], ip_allocation: 'deferred' });
      const nowhere = `Host nowhere is not connected to any segments on routed provider network '${of.id}'.  It should be connected to one.`;
      expectError(await place(waiting, 'nowhere'), 409, 'HostNotConnectedToAnySegment', nowhere);
      expectError(await port(of, { 'binding:host_id': 'nowhere' }), 409, 'HostNotConnectedToAnySegment', nowhere);
      const arrived = await place(waiting, 'in-rack2');
      expect(arrived.at('port')).toMatchObject({
        fixed_ips: [{ subnet_id: far.id }],
        ip_allocation: 'deferred',
        'binding:vif_type': 'bridge',
      });
      // It keeps them, and does not go where they do not work.
      expectError(
        await place(waiting, 'in-rack1'),
        409,
        'HostNotCompatibleWithFixedIps',
        `Host in-rack1 is not connected to a segment where the existing fixed_ips on port ${waiting.id} will function given the routed network topology.`,
      );
      expect((await place(waiting, '')).at('port.fixed_ips')).toEqual(arrived.at('port.fixed_ips'));
      const moved = await admin('PUT', `/ports/${waiting.id}`, {
        port: { 'binding:host_id': 'in-rack1', fixed_ips: [{ subnet_id: near.id }] },
      });
      expect(moved.at('port')).toMatchObject({ 'binding:host_id': 'in-rack1', fixed_ips: [{ subnet_id: near.id }] });
      expect((await made(port(of, { 'binding:host_id': 'in-rack1' }), 'port')).fixed_ips).toMatchObject([{ subnet_id: near.id }]);
      // Asked for by name, of one segment alone.
      expect(await made(port(of, { fixed_ips: [{ subnet_id: far.id }] }), 'port')).toMatchObject({
        fixed_ips: [{ subnet_id: far.id }],
        ip_allocation: 'immediate',
      });
      expect((await made(port(of, { fixed_ips: [{ ip_address: '10.1.0.77' }] }), 'port')).fixed_ips).toEqual([
        { subnet_id: near.id, ip_address: '10.1.0.77' },
      ]);
      expect(await made(port(of, { fixed_ips: [] }), 'port')).toMatchObject({ fixed_ips: [], ip_allocation: 'none' });
      expectError(
        await port(of, { fixed_ips: [{ subnet_id: near.id }, { subnet_id: far.id }] }),
        400,
        'FixedIpsSubnetsNotOnSameSegment',
        'Cannot allocate addresses from different segments.',
      );
      expectError(
        await port(of, { fixed_ips: [{ subnet_id: near.id }], 'binding:host_id': 'in-rack2' }),
        400,
        'InvalidInput',
        `Invalid input for operation: Failed to create port on network ${of.id}, because fixed_ips included invalid subnet ${near.id}.`,
      );
      // What is no instance's does not wait.
      const router = await made(port(of, { device_owner: 'network:router_gateway' }), 'port');
      expect(router).toMatchObject({ ip_allocation: 'immediate', fixed_ips: [expect.anything()] });
    });

    test('autoconfigured addresses are of the same segment too', async () => {
      const { of, one, two, near } = await routed();
      const v6 = { ip_version: 6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac' };
      const there = await made(port(of, { 'binding:host_id': 'in-rack1' }), 'port');
      const elsewhere = await made(port(of, { 'binding:host_id': 'in-rack2' }), 'port');
      const nearToo = await made(subnet(of, '2001:db8:1::/64', one, v6), 'subnet');
      await made(subnet(of, '2001:db8:2::/64', two, v6), 'subnet');
      const subnetsOf = async ({ id }: Shown) =>
        ((await admin('GET', `/ports/${id}`)).at('port.fixed_ips') as { subnet_id: string }[]).map(({ subnet_id }) => subnet_id).toSorted();
      expect(await subnetsOf(there)).toEqual([near.id, nearToo.id].toSorted());
      expect(await subnetsOf(elsewhere)).not.toContain(nearToo.id);
      const named = await made(port(of, { fixed_ips: [{ subnet_id: near.id }] }), 'port');
      expect(await subnetsOf(named)).toEqual([near.id, nearToo.id].toSorted());
    });

    test('each segment has a DHCP server of its own', async () => {
      const { of, near, far } = await routed();
      const servers = (await admin('GET', `/ports?network_id=${of.id}&device_owner=network:dhcp`)).at('ports') as unknown as {
        'binding:host_id': string;
        fixed_ips: { subnet_id: string }[];
      }[];
      const served = servers.map((one) => [one['binding:host_id'], one.fixed_ips.map(({ subnet_id }) => subnet_id)]);
      expect(served.toSorted()).toEqual([
        ['in-rack1', [near.id]],
        ['in-rack2', [far.id]],
      ]);
      expect(gatewayOf('10.1.0.0/24')).toBe(near.gateway_ip);
      await admin('PUT', `/subnets/${far.id}`, { subnet: { enable_dhcp: false } });
      const left = (await admin('GET', `/ports?network_id=${of.id}&device_owner=network:dhcp`)).at('ports') as Shown[];
      expect(left.filter(({ fixed_ips }) => (fixed_ips as unknown[]).length > 0)).toHaveLength(1);
    });
  });
});
