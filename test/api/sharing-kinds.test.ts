// What sharing does to each kind of object that can be shared: another project sees and uses it, changes nothing of it, and holds the sharing while it
// does. The sharings themselves: sharing.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Person, type Reply, type Shown } from './cloud.ts';

interface Kind {
  readonly path: string;
  readonly key: string;
  readonly body: object;
  readonly notFound: string;
  /** Has somebody use the object; answers the path of what then does. */
  use(cloud: Cloud, id: string, someone: Person): Promise<string>;
}

const pathOf = (collection: string, made: Reply, key: string): string => {
  if (made.status !== 201) throw new Error(made.text);
  return `/${collection}/${(made.at(key) as Shown).id}`;
};
const PREFIXES = { prefixes: ['10.0.0.0/8'], default_prefixlen: 24 };

const KINDS: Readonly<Record<string, Kind>> = {
  network: {
    path: '/networks',
    key: 'network',
    body: {},
    notFound: 'NetworkNotFound',
    use: async (cloud, network_id, someone) => pathOf('ports', await cloud.as(someone)('POST', '/ports', { port: { network_id } }), 'port'),
  },
  qos_policy: {
    path: '/qos/policies',
    key: 'policy',
    body: {},
    notFound: 'QosPolicyNotFound',
    use: async (cloud, qos_policy_id, someone) =>
      pathOf('networks', await cloud.as(someone)('POST', '/networks', { network: { qos_policy_id } }), 'network'),
  },
  security_group: {
    path: '/security-groups',
    key: 'security_group',
    body: { name: 'g' },
    notFound: 'SecurityGroupNotFound',
    async use(cloud, id, someone) {
      const network = await cloud.make('network', {}, someone);
      const port = { network_id: network.id, security_groups: [id] };
      return pathOf('ports', await cloud.as(someone)('POST', '/ports', { port }), 'port');
    },
  },
  address_group: {
    path: '/address-groups',
    key: 'address_group',
    body: { addresses: ['192.0.2.0/24'] },
    notFound: 'AddressGroupNotFound',
    async use(cloud, remote_address_group_id, someone) {
      const group = await cloud.make('security_group', { name: 'g' }, someone);
      const rule = { security_group_id: group.id, direction: 'ingress', remote_address_group_id };
      const made = await cloud.as(someone)('POST', '/security-group-rules', { security_group_rule: rule });
      return pathOf('security-group-rules', made, 'security_group_rule');
    },
  },
  address_scope: {
    path: '/address-scopes',
    key: 'address_scope',
    body: { name: 's', ip_version: 4 },
    notFound: 'AddressScopeNotFound',
    async use(cloud, address_scope_id, someone) {
      const made = await cloud.as(someone)('POST', '/subnetpools', { subnetpool: { name: 'p', ...PREFIXES, address_scope_id } });
      return pathOf('subnetpools', made, 'subnetpool');
    },
  },
  subnetpool: {
    path: '/subnetpools',
    key: 'subnetpool',
    body: { name: 'p', ...PREFIXES },
    notFound: 'SubnetPoolNotFound',
    async use(cloud, subnetpool_id, someone) {
      const network = await cloud.make('network', {}, someone);
      const made = await cloud.as(someone)('POST', '/subnets', { subnet: { network_id: network.id, ip_version: 4, subnetpool_id } });
      return pathOf('subnets', made, 'subnet');
    },
  },
};

describe.each(engines())('sharing on $name', (engine) => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud(engine);
  });
  afterAll(() => cloud.close());

  describe.each(Object.keys(KINDS))('a %s', (object_type) => {
    const { path, key, body, notFound, use } = KINDS[object_type] as Kind;
    let item: string;
    let id: string;
    let owner: ReturnType<Cloud['as']>;
    let other: ReturnType<Cloud['as']>;
    beforeAll(async () => {
      [owner, other] = [cloud.as(cloud.manager), cloud.as(cloud.stranger)];
      id = ((await owner('POST', path, { [key]: body })).at(key) as Shown).id;
      item = `${path}/${id}`;
    });

    const share = (target_tenant: string, someone: Person = cloud.manager, more: object = {}): Promise<Reply> =>
      cloud.as(someone)('POST', '/rbac-policies', {
        rbac_policy: { object_type, object_id: id, action: 'access_as_shared', target_tenant, ...more },
      });
    const end = (made: Reply, someone: Person = cloud.manager): Promise<Reply> =>
      cloud.as(someone)('DELETE', `/rbac-policies/${made.at('rbac_policy.id')}`);

    test('is seen and used by whom it is shared with, who holds the sharing', async () => {
      expectError(await other('GET', item), 404, notFound);
      await expect(use(cloud, id, cloud.stranger)).rejects.toThrow(/"\w+NotFound"/);
      const made = await share(cloud.stranger.projectId);
      expect(made.status).toBe(201);
      // Of an address group nobody is told.
      const told = object_type !== 'address_group';
      expect((await other('GET', item)).at(key)).toMatchObject({ id, ...(told && { shared: true }) });
      expect((await owner('GET', item)).at(key)).toMatchObject({ id, ...(told && { shared: false }) });
      const listed = await other('GET', `${path}?id=${id}${told ? '&shared=true' : ''}`);
      expect(listed.at((path.split('/').at(-1) as string).replaceAll('-', '_'))).toHaveLength(1);
      const renamed = await other('PUT', item, { [key]: { name: 'mine' } });
      if (told) expectError(renamed, 403, 'PolicyNotAuthorized');
      else expectError(renamed, 404, notFound);
      expectError(await other('DELETE', item), 403, 'PolicyNotAuthorized');

      const user = await use(cloud, id, cloud.stranger);
      expectError(await end(made), 409, 'RbacPolicyInUse', /depend on it\.\nDetails: project_id=\w+$/);
      expect((await other('DELETE', user)).status).toBe(204);
      expect((await end(made)).status).toBe(204);
      expectError(await other('GET', item), 404, notFound);
    });

    test('is shared by its owner and administrators, once for each project', async () => {
      const own = /Only admins can manipulate policies on objects they do not own/;
      expectError(await share(cloud.stranger.projectId, cloud.stranger), 400, 'InvalidInput', own);
      const made = await share(cloud.stranger.projectId);
      expectError(await share(cloud.stranger.projectId, cloud.stranger), 400, 'InvalidInput', own);
      expectError(await share(cloud.stranger.projectId, cloud.admin), 409, 'DuplicateRbacPolicy');
      expectError(await share('*'), 403, 'PolicyNotAuthorized');
      expectError(await share(cloud.stranger.projectId, cloud.manager, { action: 'access_as_friend' }), 400, 'InvalidActionForType');
      const all = await share('*', cloud.admin);
      expect((await end(made)).status).toBe(204);
      expect((await other('GET', item)).status).toBe(200);
      expect((await end(all, cloud.admin)).status).toBe(204);
    });

    test('takes its sharings with it', async () => {
      expect((await share(cloud.stranger.projectId)).status).toBe(201);
      expect((await owner('DELETE', item)).status).toBe(204);
      expect((await cloud.as(cloud.admin)('GET', `/rbac-policies?object_id=${id}`)).body).toEqual({ rbac_policies: [] });
    });
  });
});
