// openstacksdk on every resource it knows: made, got, found, listed, changed and deleted by its own methods, and the calls it has beside these.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needs } from './clients.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());
beforeEach(needs('openstack', 'python3-openstacksdk'));

const sdk = (body: string) =>
  shop.adminClients.python(`import json, openstack\nnet = openstack.connect(load_envvars=True).network\n${body}`);

/** Puts one resource through its life: answers what was not as it should be. `args` come before all others: the parent of a nested one. */
const LIFE = `
wrong = []
def expect(what, holds):
    if not holds:
        wrong.append(what)
def life(name, create, update=None, args=(), plural=None, find=True, keep=False):
    plural = plural or name + 's'
    made = getattr(net, 'create_' + name)(*args, **create)
    got = getattr(net, 'get_' + name)(made.id, *args)
    expect(name + ' get', got.id == made.id)
    if find:
        finder = getattr(net, 'find_' + name)
        expect(name + ' find', finder(made.id, *args).id == made.id)
        expect(name + ' find nothing', finder('00000000-0000-4000-8000-000000000000', *args, ignore_missing=True) is None)
    expect(name + ' list', made.id in [one.id for one in getattr(net, plural)(*args)])
    if update:
        changed = getattr(net, 'update_' + name)(made, *args, **update)
        expect(name + ' update', all(getattr(changed, key) == value for key, value in update.items()))
    if not keep:
        getattr(net, 'delete_' + name)(made, *args, ignore_missing=False)
        expect(name + ' delete', made.id not in [one.id for one in getattr(net, plural)(*args)])
    return made
`;

describe('openstacksdk', { timeout: 120_000 }, () => {
  test('what addresses come from, and groups', async () => {
    const told = await sdk(`${LIFE}
life('address_scope', {'name': 'scope', 'ip_version': 4}, {'name': 'other'})
life('subnet_pool', {'name': 'pool', 'prefixes': ['10.0.0.0/16']}, {'name': 'other'})
group = life('address_group', {'name': 'group', 'addresses': ['192.0.2.1/32']}, {'name': 'other'}, keep=True)
net.add_addresses_to_address_group(group, ['198.51.100.0/24'])
net.remove_addresses_from_address_group(group, ['192.0.2.1/32'])
expect('addresses', net.get_address_group(group.id).addresses == ['198.51.100.0/24'])
net.delete_address_group(group)
sg = life('security_group', {'name': 'web', 'description': 'words'}, {'name': 'shop'}, keep=True)
life('security_group_rule', {'security_group_id': sg.id, 'direction': 'ingress', 'protocol': 'tcp', 'port_range_min': 80, 'port_range_max': 80})
net.set_tags(sg, ['a', 'b'])
expect('tags', sorted(net.get_security_group(sg.id).tags) == ['a', 'b'] and [g.id for g in net.security_groups(tags='a')] == [sg.id])
n = net.create_network(name='n')
life('rbac_policy', {'object_type': 'network', 'object_id': n.id, 'action': 'access_as_shared', 'target_project_id': n.project_id},
     {'target_project_id': '*'}, plural='rbac_policies')
net.delete_network(n)
net.delete_security_group(sg)
print(json.dumps({'wrong': wrong}))`);
    expect(told).toEqual({ wrong: [] });
  });

  test('routers and what leads through them', async () => {
    const told = await sdk(`${LIFE}
out = net.create_network(name='outside', is_router_external=True)
net.create_subnet(network_id=out.id, ip_version=4, cidr='203.0.113.0/24', is_dhcp_enabled=False)
inside = net.create_network(name='inside')
subnet = net.create_subnet(network_id=inside.id, ip_version=4, cidr='10.0.0.0/24')
scope = net.create_address_scope(name='six', ip_version=6)
pool = net.create_subnet_pool(name='six', prefixes=['2001:db8::/40'], default_prefix_length=64, address_scope_id=scope.id)
net.create_subnet(network_id=out.id, ip_version=6, subnet_pool_id=pool.id)
six = net.create_subnet(network_id=inside.id, ip_version=6, subnet_pool_id=pool.id)
router = life('router', {'name': 'edge'}, {'name': 'gate'}, keep=True)
net.add_interface_to_router(router, subnet_id=subnet.id)
net.add_interface_to_router(router, subnet_id=six.id)
net.update_router(router, external_gateway_info={'network_id': out.id})
net.add_extra_routes_to_router(router, {'router': {'routes': [{'destination': '192.0.2.0/24', 'nexthop': '10.0.0.9'}]}})
expect('routes', len(net.get_router(router.id).routes) == 1)
net.remove_extra_routes_from_router(router, {'router': {'routes': [{'destination': '192.0.2.0/24', 'nexthop': '10.0.0.9'}]}})
vm = net.create_port(network_id=inside.id, name='vm', fixed_ips=[{'subnet_id': subnet.id}])
fip = life('ip', {'floating_network_id': out.id}, {'description': 'words'}, keep=True)
net.update_ip(fip, port_id=vm.id)
expect('floating', net.get_ip(fip.id).fixed_ip_address == vm.fixed_ips[0]['ip_address'] and net.find_available_ip() is None)
net.update_ip(fip, port_id=None)
expect('available', net.find_available_ip().id == fip.id)
forwarding = net.create_floating_ip_port_forwarding(fip, internal_port_id=vm.id, internal_ip_address=vm.fixed_ips[0]['ip_address'],
    internal_port=22, external_port=2222, protocol='tcp')
expect('forwarding', net.get_floating_ip_port_forwarding(fip, forwarding.id).external_port == 2222)
expect('forwardings', len(list(net.floating_ip_port_forwardings(fip))) == 1)
net.update_floating_ip_port_forwarding(fip, forwarding.id, external_port=2200)
net.delete_floating_ip_port_forwarding(fip, forwarding.id, ignore_missing=False)
helper = net.create_conntrack_helper(router, helper='tftp', protocol='udp', port=69)
expect('helper', net.get_conntrack_helper(helper.id, router).port == 69 and len(list(net.conntrack_helpers(router))) == 1)
net.update_conntrack_helper(helper.id, router, port=6969)
net.delete_conntrack_helper(helper.id, router, ignore_missing=False)
net.delete_ip(fip, ignore_missing=False)
net.update_router(router, enable_ndp_proxy=True)
far = net.create_port(network_id=inside.id, fixed_ips=[{'subnet_id': six.id}])
life('ndp_proxy', {'router_id': router.id, 'port_id': far.id}, {'description': 'words'}, plural='ndp_proxies')
net.delete_port(far)
net.update_router(router, external_gateway_info={})
net.remove_interface_from_router(router, subnet_id=six.id)
net.remove_interface_from_router(router, subnet_id=subnet.id)
net.delete_router(router, ignore_missing=False)
net.delete_port(vm)
for n in (inside, out):
    net.delete_network(n, ignore_missing=False)
net.delete_subnet_pool(pool, ignore_missing=False)
net.delete_address_scope(scope, ignore_missing=False)
print(json.dumps({'wrong': wrong}))`);
    expect(told).toEqual({ wrong: [] });
  });

  test('quality of service, meters and flavors', async () => {
    const told = await sdk(`${LIFE}
policy = life('qos_policy', {'name': 'gold'}, {'name': 'platinum'}, plural='qos_policies', keep=True)
for kind, create, update in (
    ('bandwidth_limit', {'max_kbps': 1000}, {'max_kbps': 2000}), ('dscp_marking', {'dscp_mark': 26}, {'dscp_mark': 28}),
    ('minimum_bandwidth', {'min_kbps': 1, 'direction': 'egress'}, {'min_kbps': 2}), ('minimum_packet_rate', {'min_kpps': 1, 'direction': 'any'}, {'min_kpps': 2})):
    name = 'qos_' + kind + '_rule'
    made = getattr(net, 'create_' + name)(policy, **create)
    expect(name + ' get', getattr(net, 'get_' + name)(made.id, policy).id == made.id)
    expect(name + ' find', getattr(net, 'find_' + name)(made.id, policy).id == made.id)
    expect(name + ' list', len(list(getattr(net, name + 's')(policy))) == 1)
    changed = getattr(net, 'update_' + name)(made, policy, **update)
    expect(name + ' update', all(getattr(changed, key) == value for key, value in update.items()))
    expect(name + ' in policy', len(net.get_qos_policy(policy.id).rules) == 1)
    getattr(net, 'delete_' + name)(made, policy, ignore_missing=False)
expect('types', 'bandwidth_limit' in [t.type for t in net.qos_rule_types()] and net.get_qos_rule_type('bandwidth_limit').type == 'bandwidth_limit')
net.delete_qos_policy(policy, ignore_missing=False)
label = life('metering_label', {'name': 'all'}, keep=True)
life('metering_label_rule', {'metering_label_id': label.id, 'direction': 'egress', 'source_ip_prefix': '10.0.0.0/24'})
net.delete_metering_label(label, ignore_missing=False)
profile = life('service_profile', {'meta_info': 'words'}, {'description': 'more'}, keep=True)
flavor = life('flavor', {'name': 'gold', 'service_type': 'L3_ROUTER_NAT'}, {'name': 'platinum'}, keep=True)
net.associate_flavor_with_service_profile(flavor, profile)
expect('profiles', net.get_flavor(flavor.id).service_profile_ids == [profile.id])
net.disassociate_flavor_from_service_profile(flavor, profile)
net.delete_flavor(flavor, ignore_missing=False)
net.delete_service_profile(profile, ignore_missing=False)
expect('providers', [p.name for p in net.service_providers(name='ha', service_type='L3_ROUTER_NAT')] == ['ha'])
expect('zones', list(net.availability_zones()) == [])
print(json.dumps({'wrong': wrong}))`);
    expect(told).toEqual({ wrong: [] });
  });

  test('trunks, local IPs, segments and free addresses', async () => {
    const told = await sdk(`${LIFE}
n = net.create_network(name='wire')
s = net.create_subnet(network_id=n.id, ip_version=4, cidr='10.0.0.0/24', is_dhcp_enabled=False)
parent, one, two = (net.create_port(network_id=n.id, name=name) for name in ('parent', 'one', 'two'))
trunk = life('trunk', {'name': 'bundle', 'port_id': parent.id}, {'name': 'bunch'}, keep=True)
net.add_trunk_subports(trunk, [{'port_id': one.id, 'segmentation_id': 100, 'segmentation_type': 'vlan'}])
expect('subports', len(net.get_trunk_subports(trunk)['sub_ports']) == 1)
net.delete_trunk_subports(trunk, [{'port_id': one.id}])
net.delete_trunk(trunk, ignore_missing=False)
local = life('local_ip', {'name': 'cache', 'local_port_id': one.id}, {'name': 'store'}, keep=True)
net.create_local_ip_association(local.id, fixed_port_id=two.id)
expect('association', net.get_local_ip_association(two.id, local.id).fixed_port_id == two.id and len(list(net.local_ip_associations(local.id))) == 1)
net.delete_local_ip_association(local.id, two.id, ignore_missing=False)
net.delete_local_ip(local, ignore_missing=False)
free = net.get_network_ip_availability(n.id)
expect('free', [free.total_ips, free.used_ips, free.network_name] == [253, 3, 'wire'])
expect('availabilities', n.id in [a.network_id for a in net.network_ip_availabilities()])
for port in (parent, one, two):
    net.delete_port(port, ignore_missing=False)
net.delete_network(n, ignore_missing=False)
split = net.create_network(name='split', provider_network_type='vxlan', provider_segmentation_id=4001)
segment = life('segment', {'name': 'rack', 'network_id': split.id, 'network_type': 'flat', 'physical_network': 'dc1'},
    {'name': 'row'}, keep=True)
expect('segments', len(list(net.segments(network_id=split.id))) == 2)
net.delete_segment(segment, ignore_missing=False)
net.delete_network(split, ignore_missing=False)
life('network_segment_range', {'name': 'mine', 'shared': False, 'project_id': n.project_id, 'network_type': 'vxlan', 'minimum': 9000, 'maximum': 9100},
    {'maximum': 9200})
quota = net.get_quota(n.project_id, details=True)
expect('quota', quota.networks['limit'] == 100 and net.get_quota_default(n.project_id).routers == 10)
print(json.dumps({'wrong': wrong}))`);
    expect(told).toEqual({ wrong: [] });
  });
});
