// The `openstack` command on what operators make and ask for: flavors and service profiles, service providers, availability zones, quotas.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needs } from './clients.ts';
import type { Shell } from './shell.ts';
import { openShop, type Shop } from './shop.ts';

let shop: Shop;
let admin: Shell;
beforeAll(async () => {
  shop = await openShop();
  ({ admin } = shop);
});
afterAll(() => shop.close());
beforeEach(needs('openstackclient', 'python3-openstackclient'));

describe('operators', { timeout: 120_000 }, () => {
  test('make flavors of service profiles', async () => {
    const driver = 'neutron.services.l3_router.service_providers.ha.HaDriver';
    const profile = await admin.show(`network flavor profile create --driver ${driver} --metainfo words --description`, 'a pair of nodes');
    expect(profile).toMatchObject({ driver, meta_info: 'words', description: 'a pair of nodes', enabled: true });
    const flavor = await admin.show('network flavor create --service-type L3_ROUTER_NAT --description words --disable gold');
    expect(flavor).toMatchObject({ name: 'gold', service_type: 'L3_ROUTER_NAT', enabled: false, service_profile_ids: [] });
    await admin.run(`network flavor add profile gold ${profile.id}`);
    await admin.run('network flavor set gold --enable --name platinum --description more');
    expect(await admin.show('network flavor show platinum')).toMatchObject({
      enabled: true,
      description: 'more',
      service_profile_ids: [profile.id],
    });
    expect(await admin.list('network flavor list')).toEqual([
      { ID: flavor.id, Name: 'platinum', Enabled: true, 'Service Type': 'L3_ROUTER_NAT', Description: 'more' },
    ]);
    expect(await admin.fails(`network flavor profile set ${profile.id} --disable`)).toMatch(/409|is used by some service instance/);
    expect(await admin.fails(`network flavor profile delete ${profile.id}`)).toMatch(/used by some service instance|1 of 1/);
    await admin.run(`network flavor remove profile platinum ${profile.id}`);
    await admin.run(`network flavor profile set ${profile.id} --disable --metainfo other`);
    expect(await admin.show(`network flavor profile show ${profile.id}`)).toMatchObject({ enabled: false, meta_info: 'other' });
    expect(await admin.list('network flavor profile list')).toHaveLength(1);
    await admin.run(`network flavor profile delete ${profile.id}`);
    await admin.run('network flavor delete platinum');
    expect([await admin.list('network flavor list'), await admin.list('network flavor profile list')]).toEqual([[], []]);
  });

  test('see who can do a service', async () => {
    const listed = await admin.list('network service provider list');
    expect(listed.map((row) => [row['Service Type'], row.Name, row.Default].join(' ')).sort()).toEqual([
      'L3_ROUTER_NAT dvr false',
      'L3_ROUTER_NAT dvrha false',
      'L3_ROUTER_NAT ha false',
      'L3_ROUTER_NAT single_node false',
    ]);
  });

  test('see which zones there are', async () => {
    expect(await admin.list('availability zone list --network')).toEqual([]);
    expect(await admin.fails('network create zoned --availability-zone-hint nowhere')).toMatch(
      /AvailabilityZone nowhere could not be found/,
    );
    expect(await admin.show('network create zoned')).toMatchObject({ availability_zone_hints: [], availability_zones: [] });
    await admin.run('network delete zoned');
  });
});
