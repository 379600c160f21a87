// The `openstack` command on networks, subnets, ports, quotas and extensions: every option that concerns what is served, against a real
// `isospin server`, with a project of its own and its admin.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needs, type Shown } from './clients.ts';
import type { Shell } from './shell.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let admin: Shell;
/** A plain member of the project `shop`. */
let ann: Shell;

beforeAll(async () => {
  shop = await openShop();
  ({ admin, ann } = shop);
});
afterAll(() => shop.close());
beforeEach(needs('openstackclient', 'python3-openstackclient'));

const names = (rows: readonly Shown[]): string[] => rows.map(({ Name }) => String(Name)).sort();
const does = (clients: Shell, line: string) => clients.run(line);
const lists = (clients: Shell, line: string) => clients.list(line);
/** Lists whose rows must have these names. */
async function finds(cases: readonly (readonly [who: Shell, line: string, names: readonly string[]])[]): Promise<void> {
  for (const [who, line, wanted] of cases) expect(names(await lists(who, line)), line).toEqual(wanted);
}
const shows = (clients: Shell, line: string) => clients.show(line);
const fails = (clients: Shell, line: string) => clients.fails(line);

describe('with a project', { timeout: 240_000 }, () => {
  test('a user of a new project sees nothing yet', async () => {
    expect(await lists(ann, 'network list')).toEqual([]);
    expect(await lists(ann, 'subnet list')).toEqual([]);
    expect(await lists(ann, 'port list')).toEqual([]);
  });

  test('network create, show, list with every filter, set, delete', async () => {
    const plain = await shows(ann, 'network create plain');
    expect(plain).toMatchObject({ name: 'plain', admin_state_up: true, status: 'ACTIVE', shared: false, mtu: 1450, subnets: [] });
    expect(plain).toMatchObject({ 'router:external': false, port_security_enabled: true, 'provider:network_type': null });
    const full = await shows(
      ann,
      'network create full --disable --description words --mtu 1400 --disable-port-security --dns-domain shop.example.',
    );
    expect(full).toMatchObject({ admin_state_up: false, description: 'words', mtu: 1400, port_security_enabled: false });
    expect(full.dns_domain).toBe('shop.example.');
    const given = await shows(
      admin,
      'network create given --share --external --project shop --provider-network-type vxlan --provider-segment 4711',
    );
    expect(given).toMatchObject({ shared: true, 'router:external': true, project_id: plain.project_id });
    expect(given).toMatchObject({ 'provider:network_type': 'vxlan', 'provider:segmentation_id': 4711 });
    const flat = await shows(admin, 'network create flat --provider-network-type flat --provider-physical-network dc1');
    expect(flat).toMatchObject({ 'provider:physical_network': 'dc1', mtu: 1500 });
    expect(await fails(ann, 'network create no --provider-network-type vxlan')).toMatch(/403.*disallowed by policy/);
    expect(await fails(admin, 'network create twice --provider-network-type vxlan --provider-segment 4711')).toMatch(/409/);

    await finds([
      [ann, 'network list', ['full', 'given', 'plain']],
      [admin, 'network list --project shop --internal', ['full', 'plain']],
      [admin, 'network list --external', ['given']],
      [ann, 'network list --disable', ['full']],
      [ann, 'network list --enable', ['given', 'plain']],
      [ann, 'network list --name plain', ['plain']],
      [ann, 'network list --share', ['given']],
      [ann, 'network list --no-share --status ACTIVE', ['full', 'plain']],
    ]);
    expect(await lists(ann, 'network list --status ERROR')).toEqual([]);
    await finds([
      [admin, 'network list --provider-network-type flat --provider-physical-network dc1', ['flat']],
      [admin, 'network list --provider-segment 4711', ['given']],
    ]);
    const [long] = await lists(admin, 'network list --long --name given');
    expect(long).toMatchObject({ Name: 'given', Status: 'ACTIVE', State: true, Shared: true, 'Network Type': 'vxlan' });
    expect(long).toMatchObject({ 'Router Type': true });

    await does(ann, 'network set full --name fuller --enable --description other --mtu 1390 --enable-port-security');
    await does(ann, 'network set fuller --dns-domain other.example.');
    const changed = await shows(ann, 'network show fuller');
    expect(changed).toMatchObject({ id: full.id, admin_state_up: true, description: 'other', mtu: 1390, dns_domain: 'other.example.' });
    expect(changed.port_security_enabled).toBe(true);
    expect(changed.revision_number).toBe(full.revision_number + 2);
    await does(admin, 'network set given --no-share --internal');
    expect(await shows(admin, 'network show given')).toMatchObject({ shared: false, 'router:external': false });
    expect(await fails(ann, 'network set plain --share')).toMatch(/403/);
    await does(ann, 'network delete fuller given');
    await does(admin, 'network delete flat');
    expect(names(await lists(ann, 'network list'))).toEqual(['plain']);
    await does(ann, 'network delete plain');
    expect(await fails(ann, 'network show fuller')).toMatch(/No Network found for fuller/);
  });

  test('subnet create, show, list with every filter, set, unset, delete', async () => {
    await does(ann, 'network create wire');
    const four = await shows(
      ann,
      'subnet create four --network wire --subnet-range 10.4.0.0/24 --gateway 10.4.0.254 --description words ' +
        '--allocation-pool start=10.4.0.10,end=10.4.0.20 --allocation-pool start=10.4.0.40,end=10.4.0.50 ' +
        '--dns-nameserver 10.4.0.2 --dns-nameserver 10.4.0.3 --host-route destination=10.9.0.0/16,gateway=10.4.0.9',
    );
    expect(four).toMatchObject({ cidr: '10.4.0.0/24', gateway_ip: '10.4.0.254', ip_version: 4, enable_dhcp: true, description: 'words' });
    expect(four.allocation_pools).toEqual([
      { start: '10.4.0.10', end: '10.4.0.20' },
      { start: '10.4.0.40', end: '10.4.0.50' },
    ]);
    expect(four.dns_nameservers).toEqual(['10.4.0.2', '10.4.0.3']);
    expect(four.host_routes).toEqual([{ destination: '10.9.0.0/16', nexthop: '10.4.0.9' }]);
    const six = await shows(
      ann,
      'subnet create six --network wire --ip-version 6 --subnet-range 2001:db8:6::/64 --ipv6-ra-mode slaac --ipv6-address-mode slaac',
    );
    expect(six).toMatchObject({ ip_version: 6, ipv6_ra_mode: 'slaac', ipv6_address_mode: 'slaac', network_id: four.network_id });
    const quiet = await shows(ann, 'subnet create quiet --network wire --subnet-range 10.5.0.0/24 --no-dhcp --gateway none');
    expect(quiet).toMatchObject({ enable_dhcp: false, gateway_ip: null });
    await does(admin, 'subnet create kept --network wire --project shop --subnet-range 10.6.0.0/24 --service-type compute:special');
    expect(await fails(ann, 'subnet create again --network wire --subnet-range 10.4.0.0/25')).toMatch(/overlaps/);

    await finds([
      [ann, 'subnet list', ['four', 'kept', 'quiet', 'six']],
      [ann, 'subnet list --ip-version 6', ['six']],
      [ann, 'subnet list --no-dhcp', ['quiet']],
      [ann, 'subnet list --dhcp --ip-version 4', ['four', 'kept']],
      [ann, 'subnet list --network wire --name four', ['four']],
      [ann, 'subnet list --gateway 10.4.0.254', ['four']],
      [ann, 'subnet list --subnet-range 10.5.0.0/24', ['quiet']],
      [admin, 'subnet list --project shop', ['four', 'kept', 'quiet', 'six']],
    ]);
    const [long] = await lists(ann, 'subnet list --long --name four');
    expect(long).toMatchObject({ Subnet: '10.4.0.0/24', DHCP: true, Gateway: '10.4.0.254', 'Name Servers': ['10.4.0.2', '10.4.0.3'] });

    await does(ann, 'subnet set four --name vier --no-dhcp --gateway 10.4.0.253 --description other --dns-nameserver 10.4.0.4');
    await does(ann, 'subnet set vier --no-allocation-pool --allocation-pool start=10.4.0.60,end=10.4.0.70');
    await does(ann, 'subnet set vier --host-route destination=10.8.0.0/16,gateway=10.4.0.8');
    const set = await shows(ann, 'subnet show vier');
    expect(set).toMatchObject({ enable_dhcp: false, gateway_ip: '10.4.0.253', description: 'other' });
    expect(set.dns_nameservers).toEqual(['10.4.0.4', '10.4.0.2', '10.4.0.3']); // in the client's order
    expect(set.allocation_pools).toEqual([{ start: '10.4.0.60', end: '10.4.0.70' }]);
    expect(set.host_routes).toHaveLength(2);
    await does(ann, 'subnet unset vier --dns-nameserver 10.4.0.3 --host-route destination=10.9.0.0/16,gateway=10.4.0.9 --gateway');
    const unset = await shows(ann, 'subnet show vier');
    expect(unset.dns_nameservers).toEqual(['10.4.0.4', '10.4.0.2']);
    expect(unset.host_routes).toEqual([{ destination: '10.8.0.0/16', nexthop: '10.4.0.8' }]);
    expect(unset.gateway_ip).toBeNull();
    await does(ann, 'subnet set vier --no-dns-nameservers --no-host-route --dhcp');
    expect(await shows(ann, 'subnet show vier')).toMatchObject({ dns_nameservers: [], host_routes: [], enable_dhcp: true });
    await does(admin, 'subnet set kept --service-type compute:other');
    await does(admin, 'subnet unset kept --service-type compute:special');
    expect((await shows(admin, 'subnet show kept')).service_types).toEqual(['compute:other']);
    await does(ann, 'subnet delete six quiet kept vier');
    expect(await lists(ann, 'subnet list')).toEqual([]);
    await does(ann, 'network delete wire');
  });

  test('port create, show, list with every filter, set, unset, delete', async () => {
    await does(ann, 'network create joint');
    const four = await shows(ann, 'subnet create v4 --network joint --subnet-range 10.4.0.0/24');
    const six = await shows(ann, 'subnet create v6 --network joint --ip-version 6 --subnet-range 2001:db8:6::/64');
    const both = await shows(ann, 'port create both --network joint');
    expect(both).toMatchObject({ admin_state_up: true, status: 'DOWN', binding_vnic_type: 'normal', port_security_enabled: true });
    expect(both.fixed_ips.map((ip: Shown) => ip.subnet_id).sort()).toEqual([four.id, six.id].sort());
    expect(both.mac_address).toMatch(/^fa:16:3e:/);
    const full = await shows(
      ann,
      'port create full --network joint --disable --description words --device box1 --device-owner shop:till --dns-name till ' +
        '--fixed-ip subnet=v4,ip-address=10.4.0.77 --extra-dhcp-option name=mtu,value=1400,ip-version=4 --disable-port-security',
    );
    expect(full).toMatchObject({ admin_state_up: false, description: 'words', device_id: 'box1', device_owner: 'shop:till' });
    expect(full).toMatchObject({ dns_name: 'till', port_security_enabled: false });
    expect(full.fixed_ips).toEqual([{ subnet_id: four.id, ip_address: '10.4.0.77' }]);
    expect(full.dns_assignment).toMatchObject([{ hostname: 'till', ip_address: '10.4.0.77' }]);
    expect(full.extra_dhcp_opts).toEqual([{ opt_name: 'mtu', opt_value: '1400', ip_version: 4 }]);
    const bare = await shows(ann, 'port create bare --network joint --no-fixed-ip --vnic-type direct');
    expect(bare).toMatchObject({ fixed_ips: [], binding_vnic_type: 'direct', ip_allocation: 'none' });
    const bound = await shows(
      admin,
      'port create bound --network joint --project shop --host nowhere --mac-address fa:16:3e:00:00:07 --device-owner network:special',
    );
    expect(bound).toMatchObject({ binding_host_id: 'nowhere', binding_vif_type: 'binding_failed', mac_address: 'fa:16:3e:00:00:07' });
    expect(await fails(ann, 'port create x --network joint --host nowhere')).toMatch(/403/);
    expect(await fails(ann, 'port create x --network joint --fixed-ip ip-address=10.4.0.77')).toMatch(/already allocated/);

    await finds([
      [ann, 'port list', ['bare', 'both', 'bound', 'full']],
      [ann, 'port list --network joint --device-owner shop:till', ['full']],
      [ann, 'port list --device-id box1', ['full']],
      [ann, 'port list --mac-address fa:16:3e:00:00:07', ['bound']],
      [ann, 'port list --name bare', ['bare']],
      [admin, 'port list --host nowhere', ['bound']],
      [admin, 'port list --project shop', ['bare', 'both', 'bound', 'full']],
      [ann, 'port list --fixed-ip ip-address=10.4.0.77', ['full']],
      [ann, 'port list --fixed-ip ip-substring=.0.77', ['full']],
      [ann, 'port list --fixed-ip subnet=v6', ['both', 'bound']],
    ]);
    const [long] = await lists(ann, 'port list --long --name full');
    expect(long).toMatchObject({ 'MAC Address': full.mac_address, Status: 'DOWN', 'Device Owner': 'shop:till' });

    await does(ann, 'port set full --name till --enable --description other --device box2 --device-owner shop:desk --dns-name desk');
    await does(ann, 'port set till --fixed-ip subnet=v6,ip-address=2001:db8:6::77 --enable-port-security --vnic-type macvtap');
    await does(ann, 'port set till --extra-dhcp-option name=ntp-server,value=10.4.0.5,ip-version=4');
    const set = await shows(ann, 'port show till');
    expect(set).toMatchObject({ id: full.id, admin_state_up: true, description: 'other', device_id: 'box2', device_owner: 'shop:desk' });
    expect(set).toMatchObject({ dns_name: 'desk', port_security_enabled: true, binding_vnic_type: 'macvtap' });
    expect(set.fixed_ips.map((ip: Shown) => ip.ip_address).sort()).toEqual(['10.4.0.77', '2001:db8:6::77']);
    expect(set.extra_dhcp_opts.map((option: Shown) => option.opt_name).sort()).toEqual(['mtu', 'ntp-server']);
    await does(ann, 'port unset till --fixed-ip subnet=v4,ip-address=10.4.0.77');
    expect((await shows(ann, 'port show till')).fixed_ips).toEqual([{ subnet_id: six.id, ip_address: '2001:db8:6::77' }]);
    await does(ann, 'port set till --no-fixed-ip');
    expect((await shows(ann, 'port show till')).fixed_ips).toEqual([]);
    await does(admin, 'port set till --host elsewhere --mac-address fa:16:3e:00:00:08');
    expect(await shows(admin, 'port show till')).toMatchObject({ binding_host_id: 'elsewhere', mac_address: 'fa:16:3e:00:00:08' });
    await does(admin, 'port unset till --host');
    expect(await shows(admin, 'port show till')).toMatchObject({ binding_host_id: '', binding_vif_type: 'unbound' });
    expect(await fails(ann, 'subnet delete v6')).toMatch(/409.*One or more ports have an IP allocation/s);
    expect(await fails(ann, 'network delete joint')).toMatch(/still in use on the network/);
    await does(ann, 'port delete both till bare');
    await does(admin, 'port delete bound');
    await does(ann, 'network delete joint');
    expect([...(await lists(ann, 'port list')), ...(await lists(ann, 'subnet list')), ...(await lists(ann, 'network list'))]).toEqual([]);
  });

  test('quota list with what is used; a quota that is used up', async () => {
    const { id } = await shows(admin, 'project show shop');
    expect(await lists(ann, 'network list')).toEqual([]);
    await does(ann, 'network create only');
    // `openstack quota set` of this release asks for a compute service; the same call by hand.
    await shop.adminClients.python(`
import json, openstack
openstack.connect(load_envvars=True).network.update_quota('${id}', networks=1, subnets=2, ports=3)
print(json.dumps({}))`);
    expect(await lists(admin, 'quota list --network')).toMatchObject([{ 'Project ID': id, Networks: 1, Subnets: 2, Ports: 3 }]);
    const detail = await lists(admin, `quota list --network --detail --project ${id}`);
    const used = detail.map((row) => [row.Resource, row['In Use'], row.Limit].join(' '));
    expect(used).toEqual(expect.arrayContaining(['networks 1 1', 'ports 0 3', 'subnets 0 2', 'security_groups 1 10', 'subnet_pools 0 -1']));
    expect(await fails(ann, 'network create another')).toMatch(/409.*Quota exceeded for resources: \['network'\]/);
    expect(await fails(ann, 'quota list --network')).toMatch(/403/);
    await does(ann, 'network delete only');
    await shop.adminClients.python(`
import json, openstack
openstack.connect(load_envvars=True).network.delete_quota('${id}')
print(json.dumps({}))`);
    expect(await lists(admin, 'quota list --network')).toEqual([]);
  });

  test('extension list and show', async () => {
    const aliases = (await lists(ann, 'extension list --network')).map(({ Alias }) => String(Alias));
    expect(aliases).toEqual(expect.arrayContaining(['agent', 'binding', 'provider', 'quotas', 'external-net', 'standard-attr-revisions']));
    expect(await shows(ann, 'extension show binding')).toMatchObject({ alias: 'binding', name: 'Port Binding' });
    expect(await fails(ann, 'extension show unheard-of')).toMatch(/No Extension found for unheard-of|No extension/i);
  });

  test('tags', async () => {
    await does(ann, 'network create tagged --tag red --tag blue');
    expect((await shows(ann, 'network show tagged')).tags.sort()).toEqual(['blue', 'red']);
    expect(names(await lists(ann, 'network list --tags red,blue'))).toEqual(['tagged']);
    await does(ann, 'network unset tagged --tag red');
    expect(await lists(ann, 'network list --tags red')).toEqual([]);
    await does(ann, 'network delete tagged');
  });
});
