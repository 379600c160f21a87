// How many addresses networks have, as administrators and services see it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Shown } from './cloud.ts';

const PATH = '/network-ip-availabilities';

describe.each(engines())('addresses counted on $name', (engine) => {
  let cloud: Cloud;
  let network: Shown;
  let [four, six]: Shown[] = [];
  beforeAll(async () => {
    cloud = await openCloud(engine);
    network = await cloud.make('network', { name: 'counted' });
    four = await cloud.make('subnet', {
      name: 's4',
      network_id: network.id,
      ip_version: 4,
      cidr: '10.20.0.0/24',
      allocation_pools: [{ start: '10.20.0.10', end: '10.20.0.19' }],
    });
    six = await cloud.make('subnet', { network_id: network.id, ip_version: 6, cidr: '2001:db8:20::/64' });
    const fixed = [{}, { fixed_ips: [{ ip_address: '10.20.0.200' }] }, { fixed_ips: [{ ip_address: '10.20.0.12' }] }];
    for (const one of fixed) await cloud.make('port', { network_id: network.id, ...one });
  });
  afterAll(() => cloud.close());

  const text = async (path: string): Promise<string> => {
    const answer = await cloud.as(cloud.admin)('GET', path);
    expect(answer.status).toBe(200);
    return answer.text;
  };
  const ids = async (search: string): Promise<unknown[]> =>
    ((await cloud.as(cloud.admin)('GET', `${PATH}?${search}`)).at('network_ip_availabilities') as { network_id: string }[]).map(
      ({ network_id }) => network_id,
    );

  const DETAILS = (subnet: string, pool: string, used: number, usedOfPool: number): string =>
    `{"total_ips_in_subnet":${subnet},"total_ips_in_allocation_pool":${pool},"used_ips_in_subnet":${used},"used_ips_in_allocation_pool":${usedOfPool}}`;

  test('of a network and each of its subnets, to the last digit', async () => {
    const shown = await text(`${PATH}/${network.id}`);
    expect(JSON.parse(shown)).toMatchObject({
      network_ip_availability: { network_id: network.id, network_name: 'counted', project_id: cloud.member.projectId },
    });
    const whole = ['18446744073709551870', '18446744073709551625'] as const;
    expect(shown).toContain(`"used_ips":4,"total_ips":${whole[1]}`);
    expect(shown).toContain(`"ip_availability_details":${DETAILS(whole[0], whole[1], 4, 3)}}`);
    expect(shown).toContain(
      `{"subnet_id":"${four?.id}","ip_version":4,"cidr":"10.20.0.0/24","subnet_name":"s4","used_ips":3,"total_ips":10,"ip_availability_details":${DETAILS('254', '10', 3, 2)}}`,
    );
    expect(shown).toContain(
      `{"subnet_id":"${six?.id}","ip_version":6,"cidr":"2001:db8:20::/64","subnet_name":"","used_ips":1,"total_ips":18446744073709551615,"ip_availability_details":${DETAILS('18446744073709551616', '18446744073709551615', 1, 1)}}`,
    );
    expect(await text(`${PATH}?network_id=${network.id}`)).toBe(
      shown.replace('{"network_ip_availability":', '{"network_ip_availabilities":[').replace(/}$/, ']}'),
    );
  });

  test('of one IP version', async () => {
    const [only] = JSON.parse(await text(`${PATH}?ip_version=4&network_id=${network.id}`)).network_ip_availabilities;
    expect(only).toMatchObject({ used_ips: 3, total_ips: 10, subnet_ip_availability: [{ subnet_id: four?.id }] });
    expect(await text(`${PATH}?ip_version=6&network_id=${network.id}&fields=total_ips`)).toBe(
      '{"network_ip_availabilities":[{"total_ips":18446744073709551615}]}',
    );
    expect(await ids(`ip_version=4&ip_version=6&network_id=${network.id}`)).toEqual([network.id]);
    for (const version of ['5', 'x', '0']) expect(await ids(`ip_version=${version}`)).toEqual([]);
    const empty = await cloud.make('network', {});
    expect(await ids(`ip_version=4&network_id=${empty.id}`)).toEqual([]);
    expect((await cloud.as(cloud.admin)('GET', `${PATH}/${empty.id}`)).at('network_ip_availability')).toMatchObject({
      used_ips: 0,
      total_ips: 0,
      subnet_ip_availability: [],
    });
  });

  test('the smallest subnets', async () => {
    const { id: network_id } = await cloud.make('network', {});
    for (const cidr of ['10.0.0.0/31', '10.0.0.4/32', '10.0.0.8/30'])
      await cloud.make('subnet', { network_id, ip_version: 4, cidr, gateway_ip: null, enable_dhcp: false });
    const { subnet_ip_availability: each } = (await cloud.as(cloud.admin)('GET', `${PATH}/${network_id}`)).at(
      'network_ip_availability',
    ) as {
      subnet_ip_availability: { cidr: string; total_ips: number; ip_availability_details: { total_ips_in_subnet: number } }[];
    };
    const totals = each.map(({ cidr, total_ips, ip_availability_details: { total_ips_in_subnet } }) => [
      cidr,
      total_ips,
      total_ips_in_subnet,
    ]);
    expect(totals.toSorted()).toEqual([
      ['10.0.0.0/31', 2, 2],
      ['10.0.0.4/32', 1, 1],
      ['10.0.0.8/30', 2, 2],
    ]);
  });

  test('found, paged and narrowed', async () => {
    expect(await ids('network_name=counted')).toEqual([network.id]);
    expect((await ids(`project_id=${cloud.member.projectId}`)).includes(network.id)).toBe(true);
    expect(await ids(`tenant_id=${cloud.stranger.projectId}`)).toEqual([]);
    await cloud.make('network', {}, cloud.stranger);
    const all = await ids('sort_key=network_id&sort_dir=asc');
    expect(all.length).toBeGreaterThan(2);
    expect(await ids(`limit=2&marker=${all[0]}`)).toEqual(all.slice(1, 3));
    const page = await cloud.as(cloud.admin)('GET', `${PATH}?limit=1&fields=network_id`);
    expect(page.at('network_ip_availabilities')).toEqual([{ network_id: all[0] }]);
    expect(page.at('network_ip_availabilities_links.0.href')).toContain(`marker=${all[0]}`);
    expectError(
      await cloud.as(cloud.admin)('GET', `${PATH}?used_ips=1`),
      400,
      'HTTPBadRequest',
      "['used_ips'] is invalid attribute for filtering",
    );
    expectError(await cloud.as(cloud.admin)('GET', `${PATH}?sort_key=network_name&sort_dir=asc`), 400, 'HTTPBadRequest');
  });

  test('by administrators and services alone', async () => {
    expect((await cloud.as(cloud.service)('GET', `${PATH}/${network.id}`)).status).toBe(200);
    for (const someone of [cloud.member, cloud.manager, cloud.reader, cloud.stranger]) {
      expect((await cloud.as(someone)('GET', PATH)).at('network_ip_availabilities')).toEqual([]);
      expectError(await cloud.as(someone)('GET', `${PATH}/${network.id}`), 404, 'NetworkNotFound');
    }
    expectError(await cloud.as(cloud.admin)('GET', `${PATH}/${NOWHERE}`), 404, 'NetworkNotFound', `Network ${NOWHERE} could not be found.`);
    for (const method of ['POST', 'PUT', 'DELETE'] as const)
      expect([method, (await cloud.as(cloud.admin)(method, `${PATH}/${network.id}`)).status]).toEqual([method, 405]);
  });
});
