// Trunks: which ports may share a wire and how they are told apart, what the parent port tells, and that ports stay while they are part of one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('trunks on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let network: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { vlanRanges: new Map([['physnet', [[1, 100]]]]) } });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    network = await cloud.make('network', {});
    await cloud.join('host');
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const port = (more: object = {}, person = cloud.member) => cloud.make('port', { network_id: network.id, ...more }, person);
  const vlan = ({ id }: Shown, segmentation_id: unknown) => ({ port_id: id, segmentation_type: 'vlan', segmentation_id });
  const post = (parent: Shown, sub_ports?: unknown, who = member) =>
    who('POST', '/trunks', { trunk: { port_id: parent.id, ...(sub_ports !== undefined && { sub_ports }) } });
  const call = (trunk: Shown, name: string, sub_ports: unknown, who = member) => who('PUT', `/trunks/${trunk.id}/${name}`, { sub_ports });
  const made = async (parent: Shown, sub_ports?: unknown, who = member) => {
    const answer = await post(parent, sub_ports, who);
    expect(answer.status, answer.text).toBe(201);
    return answer.at('trunk') as Shown;
  };
  const details = async ({ id }: Shown) => (await member('GET', `/ports/${id}`)).at('port.trunk_details');

  test('a life, as its owner sees it', async () => {
    const [parent, one, two] = [await port(), await port(), await port()];
    expect(await details(parent)).toBe(null);
    const trunk = await made(parent, [vlan(one, 5)]);
    const { projectId } = cloud.member;
    expect(trunk).toEqual({
      id: expect.any(String),
      name: '',
      description: '',
      project_id: projectId,
      tenant_id: projectId,
      admin_state_up: true,
      port_id: parent.id,
      status: 'DOWN',
      sub_ports: [vlan(one, 5)],
      tags: [],
      revision_number: 0,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    expect((await member('GET', `/trunks/${trunk.id}`)).body).toEqual({ trunk });
    expect((await member('GET', `/trunks?port_id=${parent.id}`)).body).toEqual({ trunks: [trunk] });
    expect(await details(parent)).toEqual({ trunk_id: trunk.id, sub_ports: [{ ...vlan(one, 5), mac_address: one.mac_address }] });
    const listed = (await member('GET', `/ports?id=${parent.id}&id=${one.id}&fields=trunk_details`)).at('ports') as Shown[];
    expect(listed.filter(({ trunk_details }) => trunk_details !== null)).toHaveLength(1);

    const added = await call(trunk, 'add_subports', [vlan(two, '6')]);
    expect(added.body).toMatchObject({ id: trunk.id, revision_number: 1 });
    const marks = (subPorts: unknown) => (subPorts as { segmentation_id: number }[]).map((sub) => sub.segmentation_id).toSorted();
    expect(marks(added.at('sub_ports'))).toEqual([5, 6]);
    expect((await member('GET', `/trunks/${trunk.id}/get_subports`)).body).toEqual({ sub_ports: added.at('sub_ports') });
    const removed = await call(trunk, 'remove_subports', [{ port_id: one.id }]);
    expect(removed.body).toMatchObject({ id: trunk.id, sub_ports: [vlan(two, 6)], revision_number: 2 });
    expect((await call(trunk, 'add_subports', [])).at('revision_number')).toBe(3);

    const renamed = await member('PUT', `/trunks/${trunk.id}`, { trunk: { name: 'wire', description: 'of two' } });
    expect(renamed.at('trunk')).toMatchObject({ name: 'wire', description: 'of two', sub_ports: [vlan(two, 6)] });
    expect((await member('PUT', `/trunks/${trunk.id}/tags/blue`)).status).toBe(201);
    expect((await member('GET', '/trunks?tags=blue&fields=name')).at('trunks')).toEqual([{ name: 'wire' }]);
    expect((await member('DELETE', `/trunks/${trunk.id}`)).status).toBe(204);
    expectError(await member('GET', `/trunks/${trunk.id}`), 404, 'TrunkNotFound', `Trunk ${trunk.id} could not be found.`);
    expect(await details(parent)).toBe(null);
    for (const { id } of [parent, one, two]) expect((await member('DELETE', `/ports/${id}`)).status).toBe(204);
  });

  test('what a trunk cannot be made of', async () => {
    const [parent, sub] = [await port(), await port()];
    const wrong = async (subPorts: unknown, reason: string) =>
      expectError(await post(parent, subPorts), 400, 'HTTPBadRequest', `Invalid input for sub_ports. Reason: ${reason}.`);
    await wrong(null, "Invalid data format for subports: 'None' is not a list");
    await wrong({}, "Invalid data format for subports: '{}' is not a list");
    await wrong([7], "Invalid data format for subport: '7' is not a dict");
    await wrong([{}], 'A valid port UUID must be specified');
    await wrong([{ port_id: 'x' }], "Invalid UUID for subport: 'x'");
    await wrong([vlan(sub, 5), vlan(sub, 6)], `Non unique UUID for subport: '${sub.id}'`);
    await wrong([vlan(parent, 5), vlan(sub, 5)], `Segmentation ID '5' for '${sub.id}' is not unique`);
    const invalid = async (subPort: object, reason: string) =>
      expectError(await post(parent, [subPort]), 400, 'InvalidInput', `Invalid input for operation: ${reason}.`);
    await invalid(
      { port_id: sub.id, segmentation_type: 'vlan' },
      `Invalid subport details '{'port_id': '${sub.id}', 'segmentation_type': 'vlan'}': missing segmentation information. Must specify both segmentation_id and segmentation_type`,
    );
    await invalid(vlan(sub, 'x'), "Invalid subport details: segmentation_id 'x' is not an integer");
    await invalid(vlan(sub, 0), "Segmentation ID '0' is not in range");
    await invalid(vlan(sub, 4095), "Segmentation ID '4095' is not in range");
    await invalid({ ...vlan(sub, 5), segmentation_type: 'vxlan' }, "Unknown segmentation_type 'vxlan'");
    await invalid({ port_id: sub.id, segmentation_type: 'inherit' }, "Unknown segmentation_type 'vxlan'");
    expectError(await post({ ...parent, id: NOWHERE }), 404, 'PortNotFound', `Port ${NOWHERE} could not be found.`);
    expectError(await post(parent, [vlan({ ...sub, id: NOWHERE }, 5)]), 404, 'PortNotFound', `Port ${NOWHERE} could not be found.`);
    expectError(
      await member('POST', '/trunks', { trunks: [{ port_id: parent.id }] }),
      400,
      'HTTPBadRequest',
      'Bulk operation not supported',
    );
    // Nothing of all that was left behind.
    expect((await member('GET', '/trunks')).at('trunks')).toEqual([]);
    expect((await member('DELETE', `/ports/${sub.id}`)).status).toBe(204);
  });

  test('a port is part of one trunk at most', async () => {
    const [parent, sub, other, attached] = [await port(), await port(), await port(), await port({ device_id: 'vm' })];
    const trunk = await made(parent, [vlan(sub, 5)]);
    const inUse = (id: unknown) => `Port ${id} is currently in use and is not eligible for use as a parent port.`;
    const taken = `Port ${sub.id} is in use by another trunk.`;
    expectError(await post(parent), 409, 'ParentPortInUse', inUse(parent.id));
    expectError(await post(sub), 409, 'TrunkPortInUse', taken);
    expectError(await post(other, [vlan(other, 5)]), 409, 'ParentPortInUse', inUse(other.id));
    expectError(await post(other, [vlan(parent, 5)]), 409, 'ParentPortInUse', inUse(parent.id));
    expectError(await post(other, [vlan(sub, 5)]), 409, 'TrunkPortInUse', taken);
    expectError(await call(trunk, 'add_subports', [vlan(parent, 6)]), 409, 'ParentPortInUse', inUse(parent.id));
    expectError(await call(trunk, 'add_subports', [vlan(sub, 6)]), 409, 'TrunkPortInUse', taken);
    expectError(
      await call(trunk, 'add_subports', [vlan(other, 5)]),
      409,
      'DuplicateSubPort',
      `segmentation_type vlan and segmentation_id 5 already in use on trunk ${trunk.id}.`,
    );
    expectError(
      await call(trunk, 'add_subports', [vlan(attached, 7)]),
      409,
      'PortInUse',
      `Unable to complete operation on port ${attached.id} for network ${network.id}. Port already has an attached device vm.`,
    );
    expectError(
      await member('DELETE', `/ports/${parent.id}`),
      409,
      'PortInUseAsTrunkParent',
      `Port ${parent.id} is currently a parent port for trunk ${trunk.id}.`,
    );
    expectError(
      await member('DELETE', `/ports/${sub.id}`),
      409,
      'PortInUseAsSubPort',
      `Port ${sub.id} is currently a subport for trunk ${trunk.id}.`,
    );
    expectError(await member('DELETE', `/networks/${network.id}`), 409, 'NetworkInUse');
    await member('DELETE', `/trunks/${trunk.id}`);
  });

  test('calls with bodies that are none', async () => {
    const trunk = await made(await port());
    const none = "Invalid input for operation: Invalid data format for subports: 'None' is not a list.";
    for (const body of [{}, [], { trunk: {} }, undefined])
      expectError(await member('PUT', `/trunks/${trunk.id}/add_subports`, body), 400, 'InvalidInput', none);
    expectError(
      await call(trunk, 'remove_subports', [{ port_id: NOWHERE }]),
      404,
      'SubPortNotFound',
      `SubPort ${NOWHERE} on trunk ${trunk.id} could not be found.`,
    );
    expectError(await call({ ...trunk, id: NOWHERE }, 'add_subports', []), 404, 'TrunkNotFound');
    for (const [name, value] of [
      ['sub_ports', []],
      ['port_id', NOWHERE],
      ['status', 'ACTIVE'],
    ] as const)
      expectError(
        await member('PUT', `/trunks/${trunk.id}`, { trunk: { [name]: value } }),
        400,
        'HTTPBadRequest',
        `Cannot update read-only attribute ${name}`,
      );
    expectError(await member('GET', '/trunks?sub_ports=x'), 400, 'HTTPBadRequest', "['sub_ports'] is invalid attribute for filtering");
  });

  test('a trunk that is out of service or plugged in stays as it is', async () => {
    const [parent, sub] = [await port(), await port()];
    const trunk = await made(parent, [vlan(sub, 5)]);
    const disabled = `Trunk ${trunk.id} is currently disabled.`;
    await member('PUT', `/trunks/${trunk.id}`, { trunk: { admin_state_up: false } });
    expectError(await call(trunk, 'add_subports', []), 409, 'TrunkDisabled', disabled);
    expectError(await call(trunk, 'remove_subports', []), 409, 'TrunkDisabled', disabled);
    expectError(await member('DELETE', `/trunks/${trunk.id}`), 409, 'TrunkDisabled', disabled);
    await member('PUT', `/trunks/${trunk.id}`, { trunk: { admin_state_up: true } });
    const place = (host: string) => admin('PUT', `/ports/${parent.id}`, { port: { 'binding:host_id': host } });
    await place('host');
    expectError(await member('DELETE', `/trunks/${trunk.id}`), 409, 'TrunkInUse', `Trunk ${trunk.id} is currently in use.`);
    // Its subports come and go all the while.
    expect((await call(trunk, 'remove_subports', [{ port_id: sub.id }])).status).toBe(200);
    await place('');
    expect((await member('DELETE', `/trunks/${trunk.id}`)).status).toBe(204);
    await place('host');
    expectError(await post(parent), 409, 'ParentPortInUse');
    await place('elsewhere');
    await member('DELETE', `/trunks/${(await made(parent)).id}`);
  });

  test('inherits numbers of VLANs, and carries no larger packets than its parent', async () => {
    const on = async (segmentation_id: number) => {
      const { id } = await cloud.make(
        'network',
        { 'provider:network_type': 'vlan', 'provider:physical_network': 'physnet', 'provider:segmentation_id': segmentation_id },
        cloud.admin,
      );
      return cloud.make('port', { network_id: id }, cloud.admin);
    };
    const [parent, seven, eight, small] = [await on(6), await on(7), await on(8), await port()];
    const inherit = ({ id }: Shown) => ({ port_id: id, segmentation_type: 'inherit' });
    const trunk = await made(parent, [inherit(seven)], admin);
    expect(trunk.sub_ports).toEqual([vlan(seven, 7)]);
    expectError(await call(trunk, 'add_subports', [vlan(eight, 7)], admin), 409, 'DuplicateSubPort');
    // A number beside the type means nothing.
    const added = await call(trunk, 'add_subports', [{ ...inherit(eight), segmentation_id: 9 }], admin);
    expect(added.at('sub_ports')).toContainEqual(vlan(eight, 8));
    expect((await call(trunk, 'add_subports', [vlan(small, 9)], admin)).status).toBe(200);
    const [narrow, wide] = [await port(), await on(9)];
    const refused = `MTU 1500 of subport ${wide.id} cannot be greater than MTU 1450 of trunk ${narrow.id}.`;
    expectError(await post(narrow, [vlan(wide, 5)], admin), 409, 'SubPortMtuGreaterThanTrunkPortMtu', refused);
  });

  test('whose they are', async () => {
    const [parent, sub] = [await port(), await port()];
    const stranger = cloud.as(cloud.stranger);
    const foreignNetwork = await cloud.make('network', {}, cloud.stranger);
    const foreign = await cloud.make('port', { network_id: foreignNetwork.id }, cloud.stranger);
    const unseen = `Port ${parent.id} could not be found.`;
    expectError(await post(parent, [], stranger), 404, 'PortNotFound', unseen);
    expectError(await post(foreign, [vlan(parent, 5)], stranger), 404, 'PortNotFound', unseen);
    const trunk = await made(parent, [vlan(sub, 5)]);
    expectError(await post(foreign, [vlan(sub, 5)], stranger), 404, 'PortNotFound', `Port ${sub.id} could not be found.`);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PUT', '', { trunk: { name: 'mine' } }],
      ['DELETE', '', undefined],
      ['PUT', '/add_subports', { sub_ports: [] }],
      ['PUT', '/remove_subports', { sub_ports: [] }],
      ['GET', '/get_subports', undefined],
    ] as const)
      expectError(await stranger(method, `/trunks/${trunk.id}${path}`, body), 404, 'TrunkNotFound');
    expect((await stranger('GET', '/trunks')).at('trunks')).toEqual([]);
    const reader = cloud.as(cloud.reader);
    expect((await reader('GET', `/trunks/${trunk.id}`)).at('trunk')).toMatchObject({ id: trunk.id });
    expect((await reader('GET', `/trunks/${trunk.id}/get_subports`)).at('sub_ports')).toEqual([vlan(sub, 5)]);
    expectError(await post(await port(), [], reader), 403, 'PolicyNotAuthorized', 'rule:create_trunk is disallowed by policy');
    expectError(await call(trunk, 'add_subports', [], reader), 403, 'PolicyNotAuthorized', 'rule:add_subports is disallowed by policy');
    expectError(
      await call(trunk, 'remove_subports', [], reader),
      403,
      'PolicyNotAuthorized',
      'rule:remove_subports is disallowed by policy',
    );
    expectError(await reader('DELETE', `/trunks/${trunk.id}`), 403, 'PolicyNotAuthorized', 'rule:delete_trunk is disallowed by policy');
    expect((await call(trunk, 'remove_subports', [{ port_id: sub.id }], cloud.as(cloud.manager))).status).toBe(200);
    expect((await admin('GET', `/trunks?project_id=${cloud.member.projectId}&id=${trunk.id}`)).at('trunks')).toHaveLength(1);
  });

  test('of many who want a port, a number or a parent, one gets it', async () => {
    const [parent, one] = [await port(), await port()];
    const others = await Promise.all(Array.from({ length: 4 }, () => port()));
    const same = await Promise.all(others.map(() => post(parent)));
    expect(same.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    const wanted = await Promise.all(others.map((other) => post(other, [vlan(one, 5)])));
    expect(wanted.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    const trunk = same.find(({ status }) => status === 201)?.at('trunk') as Shown;
    const spare = await Promise.all(others.map(() => port()));
    const marked = await Promise.all(spare.map((sub) => call(trunk, 'add_subports', [vlan(sub, 9)])));
    expect(marked.map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409]);
  });

  test('are counted, without a limit unless one is set', async () => {
    const { projectId } = cloud.stranger;
    const { id } = await cloud.make('network', {}, cloud.stranger);
    const parent = () => cloud.make('port', { network_id: id }, cloud.stranger);
    expect((await cloud.as(cloud.stranger)('GET', `/quotas/${projectId}`)).at('quota.trunk')).toBe(-1);
    await made(await parent(), [], cloud.as(cloud.stranger));
    expect((await admin('PUT', `/quotas/${projectId}`, { quota: { trunk: 1 } })).status).toBe(200);
    expectError(await post(await parent(), [], cloud.as(cloud.stranger)), 409, 'OverQuota', "Quota exceeded for resources: ['trunk'].");
  });
});
