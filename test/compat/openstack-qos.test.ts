// The `openstack` command on what networks and ports may do and what is noted of it: QoS policies and rules, meters, logs; and on ports' own options.
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

describe('quality of service', { timeout: 120_000 }, () => {
  test('policies and rules of every kind', async () => {
    const made = await admin.show('network qos policy create gold --share --description words');
    expect(made).toMatchObject({ name: 'gold', shared: true, is_default: false, rules: [] });
    await admin.run('network qos policy set gold --name platinum --no-share --default');
    expect(await admin.show('network qos policy show platinum')).toMatchObject({ shared: false, is_default: true });
    expect(await ann.list('network qos policy list')).toEqual([]);
    await admin.run('network qos policy set platinum --share --no-default');
    expect(names(await ann.list('network qos policy list --share'))).toEqual(['platinum']);
    const kinds = [
      ['--type bandwidth-limit --max-kbps 1000 --max-burst-kbits 800 --egress', '--max-kbps 2000', { max_kbps: 2000, direction: 'egress' }],
      ['--type dscp-marking --dscp-mark 26', '--dscp-mark 28', { dscp_mark: 28 }],
      ['--type minimum-bandwidth --min-kbps 500 --egress', '--min-kbps 600', { min_kbps: 600 }],
      ['--type minimum-packet-rate --min-kpps 5 --any', '--min-kpps 6', { min_kpps: 6, direction: 'any' }],
    ] as const;
    for (const [options, change, after] of kinds) {
      const { id } = await admin.show(`network qos rule create platinum ${options}`);
      await admin.run(`network qos rule set platinum ${id} ${change}`);
      expect(await admin.show(`network qos rule show platinum ${id}`)).toMatchObject(after);
    }
    const rules = await admin.list('network qos rule list platinum');
    expect(rules).toHaveLength(4);
    for (const { ID } of rules) await admin.run(`network qos rule delete platinum ${ID}`);
    expect(await ann.fails('network qos policy create mine')).toMatch(/403/);
  });

  test('kinds of rules are told', async () => {
    expect((await ann.list('network qos rule type list')).map(({ Type }) => Type)).toContain('bandwidth_limit');
    expect(await admin.show('network qos rule type show bandwidth_limit')).toMatchObject({ rule_type_name: 'bandwidth_limit' });
  });

  test('policies are put on networks, ports, routers and floating IPs', async () => {
    const { id } = await ann.show('network qos policy show platinum');
    await ann.run('network create net --qos-policy platinum');
    await ann.run('port create port --network net --qos-policy platinum');
    expect([(await ann.show('network show net')).qos_policy_id, (await ann.show('port show port')).qos_policy_id]).toEqual([id, id]);
    await ann.run('network set net --no-qos-policy');
    await ann.run('port unset port --qos-policy');
    await ann.run('port set port --qos-policy platinum');
    expect([(await ann.show('network show net')).qos_policy_id, (await ann.show('port show port')).qos_policy_id]).toEqual([null, id]);
    expect(await admin.fails('network qos policy delete platinum')).toMatch(/Failed to delete/);
    await ann.run('port delete port');
    await admin.run('network create outside --external');
    await admin.run('subnet create outside --network outside --subnet-range 203.0.113.0/24');
    await ann.run('router create edge');
    await ann.run('router set edge --external-gateway outside --qos-policy platinum');
    expect((await ann.show('router show edge')).external_gateway_info).toMatchObject({ qos_policy_id: id });
    await ann.run('router unset edge --qos-policy');
    const floating = await ann.show('floating ip create outside --qos-policy platinum');
    expect(floating.qos_policy_id).toBe(id);
    await ann.run(`floating ip set ${floating.id} --no-qos-policy`);
    await ann.run(`floating ip delete ${floating.id}`);
    await ann.run('router delete edge');
    await admin.run('network delete outside');
    await ann.run('network delete net');
    await admin.run('network qos policy delete platinum');
  });
});

describe('what is noted', { timeout: 120_000 }, () => {
  test('by meters', async () => {
    expect(await admin.show('network meter create all --description words --share')).toMatchObject({ name: 'all', shared: true });
    expect(await admin.show('network meter show all')).toMatchObject({ description: 'words' });
    expect(names(await admin.list('network meter list'))).toEqual(['all']);
    const rule = await admin.show('network meter rule create all --include --egress --source-ip-prefix 10.0.0.0/24');
    expect(rule).toMatchObject({ direction: 'egress', source_ip_prefix: '10.0.0.0/24' });
    expect(await admin.show(`network meter rule show ${rule.id}`)).toMatchObject({ id: rule.id });
    expect(await admin.list('network meter rule list')).toHaveLength(1);
    await admin.run(`network meter rule delete ${rule.id}`);
    await admin.run('network meter delete all');
    expect(await admin.list('network meter list')).toEqual([]);
  });

  test('by logs', async () => {
    expect((await admin.list('network loggable resources list')).map((row) => row['Supported types'])).toContain('security_group');
    const made = await admin.show('network log create drops --resource-type security_group --event DROP --description words');
    expect(made).toMatchObject({ Name: 'drops', Event: 'DROP', Type: 'security_group' });
    await admin.run('network log set drops --name losses --disable');
    expect(await admin.show('network log show losses')).toMatchObject({ Enabled: false });
    expect(names(await admin.list('network log list --long'))).toEqual(['losses']);
    await admin.run('network log delete losses');
  });
});

describe("ports' options", { timeout: 120_000 }, () => {
  test('are set and taken away', async () => {
    await ann.run('network create n --tag blue');
    await ann.run('subnet create s --network n --subnet-range 10.0.0.0/24 --tag blue');
    await ann.run('network unset n --all-tag');
    await ann.run('subnet unset s --tag blue');
    const made = await ann.show(
      'port create p --network n --allowed-address ip-address=10.0.0.99,mac-address=fa:16:3e:00:00:99 --dns-domain shop.example. --dns-name vm --tag blue --enable-uplink-status-propagation --extra-dhcp-option name=mtu,value=1400',
    );
    expect(made).toMatchObject({ dns_name: 'vm', dns_domain: 'shop.example.', tags: ['blue'], propagate_uplink_status: true });
    expect(made.allowed_address_pairs).toEqual([{ ip_address: '10.0.0.99', mac_address: 'fa:16:3e:00:00:99' }]);
    await ann.run('port set p --allowed-address ip-address=10.0.0.98 --tag red');
    await ann.run('port unset p --allowed-address ip-address=10.0.0.99,mac-address=fa:16:3e:00:00:99 --tag blue');
    expect((await ann.show('port show p')).allowed_address_pairs).toEqual([expect.objectContaining({ ip_address: '10.0.0.98' })]);
    await ann.run('port set p --no-allowed-address');
    await admin.run('port set p --numa-policy-preferred --data-plane-status ACTIVE');
    expect(await admin.show('port show p')).toMatchObject({ numa_affinity_policy: 'preferred', data_plane_status: 'ACTIVE' });
    await admin.run('port unset p --numa-policy --data-plane-status');
    expect(await admin.show('port show p')).toMatchObject({ numa_affinity_policy: null, data_plane_status: null });
    await admin.run('port set p --mac-address fa:16:3e:00:00:77 --vnic-type direct');
    expect(await admin.show('port show p')).toMatchObject({ mac_address: 'fa:16:3e:00:00:77', binding_vnic_type: 'direct' });
    // Which hardware a port gets is between Nova and us.
    expect(await admin.fails('port set p --binding-profile a=b')).toMatch(/403.*update_port:binding:profile/);
    expect(names(await ann.list('port list --any-tags red,green'))).toEqual(['p']);
    expect(names(await ann.list('port list --mac-address fa:16:3e:00:00:77'))).toEqual(['p']);
    await ann.run('port delete p');
    await ann.run('network delete n');
  });
});
