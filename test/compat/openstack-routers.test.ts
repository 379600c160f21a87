// The `openstack` command on routers and what leads through them: interfaces, routes, gateways, floating IPs, port forwardings, conntrack helpers.
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
  await admin.run('network create outside --external');
  await admin.run('subnet create outside --network outside --subnet-range 203.0.113.0/24 --no-dhcp');
  await ann.run('network create inside');
  await ann.run('subnet create inside --network inside --subnet-range 10.0.0.0/24');
});
afterAll(() => shop.close());
beforeEach(needs('openstackclient', 'python3-openstackclient'));

const names = (rows: readonly Shown[]): string[] => rows.map(({ Name }) => String(Name)).sort();

describe('routers', { timeout: 120_000 }, () => {
  test('are made, shown, listed and changed', async () => {
    const made = await ann.show('router create edge --description words --tag blue');
    expect(made).toMatchObject({ name: 'edge', admin_state_up: true, status: 'ACTIVE', routes: [], external_gateway_info: null });
    expect(await admin.show('router create wide --disable --project shop --distributed')).toMatchObject({
      admin_state_up: false,
      distributed: true,
      project_id: made.project_id,
    });
    expect(await admin.show('router create pair --ha')).toMatchObject({ ha: true });
    expect(await ann.fails('router create no --distributed')).toMatch(/403.*disallowed by policy/);
    await ann.run('router set edge --name gate --description more --disable --tag red');
    expect(await ann.show('router show gate')).toMatchObject({ description: 'more', admin_state_up: false });
    await ann.run('router set gate --enable');
    await ann.run('router unset gate --tag blue');
    expect(names(await ann.list('router list'))).toEqual(['gate', 'wide']);
    expect(names(await ann.list('router list --tags red'))).toEqual(['gate']);
    expect(names(await admin.list('router list --project shop --disable --long'))).toEqual(['wide']);
    expect(names(await ann.list('router list --name gate --enable'))).toEqual(['gate']);
    await admin.run('router delete wide pair');
    expect(await ann.fails('router delete wide')).toMatch(/No Router found|Failed to delete/);
  });

  test('have interfaces, routes and a gateway', async () => {
    await ann.run('router add subnet gate inside');
    expect(await ann.list('port list --router gate')).toHaveLength(1);
    await ann.run('network create second');
    await ann.run('subnet create second --network second --subnet-range 10.1.0.0/24');
    const port = await ann.show('port create leg --network second --fixed-ip subnet=second,ip-address=10.1.0.9');
    await ann.run('router add port gate leg');
    expect(await ann.fails('port delete leg')).toMatch(/Failed to delete/);
    await ann.run('router set gate --route destination=192.0.2.0/24,gateway=10.0.0.7');
    await ann.run('router add route gate --route destination=198.51.100.0/24,gateway=10.0.0.8');
    expect((await ann.show('router show gate')).routes).toHaveLength(2);
    await ann.run('router remove route gate --route destination=198.51.100.0/24,gateway=10.0.0.8');
    await ann.run('router unset gate --route destination=192.0.2.0/24,gateway=10.0.0.7');
    expect((await ann.show('router show gate')).routes).toEqual([]);
    await ann.run('router set gate --external-gateway outside');
    const shown = await ann.show('router show gate');
    expect(shown.external_gateway_info).toMatchObject({ enable_snat: true });
    expect(shown.interfaces_info).toHaveLength(2);
    await admin.run('router set gate --external-gateway outside --disable-snat --fixed-ip subnet=outside,ip-address=203.0.113.77');
    expect((await admin.show('router show gate')).external_gateway_info).toMatchObject({
      enable_snat: false,
      external_fixed_ips: [{ ip_address: '203.0.113.77' }],
    });
    expect(await ann.fails('router delete gate')).toMatch(/Failed to delete/);
    await ann.run('router remove port gate leg');
    expect(await ann.fails(`port show ${port.id}`)).toMatch(/No Port found/);
    await ann.run('network delete second');
    expect(await ann.fails('router add subnet gate outside')).toMatch(/40[03]/);
  });

  test('floating IPs lead to ports', async () => {
    await ann.run('port create vm --network inside --fixed-ip subnet=inside,ip-address=10.0.0.5');
    const made = await ann.show('floating ip create outside --description words --tag blue');
    expect(made).toMatchObject({ status: 'DOWN', port_id: null, description: 'words', tags: ['blue'] });
    const address = made.floating_ip_address;
    await ann.run(`floating ip set ${address} --port vm --fixed-ip-address 10.0.0.5 --tag red --description more`);
    expect(await ann.show(`floating ip show ${address}`)).toMatchObject({ fixed_ip_address: '10.0.0.5', description: 'more' });
    for (const filter of [
      '--port vm',
      '--fixed-ip-address 10.0.0.5',
      `--floating-ip-address ${address}`,
      '--router gate',
      '--tags red',
      '--network outside',
    ]) {
      expect([filter, await ann.list(`floating ip list ${filter}`)]).toEqual([
        filter,
        [expect.objectContaining({ 'Floating IP Address': address })],
      ]);
    }
    expect(await ann.list('floating ip list --status ACTIVE --long')).toEqual([]);
    expect(await admin.list('floating ip list --project shop --long')).toHaveLength(1);
    await ann.run(`floating ip unset ${address} --port`);
    await ann.run(`floating ip unset ${address} --all-tag`);
    expect(await ann.show(`floating ip show ${address}`)).toMatchObject({ port_id: null, tags: [] });
    expect(await admin.show('floating ip create outside --floating-ip-address 203.0.113.99 --project shop --subnet outside')).toMatchObject(
      {
        floating_ip_address: '203.0.113.99',
      },
    );
    expect(await ann.fails('floating ip create outside --floating-ip-address 203.0.113.98')).toMatch(/403/);
    await ann.run(`floating ip delete ${address} 203.0.113.99`);
  });

  test('port forwardings share an address', async () => {
    const { floating_ip_address: address } = await ann.show('floating ip create outside');
    const ports = '--internal-ip-address 10.0.0.5 --port vm --internal-protocol-port 22 --external-protocol-port 2222 --protocol tcp';
    const made = await ann.show(`floating ip port forwarding create ${address} ${ports} --description words`);
    expect(made).toMatchObject({ internal_ip_address: '10.0.0.5', external_port: 2222, protocol: 'tcp', description: 'words' });
    await ann.run(`floating ip port forwarding set ${address} ${made.id} --external-protocol-port 2200 --protocol udp --description more`);
    expect(await ann.show(`floating ip port forwarding show ${address} ${made.id}`)).toMatchObject({
      external_port: 2200,
      protocol: 'udp',
    });
    expect(await ann.list(`floating ip port forwarding list ${address} --protocol udp --external-protocol-port 2200`)).toHaveLength(1);
    expect(await ann.list(`floating ip port forwarding list ${address} --protocol tcp`)).toEqual([]);
    await ann.run(`floating ip port forwarding delete ${address} ${made.id}`);
    await ann.run(`floating ip delete ${address}`);
  });

  test('conntrack helpers', async () => {
    const made = await ann.show('network l3 conntrack helper create gate --helper tftp --protocol udp --port 69');
    expect(made).toMatchObject({ helper: 'tftp', protocol: 'udp', port: 69 });
    await ann.run(`network l3 conntrack helper set gate ${made.id} --port 6969`);
    expect(await ann.show(`network l3 conntrack helper show gate ${made.id}`)).toMatchObject({ port: 6969 });
    expect(await ann.list('network l3 conntrack helper list gate')).toHaveLength(1);
    await ann.run(`network l3 conntrack helper delete gate ${made.id}`);
    expect(await ann.list('network l3 conntrack helper list gate')).toEqual([]);
  });

  test('go once nothing leads through them', async () => {
    await ann.run('router unset gate --external-gateway');
    await ann.run('router remove subnet gate inside');
    await ann.run('router delete gate');
    expect(await ann.list('router list')).toEqual([]);
  });
});
