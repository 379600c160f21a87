// The `openstack` command on what addresses are taken from and grouped by: address scopes, subnet pools, address groups; and on sharing them.
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

describe('addresses', { timeout: 120_000 }, () => {
  test('address scopes', async () => {
    expect(await ann.show('address scope create lab')).toMatchObject({ name: 'lab', ip_version: 4, shared: false });
    expect(await admin.show('address scope create six --ip-version 6 --share')).toMatchObject({ ip_version: 6, shared: true });
    expect(await ann.fails('address scope create no --share')).toMatch(/403.*disallowed by policy/);
    await ann.run('address scope set lab --name bench');
    expect(await ann.show('address scope show bench')).toMatchObject({ name: 'bench' });
    expect(names(await ann.list('address scope list'))).toEqual(['bench', 'six']);
    expect(names(await ann.list('address scope list --ip-version 6'))).toEqual(['six']);
    expect(names(await ann.list('address scope list --no-share --name bench'))).toEqual(['bench']);
    await ann.run('address scope delete bench');
    expect(await ann.fails('address scope delete six')).toMatch(/403|Failed to delete/);
  });

  test('subnet pools and subnets taken from them', async () => {
    await ann.run('address scope create scope');
    const made = await ann.show(
      'subnet pool create pool --pool-prefix 10.0.0.0/16 --pool-prefix 10.1.0.0/16 --default-prefix-length 24 --min-prefix-length 20 --max-prefix-length 28 --default-quota 4096 --address-scope scope --tag blue --description words',
    );
    expect(made).toMatchObject({ prefixes: ['10.0.0.0/15'], description: 'words', tags: ['blue'], ip_version: 4 });
    expect([made.default_prefixlen, made.min_prefixlen, made.max_prefixlen, made.default_quota].map(Number)).toEqual([24, 20, 28, 4096]);
    await ann.run('network create leased');
    const subnet = await ann.show('subnet create leased --network leased --subnet-pool pool --prefix-length 26');
    expect(subnet).toMatchObject({ subnetpool_id: made.id, cidr: '10.0.0.0/26' });
    expect(names(await ann.list('subnet list --subnet-pool pool'))).toEqual(['leased']);
    await ann.run('subnet pool set pool --name pond --pool-prefix 10.2.0.0/16 --default-prefix-length 25 --no-address-scope --tag red');
    expect(await ann.show('subnet pool show pond')).toMatchObject({ name: 'pond', address_scope_id: null });
    expect(names(await ann.list('subnet pool list --tags red,blue'))).toEqual(['pond']);
    await ann.run('subnet pool unset pond --tag red');
    expect(names(await ann.list('subnet pool list --any-tags red'))).toEqual([]);
    expect(await ann.list('subnet pool list --long --name pond --no-share')).toHaveLength(1);
    await admin.run('subnet pool create shared --pool-prefix 2001:db8::/40 --share --default');
    expect(names(await ann.list('subnet pool list --share --default'))).toEqual(['shared']);
    expect(await ann.show('subnet create six --network leased --use-default-subnet-pool --ip-version 6')).toMatchObject({
      cidr: '2001:db8::/64',
    });
    expect(await ann.fails('subnet pool delete pond')).toMatch(/Failed to delete/);
    await ann.run('network delete leased');
    await ann.run('subnet pool delete pond');
    await admin.run('subnet pool delete shared');
    await ann.run('address scope delete scope');
  });

  test('subnets that were there move into a pool', async () => {
    await admin.run('network create old');
    await admin.run('subnet create old --network old --subnet-range 172.16.0.0/24');
    await admin.run('subnet pool create home --pool-prefix 10.9.0.0/16');
    await admin.run('network onboard subnets old home');
    const home = await admin.show('subnet pool show home');
    expect(await admin.show('subnet show old')).toMatchObject({ subnetpool_id: home.id });
    expect(home.prefixes).toEqual(expect.arrayContaining(['172.16.0.0/24']));
    await admin.run('network delete old');
    await admin.run('subnet pool delete home');
  });

  test('address groups', async () => {
    const made = await ann.show('address group create hosts --address 192.0.2.1 --address 198.51.100.0/24 --description words');
    expect(made.addresses.sort()).toEqual(['192.0.2.1/32', '198.51.100.0/24']);
    await ann.run('address group set hosts --name nodes --address 203.0.113.0/24');
    await ann.run('address group unset nodes --address 192.0.2.1');
    expect((await ann.show('address group show nodes')).addresses.sort()).toEqual(['198.51.100.0/24', '203.0.113.0/24']);
    expect(names(await ann.list('address group list --name nodes'))).toEqual(['nodes']);
    expect(await admin.list('address group list --project admin')).toEqual([]);
    await ann.run('address group delete nodes');
    expect(await ann.list('address group list')).toEqual([]);
  });

  test('are shared with other projects by policies', async () => {
    await admin.run('network create common');
    expect(await ann.fails('network show common')).toMatch(/No Network found/);
    const policy = await admin.show('network rbac create common --type network --action access_as_shared --target-project shop');
    expect(policy).toMatchObject({ object_type: 'network', action: 'access_as_shared' });
    expect(await ann.show('network show common')).toMatchObject({ shared: true });
    expect(await admin.list('network rbac list --type network --action access_as_shared --long')).toHaveLength(1);
    await admin.run(`network rbac set ${policy.id} --target-project admin`);
    expect(await ann.fails('network show common')).toMatch(/No Network found/);
    expect(await admin.show(`network rbac show ${policy.id}`)).toMatchObject({ id: policy.id });
    await admin.run(`network rbac delete ${policy.id}`);
    const kinds = [
      ['address_scope', 'address scope', 'create s --ip-version 6', 's'],
      ['subnetpool', 'subnet pool', 'create p --pool-prefix 10.0.0.0/16', 'p'],
      ['address_group', 'address group', 'create g', 'g'],
      ['security_group', 'security group', 'create h', 'h'],
    ] as const;
    for (const [type, command, create, name] of kinds) {
      await admin.run(`${command} ${create}`);
      const { id } = await admin.show(`network rbac create ${name} --type ${type} --action access_as_shared --target-all-projects`);
      expect([type, (await ann.show(`${command} show ${name}`)).name]).toEqual([type, name]);
      await admin.run(`network rbac delete ${id}`);
      await admin.run(`${command} delete ${name}`);
    }
    await admin.run('network delete common');
  });
});

describe('security groups', { timeout: 120_000 }, () => {
  test('come with a default one and rules, and are made, changed and removed', async () => {
    expect(names(await ann.list('security group list'))).toEqual(['default']);
    const made = await ann.show('security group create web --description words --tag blue');
    expect(made).toMatchObject({ name: 'web', description: 'words', stateful: true, tags: ['blue'] });
    expect(made.rules).toHaveLength(2);
    await ann.run('security group set web --name shop --description more --stateless --tag red');
    await ann.run('security group unset shop --tag blue');
    expect(await ann.show('security group show shop')).toMatchObject({ stateful: false, tags: ['red'], description: 'more' });
    expect(names(await ann.list('security group list --tags red'))).toEqual(['shop']);
    expect(names(await ann.list('security group list --not-tags red'))).toEqual(['default']);
    expect(names(await admin.list('security group list --project shop'))).toEqual(['default', 'shop']);
    expect(await ann.fails('security group create default')).toMatch(/409/);
    await ann.run('security group delete shop');
  });

  test('rules of every kind', async () => {
    await ann.run('security group create rules');
    await ann.run('address group create peers --address 192.0.2.0/24');
    const rule = (options: string) => ann.show(`security group rule create rules ${options}`);
    expect(await rule('--protocol tcp --dst-port 80:443 --remote-ip 198.51.100.0/24 --description words')).toMatchObject({
      direction: 'ingress',
      ether_type: 'IPv4',
      port_range_min: 80,
      port_range_max: 443,
      protocol: 'tcp',
      remote_ip_prefix: '198.51.100.0/24',
      description: 'words',
    });
    expect(await rule('--protocol icmp --icmp-type 8 --icmp-code 0')).toMatchObject({ port_range_min: 8, port_range_max: 0 });
    expect(await rule('--protocol udp --egress --ethertype IPv6')).toMatchObject({ direction: 'egress', ether_type: 'IPv6' });
    expect(await rule('--remote-group rules')).toMatchObject({ protocol: null });
    const group = await ann.show('address group show peers');
    expect(await rule('--protocol 132 --remote-address-group peers')).toMatchObject({ remote_address_group_id: group.id, protocol: '132' });
    expect(await ann.fails('security group rule create rules --remote-group rules')).toMatch(/409.*already exists/);
    expect(await ann.list('security group rule list rules')).toHaveLength(7);
    expect(await ann.list('security group rule list rules --egress --long')).toHaveLength(3);
    const [tcp] = await ann.list('security group rule list rules --protocol tcp --ingress');
    expect(await ann.show(`security group rule show ${tcp?.ID}`)).toMatchObject({ port_range_min: 80 });
    await ann.run(`security group rule delete ${tcp?.ID}`);
    expect(await ann.list('security group rule list rules --protocol tcp')).toEqual([]);
    await ann.run('network create n');
    await ann.run('subnet create s --network n --subnet-range 10.0.0.0/24');
    const port = await ann.show('port create p --network n --security-group rules');
    expect(port.security_group_ids).toHaveLength(1);
    expect(await ann.fails('security group delete rules')).toMatch(/Failed to delete/);
    await ann.run('port set p --no-security-group --security-group default');
    await ann.run('port unset p --security-group default');
    expect((await ann.show('port show p')).security_group_ids).toEqual([]);
    await ann.run('port delete p');
    await ann.run('security group delete rules');
    await ann.run('address group delete peers');
    await ann.run('network delete n');
  });
});
