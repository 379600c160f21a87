// The identity as foreign programs use it: the `openstack` command, openstacksdk and tempest's dynamic credentials, unchanged, over real HTTP.
// The tests of a program that the machine does not have are skipped, and say so.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN_PASSWORD, type IdentityServer, identityServer, listen } from '#test/api/identity-server.ts';
import { engines, type OpenEngine } from '#test/postgres.ts';
import { environment as clientEnvironment, needs, python, run, type Variables, variablesOf } from './clients.ts';

let opened: OpenEngine;
let server: IdentityServer;
let origin: string;
let home: string;

beforeAll(async () => {
  const [engine] = engines();
  if (engine === undefined) throw new Error('no engine');
  opened = await engine.open();
  server = await identityServer(opened.store);
  origin = await listen(server);
  home = mkdtempSync(join(tmpdir(), 'isospin-compat-'));
});
afterAll(async () => {
  await server.app.close();
  await opened.remove();
  rmSync(home, { recursive: true, force: true });
});

const asAdmin = (): Variables => variablesOf(origin, 'admin', ADMIN_PASSWORD, 'admin');
/** No variable of whoever runs the tests comes through. */
const environment = (variables: Variables) => clientEnvironment(home, variables);

describe('the openstack command', { timeout: 120_000 }, () => {
  beforeEach(needs('openstackclient', 'python3-openstackclient'));
  const openstack = async (variables: Variables, ...args: string[]) =>
    (await run('openstack', args, { env: environment(variables) })).stdout;
  async function json<T>(variables: Variables, ...args: string[]): Promise<T> {
    return JSON.parse(await openstack(variables, ...args, '-f', 'json')) as T;
  }
  const failure = async (variables: Variables, ...args: string[]): Promise<string> =>
    openstack(variables, ...args).then(
      () => 'it succeeded',
      (error: { stderr: string }) => error.stderr,
    );

  test('issues a token by the unversioned address, which the same command then authenticates with', async () => {
    const { id } = await json<{ id: string }>({ ...asAdmin(), OS_AUTH_URL: `${origin}/identity` }, 'token', 'issue');
    const { OS_USERNAME: _user, OS_PASSWORD: _password, OS_USER_DOMAIN_NAME: _domain, ...rest } = asAdmin();
    const names = await json<{ Name: string }[]>({ ...rest, OS_AUTH_TYPE: 'token', OS_TOKEN: id }, 'project', 'list');
    expect(names.map(({ Name }) => Name)).toContain('admin');
    await openstack(asAdmin(), 'token', 'revoke', id);
    expect(await failure({ ...rest, OS_AUTH_TYPE: 'token', OS_TOKEN: id }, 'project', 'list')).toMatch(/HTTP 401/);
  });

  test('shows the catalog, services, endpoints and regions', async () => {
    const catalog = await json<{ Type: string; Endpoints: { interface: string; url: string; region: string }[] }[]>(
      asAdmin(),
      'catalog',
      'list',
    );
    const network = catalog.find(({ Type }) => Type === 'network');
    expect(network?.Endpoints.map((endpoint) => `${endpoint.interface} ${endpoint.region} ${endpoint.url}`)).toEqual(
      ['public', 'internal', 'admin'].map((face) => `${face} RegionOne ${origin}`),
    );
    const services = await json<{ Type: string }[]>(asAdmin(), 'service', 'list');
    expect(services.map(({ Type }) => Type).sort()).toEqual(['identity', 'network']);
    const endpoints = await json<{ URL: string }[]>(asAdmin(), 'endpoint', 'list', '--service', 'network', '--interface', 'public');
    expect(endpoints.map(({ URL }) => URL)).toEqual([origin]);
    expect(await json(asAdmin(), 'region', 'list')).toMatchObject([{ Region: 'RegionOne' }]);
  });

  test('makes a domain, a project, a user and a role, gives the role, and takes all of it away again', async () => {
    const admin = asAdmin();
    await openstack(admin, 'domain', 'create', 'team', '--description', 'a team');
    await openstack(admin, 'project', 'create', 'work', '--domain', 'team', '--property', 'colour=blue', '--tag', 'one');
    await openstack(admin, 'user', 'create', 'ann', '--domain', 'team', '--password', 'secret of ann', '--email', 'ann@example.org');
    await openstack(admin, 'role', 'create', 'painter');
    await openstack(
      admin,
      'role',
      'add',
      '--user',
      'ann',
      '--user-domain',
      'team',
      '--project',
      'work',
      '--project-domain',
      'team',
      'painter',
    );
    await openstack(admin, 'role', 'add', '--user', 'ann', '--user-domain', 'team', '--domain', 'team', 'member');
    const shown = await json<Record<string, unknown>>(admin, 'project', 'show', 'work', '--domain', 'team');
    expect(shown).toMatchObject({ name: 'work', colour: 'blue', tags: ['one'], enabled: true });
    const users = await json<Record<string, unknown>[]>(admin, 'user', 'list', '--project', String(shown.id), '--long');
    expect(users).toMatchObject([{ Name: 'ann', Email: 'ann@example.org' }]);
    const assignments = await json<Record<string, string>[]>(
      admin,
      'role',
      'assignment',
      'list',
      '--user',
      'ann',
      '--user-domain',
      'team',
      '--names',
    );
    expect(assignments.map(({ Role, Project, Domain, User }) => [Role, User, Project || Domain].join(' ')).sort()).toEqual([
      'member ann@team team',
      'painter ann@team work@team',
    ]);
    const effective = await json<Record<string, string>[]>(
      admin,
      ...['role', 'assignment', 'list', '--user', 'ann', '--user-domain', 'team', '--domain', 'team', '--effective', '--names'],
    );
    expect(effective.map(({ Role }) => Role).sort()).toEqual(['member', 'reader']);
    const ann = {
      ...admin,
      OS_USERNAME: 'ann',
      OS_PASSWORD: 'secret of ann',
      OS_USER_DOMAIN_NAME: 'team',
      OS_PROJECT_NAME: 'work',
      OS_PROJECT_DOMAIN_NAME: 'team',
    };
    expect(await json(ann, 'token', 'issue')).toMatchObject({ project_id: shown.id });
    expect(await json<{ Name: string }[]>(ann, 'project', 'list')).toMatchObject([{ Name: 'work' }]);
    expect(await failure(ann, 'user', 'list')).toMatch(/HTTP 403/);
    const { OS_PROJECT_NAME: _project, OS_PROJECT_DOMAIN_NAME: _domain, ...unscoped } = ann;
    expect(await json({ ...unscoped, OS_DOMAIN_NAME: 'team' }, 'token', 'issue')).toHaveProperty('domain_id');
    await openstack(ann, 'user', 'password', 'set', '--original-password', 'secret of ann', '--password', 'another secret');
    expect(await failure(ann, 'token', 'issue')).toMatch(/HTTP 401/);
    await openstack({ ...ann, OS_PASSWORD: 'another secret' }, 'token', 'issue');
    await openstack(
      admin,
      'role',
      'remove',
      '--user',
      'ann',
      '--user-domain',
      'team',
      '--project',
      'work',
      '--project-domain',
      'team',
      'painter',
    );
    expect(await failure({ ...ann, OS_PASSWORD: 'another secret' }, 'token', 'issue')).toMatch(/HTTP 401/);
    await openstack(admin, 'user', 'set', '--name', 'anna', '--disable', 'ann', '--domain', 'team');
    await openstack(admin, 'user', 'delete', 'anna', '--domain', 'team');
    await openstack(admin, 'project', 'delete', 'work', '--domain', 'team');
    await openstack(admin, 'role', 'delete', 'painter');
    expect(await failure(admin, 'domain', 'delete', 'team')).toMatch(/disable it first/);
    await openstack(admin, 'domain', 'set', '--disable', 'team');
    await openstack(admin, 'domain', 'delete', 'team');
    expect(await json<{ Name: string }[]>(admin, 'domain', 'list')).toMatchObject([{ Name: 'Default' }]);
  });

  test('makes an application credential and works with it, until it is deleted', async () => {
    const made = await json<{ id: string; secret: string }>(
      asAdmin(),
      ...['application', 'credential', 'create', 'robot', '--role', 'member', '--expiration', '2099-01-01T00:00:00'],
    );
    const robot = {
      OS_AUTH_URL: `${origin}/identity/v3`,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: made.id,
      OS_APPLICATION_CREDENTIAL_SECRET: made.secret,
      OS_IDENTITY_API_VERSION: '3',
    };
    await openstack(robot, 'token', 'issue');
    expect(await json<{ Name: string }[]>(robot, 'project', 'list')).toMatchObject([{ Name: 'admin' }]);
    expect(await failure(robot, 'user', 'list')).toMatch(/HTTP 403/);
    expect(await failure(robot, 'application', 'credential', 'create', 'child')).toMatch(/HTTP 403/);
    expect(await json<{ Name: string }[]>(asAdmin(), 'application', 'credential', 'list')).toMatchObject([{ Name: 'robot' }]);
    await openstack(asAdmin(), 'application', 'credential', 'delete', 'robot');
    expect(await failure(robot, 'token', 'issue')).toMatch(/HTTP 401/);
  });

  test('lists and changes what roles imply, and works for the whole system', async () => {
    type Rule = { 'Prior Role Name': string; 'Implied Role Name': string };
    const rules = async () =>
      (await json<Rule[]>(asAdmin(), 'implied', 'role', 'list'))
        .map((rule) => `${rule['Prior Role Name']} ${rule['Implied Role Name']}`)
        .sort();
    const standard = ['admin manager', 'manager member', 'member reader'];
    expect(await rules()).toEqual(standard);
    await openstack(asAdmin(), 'implied', 'role', 'create', 'service', '--implied-role', 'reader');
    expect(await rules()).toEqual([...standard, 'service reader']);
    await openstack(asAdmin(), 'implied', 'role', 'delete', 'service', '--implied-role', 'reader');
    expect(await rules()).toEqual(standard);
    const { OS_PROJECT_NAME: _project, OS_PROJECT_DOMAIN_NAME: _domain, ...unscoped } = asAdmin();
    expect(await json({ ...unscoped, OS_SYSTEM_SCOPE: 'all' }, 'token', 'issue')).toMatchObject({ system: 'all' });
  });
});

describe('openstacksdk', { timeout: 60_000 }, () => {
  beforeEach(needs('openstack', 'python3-openstacksdk'));
  test('finds, makes and deletes projects and users, and knows the network service', async () => {
    const script = `
import json, openstack
cloud = openstack.connect(load_envvars=True)
project = cloud.identity.create_project(name='sdk', domain_id='default')
user = cloud.identity.create_user(name='sdk-user', password='sdk password', domain_id='default', default_project_id=project.id)
role = cloud.identity.find_role('member')
cloud.identity.assign_project_role_to_user(project, user, role)
assigned = [a.role['id'] == role.id for a in cloud.identity.role_assignments(user_id=user.id)]
mine = openstack.connect(load_envvars=False, auth_url=cloud.config.config['auth']['auth_url'], username='sdk-user', password='sdk password',
                         user_domain_id='default', project_name='sdk', project_domain_id='default', identity_api_version='3')
found = mine.current_project_id == project.id
credential = mine.identity.create_application_credential(user=user.id, name='sdk-credential')
secret = bool(credential.secret)
cloud.identity.delete_user(user)
cloud.identity.delete_project(project)
print(json.dumps({'assigned': assigned, 'found': found, 'secret': secret, 'network': cloud.session.get_endpoint(service_type='network'),
                  'gone': cloud.identity.find_project('sdk') is None}))
`;
    const { stdout } = await run(python, ['-c', script], { env: environment(asAdmin()) });
    expect(JSON.parse(stdout)).toEqual({ assigned: [true], found: true, secret: true, network: origin, gone: true });
  });
});

describe("tempest's dynamic credentials", { timeout: 60_000 }, () => {
  beforeEach(needs('tempest', 'python3-tempest'));
  test('are made for member, administrator and named roles, work, and are removed', async () => {
    writeFileSync(join(home, 'tempest.conf'), '[DEFAULT]\nlog_file = /dev/null\n');
    const script = `
import json, os
from tempest import config
from tempest.lib import auth
from tempest.lib.common import dynamic_creds
config.CONF.identity.region  # reading anything makes tempest know its own clients
uri = os.environ['OS_AUTH_URL']
def credentials(**more):
    return auth.get_credentials(uri, identity_version='v3', fill_in=False, username='admin', password=os.environ['OS_PASSWORD'],
                                user_domain_name='Default', project_name='admin', project_domain_name='Default', domain_name='Default', **more)
admin = credentials()
provider = dynamic_creds.DynamicCredentialProvider('v3', name='probe', admin_role='admin', admin_creds=admin, identity_uri=uri,
                                                   credentials_domain='Default', neutron_available=False, create_networks=False)
made = {'primary': provider.get_primary_creds(), 'admin': provider.get_admin_creds(), 'roles': provider.get_creds_by_roles(['reader'], force_new=True),
        'domain': provider.get_domain_admin_creds(), 'system': provider.get_system_reader_creds()}
roles = {}
for name, creds in made.items():
    scope = {'domain': 'domain', 'system': 'system'}.get(name, 'project')
    token, data = auth.KeystoneV3AuthProvider(creds.credentials, uri, scope=scope).get_auth()
    roles[name] = sorted(role['name'] for role in data['roles'])
    if scope == 'project':
        roles[name + ' at'] = auth.KeystoneV3AuthProvider(creds.credentials, uri).base_url({'service': 'network', 'api_version': 'v2.0'})
        roles['identity'] = auth.KeystoneV3AuthProvider(creds.credentials, uri).base_url({'service': 'identity', 'api_version': 'v3'})
provider.clear_creds()
left = [user['name'] for user in provider.users_admin_client.list_users()['users']]
print(json.dumps({'roles': roles, 'left': left}))
`;
    const { stdout } = await run(python, ['-c', script], { env: environment({ ...asAdmin(), TEMPEST_CONFIG_DIR: home }), cwd: home });
    const all = ['admin', 'manager', 'member', 'reader'];
    const at = `${origin}/v2.0`;
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({
      roles: {
        primary: ['member', 'reader'],
        'primary at': at,
        admin: all,
        'admin at': at,
        roles: ['reader'],
        'roles at': at,
        domain: all,
        system: ['reader'],
        identity: `${origin}/identity/v3`,
      },
      left: ['admin'],
    });
  });
});
