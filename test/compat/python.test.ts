// Programs in Python as others have written them: openstacksdk, which Ansible and Nova's users build on, and python3-neutronclient, the older
// library, against a real `isospin server`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { passwordOf, type Server, startServer } from '#test/cluster/program.ts';
import { type Clients, clientsOf, needs, variablesOf } from './clients.ts';

let home: string;
let server: Server;
let admin: Clients;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'isospin-compat-'));
  server = await startServer(join(home, 'state'));
  admin = clientsOf(home, variablesOf(server.url, 'admin', passwordOf(server.state), 'admin'));
});
afterAll(async () => {
  await server.end();
  rmSync(home, { recursive: true, force: true });
});

describe('openstacksdk', { timeout: 60_000 }, () => {
  beforeEach(needs('openstack', 'python3-openstacksdk'));
  const sdk = (body: string) => admin.python(`import json, openstack\nnet = openstack.connect(load_envvars=True).network\n${body}`);

  test('networks, subnets and ports are made, found, changed and deleted', async () => {
    const told = await sdk(`
n = net.create_network(name='sdk', mtu=1400, description='words')
s = net.create_subnet(network_id=n.id, name='sdk-subnet', ip_version=4, cidr='10.1.0.0/24', dns_nameservers=['10.1.0.3'])
p = net.create_port(network_id=n.id, name='sdk-port', fixed_ips=[{'subnet_id': s.id, 'ip_address': '10.1.0.50'}], device_owner='sdk:test')
out = {'mtu': n.mtu, 'pool': s.allocation_pools, 'address': p.fixed_ips[0]['ip_address'], 'security': p.is_port_security_enabled,
       'subnets': net.get_network(n).subnet_ids == [s.id], 'project': p.project_id == n.project_id}
out['found'] = [net.find_network('sdk').id == n.id, net.find_network(n.id).id == n.id, net.find_subnet('sdk-subnet').id == s.id,
                net.find_port('sdk-port', ignore_missing=False).id == p.id, net.find_port('nobody')]
out['filtered'] = [[x.name for x in net.ports(device_owner='sdk:test')], [x.name for x in net.subnets(cidr='10.1.0.0/24')],
                   [x.name for x in net.networks(name='sdk')], [x.name for x in net.ports(fixed_ips='ip_address=10.1.0.50')]]
n = net.update_network(n, name='sdk2', is_admin_state_up=False)
s = net.update_subnet(s, gateway_ip=None, is_dhcp_enabled=False)
p = net.update_port(p, name='sdk-port2', fixed_ips=[{'subnet_id': s.id}])
out['changed'] = [n.name, n.is_admin_state_up, s.gateway_ip, s.is_dhcp_enabled, p.name, len(p.fixed_ips)]
out['revision'] = net.get_port(p.id).revision_number == p.revision_number
refused = {}
def refuse(name, call):
    try:
        call()
        refused[name] = 'not refused'
    except openstack.exceptions.HttpException as error:
        refused[name] = [type(error).__name__, error.status_code]
refuse('in use', lambda: net.delete_network(n))
refuse('stale', lambda: net.update_port(p, name='late', if_revision=99))
refuse('bad', lambda: net.create_subnet(network_id=n.id, ip_version=4, cidr='not a prefix'))
refuse('missing', lambda: net.get_network('00000000-0000-4000-8000-000000000000'))
out['refused'] = refused
net.delete_port(p, ignore_missing=False, if_revision=p.revision_number)
net.delete_subnet(s, ignore_missing=False)
net.delete_network(n, ignore_missing=False)
out['left'] = [len(list(net.ports())), len(list(net.subnets())), len(list(net.networks()))]
print(json.dumps(out))`);
    expect(told).toEqual({
      mtu: 1400,
      pool: [{ start: '10.1.0.2', end: '10.1.0.254' }],
      address: '10.1.0.50',
      security: true,
      subnets: true,
      project: true,
      found: [true, true, true, true, null],
      filtered: [['sdk-port'], ['sdk-subnet'], ['sdk'], ['sdk-port']],
      changed: ['sdk2', false, null, false, 'sdk-port2', 1],
      revision: true,
      refused: {
        'in use': ['ConflictException', 409],
        stale: ['PreconditionFailedException', 412],
        bad: ['BadRequestException', 400],
        missing: ['ResourceNotFound', 404],
      },
      left: [0, 0, 0],
    });
  });

  test('ports are made in bulk, all or none, and listed by pages that the library follows', async () => {
    const told = await sdk(`
n = net.create_network(name='bulk')
s = net.create_subnet(network_id=n.id, ip_version=4, cidr='10.2.0.0/24')
made = list(net.create_ports([{'network_id': n.id, 'name': 'bulk-%03d' % i} for i in range(50)]))
names = sorted(p.name for p in made)
pages = list(net.ports(network_id=n.id, limit=7))
raw = net.get('/ports', params={'network_id': n.id, 'limit': 20, 'sort_key': 'name', 'sort_dir': 'asc', 'fields': ['name']}).json()
second = net.get(next(l['href'] for l in raw['ports_links'] if l['rel'] == 'next')).json()
try:
    list(net.create_ports([{'network_id': n.id, 'name': 'good'}, {'network_id': n.id, 'fixed_ips': [{'ip_address': '10.9.9.9'}]}]))
    half = 'not refused'
except openstack.exceptions.BadRequestException:
    half = len(list(net.ports(name='good')))
out = {'made': len(made), 'addresses': len({p.fixed_ips[0]['ip_address'] for p in made}), 'named': names[0] + ' ' + names[-1],
       'pages': len({p.id for p in pages}),
       'first': raw['ports'][0], 'second': [len(second['ports']), second['ports'][0]['name']], 'half': half}
for p in made:
    net.delete_port(p)
net.delete_network(n)
print(json.dumps(out))`);
    expect(told).toEqual({
      made: 50,
      addresses: 50,
      named: 'bulk-000 bulk-049',
      pages: 50,
      first: { name: 'bulk-000' },
      second: [20, 'bulk-020'],
      half: 0,
    });
  });

  test('quotas are set, shown with what is used, and taken back; extensions are listed', async () => {
    const told = await sdk(`
cloud = openstack.connect(load_envvars=True)
project = cloud.identity.create_project(name='sdk-quota', domain_id='default')
default = net.get_quota_default(project.id)
net.update_quota(project.id, networks=1, ports=7)
quota = net.get_quota(project.id)
n = net.create_network(name='one', project_id=project.id)
try:
    net.create_network(name='two', project_id=project.id)
    over = 'not refused'
except openstack.exceptions.ConflictException as error:
    over = 'Quota exceeded' in str(error)
detail = net.get_quota(project.id, details=True)
listed = [q.networks for q in net.quotas() if q.project_id == project.id]
net.delete_network(n)
net.delete_quota(project.id)
out = {'default': [default.networks, default.subnets, default.ports], 'set': [quota.networks, quota.subnets, quota.ports], 'over': over,
       'used': detail.networks['used'], 'listed': listed, 'back': net.get_quota(project.id).networks,
       'extension': net.find_extension('quotas').alias, 'extensions': len(list(net.extensions())) > 20}
cloud.identity.delete_project(project)
print(json.dumps(out))`);
    expect(told).toEqual({
      default: [100, 100, 500],
      set: [1, 100, 7],
      over: true,
      used: 1,
      listed: [1],
      back: 100,
      extension: 'quotas',
      extensions: true,
    });
  });
});

describe('python3-neutronclient', { timeout: 60_000 }, () => {
  beforeEach(needs('neutronclient', 'python3-neutronclient'));
  test('makes, lists by pages, changes and deletes', async () => {
    const told = await admin.python(`
import json, os
from keystoneauth1 import loading, session
from neutronclient.common import exceptions
from neutronclient.v2_0 import client
auth = loading.get_plugin_loader('password').load_from_options(auth_url=os.environ['OS_AUTH_URL'], username='admin', password=os.environ['OS_PASSWORD'],
    project_name='admin', user_domain_name='Default', project_domain_name='Default')
neutron = client.Client(session=session.Session(auth=auth))
n = neutron.create_network({'network': {'name': 'old'}})['network']
s = neutron.create_subnet({'subnet': {'network_id': n['id'], 'ip_version': 4, 'cidr': '10.3.0.0/24'}})['subnet']
ports = neutron.create_port({'ports': [{'network_id': n['id'], 'name': 'p%d' % i} for i in range(5)]})['ports']
out = {'ports': len(ports), 'all': len(neutron.list_ports(network_id=n['id'])['ports'])}
out['pages'] = [len(page['ports']) for page in neutron.list_ports(retrieve_all=False, network_id=n['id'], limit=2, sort_key='name', sort_dir='asc')]
out['changed'] = neutron.update_port(ports[0]['id'], {'port': {'name': 'q'}})['port']['name']
out['quota'] = neutron.show_quota_details(n['project_id'])['quota']['port']['used']
out['extension'] = neutron.show_extension('agent')['extension']['alias']
try:
    neutron.delete_network(n['id'])
except exceptions.NetworkInUseClient as error:
    out['in use'] = error.status_code
try:
    neutron.show_port('00000000-0000-4000-8000-000000000000')
except exceptions.PortNotFoundClient as error:
    out['missing'] = error.status_code
for p in ports:
    neutron.delete_port(p['id'])
neutron.delete_network(n['id'])
out['left'] = len(neutron.list_subnets()['subnets'])
print(json.dumps(out))`);
    expect(told).toEqual({
      ports: 5,
      all: 5,
      pages: [2, 2, 1],
      changed: 'q',
      quota: 5,
      extension: 'agent',
      'in use': 409,
      missing: 404,
      left: 0,
    });
  });
});
