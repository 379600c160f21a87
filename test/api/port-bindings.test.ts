// Bindings of a port to several hosts: how an instance moves, that a port's row and its active binding say the same, and who may see to that.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('bindings of ports on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let service: ReturnType<Cloud['as']>;
  let network: Shown;
  let bridge_name: string;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    service = cloud.as(cloud.service);
    network = await cloud.make('network', {});
    bridge_name = `brq${network.id.slice(0, 11)}`;
    for (const host of ['one', 'two', 'three']) await cloud.join(host);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const port = (host: string, more: object = {}) =>
    cloud.make(
      'port',
      { network_id: network.id, device_owner: 'compute:nova', device_id: 'vm', 'binding:host_id': host, ...more },
      cloud.admin,
    );
  const shown = async ({ id }: Shown) => (await admin('GET', `/ports/${id}`)).at('port') as Shown;
  const add = ({ id }: Shown, binding: object, who = service) => who('POST', `/ports/${id}/bindings`, { binding });
  const change = ({ id }: Shown, host: string, binding: object) => service('PUT', `/ports/${id}/bindings/${host}`, { binding });
  const activate = ({ id }: Shown, host: string, who = service) => who('PUT', `/ports/${id}/bindings/${host}/activate`);
  const hosts = async ({ id }: Shown) => {
    const rows = (await service('GET', `/ports/${id}/bindings`)).at('bindings') as unknown as { host: string; status: string }[];
    return Object.fromEntries(rows.map(({ host, status }) => [host, status]));
  };
  const presence = async () =>
    cloud.store.read.all<{ host: string; ports: number }>(
      'SELECT host, ports FROM network_hosts WHERE network_id = ? ORDER BY host',
      network.id,
    );

  test('an instance moves', async () => {
    const moving = await port('one');
    const details = { connectivity: 'l2', port_filter: expect.any(Boolean), bridge_name };
    const active = {
      project_id: moving.project_id,
      tenant_id: moving.project_id,
      host: 'one',
      vif_type: 'bridge',
      vnic_type: 'normal',
      status: 'ACTIVE',
      profile: {},
      vif_details: details,
    };
    expect((await service('GET', `/ports/${moving.id}/bindings`)).body).toEqual({ bindings: [active] });
    const made = await add(moving, { host: 'two', profile: { migrating: true } });
    const prepared = { ...active, host: 'two', status: 'INACTIVE', profile: { migrating: true } };
    expect([made.status, made.body]).toEqual([201, { binding: prepared }]);
    // Nothing has moved yet.
    expect(await shown(moving)).toMatchObject({ 'binding:host_id': 'one', 'binding:profile': {} });
    expect(await presence()).toEqual([{ host: 'one', ports: 1 }]);
    expect((await service('GET', `/ports/${moving.id}/bindings/two`)).body).toEqual({ binding: prepared });
    expect((await service('GET', `/ports/${moving.id}/bindings?status=INACTIVE&fields=host`)).body).toEqual({
      bindings: [{ host: 'two' }],
    });

    const arrived = await activate(moving, 'two');
    expect([arrived.status, arrived.body]).toEqual([200, { binding: { ...prepared, status: 'ACTIVE' } }]);
    expect(await shown(moving)).toMatchObject({
      'binding:host_id': 'two',
      'binding:profile': { migrating: true },
      'binding:vif_type': 'bridge',
      status: 'DOWN',
    });
    expect(await presence()).toEqual([{ host: 'two', ports: 1 }]);
    expect(await hosts(moving)).toEqual({ one: 'INACTIVE', two: 'ACTIVE' });
    expectError(
      await activate(moving, 'two'),
      409,
      'PortBindingAlreadyActive',
      `Binding for port ${moving.id} on host two is already active.`,
    );
    expect((await service('DELETE', `/ports/${moving.id}/bindings/one`)).status).toBe(204);
    expect(await hosts(moving)).toEqual({ two: 'ACTIVE' });
    expect((await admin('DELETE', `/ports/${moving.id}`)).status).toBe(204);
    expect(await cloud.store.read.all('SELECT id FROM port_bindings WHERE port_id = ?', moving.id)).toEqual([]);
  });

  test('a move that is called off, and hosts that are asked twice', async () => {
    const staying = await port('one');
    expect((await add(staying, { host: 'two' })).status).toBe(201);
    for (const host of ['one', 'two'])
      expectError(
        await add(staying, { host }),
        409,
        'PortBindingAlreadyExists',
        `Binding for port ${staying.id} on host ${host} already exists.`,
      );
    const none = `Binding for port ${staying.id} for host nowhere could not be found.`;
    expectError(await service('GET', `/ports/${staying.id}/bindings/nowhere`), 404, 'PortBindingNotFound', none);
    expectError(await change(staying, 'nowhere', {}), 404, 'PortBindingNotFound', none);
    expectError(await activate(staying, 'nowhere'), 404, 'PortBindingNotFound', none);
    expectError(await service('DELETE', `/ports/${staying.id}/bindings/nowhere`), 404, 'PortBindingNotFound', none);
    const cannot = `Binding for port ${staying.id} on host nowhere could not be created or updated.`;
    expectError(await add(staying, { host: 'nowhere' }), 500, 'PortBindingError', cannot);
    expectError(await change(staying, 'two', { host: 'nowhere' }), 500, 'PortBindingError', cannot);
    expectError(await change(staying, 'one', { host: 'nowhere' }), 500, 'PortBindingError', cannot);
    expectError(await add(staying, { host: 'three', vnic_type: 'direct' }), 500, 'PortBindingError');
    expect(await hosts(staying)).toEqual({ one: 'ACTIVE', two: 'INACTIVE' });
    expectError(await change(staying, 'two', { host: 'one' }), 409, 'PortBindingAlreadyExists');
    const at = await Promise.all(Array.from({ length: 4 }, () => add(staying, { host: 'three' })));
    expect(at.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409]);
    expect((await service('DELETE', `/ports/${staying.id}/bindings/two`)).status).toBe(204);
    expect(await shown(staying)).toMatchObject({ 'binding:host_id': 'one', 'binding:vif_type': 'bridge' });
  });

  test('the port and its active binding say the same', async () => {
    const one = await port('');
    expect(await hosts(one)).toEqual({});
    await add(one, { host: 'two' });
    // The port goes to where it was expected, to where it was not, and away.
    const place = (changes: object) => service('PUT', `/ports/${one.id}`, { port: changes });
    await place({ 'binding:host_id': 'two', 'binding:profile': { a: 1 } });
    expect((await service('GET', `/ports/${one.id}/bindings`)).at('bindings')).toMatchObject([
      { host: 'two', status: 'ACTIVE', profile: { a: 1 } },
    ]);
    await add(one, { host: 'three' });
    await place({ 'binding:host_id': 'one' });
    expect(await hosts(one)).toEqual({ one: 'ACTIVE', three: 'INACTIVE' });
    const changed = await change(one, 'one', { profile: { b: 2 } });
    expect(changed.at('binding')).toMatchObject({ host: 'one', status: 'ACTIVE', profile: { b: 2 }, vif_type: 'bridge' });
    expect(await shown(one)).toMatchObject({ 'binding:host_id': 'one', 'binding:profile': { b: 2 } });
    expect((await change(one, 'three', { profile: null })).at('binding')).toMatchObject({ status: 'INACTIVE', profile: {} });
    expect((await change(one, 'one', { host: 'two' })).at('binding')).toMatchObject({ host: 'two', profile: { b: 2 } });
    expect(await shown(one)).toMatchObject({ 'binding:host_id': 'two', 'binding:profile': { b: 2 } });
    expect((await service('DELETE', `/ports/${one.id}/bindings/two`)).status).toBe(204);
    expect(await shown(one)).toMatchObject({ 'binding:host_id': '', 'binding:vif_type': 'unbound' });
    expect(await hosts(one)).toEqual({ three: 'INACTIVE' });
    expect((await activate(one, 'three')).status).toBe(200);
    expect(await shown(one)).toMatchObject({ 'binding:host_id': 'three', 'binding:vif_type': 'bridge' });
    // What is no instance's port has no bindings of this kind.
    await place({ device_owner: '', device_id: '' });
    expect(await hosts(one)).toEqual({});
    expectError(
      await add(one, { host: 'two' }),
      400,
      'BadRequest',
      `Bad port request: Invalid port ${one.id}. Operation only valid on compute ports.`,
    );
    await place({ device_owner: 'compute:nova' });
    expect(await hosts(one)).toEqual({ three: 'ACTIVE' });
  });

  test('trust goes along', async () => {
    const one = await port('one', { trusted: true });
    expect((await add(one, { host: 'two', profile: { a: 1 } })).at('binding.profile')).toEqual({ a: 1, trusted: true });
    await activate(one, 'two');
    expect(await shown(one)).toMatchObject({ trusted: true, 'binding:profile': { a: 1, trusted: true } });
  });

  test('what a binding cannot be', async () => {
    const one = await port('one');
    const required = "Failed to parse request. Required attribute 'host' not specified";
    expectError(await add(one, {}), 400, 'HTTPBadRequest', required);
    for (const host of ['', 7, null]) expectError(await add(one, { host }), 400, 'HTTPBadRequest', /^Invalid input for host\. Reason: /);
    expectError(await add(one, { host: 'two', status: 'ACTIVE' }), 400, 'HTTPBadRequest', "Attribute 'status' not allowed in POST");
    expectError(
      await add(one, { host: 'two', vnic_type: 'x' }),
      400,
      'HTTPBadRequest',
      'Invalid input for vnic_type. Reason: x is not in valid_values.',
    );
    expectError(
      await service('POST', `/ports/${one.id}/bindings`, { bindings: [{ host: 'two' }] }),
      400,
      'HTTPBadRequest',
      'Bulk operation not supported',
    );
    expectError(await service('GET', `/ports/${NOWHERE}/bindings`), 404, 'PortNotFound', `Port ${NOWHERE} could not be found.`);
    expectError(await add({ ...one, id: NOWHERE }, { host: 'two' }), 404, 'PortNotFound');
    expectError(
      await service('GET', `/ports/${one.id}/bindings?bogus=1`),
      400,
      'HTTPBadRequest',
      "['bogus'] is invalid attribute for filtering",
    );
  });

  test('who may', async () => {
    const one = await port('one', { project_id: cloud.member.projectId });
    await add(one, { host: 'two' });
    expect((await admin('GET', `/ports/${one.id}/bindings`)).at('bindings')).toHaveLength(2);
    expectError(await add(one, { host: 'three' }, admin), 403, 'PolicyNotAuthorized', 'rule:create_port_binding is disallowed by policy');
    expectError(await activate(one, 'two', admin), 403, 'PolicyNotAuthorized', 'rule:activate is disallowed by policy');
    expectError(
      await admin('PUT', `/ports/${one.id}/bindings/two`, { binding: {} }),
      403,
      'PolicyNotAuthorized',
      'rule:update_port_binding is disallowed by policy',
    );
    expectError(
      await admin('DELETE', `/ports/${one.id}/bindings/two`),
      403,
      'PolicyNotAuthorized',
      'rule:delete_port_binding is disallowed by policy',
    );
    for (const person of [cloud.member, cloud.reader, cloud.manager]) {
      const who = cloud.as(person);
      expect((await who('GET', `/ports/${one.id}/bindings`)).body).toEqual({ bindings: [] });
      expectError(await who('GET', `/ports/${one.id}/bindings/two`), 404, 'PortBindingNotFound');
      expectError(await add(one, { host: 'three' }, who), 403, 'PolicyNotAuthorized');
      expectError(await activate(one, 'two', who), 404, 'PortBindingNotFound');
    }
    const stranger = cloud.as(cloud.stranger);
    expectError(await stranger('GET', `/ports/${one.id}/bindings`), 404, 'PortNotFound');
    expectError(await add(one, { host: 'three' }, stranger), 404, 'PortNotFound');
    expectError(await activate(one, 'two', stranger), 404, 'PortNotFound');
  });
});
