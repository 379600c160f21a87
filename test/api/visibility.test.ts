// Who sees what, and in which words the rest is refused: 404 for what is not to be seen, 403 for what may not be done, attributes left out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, NOWHERE, openCloud, type Person, type Shown } from './cloud.ts';
import { ADMIN_PASSWORD, passwordLogin } from './identity-server.ts';
import { invariants } from './random-values.ts';

describe.each(engines())('visibility on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let stranger: ReturnType<Cloud['as']>;
  let reader: ReturnType<Cloud['as']>;
  let network: Shown;
  let subnet: Shown;
  let port: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine);
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    stranger = cloud.as(cloud.stranger);
    reader = cloud.as(cloud.reader);
    ({ network, subnet } = await cloud.wired('10.0.0.0/24'));
    port = await cloud.make('port', { network_id: network.id });
  });
  afterAll(async () => {
    await invariants(cloud);
    await cloud.close();
  });

  const all = () =>
    [
      ['networks', 'network', network.id, 'NetworkNotFound', `Network ${network.id} could not be found.`],
      ['subnets', 'subnet', subnet.id, 'SubnetNotFound', `Subnet ${subnet.id} could not be found.`],
      ['ports', 'port', port.id, 'PortNotFound', `Port ${port.id} could not be found.`],
    ] as const;

  test("a foreign row is not found, by the resource's own name", async () => {
    for (const [collection, name, id, type, message] of all()) {
      expectError(await stranger('GET', `/${collection}/${id}`), 404, type, message);
      expectError(await stranger('PUT', `/${collection}/${id}`, { [name]: { name: 'mine' } }), 404, type, message);
      expectError(await stranger('DELETE', `/${collection}/${id}`), 404, type, message);
      expect((await stranger('GET', `/${collection}?id=${id}`)).at(collection)).toEqual([]);
      expect((await admin('GET', `/${collection}/${id}`)).status).toBe(200);
    }
    expectError(await stranger('PUT', '/networks/bogus', { network: {} }), 404, 'NetworkNotFound', 'Network bogus could not be found.');
  });

  test('a reader reads and does not write', async () => {
    for (const [collection, name, id] of all()) {
      expect((await reader('GET', `/${collection}/${id}`)).at(`${name}.id`)).toBe(id);
      expect((await reader('GET', `/${collection}?id=${id}`)).at(`${collection}.0.id`)).toBe(id);
      const denied = (verb: string) => `rule:${verb}_${name} is disallowed by policy`;
      expectError(await reader('PUT', `/${collection}/${id}`, { [name]: { name: 'x' } }), 403, 'PolicyNotAuthorized', denied('update'));
      expectError(await reader('DELETE', `/${collection}/${id}`), 403, 'PolicyNotAuthorized', denied('delete'));
    }
    expectError(
      await reader('POST', '/networks', { network: {} }),
      403,
      'PolicyNotAuthorized',
      'rule:create_network is disallowed by policy',
    );
    expectError(await reader('POST', '/ports', { port: { network_id: network.id } }), 403, 'PolicyNotAuthorized');
  });

  test('on a foreign network: a port is 404, a subnet 403; on none both are 404', async () => {
    expectError(await stranger('POST', '/ports', { port: { network_id: network.id } }), 404, 'NetworkNotFound');
    const body = (network_id: string) => ({ subnet: { network_id, ip_version: 4, cidr: '10.9.0.0/24' } });
    expectError(
      await stranger('POST', '/subnets', body(network.id)),
      403,
      'PolicyNotAuthorized',
      'rule:create_subnet is disallowed by policy',
    );
    for (const someone of [stranger, member, admin]) {
      expectError(
        await someone('POST', '/ports', { port: { network_id: NOWHERE } }),
        404,
        'NetworkNotFound',
        `Network ${NOWHERE} could not be found.`,
      );
      expectError(await someone('POST', '/subnets', body(NOWHERE)), 404, 'NetworkNotFound');
    }
  });

  test('attributes with rules of their own are left out for whom they hold not', async () => {
    const shown = async (someone: Person, path: string, name: string) =>
      Object.keys((await cloud.as(someone)('GET', path)).at(name) as object);
    const provider = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'];
    expect(await shown(cloud.admin, `/networks/${network.id}`, 'network')).toEqual(expect.arrayContaining(provider));
    for (const someone of [cloud.member, cloud.reader, cloud.manager]) {
      const keys = await shown(someone, `/networks/${network.id}`, 'network');
      expect(keys.filter((key) => key.startsWith('provider:'))).toEqual([]);
      expect(keys.filter((key) => key.includes('segment'))).toEqual([]);
    }
    const binding = ['binding:host_id', 'binding:profile', 'binding:vif_details', 'binding:vif_type', 'binding:vnic_type'];
    const bindingOf = async (someone: Person) =>
      (await shown(someone, `/ports/${port.id}`, 'port')).filter((key) => key.startsWith('binding:')).sort();
    expect(await bindingOf(cloud.admin)).toEqual(binding);
    expect(await bindingOf(cloud.service)).toEqual(binding);
    expect(await bindingOf(cloud.member)).toEqual(['binding:vnic_type']);
    // In lists and in the answers to writes as well.
    const listed = (await member('GET', '/ports')).at('ports.0') as object;
    expect(Object.keys(listed).filter((key) => key.startsWith('binding:'))).toEqual(['binding:vnic_type']);
    const changed = (await member('PUT', `/ports/${port.id}`, { port: { name: 'named' } })).at('port') as object;
    expect(Object.keys(changed).sort()).toEqual(Object.keys(listed).sort());
  });

  test('what members may not set', async () => {
    const rule = (action: string, name: string) => `(rule:${action} and rule:${action}:${name}) is disallowed by policy`;
    for (const [name, value] of [
      ['shared', true],
      ['router:external', true],
      ['provider:network_type', 'local'],
      ['provider:segmentation_id', 7],
    ] as const) {
      const made = await member('POST', '/networks', { network: { [name]: value } });
      expectError(made, 403, 'PolicyNotAuthorized', rule('create_network', name));
    }
    for (const [name, value] of [
      ['binding:host_id', 'one'],
      ['binding:profile', { x: 1 }],
      ['device_owner', 'network:dhcp'],
    ] as const) {
      const mine = name === 'device_owner' ? stranger : member;
      const where = name === 'device_owner' ? await sharedNetwork() : network.id;
      expectError(
        await mine('POST', '/ports', { port: { network_id: where, [name]: value } }),
        403,
        'PolicyNotAuthorized',
        rule('create_port', name),
      );
    }
    expectError(
      await member('PUT', `/networks/${network.id}`, { network: { shared: true } }),
      403,
      'PolicyNotAuthorized',
      rule('update_network', 'shared'),
    );
    expectError(
      await member('PUT', `/ports/${port.id}`, { port: { mac_address: 'fa:16:3e:00:00:01' } }),
      403,
      'PolicyNotAuthorized',
      rule('update_port', 'mac_address'),
    );
    expect((await cloud.as(cloud.manager)('PUT', `/ports/${port.id}`, { port: { mac_address: 'fa:16:3e:00:00:01' } })).status).toBe(200);
  });

  test('naming a default on create needs no right; on update it does', async () => {
    expect((await member('POST', '/networks', { network: { shared: false, 'router:external': false } })).status).toBe(201);
    expectError(await member('PUT', `/networks/${network.id}`, { network: { shared: false } }), 403, 'PolicyNotAuthorized');
  });

  async function sharedNetwork(): Promise<string> {
    return (await cloud.make('network', { shared: true }, cloud.admin)).id;
  }

  test('a shared network is seen and used by all, and changed by its own', async () => {
    const shared = await cloud.make('network', { name: 'shared', shared: true }, cloud.admin);
    const { id } = await cloud.make('subnet', { network_id: shared.id, ip_version: 4, cidr: '10.7.0.0/24' }, cloud.admin);
    expect((await member('GET', `/networks/${shared.id}`)).at('network')).toMatchObject({ shared: true, subnets: [id] });
    expect((await member('GET', '/networks?shared=true&name=shared')).at('networks')).toHaveLength(1);
    expect((await member('GET', `/subnets/${id}`)).status).toBe(200);
    expectError(
      await member('PUT', `/networks/${shared.id}`, { network: { name: 'x' } }),
      403,
      'PolicyNotAuthorized',
      'rule:update_network is disallowed by policy',
    );
    expectError(await member('DELETE', `/networks/${shared.id}`), 403, 'PolicyNotAuthorized');
    expectError(await member('DELETE', `/subnets/${id}`), 403, 'PolicyNotAuthorized');
    const mine = await cloud.make('port', { network_id: shared.id });
    expect(mine.project_id).toBe(cloud.member.projectId);
    // An address of one's choice is for the network's owner.
    const chosen = { port: { network_id: shared.id, fixed_ips: [{ ip_address: '10.7.0.77' }] } };
    expectError(await member('POST', '/ports', chosen), 403, 'PolicyNotAuthorized');
    expect((await member('POST', '/ports', { port: { network_id: shared.id, fixed_ips: [{ subnet_id: id }] } })).status).toBe(201);
    expectError(await stranger('GET', `/ports/${mine.id}`), 404, 'PortNotFound');
    expectError(
      await admin('PUT', `/networks/${shared.id}`, { network: { shared: false } }),
      409,
      'InvalidSharedSetting',
      'Unable to reconfigure sharing settings for network shared. Multiple projects are using it.',
    );
    for (const one of (await admin('GET', `/ports?network_id=${shared.id}`)).at('ports') as Shown[])
      await admin('DELETE', `/ports/${one.id}`);
    expect((await admin('PUT', `/networks/${shared.id}`, { network: { shared: false } })).at('network.shared')).toBe(false);
    expectError(await member('GET', `/networks/${shared.id}`), 404, 'NetworkNotFound');
    expect((await admin('PUT', `/networks/${shared.id}`, { network: { shared: true } })).at('network.shared')).toBe(true);
    expect((await admin('DELETE', `/networks/${shared.id}`)).status).toBe(204);
  });

  test('external networks and their subnets are seen by all', async () => {
    const external = await cloud.make('network', { 'router:external': true }, cloud.admin);
    const below = await cloud.make('subnet', { network_id: external.id, ip_version: 4, cidr: '203.0.113.0/24' }, cloud.admin);
    expect((await member('GET', `/networks/${external.id}`)).at('network.router:external')).toBe(true);
    expect((await member('GET', `/subnets/${below.id}`)).at('subnet.router:external')).toBe(true);
    expect((await member('GET', '/networks?router:external=true')).at('networks')).toHaveLength(1);
    expectError(await member('POST', '/ports', { port: { network_id: external.id } }), 403, 'PolicyNotAuthorized');
    expectError(await member('PUT', `/networks/${external.id}`, { network: { name: 'x' } }), 403, 'PolicyNotAuthorized');
  });

  test("the owner of a network sees every port on it, and a port's owner its own", async () => {
    const foreign = await cloud.make('port', { network_id: network.id, project_id: cloud.stranger.projectId }, cloud.admin);
    expect((await member('GET', `/ports/${foreign.id}`)).status).toBe(200);
    expect((await member('GET', `/ports?id=${foreign.id}`)).at('ports')).toHaveLength(1);
    expect((await stranger('GET', `/ports/${foreign.id}`)).status).toBe(200);
    expectError(
      await member('PUT', `/ports/${foreign.id}`, { port: { name: 'x' } }),
      403,
      'PolicyNotAuthorized',
      'rule:update_port is disallowed by policy',
    );
    expect((await member('DELETE', `/ports/${foreign.id}`)).status).toBe(204);
  });

  test('a token of no project sees nothing, owns nothing, and is never an accident, whatever the role', async () => {
    const tokenFor = async (scope: unknown) => {
      const login = passwordLogin({ name: 'admin', domain: { id: 'default' } }, ADMIN_PASSWORD, scope);
      return String((await cloud.send('POST', '/identity/v3/auth/tokens', { body: login })).headers['x-subject-token']);
    };
    const ofDomain = async () => {
      const users = await cloud.send('GET', '/identity/v3/users?name=admin', { token: cloud.admin.token });
      const roles = await cloud.send('GET', '/identity/v3/roles?name=admin', { token: cloud.admin.token });
      const path = `/identity/v3/domains/default/users/${users.at('users.0.id')}/roles/${roles.at('roles.0.id')}`;
      expect((await cloud.send('PUT', path, { token: cloud.admin.token })).status).toBe(204);
      return tokenFor({ domain: { id: 'default' } });
    };
    const [unscoped, system, domain] = [await tokenFor('unscoped'), await tokenFor({ system: { all: true } }), await ofDomain()];
    for (const token of [unscoped, system, domain]) {
      expect((await cloud.send('GET', '/ports', { token })).at('ports')).toEqual([]);
      expect((await cloud.send('GET', '/agents', { token })).at('agents')).toEqual([]);
      expectError(await cloud.send('GET', `/networks/${network.id}`, { token }), 404, 'NetworkNotFound');
      const made = await cloud.send('POST', '/networks', { token, body: { network: {} } });
      expectError(made, 400, 'HTTPBadRequest', "Failed to parse request. Required attribute 'project_id' not specified");
    }
    const named = { network: { project_id: cloud.member.projectId } };
    for (const token of [unscoped, system, domain]) {
      const made = await cloud.send('POST', '/networks', { token, body: named });
      expectError(made, 400, 'HTTPBadRequest', /not allowed for the current user/);
    }
    expect((await cloud.send('GET', '/quotas/project', { token: unscoped })).body).toEqual({ project: { project_id: '' } });
  });

  test("agents are nobody's to see but the administrator's: empty lists, not refusals", async () => {
    await cloud.join('seen');
    const id = (await admin('GET', '/agents?host=seen')).at('agents.0.id');
    expect((await member('GET', '/agents')).body).toEqual({ agents: [] });
    expectError(await member('GET', `/agents/${id}`), 404, 'AgentNotFound', `Agent ${id} could not be found.`);
    expectError(await member('PUT', `/agents/${id}`, { agent: { admin_state_up: false } }), 404, 'AgentNotFound');
    expectError(await member('DELETE', `/agents/${id}`), 404, 'AgentNotFound');
    expectError(
      await member('GET', `/agents/${id}/dhcp-networks`),
      403,
      'PolicyNotAuthorized',
      'rule:get_dhcp-networks is disallowed by policy',
    );
    const steer = `/agents/${id}/dhcp-networks`;
    const denied = 'rule:create_dhcp-network is disallowed by policy';
    expectError(await member('POST', steer, { network_id: network.id }), 403, 'PolicyNotAuthorized', denied);
    expectError(
      await member('DELETE', `${steer}/${network.id}`),
      403,
      'PolicyNotAuthorized',
      'rule:delete_dhcp-network is disallowed by policy',
    );
    expectError(
      await member('GET', `/networks/${network.id}/dhcp-agents`),
      403,
      'PolicyNotAuthorized',
      'rule:get_dhcp-agents is disallowed by policy',
    );
  });
});

describe.each(engines())("an operator's own rules on $name", (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine, {
      policy: {
        'get_network:provider:network_type': 'role:reader and project_id:%(project_id)s',
        'get_network:mtu': '!',
        get_subnet: 'field:subnets:name=~^open or rule:admin_only',
        delete_port: 'rule:admin_only',
      },
    });
  });
  afterAll(() => cloud.close());

  test('hold for rows, attributes and verbs, also where SQL cannot say them', async () => {
    const member = cloud.as(cloud.member);
    const { network } = await cloud.wired('10.0.0.0/24');
    const shared = await cloud.make('network', { shared: true }, cloud.admin);
    const shown = async (id: string) => (await member('GET', `/networks/${id}`)).at('network') as object;
    expect(Object.keys(await shown(network.id))).toContain('provider:network_type');
    expect(Object.keys(await shown(shared.id))).not.toContain('provider:network_type');
    expect(Object.keys(await shown(network.id))).not.toContain('mtu');
    expect((await member('GET', `/networks/${network.id}?fields=provider:network_type`)).body).toEqual({
      network: { 'provider:network_type': 'vxlan' },
    });
    const open = await cloud.as(cloud.admin)('POST', '/subnets', {
      subnet: { network_id: network.id, ip_version: 4, cidr: '10.1.0.0/24', name: 'open to all' },
    });
    expect(((await cloud.as(cloud.stranger)('GET', '/subnets')).at('subnets') as Shown[]).map(({ id }) => id)).toEqual([
      open.at('subnet.id'),
    ]);
    const port = await cloud.make('port', { network_id: network.id });
    expectError(await member('DELETE', `/ports/${port.id}`), 403, 'PolicyNotAuthorized', 'rule:delete_port is disallowed by policy');
  });
});
