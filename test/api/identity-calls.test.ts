// Every call of the identity API at least once, on every engine, and who may make it. A call that is in the tables of src/api/identity and was not
// made here with success fails the last test.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin as adminOnly } from '#api/identity/call.ts';
import { calls } from '#api/identity/calls.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';
import {
  adminToken,
  type IdentityServer,
  identityServer,
  type Method,
  type Person,
  person,
  roleId,
  type Sent,
  send,
} from './identity-server.ts';

/** A path as its call declares it: `/users/:user_id`. Literal parts win over variables. */
function callOf(method: Method, path: string): string | undefined {
  const parts = path.replace(/\?.*/, '').split('/');
  const wanted = method === 'HEAD' ? 'GET' : method;
  const matching = calls.filter((call) => {
    const declared = call.path.split('/');
    return (
      call.method === wanted && declared.length === parts.length && declared.every((part, i) => part.startsWith(':') || part === parts[i])
    );
  });
  return matching.map((call) => `${call.method} ${call.path}`)[0];
}

describe.each(engines())('identity calls on $name', (engine) => {
  let opened: OpenEngine;
  let server: IdentityServer;
  let token: string;
  let member: Person;
  const made = new Set<string>();
  beforeAll(async () => {
    opened = await engine.open();
    server = await identityServer(opened.store);
    token = await adminToken(server);
    member = await person(server);
  });
  afterAll(async () => {
    await server.app.close();
    await opened.remove();
  });

  /** As the administrator where nobody else is named; remembers what succeeded. */
  async function call(method: Method, path: string, body?: unknown, sent: Sent = {}) {
    const reply = await send(server, method, path, { token, body, ...sent });
    if (reply.status < 300) made.add(callOf(method, path) ?? `${method} ${path} is not declared`);
    return reply;
  }
  const names = (list: unknown) => (list as { name: string }[]).map(({ name }) => name);

  test('versions are told at both addresses, with and without a slash at the end', async () => {
    for (const url of ['/identity', '/identity/', '/identity/v3', '/identity/v3/']) {
      const reply = await server.app.inject({ url, headers: { host: 'cloud.example.org' } });
      const many = !url.includes('v3');
      expect(reply.statusCode).toBe(many ? 300 : 200);
      const version = many ? reply.json().versions.values[0] : reply.json().version;
      expect(version).toMatchObject({
        id: 'v3.14',
        status: 'stable',
        links: [{ rel: 'self', href: 'http://cloud.example.org/identity/v3/' }],
      });
    }
  });

  test('projects', async () => {
    const parent = await call('POST', '/projects', { project: { name: 'parent', tags: ['a', 'b'], colour: 'blue' } });
    const id = parent.text('project.id');
    expect([parent.status, parent.at('project')]).toEqual([
      201,
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: 'parent',
        description: '',
        domain_id: 'default',
        parent_id: 'default',
        enabled: true,
        is_domain: false,
        tags: ['a', 'b'],
        options: {},
        colour: 'blue',
        links: { self: `http://cloud.example.org:9696/identity/v3/projects/${id}` },
      },
    ]);
    const child = await call('POST', '/projects', { project: { name: 'child', parent_id: id, enabled: false, description: null } });
    expect(child.at('project')).toMatchObject({ parent_id: id, domain_id: 'default', enabled: false });
    expect((await call('GET', `/projects/${id}`)).body).toEqual(parent.body);
    const listed = async (query: string) => names((await call('GET', `/projects?${query}`)).at('projects'));
    expect(await listed('name=parent')).toEqual(['parent']);
    expect(await listed(`parent_id=${id}`)).toEqual(['child']);
    expect(await listed('enabled=false')).toEqual(['child']);
    expect(await listed('tags=a,b')).toEqual(['parent']);
    expect(await listed('tags=a,c')).toEqual([]);
    expect(await listed('domain_id=nowhere')).toEqual([]);
    expect(await listed('is_domain=true')).toEqual([]);
    const changed = await call('PATCH', `/projects/${id}`, {
      project: { name: 'renamed', description: 'new', colour: null, tags: [], shape: 'round' },
    });
    expect(changed.at('project')).toMatchObject({
      name: 'renamed',
      description: 'new',
      colour: null,
      tags: [],
      shape: 'round',
      enabled: true,
    });
    expect((await call('DELETE', `/projects/${id}`)).status).toBe(403);
    expect((await call('DELETE', `/projects/${child.text('project.id')}`)).status).toBe(204);
    expect((await call('DELETE', `/projects/${id}`)).status).toBe(204);
    expect((await call('DELETE', `/projects/${id}`)).at('error')).toEqual({
      code: 404,
      title: 'Not Found',
      message: `Could not find project: ${id}.`,
    });
  });

  test('users', async () => {
    const user = await call('POST', '/users', {
      user: { name: 'ann', password: 'secret', email: 'ann@example.org', default_project_id: member.projectId },
    });
    const id = user.text('user.id');
    expect([user.status, user.at('user')]).toEqual([
      201,
      {
        id,
        name: 'ann',
        domain_id: 'default',
        enabled: true,
        email: 'ann@example.org',
        default_project_id: member.projectId,
        password_expires_at: null,
        options: {},
        links: { self: `http://cloud.example.org:9696/identity/v3/users/${id}` },
      },
    ]);
    expect((await call('GET', `/users/${id}`)).body).toEqual(user.body);
    const listed = async (query: string) => names((await call('GET', `/users?${query}`)).at('users'));
    expect(await listed('name=ann')).toEqual(['ann']);
    expect(await listed('name=ann&domain_id=nowhere')).toEqual([]);
    expect(await listed('enabled=1')).toContain('ann');
    const changed = await call('PATCH', `/users/${id}`, {
      user: { name: 'anna', enabled: false, description: 'gone', default_project_id: null },
    });
    expect(changed.at('user')).toMatchObject({ name: 'anna', enabled: false, description: 'gone', email: 'ann@example.org' });
    expect(changed.at('user')).not.toHaveProperty('default_project_id');
    expect((await call('GET', `/users/${id}/groups`)).at('groups')).toEqual([]);
    expect((await call('GET', `/users/${id}/projects`)).at('projects')).toEqual([]);
    expect(names((await call('GET', `/users/${member.userId}/projects`)).at('projects'))).toHaveLength(1);
    expect((await call('POST', `/users/${id}/password`, { user: { password: 'b', original_password: 'secret' } })).status).toBe(204);
    expect((await call('DELETE', `/users/${id}`)).status).toBe(204);
    expect((await call('GET', `/users/${id}`)).status).toBe(404);
  });

  test('domains', async () => {
    const domain = await call('POST', '/domains', { domain: { name: 'team', description: 'ours' } });
    const id = domain.text('domain.id');
    expect(domain.at('domain')).toMatchObject({ name: 'team', description: 'ours', enabled: true });
    expect((await call('GET', `/domains/${id}`)).body).toEqual(domain.body);
    expect(names((await call('GET', '/domains?name=team')).at('domains'))).toEqual(['team']);
    expect(names((await call('GET', '/domains?enabled=true')).at('domains'))).toEqual(['Default', 'team']);
    const project = await call('POST', '/projects', { project: { name: 'inside', domain_id: id } });
    expect(project.at('project')).toMatchObject({ domain_id: id, parent_id: id });
    expect((await call('DELETE', `/domains/${id}`)).status).toBe(403);
    expect((await call('PATCH', `/domains/${id}`, { domain: { enabled: false, name: 'crew' } })).at('domain')).toMatchObject({
      name: 'crew',
      enabled: false,
    });
    expect((await call('DELETE', `/domains/${id}`)).status).toBe(204);
    expect((await call('GET', `/projects/${project.text('project.id')}`)).status).toBe(404);
  });

  test('roles and what they imply', async () => {
    expect(names((await call('GET', '/roles')).at('roles'))).toEqual(['admin', 'manager', 'member', 'reader', 'service']);
    const role = await call('POST', '/roles', { role: { name: 'painter' } });
    const id = role.text('role.id');
    expect(role.at('role')).toMatchObject({ name: 'painter', domain_id: null, description: '' });
    expect((await call('GET', `/roles/${id}`)).body).toEqual(role.body);
    expect((await call('PATCH', `/roles/${id}`, { role: { name: 'artist', description: 'paints' } })).at('role')).toMatchObject({
      name: 'artist',
      description: 'paints',
    });
    expect((await call('GET', '/roles?domain_id=default')).at('roles')).toEqual([]);
    const reader = await roleId(server, 'reader');
    const rule = `/roles/${id}/implies/${reader}`;
    expect((await call('GET', rule)).status).toBe(404);
    expect([(await call('PUT', rule)).status, (await call('PUT', rule)).status]).toEqual([201, 201]);
    expect((await call('GET', rule)).at('role_inference')).toMatchObject({ prior_role: { name: 'artist' }, implies: { name: 'reader' } });
    expect((await call('HEAD', rule)).status).toBe(200);
    expect((await call('GET', `/roles/${id}/implies`)).at('role_inference')).toMatchObject({
      prior_role: { name: 'artist' },
      implies: [{ name: 'reader' }],
    });
    const rules = (await call('GET', '/role_inferences')).at('role_inferences') as {
      prior_role: { name: string };
      implies: { name: string }[];
    }[];
    expect(rules.map(({ prior_role, implies }) => [prior_role.name, ...names(implies)].join(' '))).toEqual([
      'admin manager',
      'artist reader',
      'manager member',
      'member reader',
    ]);
    expect([(await call('DELETE', rule)).status, (await call('DELETE', rule)).status]).toEqual([204, 404]);
    expect((await call('DELETE', `/roles/${id}`)).status).toBe(204);
  });

  test.each(['projects', 'domains', 'system'])('role assignments in %s', async (kind) => {
    const place = kind === 'projects' ? `/projects/${member.projectId}` : kind === 'domains' ? '/domains/default' : '/system';
    const url = `${place}/users/${member.userId}/roles`;
    const manager = await roleId(server, 'manager');
    expect((await call('HEAD', `${url}/${manager}`)).status).toBe(404);
    expect([(await call('PUT', `${url}/${manager}`)).status, (await call('PUT', `${url}/${manager}`)).status]).toEqual([204, 204]);
    expect([(await call('HEAD', `${url}/${manager}`)).status, (await call('GET', `${url}/${manager}`)).status]).toEqual([204, 204]);
    expect(names((await call('GET', url)).at('roles'))).toContain('manager');
    const scope =
      kind === 'projects' ? `scope.project.id=${member.projectId}` : kind === 'domains' ? 'scope.domain.id=default' : 'scope.system=all';
    const query = `/role_assignments?user.id=${member.userId}&${scope}`;
    type Assignment = { role: { id: string; name: string }; user: { name: string }; scope: object; links: { assignment: string } };
    const listed = async (more: string) => (await call('GET', query + more)).at('role_assignments') as Assignment[];
    expect((await listed(`&role.id=${manager}`)).map(({ role, links }) => [role, links.assignment])).toEqual([
      [{ id: manager }, `http://cloud.example.org:9696/identity/v3${url}/${manager}`],
    ]);
    const effective = await listed('&effective&include_names=True');
    expect(effective.map(({ role }) => role.name).sort()).toEqual(['manager', 'member', 'reader']);
    expect(effective[0]?.user).toMatchObject({ id: member.userId, domain: { id: 'default', name: 'Default' } });
    expect(Object.keys(effective[0]?.scope ?? {})).toEqual([kind === 'system' ? 'system' : kind.slice(0, -1)]);
    expect(await listed('&group.id=any')).toEqual([]);
    expect([(await call('DELETE', `${url}/${manager}`)).status, (await call('DELETE', `${url}/${manager}`)).status]).toEqual([204, 404]);
    expect((await call('PUT', `${place}/users/nobody/roles/${manager}`)).status).toBe(404);
    expect((await call('PUT', `${url}/nothing`)).status).toBe(404);
  });

  test('tokens, and what they can be exchanged for', async () => {
    const issued = await call('POST', '/auth/tokens', member.login());
    const one = issued.header('x-subject-token');
    expect((await call('GET', '/auth/tokens', undefined, { subject: one })).body).toEqual(issued.body);
    expect((await call('GET', '/auth/catalog')).at('catalog')).toHaveLength(2);
    expect((await call('GET', '/auth/projects', undefined, { token: one })).at('projects')).toMatchObject([{ id: member.projectId }]);
    expect((await call('GET', '/auth/domains', undefined, { token: one })).at('domains')).toEqual([]);
    expect([
      (await call('GET', '/auth/system')).at('system'),
      (await call('GET', '/auth/system', undefined, { token: one })).at('system'),
    ]).toEqual([[{ all: true }], []]);
    expect((await call('DELETE', '/auth/tokens', undefined, { subject: one })).status).toBe(204);
    expect((await call('HEAD', '/auth/tokens', undefined, { subject: one })).status).toBe(404);
  });

  test('services, endpoints and regions', async () => {
    const service = (await call('GET', '/services?type=network')).at('services.0') as { id: string };
    expect(service).toMatchObject({ type: 'network', name: 'neutron', enabled: true });
    expect((await call('GET', `/services/${service.id}`)).at('service')).toEqual(service);
    const endpoints = (await call('GET', `/endpoints?service_id=${service.id}&interface=admin`)).at('endpoints') as { id: string }[];
    expect(endpoints).toMatchObject([{ service_id: service.id, url: 'http://cloud.example.org:9696', region: 'RegionOne' }]);
    expect((await call('GET', `/endpoints/${endpoints[0]?.id}`)).at('endpoint')).toEqual(endpoints[0]);
    expect((await call('GET', '/regions')).at('regions')).toMatchObject([{ id: 'RegionOne', parent_region_id: null }]);
    expect((await call('GET', '/regions/RegionOne')).at('region.id')).toBe('RegionOne');
    for (const path of ['/services/none', '/endpoints/none', '/regions/none', '/nothing'])
      expect((await call('GET', path)).status).toBe(404);
  });

  test('application credentials', async () => {
    const url = `/users/${member.userId}/application_credentials`;
    const own = { token: member.token };
    const one = await call(
      'POST',
      url,
      { application_credential: { name: 'robot', expires_at: '2099-01-01T00:00:00', roles: [{ name: 'reader' }] } },
      own,
    );
    expect(one.at('application_credential')).toMatchObject({
      name: 'robot',
      project_id: member.projectId,
      description: null,
      unrestricted: false,
      expires_at: '2099-01-01T00:00:00.000000',
      roles: [{ name: 'reader' }],
      secret: expect.stringMatching(/^[\w-]{64}$/),
    });
    const id = one.text('application_credential.id');
    expect((await call('GET', `${url}/${id}`, undefined, own)).at('application_credential')).not.toHaveProperty('secret');
    expect(names((await call('GET', `${url}?name=robot`, undefined, own)).at('application_credentials'))).toEqual(['robot']);
    expect((await call('GET', `/users/${(await person(server)).userId}/application_credentials/${id}`)).status).toBe(404);
    expect((await call('DELETE', `${url}/${id}`, undefined, own)).status).toBe(204);
  });

  test('taken names are 409, things that are not there 404, and bodies of the wrong shape 400', async () => {
    for (const [noun, body] of [
      ['project', { name: 'twice' }],
      ['user', { name: 'twice' }],
      ['domain', { name: 'twice' }],
      ['role', { name: 'twice' }],
    ] as const) {
      const url = `/${noun}s`;
      const first = await call('POST', url, { [noun]: body });
      expect(first.status).toBe(201);
      const second = await call('POST', url, { [noun]: body });
      expect([second.status, second.text('error.message')]).toEqual([409, expect.stringContaining('twice')]);
      const third = await call('POST', url, { [noun]: { name: 'other' } });
      expect((await call('PATCH', `${url}/${third.text(`${noun}.id`)}`, { [noun]: body })).status).toBe(409);
      expect((await call('PATCH', `${url}/none`, { [noun]: {} })).status).toBe(404);
      expect((await call('DELETE', `${url}/none`)).status).toBe(404);
      const wrong = [
        {},
        [],
        'text',
        null,
        { [noun]: {} },
        { [noun]: { name: '' } },
        { [noun]: { name: ' ' } },
        { [noun]: { name: 5 } },
        { [noun]: { name: 'x'.repeat(300) } },
      ];
      for (const bad of wrong) expect([(await call('POST', url, bad)).status, bad]).toEqual([400, bad]);
    }
    const bad = { description: 5, enabled: 'yes', domain_id: 7 };
    for (const [key, value] of Object.entries(bad)) {
      const reply = await call('POST', '/projects', { project: { name: 'bad', [key]: value } });
      expect([reply.status, reply.text('error.message')]).toEqual([400, expect.stringContaining(`project.${key}`)]);
    }
    expect((await call('POST', '/projects', { project: { name: 'x', domain_id: 'nowhere' } })).status).toBe(404);
    expect((await call('POST', '/projects', { project: { name: 'x', parent_id: 'nowhere' } })).status).toBe(404);
    expect((await call('POST', '/users', { user: { name: 'x', domain_id: 'nowhere' } })).status).toBe(404);
    expect((await call('POST', '/roles', { role: { name: 'x', domain_id: 'default' } })).status).toBe(400);
    expect((await call('PATCH', `/projects/${member.projectId}`, { project: { parent_id: 'x' } })).status).toBe(403);
  });

  test('without a valid token every call but login is 401', async () => {
    for (const { method, path, open } of calls) {
      if (open) continue;
      for (const wrong of [undefined, '', 'nonsense', `${token.slice(0, -4)}AAAA`]) {
        const reply = await send(server, method, path, { token: wrong });
        expect([`${method} ${path}`, reply.status, reply.header('www-authenticate')]).toEqual([
          `${method} ${path}`,
          401,
          'Keystone uri="http://cloud.example.org:9696/identity"',
        ]);
      }
    }
  });

  test('what is for administrators is 403 for a member, and so is what belongs to others', async () => {
    const other = await person(server);
    const others = { user_id: other.userId, project_id: other.projectId, domain_id: 'elsewhere', scope_id: other.projectId };
    const everybodys = new Set(calls.filter((one) => !one.open && one.may.says === 'any valid token').map(({ path }) => path));
    for (const one of calls) {
      if (one.open || everybodys.has(one.path)) continue;
      const path = one.path.replace(/:(\w+)/g, (_, name: string) => others[name as keyof typeof others] ?? 'any');
      const reply = await send(server, one.method, path, { token: member.token, body: {} });
      expect([`${one.method} ${one.path}`, reply.status, reply.at('error.title')]).toEqual([`${one.method} ${one.path}`, 403, 'Forbidden']);
    }
    // What anybody may do is a short list that grows only on purpose.
    expect([...everybodys].sort()).toEqual([
      '/auth/catalog',
      '/auth/domains',
      '/auth/projects',
      '/auth/system',
      '/auth/tokens',
      '/regions',
      '/regions/:region_id',
    ]);
    expect(calls.filter((one) => !one.open && one.may === adminOnly).length).toBeGreaterThan(30);
    const mine = [
      `/users/${member.userId}`,
      `/users/${member.userId}/projects`,
      `/projects/${member.projectId}`,
      '/domains/default',
      `/role_assignments?user.id=${member.userId}`,
    ];
    for (const path of mine) expect([path, (await send(server, 'GET', path, { token: member.token })).status]).toEqual([path, 200]);
  });

  test('every declared call was made', () => {
    const declared = calls.map(({ method, path }) => `${method} ${path}`);
    expect([...made].sort()).toEqual(declared.sort());
    expect(new Set(declared).size).toBe(declared.length);
  });
});
