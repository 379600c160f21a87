// How the API is spoken, whatever the resource: addresses and their spellings, methods, tokens, request ids, bodies, bulk, If-Match.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plainPath } from '#api/server.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud } from './cloud.ts';

describe.each(engines())('requests on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(() => cloud.close());

  test('every answer under /v2.0 has a request id of its own', async () => {
    const { token } = cloud.member;
    const answers = [
      await cloud.send('GET', '/networks', { token }),
      await cloud.send('GET', '/networks', { token }),
      await cloud.send('POST', '/networks', { token, body: {} }),
      await cloud.send('GET', '/nothing', { token }),
      await cloud.send('GET', '/networks'),
      await cloud.send('PUT', `/networks/${NOWHERE}`, { token, body: '{', headers: { 'x-openstack-request-id': 'req-mine' } }),
    ];
    const ids = answers.map(({ headers }) => String(headers['x-openstack-request-id']));
    for (const id of ids) expect(id).toMatch(/^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('without a valid token: 401 and where to get one', async () => {
    for (const token of [undefined, '', 'no token']) {
      const answer = await cloud.send('GET', '/networks', { token });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Keystone uri="http://cloud.example.org:9696/identity"');
      expect(answer.body).toEqual({
        error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
      });
    }
  });

  test('a collection may end in a slash or in .json, and be spelt with dashes', async () => {
    const network = await cloud.make('network', { name: 'spelt' });
    for (const path of [
      '/networks',
      '/networks/',
      '/networks.json',
      '/networks?name=spelt',
      '/networks/?name=spelt',
      '/networks.json?name=spelt',
      '//networks',
      '/networks//?name=spelt',
    ]) {
      const answer = await member('GET', path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect((answer.at('networks') as { id: string }[]).map(({ id }) => id)).toContain(network.id);
    }
    for (const path of [`/networks/${network.id}.json`, `/networks/${network.id}/`, `/networks//${network.id}`]) {
      expect((await member('GET', path)).at('network.id')).toBe(network.id);
    }
    expect(plainPath('//v2.0//networks//?name=a//b')).toBe('/v2.0/networks?name=a//b');
    await cloud.join('spelling');
    const id = (await admin('GET', '/agents?host=spelling&agent_type=DHCP%20agent')).at('agents.0.id');
    for (const path of ['dhcp-networks', 'dhcp_networks']) expect((await admin('GET', `/agents/${id}/${path}`)).status).toBe(200);
  });

  test('what is not there', async () => {
    const text = 'The resource could not be found.';
    expectError(await member('GET', '/nothings'), 404, 'HTTPNotFound', text);
    expectError(await member('POST', '/nothings', { nothing: {} }), 404, 'HTTPNotFound', text);
    expectError(await member('GET', '/v2.0'), 404, 'HTTPNotFound', text);
    const outside = await cloud.send('GET', '/v3/');
    expect([outside.status, outside.headers['content-type']]).toEqual([404, expect.stringContaining('text/plain')]);
  });

  test('methods that nothing has', async () => {
    const { id } = await cloud.make('network', {});
    const text = 'The server could not comply with the request since it is either malformed or otherwise incorrect.';
    for (const [method, path] of [
      ['PATCH', '/networks'],
      ['PATCH', `/networks/${id}`],
      ['POST', `/networks/${id}`],
      ['PATCH', '/agents'],
      ['POST', '/agents/x'],
    ] as const) {
      expectError(await admin(method, path, { network: {} }), 405, 'HTTPMethodNotAllowed', text);
    }
    for (const path of ['/networks', `/networks/${id}`, '/ports', '/extensions', '/quotas']) {
      expect([path, (await admin('HEAD', path)).status]).toEqual([path, 405]);
    }
    expectError(await admin('POST', '/agents', { agent: {} }), 400, 'HTTPBadRequest');
  });

  test('a change of a bare collection is a change of the item None', async () => {
    expectError(await admin('PUT', '/networks', { network: {} }), 404, 'NetworkNotFound', 'Network None could not be found.');
    expectError(await admin('DELETE', '/networks'), 404, 'NetworkNotFound', 'Network None could not be found.');
    expectError(await admin('DELETE', '/ports'), 404, 'PortNotFound', 'Port None could not be found.');
    expectError(await admin('DELETE', '/subnets/'), 404, 'SubnetNotFound', 'Subnet None could not be found.');
    expectError(await admin('DELETE', '/agents'), 404, 'AgentNotFound', 'Agent None could not be found.');
  });

  test('DELETE takes no body, and announcing one is not sending one', async () => {
    const { id } = await cloud.make('network', {});
    for (const body of [JSON.stringify({ network: {} }), '{}', '"x"', '{', 'null']) {
      expectError(await member('DELETE', `/networks/${id}`, body), 400, 'HTTPBadRequest', 'Request body is not supported in DELETE.');
    }
    const gone = await cloud.send('DELETE', `/networks/${id}`, {
      token: cloud.member.token,
      headers: { 'content-type': 'application/json' },
    });
    expect([gone.status, gone.text, gone.headers['content-type']]).toEqual([204, '', undefined]);
  });

  test('bodies that are none', async () => {
    const refused = async (body: unknown, message: string, type = 'HTTPBadRequest') =>
      expectError(await member('POST', '/networks', body), 400, type, message);
    await refused('{', 'Body contains invalid data');
    await refused('', "Unable to find 'network' in request body");
    await refused('[]', 'Resource body required');
    await refused('null', "Unable to find 'network' in request body");
    await refused('"text"', 'Resource body required');
    await refused({}, "Unable to find 'network' in request body");
    await refused({ network: null }, "Unable to find 'network' in request body");
    await refused({ net: {} }, "Unable to find 'network' in request body");
    await refused({ network: [] }, "Object 'network' contains invalid data");
    await refused({ network: 'x' }, "Object 'network' contains invalid data");
    await refused({ networks: [] }, 'Resources required');
    await refused({ networks: [1] }, "Object 'network' contains invalid data");
    expectError(
      await admin('PUT', `/agents/${NOWHERE}`, '{'),
      400,
      'MalformedRequestBody',
      'Malformed request body: Cannot understand JSON.',
    );
    const { id } = await cloud.make('network', {});
    for (const path of [`/networks/${id}`, `/networks/${id}.json`, `/networks/${id}/?fields=id`])
      expectError(await member('PUT', path, '{'), 400, 'HTTPBadRequest', 'Body contains invalid data');
    // What extensions added below core items is spoken as extensions are.
    for (const path of [`/networks/${id}/tags`, `/ports/${id}/bindings/host`, '/subnetpools/none', '/routers/none/add_router_interface'])
      expectError(await member('PUT', path, '{'), 400, 'MalformedRequestBody');
    expectError(await member('PUT', `/networks/${id}`, {}), 400, 'HTTPBadRequest', "Unable to find 'network' in request body");
    expect((await member('PUT', `/networks/${id}`, { network: {} })).status).toBe(200);
  });

  test('a body beyond the limit is 413', async () => {
    const answer = await member('POST', '/networks', { network: { description: 'x'.repeat(2 ** 20) } });
    expectError(answer, 413, 'HTTPRequestEntityTooLarge');
  });

  test('bodies are JSON whatever their type says', async () => {
    const { token } = cloud.member;
    for (const type of ['text/plain', 'application/json; charset=utf-8', 'application/octet-stream']) {
      const answer = await cloud.send('POST', '/networks', { token, body: { network: { name: type } }, headers: { 'content-type': type } });
      expect([type, answer.status]).toEqual([type, 201]);
    }
  });

  test('attributes that a create or an update may not have', async () => {
    const refused = async (attributes: object, message: string) =>
      expectError(await member('POST', '/networks', { network: attributes }), 400, 'HTTPBadRequest', message);
    await refused({ colour: 'red', size: 1 }, "Unrecognized attribute(s) 'colour, size'");
    await refused({ status: 'ACTIVE' }, "Attribute 'status' not allowed in POST");
    await refused({ id: NOWHERE }, "Attribute 'id' not allowed in POST");
    expectError(
      await member('POST', '/ports', { port: {} }),
      400,
      'HTTPBadRequest',
      "Failed to parse request. Required attribute 'network_id' not specified",
    );
    const network = await cloud.make('network', {});
    const change = async (attributes: object, message: string) =>
      expectError(await member('PUT', `/networks/${network.id}`, { network: attributes }), 400, 'HTTPBadRequest', message);
    await change({ id: network.id }, 'Cannot update read-only attribute id');
    await change({ tenant_id: cloud.member.projectId }, 'Cannot update read-only attribute project_id');
    await change({ colour: 'red' }, "Unrecognized attribute(s) 'colour'");
    await change({ name: 1 }, "Invalid input for name. Reason: '1' is not a valid string.");
  });

  test('a bad attribute wins over a missing right', async () => {
    const answer = await member('POST', '/networks', { network: { shared: true, name: 7 } });
    expectError(answer, 400, 'HTTPBadRequest', "Invalid input for name. Reason: '7' is not a valid string.");
  });

  test('tenant_id and project_id are one', async () => {
    const { projectId } = cloud.stranger;
    for (const body of [{ tenant_id: projectId }, { project_id: projectId }, { tenant_id: projectId, project_id: projectId }]) {
      const made = await admin('POST', '/networks', { network: body });
      expect([made.status, made.at('network.tenant_id'), made.at('network.project_id')]).toEqual([201, projectId, projectId]);
    }
    const both = { tenant_id: projectId, project_id: cloud.admin.projectId };
    expectError(await admin('POST', '/networks', { network: both }), 400, 'HTTPBadRequest', "'project_id' and 'tenant_id' do not match");
    expectError(
      await member('POST', '/networks', { network: { tenant_id: projectId } }),
      400,
      'HTTPBadRequest',
      "Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
    );
    expect((await member('POST', '/networks', { network: { tenant_id: cloud.member.projectId } })).status).toBe(201);
    // Compute and load balancing make ports for the projects they serve, and nothing that no rule lets them make.
    const service = cloud.as(cloud.service);
    const { network } = await cloud.wired('10.9.0.0/24');
    const { id: group } = await cloud.make('security_group', { name: 'for an instance' });
    const instance = { network_id: network.id, device_owner: 'compute:nova', tenant_id: cloud.member.projectId };
    const plugged = await service('POST', '/ports', { port: { ...instance, security_groups: [group] } });
    expect([plugged.status, plugged.at('port.project_id')]).toEqual([201, cloud.member.projectId]);
    const [standing] = (await member('GET', '/security-groups?name=default')).at('security_groups') as { id: string }[];
    expect((await service('POST', '/ports', { port: instance })).at('port.security_groups')).toEqual([standing?.id]);
    expectError(
      await service('POST', '/networks', { network: { tenant_id: projectId } }),
      403,
      'PolicyNotAuthorized',
      'rule:create_network is disallowed by policy',
    );
    expectError(
      await member('GET', `/networks?tenant_id=${projectId}&project_id=${projectId}`),
      400,
      'TenantIdProjectIdFilterConflict',
      'Both tenant_id and project_id passed as filters.',
    );
    const mine = (await admin('GET', `/networks?tenant_id=${projectId}`)).at('networks') as unknown[];
    expect((await admin('GET', `/networks?project_id=${projectId}`)).at('networks')).toEqual(mine);
    expect(mine).toHaveLength(3);
  });

  test('bulk creates all or none', async () => {
    const made = await member('POST', '/networks', { networks: [{ name: 'bulk 1' }, { network: { name: 'bulk 2' } }] });
    expect(made.status).toBe(201);
    expect((made.at('networks') as { name: string }[]).map(({ name }) => name)).toEqual(['bulk 1', 'bulk 2']);
    const half = await member('POST', '/networks', { networks: [{ name: 'half' }, { name: 'half', admin_state_up: 'perhaps' }] });
    expectError(half, 400, 'InvalidInput', "Invalid input for operation: 'perhaps' cannot be converted to boolean.");
    const denied = await member('POST', '/networks', { networks: [{ name: 'half' }, { name: 'half', shared: true }] });
    expectError(denied, 403, 'PolicyNotAuthorized', '(rule:create_network and rule:create_network:shared) is disallowed by policy');
    expect((await member('GET', '/networks?name=half')).at('networks')).toEqual([]);
    expectError(await admin('POST', '/agents', { agents: [{}] }), 400, 'HTTPBadRequest');
  });

  test('If-Match holds a change back when the row is not what the client saw', async () => {
    const network = await cloud.make('network', {});
    const revision = network.revision_number as number;
    const at = async (tag: string, method: 'PUT' | 'DELETE' = 'PUT') =>
      member(method, `/networks/${network.id}`, method === 'PUT' ? { network: { name: 'changed' } } : undefined, { 'if-match': tag });
    const stale = `Constrained to 99, but current revision is ${revision}`;
    expectError(await at('revision_number=99'), 412, 'RevisionNumberConstraintFailed', stale);
    expectError(await at('"revision_number=99"'), 412, 'RevisionNumberConstraintFailed', stale);
    expectError(await at('revision_number=99', 'DELETE'), 412, 'RevisionNumberConstraintFailed', stale);
    expectError(
      await at('revision_number=-1'),
      412,
      'RevisionNumberConstraintFailed',
      `Constrained to -1, but current revision is ${revision}`,
    );
    const format = 'Bad if-match request: Revision number etag must be in the format of revision_number=<int>.';
    for (const tag of ['revision_number=x', 'revision_number=', '"revision_number=1.5"'])
      expectError(await at(tag), 400, 'BadRequest', format);
    const several = 'Bad if-match request: Multiple revision_number etags are not supported..';
    for (const tag of ['revision_number=1, revision_number=2', 'revision_number=x,revision_number=2'])
      expectError(await at(tag), 400, 'BadRequest', several);
    const changed = await at(`revision_number=${revision}`);
    expect([changed.status, changed.at('network.revision_number')]).toEqual([200, revision + 1]);
    expect((await at('"some-other-etag"')).status).toBe(200);
    const now = (await member('GET', `/networks/${network.id}`)).at('network.revision_number');
    expect((await at(`"revision_number=${now}"`, 'DELETE')).status).toBe(204);
  });

  test('an update that changes nothing leaves revision and time alone', async () => {
    const network = await cloud.make('network', { name: 'same' });
    expect(network.created_at).toBe(network.updated_at);
    expect(network.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const same = await member('PUT', `/networks/${network.id}`, { network: { name: 'same', admin_state_up: true } });
    expect(same.at('network')).toEqual(network);
    const old = '2020-01-01T00:00:00Z';
    await cloud.store.transaction((tx) => tx.run('UPDATE networks SET created_at = ?, updated_at = ? WHERE id = ?', old, old, network.id));
    const changed = await member('PUT', `/networks/${network.id}`, { network: { name: 'other' } });
    expect(changed.at('network.revision_number')).toBe((network.revision_number as number) + 1);
    expect(changed.at('network.created_at')).toBe(old);
    expect(String(changed.at('network.updated_at')) >= String(network.updated_at)).toBe(true);
    expect((await member('GET', `/networks/${network.id}`)).body).toEqual(changed.body);
  });

  test('an id is no pattern, whatever is in it', async () => {
    for (const id of ["' OR 1=1 --", '%', '*', '%00', 'x'.repeat(900), encodeURIComponent('\u{1F600}')]) {
      const path = `/networks/${id.includes('%') && id.length > 1 ? id : encodeURIComponent(id)}`;
      const answer = await admin('GET', path);
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});
