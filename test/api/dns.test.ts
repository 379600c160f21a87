// Names of ports and the domains they are in.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Reply, type Shown } from './cloud.ts';

describe.each(engines())('names on $name', (engine) => {
  let cloud: Cloud;
  let network: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { dnsDomain: 'cloud.example.' } });
    network = await cloud.make('network', { dns_domain: 'Net.Example.' });
    await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
  });
  afterAll(() => cloud.close());

  const post = (port: object): Promise<Reply> => cloud.as(cloud.member)('POST', '/ports', { port: { network_id: network.id, ...port } });
  const fqdn = (answer: Reply): unknown => answer.at('port.dns_assignment.0.fqdn');

  test('a port has a domain of its own, which its assigned names are not in', async () => {
    const made = await post({ dns_name: 'vm', dns_domain: 'Port.Example.' });
    expect(made.at('port')).toMatchObject({ dns_name: 'vm', dns_domain: 'port.example.' });
    expect(fqdn(made)).toBe('vm.cloud.example.');
    const put = await cloud.as(cloud.member)('PUT', `/ports/${made.at('port.id')}`, { port: { dns_domain: '' } });
    expect(put.at('port.dns_domain')).toBe('');
    expectError(await post({ dns_domain: 'x' }), 400, 'HTTPBadRequest', "Invalid input for dns_domain. Reason: 'x' is not a FQDN.");
    expectError(
      await post({ dns_domain: null }),
      400,
      'InvalidInput',
      'Invalid input for operation: Input value None must be string type.',
    );
    expectError(
      await cloud.as(cloud.member)('GET', '/ports?dns_domain=x.'),
      400,
      'HTTPBadRequest',
      "['dns_domain'] is invalid attribute for filtering",
    );
  });

  test('a domain may have labels that stand for whoever a name is made for', async () => {
    for (const dns_domain of ['<project_id>.example.', '<project_name>.<user_name>.example.', 'a.<user_id>.']) {
      expect((await post({ dns_domain })).at('port.dns_domain')).toBe(dns_domain);
      expect((await cloud.make('network', { dns_domain })).dns_domain).toBe(dns_domain);
    }
    expectError(await post({ dns_domain: '<x>.example.' }), 400, 'HTTPBadRequest', /Name '<x>' must be 1-63 characters long/);
    expectError(await post({ dns_name: '<project_id>' }), 400, 'HTTPBadRequest', /Name '<project_id>' must be 1-63 characters long/);
  });

  test("a name with a dot at its end is one of the cloud's domain", async () => {
    const made = await post({ dns_name: 'VM.cloud.example.' });
    expect([made.at('port.dns_name'), fqdn(made)]).toEqual(['vm.cloud.example.', 'vm.cloud.example.']);
    const message = /^Invalid input for dns_name\. Reason: The dns_name passed is a FQDN\. .* 'cloud\.example\.'\.$/;
    for (const dns_name of ['vm.net.example.', 'cloud.example.', 'vmcloud.example.']) {
      expectError(await post({ dns_name }), 400, 'HTTPBadRequest', message);
      expectError(
        await cloud.as(cloud.member)('PUT', `/ports/${made.at('port.id')}`, { port: { dns_name } }),
        400,
        'HTTPBadRequest',
        message,
      );
    }
  });

  test('a subnet says whether its names are published', async () => {
    const subnet = await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.1.0.0/24', dns_publish_fixed_ip: 'yes' });
    expect(subnet.dns_publish_fixed_ip).toBe(true);
    const put = await cloud.as(cloud.member)('PUT', `/subnets/${subnet.id}`, { subnet: { dns_publish_fixed_ip: false } });
    expect(put.at('subnet.dns_publish_fixed_ip')).toBe(false);
  });
});
