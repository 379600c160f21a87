// The `openstack` command on how networks are carried and ports share wires: trunks, segments and their ranges, local IPs, free addresses, and the
// topology that a project gets by asking.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needs, type Shown } from './clients.ts';
import type { Shell } from './shell.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let admin: Shell;
let ann: Shell;
beforeAll(async () => {
  shop = await openShop();
  ({ admin, ann } = shop);
});
afterAll(() => shop.close());
beforeEach(needs('openstackclient', 'python3-openstackclient'));

const names = (rows: readonly Shown[]): string[] => rows.map(({ Name }) => String(Name)).sort();

describe('wires', { timeout: 120_000 }, () => {
  test('trunks carry subports', async () => {
    await ann.run('network create wire');
    for (const port of ['parent', 'one', 'two']) await ann.run(`port create ${port} --network wire`);
    const made = await ann.show(
      'network trunk create bundle --parent-port parent --subport port=one,segmentation-type=vlan,segmentation-id=100 --description words',
    );
    expect(made).toMatchObject({ name: 'bundle', admin_state_up: true, description: 'words' });
    await ann.run('network trunk set bundle --name bunch --description more --subport port=two,segmentation-type=vlan,segmentation-id=200');
    expect(await ann.list('network subport list --trunk bunch')).toHaveLength(2);
    expect(await ann.fails('port delete one')).toMatch(/Failed to delete/);
    await ann.run('network trunk unset bunch --subport one');
    await ann.run('network trunk set bunch --disable');
    expect(await ann.fails('network trunk set bunch --subport port=one,segmentation-type=vlan,segmentation-id=300')).toMatch(
      /is currently disabled/,
    );
    await ann.run('network trunk set bunch --enable');
    const shown = await ann.show('network trunk show bunch');
    expect(shown.sub_ports).toHaveLength(1);
    expect(names(await ann.list('network trunk list --long'))).toEqual(['bunch']);
    expect((await ann.show('port show parent')).trunk_details).toMatchObject({ trunk_id: shown.id });
    await ann.run('network trunk delete bunch');
    await ann.run('port delete parent one two');
    await ann.run('network delete wire');
  });

  test('segments of a network', async () => {
    await admin.run('network create split --provider-network-type vxlan --provider-segment 4001');
    expect(await admin.list('network segment list --network split')).toHaveLength(1);
    const made = await admin.show(
      'network segment create rack2 --network split --network-type flat --physical-network dc1 --description words',
    );
    expect(made).toMatchObject({ name: 'rack2', network_type: 'flat', physical_network: 'dc1' });
    await admin.run('network segment set rack2 --name rack3 --description more');
    expect(await admin.show('network segment show rack3')).toMatchObject({ description: 'more' });
    expect(await admin.list('network segment list --long')).toHaveLength(2);
    await admin.run('network segment delete rack3');
    await admin.run('network delete split');
  });

  test('ranges that segments are taken from', async () => {
    const made = await admin.show(
      'network segment range create mine --network-type vxlan --minimum 9000 --maximum 9100 --private --project shop',
    );
    expect(made).toMatchObject({ name: 'mine', minimum: 9000, maximum: 9100, shared: false });
    await admin.run('network segment range set mine --name ours --minimum 9000 --maximum 9200');
    expect(await admin.show('network segment range show ours')).toMatchObject({ maximum: 9200 });
    expect(names(await admin.list('network segment range list --long'))).toContain('ours');
    expect(names(await admin.list('network segment range list --unused --available'))).toContain('ours');
    await admin.run('network segment range delete ours');
  });

  test('local IPs lead to ports nearby', async () => {
    await ann.run('network create near');
    await ann.run('subnet create near --network near --subnet-range 10.0.0.0/24');
    for (const port of ['local', 'fixed']) await ann.run(`port create ${port} --network near`);
    const made = await ann.show('local ip create --name cache --local-port local --description words');
    expect(made).toMatchObject({ name: 'cache', description: 'words', ip_mode: 'translate' });
    await ann.run('local ip set cache --name store --description more');
    expect(await ann.show('local ip show store')).toMatchObject({ description: 'more' });
    expect(names(await ann.list('local ip list --name store --network near'))).toEqual(['store']);
    const associated = await ann.show('local ip association create store fixed');
    expect(associated.local_ip_address).toBe(made.local_ip_address);
    expect(await ann.list('local ip association list store')).toHaveLength(1);
    // The command takes the name for the id here.
    await ann.run(`local ip association delete store ${associated.fixed_port_id}`);
    await ann.run('local ip delete store');
    await ann.run('port delete local fixed');
    await ann.run('network delete near');
  });

  test('how many addresses are free', async () => {
    await admin.run('network create counted');
    await admin.run('subnet create counted --network counted --subnet-range 10.0.0.0/24 --no-dhcp');
    expect(await admin.list('ip availability list --ip-version 4 --project admin')).toEqual([
      expect.objectContaining({ 'Network Name': 'counted', 'Total IPs': 253, 'Used IPs': 0 }),
    ]);
    expect(await admin.show('ip availability show counted')).toMatchObject({ total_ips: 253, used_ips: 0 });
    await admin.run('network delete counted');
  });

  test('a project gets a network with a router by asking', async () => {
    expect(await ann.fails('network auto allocated topology create --check-resources')).toMatch(/409|Deployment error/);
    await admin.run('network create outside --external --default');
    await admin.run('subnet create outside --network outside --subnet-range 203.0.113.0/24 --no-dhcp');
    await admin.run('subnet pool create pool --pool-prefix 10.0.0.0/16 --default-prefix-length 24 --share --default');
    const { id } = await ann.show('network auto allocated topology create');
    expect(await ann.show('network auto allocated topology create --or-show')).toMatchObject({ id });
    expect(await ann.list('router list')).toHaveLength(1);
    await ann.run('network auto allocated topology delete');
    expect(await ann.list('router list')).toEqual([]);
  });
});
