// Networks: what an answer holds, how they are carried, their MTU, and what keeps them from going.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Shown } from './cloud.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('networks on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, {
      settings: {
        vlanRanges: new Map([
          ['physnet', [[100, 101]]],
          ['bare', []],
        ]),
        flatNetworks: ['physnet', 'public'],
      },
    });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const provider = async (attributes: object) =>
    admin('POST', '/networks', {
      network: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`provider:${name}`, value])),
    });

  test('a new one, as its owner and as an administrator see it', async () => {
    const made = await member('POST', '/networks', { network: { name: 'net1' } });
    const { projectId } = cloud.member;
    const owners = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'net1',
      tenant_id: projectId,
      project_id: projectId,
      admin_state_up: true,
      mtu: 1450,
      status: 'ACTIVE',
      subnets: [],
      qos_policy_id: null,
      tags: [],
      shared: false,
      port_security_enabled: true,
      dns_domain: '',
      'router:external': false,
      description: '',
      created_at: expect.any(String),
      updated_at: expect.any(String),
      revision_number: expect.any(Number),
    };
    expect([made.status, made.body]).toMatchObject([201, { network: owners }]);
    const id = made.at('network.id');
    expect((await member('GET', `/networks/${id}`)).body).toEqual(made.body);
    expect((await member('GET', `/networks?id=${id}`)).at('networks')).toEqual([made.at('network')]);
    expect((await admin('GET', `/networks/${id}`)).at('network')).toMatchObject({
      ...owners,
      availability_zone_hints: [],
      availability_zones: [],
      'provider:network_type': 'vxlan',
      'provider:physical_network': null,
      'provider:segmentation_id': expect.any(Number),
    });
  });

  test('everything that may change does', async () => {
    const { id } = await cloud.make('network', { name: 'before' });
    const changes = {
      name: 'after',
      description: 'text',
      admin_state_up: false,
      port_security_enabled: false,
      dns_domain: 'example.org.',
      mtu: 1400,
    };
    expect((await member('PUT', `/networks/${id}`, { network: changes })).at('network')).toMatchObject(changes);
    expect((await member('GET', `/networks/${id}`)).at('network')).toMatchObject(changes);
    expect((await admin('PUT', `/networks/${id}`, { network: { 'router:external': true } })).at('network.router:external')).toBe(true);
  });

  test('values that are none', async () => {
    const refused = async (attributes: object, type: string, message: string | RegExp) =>
      expectError(await member('POST', '/networks', { network: attributes }), 400, type, message);
    await refused(
      { name: 'x'.repeat(256) },
      'HTTPBadRequest',
      `Invalid input for name. Reason: '${'x'.repeat(256)}' exceeds maximum length of 255.`,
    );
    await refused({ name: null }, 'HTTPBadRequest', "Invalid input for name. Reason: 'None' is not a valid string.");
    await refused({ description: 5 }, 'HTTPBadRequest', "Invalid input for description. Reason: '5' is not a valid string.");
    await refused({ admin_state_up: null }, 'InvalidInput', "Invalid input for operation: 'None' cannot be converted to boolean.");
    await refused({ admin_state_up: 2 }, 'InvalidInput', "Invalid input for operation: '2' cannot be converted to boolean.");
    await refused({ mtu: -1 }, 'HTTPBadRequest', "Invalid input for mtu. Reason: '-1' should be non-negative.");
    await refused({ dns_domain: 'no dot' }, 'HTTPBadRequest', /^Invalid input for dns_domain\. Reason: /);
    await refused({ name: 'a\0b' }, 'HTTPBadRequest', /is not a valid string/);
  });

  test('booleans in every spelling', async () => {
    for (const value of [true, 'true', 'T', 'yes', 'Y', 'ON', '1', 1]) {
      expect((await cloud.make('network', { admin_state_up: value })).admin_state_up).toBe(true);
    }
    for (const value of [false, 'FALSE', 'f', 'no', 'N', 'off', '0', 0]) {
      expect((await cloud.make('network', { admin_state_up: value })).admin_state_up).toBe(false);
    }
  });

  test('segments: what the types ask for', async () => {
    const shown = async (attributes: object) => {
      const made = await provider(attributes);
      const {
        'provider:network_type': type,
        'provider:physical_network': physical,
        'provider:segmentation_id': id,
      } = made.at('network') as Shown;
      return [made.status, type, physical, id];
    };
    expect(await shown({ network_type: 'local' })).toEqual([201, 'local', null, null]);
    expect(await shown({ network_type: 'flat', physical_network: 'public' })).toEqual([201, 'flat', 'public', null]);
    expect(await shown({ network_type: 'vlan', physical_network: 'physnet', segmentation_id: 7 })).toEqual([201, 'vlan', 'physnet', 7]);
    expect(await shown({ network_type: 'vxlan', segmentation_id: '5000' })).toEqual([201, 'vxlan', null, 5000]);
    expect(await shown({ network_type: 'gre' })).toEqual([201, 'gre', null, expect.any(Number)]);
    expect(await shown({ network_type: 'geneve' })).toEqual([201, 'geneve', null, expect.any(Number)]);
    const found = (await admin('GET', '/networks?provider:segmentation_id=5000')).at('networks') as unknown[];
    expect(found).toHaveLength(1);
    expect((await admin('GET', '/networks?provider:physical_network=public&provider:network_type=flat')).at('networks')).toHaveLength(1);
  });

  test('segments that cannot be', async () => {
    const refused = async (attributes: object, message: string) =>
      expectError(await provider(attributes), 400, 'InvalidInput', `Invalid input for operation: ${message}.`);
    await refused({ physical_network: 'physnet' }, 'network_type required');
    await refused({ network_type: 'carrier pigeon' }, "network_type value 'carrier pigeon' not supported");
    await refused({ network_type: 'local', segmentation_id: 1 }, 'segmentation_id prohibited for local provider network');
    await refused({ network_type: 'flat' }, 'physical_network required for flat provider network');
    await refused({ network_type: 'flat', physical_network: 'nowhere' }, "unknown physical_network 'nowhere' for flat provider network");
    await refused(
      { network_type: 'flat', physical_network: 'public', segmentation_id: 4 },
      'segmentation_id prohibited for flat provider network',
    );
    await refused({ network_type: 'vlan', physical_network: 'nowhere' }, "physical_network 'nowhere' unknown for VLAN provider network");
    await refused({ network_type: 'vlan', segmentation_id: 7 }, 'segmentation_id requires physical_network for VLAN provider network');
    await refused(
      { network_type: 'vlan', physical_network: 'physnet', segmentation_id: 4095 },
      'segmentation_id out of range (1 through 4094)',
    );
    await refused(
      { network_type: 'vlan', physical_network: 'bare' },
      'Physical network bare requires segmentation_id to be specified when creating a provider network',
    );
    await refused({ network_type: 'vxlan', physical_network: 'physnet' }, 'provider:physical_network specified for vxlan network');
    await refused({ network_type: 'vxlan', segmentation_id: 0 }, 'segmentation_id out of range (1 through 16777215)');
  });

  test("a segment is one network's, and free again when that is gone", async () => {
    const taken = async (attributes: object, type: string, message: string) => {
      const first = await provider(attributes);
      expect(first.status).toBe(201);
      expectError(await provider(attributes), 409, type, message);
      expect((await admin('DELETE', `/networks/${first.at('network.id')}`)).status).toBe(204);
      const second = await provider(attributes);
      expect(second.status).toBe(201);
      await admin('DELETE', `/networks/${second.at('network.id')}`);
    };
    await taken(
      { network_type: 'flat', physical_network: 'physnet' },
      'FlatNetworkInUse',
      'Unable to create the flat network. Physical network physnet is in use.',
    );
    await taken(
      { network_type: 'vlan', physical_network: 'physnet', segmentation_id: 9 },
      'VlanIdInUse',
      'Unable to create the network. The VLAN 9 on physical network physnet is in use.',
    );
    await taken({ network_type: 'gre', segmentation_id: 9 }, 'TunnelIdInUse', 'Unable to create the network. The tunnel ID 9 is in use.');
  });

  test('numbers chosen for a VLAN come from its range until that is used up', async () => {
    const made = [await provider({ network_type: 'vlan', physical_network: 'physnet' }), await provider({ network_type: 'vlan' })];
    const ids = made.map((answer) => answer.at('network.provider:segmentation_id'));
    expect(ids.toSorted()).toEqual([100, 101]);
    expectError(
      await provider({ network_type: 'vlan', physical_network: 'physnet' }),
      503,
      'NoNetworkAvailable',
      'Unable to create the network. No project network is available for allocation.',
    );
    await admin('DELETE', `/networks/${made[0]?.at('network.id')}`);
    expect((await provider({ network_type: 'vlan', physical_network: 'physnet' })).at('network.provider:segmentation_id')).toBe(ids[0]);
  });

  test('the MTU is what the type leaves of the physical one', async () => {
    const mtu = async (network_type: string, more: object = {}) => (await provider({ network_type, ...more })).at('network.mtu');
    expect(await mtu('local')).toBe(1500);
    expect(await mtu('vxlan')).toBe(1450);
    expect(await mtu('geneve')).toBe(1450);
    expect(await mtu('gre')).toBe(1458);
    expect(await mtu('vlan', { physical_network: 'bare', segmentation_id: 3 })).toBe(1500);
    const made = await member('POST', '/networks', { network: { mtu: 1451 } });
    expectError(made, 400, 'InvalidInput', 'Invalid input for operation: Requested MTU is too big, maximum is 1450.');
    expectError(
      await member('POST', '/networks', { network: { mtu: 67 } }),
      400,
      'InvalidInput',
      'Invalid input for operation: Requested MTU is too small, minimum is 68.',
    );
    const small = await cloud.make('network', { mtu: 1000 });
    expect(small.mtu).toBe(1000);
    expect((await member('PUT', `/networks/${small.id}`, { network: { mtu: 0 } })).at('network.mtu')).toBe(1450);
    const six = { subnet: { network_id: small.id, ip_version: 6, cidr: '2001:db8::/64' } };
    expect((await member('POST', '/subnets', six)).status).toBe(201);
    expectError(
      await member('PUT', `/networks/${small.id}`, { network: { mtu: 1279 } }),
      409,
      'NetworkMTUSubnetConflict',
      `MTU of ${small.id} is not valid, subnet requires a minimum of 1280`,
    );
    const tiny = await cloud.make('network', { mtu: 1279 });
    expectError(
      await member('POST', '/subnets', { subnet: { ...six.subnet, network_id: tiny.id } }),
      400,
      'InvalidInput',
      /minimum of 1280/,
    );
  });

  test('how it is carried does not change', async () => {
    const { id } = await cloud.make('network', {});
    const answer = await admin('PUT', `/networks/${id}`, { network: { 'provider:segmentation_id': 9 } });
    expect(answer.status).toBe(400);
    expect((await admin('GET', `/networks/${id}`)).at('network.provider:segmentation_id')).not.toBe(9);
  });

  test('a new subnet, and its going, are changes of the network', async () => {
    const network = await cloud.make('network', {});
    const revision = async () => (await member('GET', `/networks/${network.id}`)).at('network.revision_number') as number;
    const subnet = await cloud.make('subnet', { network_id: network.id, ip_version: 4, cidr: '10.0.0.0/24' });
    expect(await revision()).toBeGreaterThan(network.revision_number as number);
    expect((await member('GET', `/networks/${network.id}`)).at('network.subnets')).toEqual([subnet.id]);
    const before = await revision();
    await member('DELETE', `/subnets/${subnet.id}`);
    expect(await revision()).toBeGreaterThan(before);
    expect((await member('GET', `/networks/${network.id}`)).at('network.subnets')).toEqual([]);
  });

  test('ports keep a network from going; subnets and DHCP servers go with it', async () => {
    const { network, subnet } = await cloud.wired('10.0.0.0/24');
    const port = await cloud.make('port', { network_id: network.id });
    expectError(
      await member('DELETE', `/networks/${network.id}`),
      409,
      'NetworkInUse',
      `Unable to complete operation on network ${network.id}. There are one or more ports still in use on the network, id for these ports is: ${port.id}.`,
    );
    expect((await member('GET', `/subnets/${subnet.id}`)).status).toBe(200);
    await member('DELETE', `/ports/${port.id}`);
    await admin('POST', '/ports', { port: { network_id: network.id, device_owner: 'network:dhcp', device_id: 'reserved_dhcp_port' } });
    expect((await member('DELETE', `/networks/${network.id}`)).status).toBe(204);
    expect((await member('GET', `/subnets/${subnet.id}`)).status).toBe(404);
    expect((await admin('GET', `/ports?network_id=${network.id}`)).at('ports')).toEqual([]);
    expectError(await member('GET', `/networks/${network.id}`), 404, 'NetworkNotFound');
  });
});
