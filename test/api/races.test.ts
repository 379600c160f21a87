// What is judged while somebody else changes it: a request that waited for a row judges what the row is by then.
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Work } from '#core/work.ts';
import { port as portResource } from '#resources/port/schema.ts';
import { rbacPolicy } from '#resources/rbac_policy/schema.ts';
import type { RbacPolicy } from '#resources/rbac_policy/sharing.ts';
import { subnet as subnetResource } from '#resources/subnet/schema.ts';
import { subnetpool as subnetpoolResource } from '#resources/subnetpool/schema.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, expectError, openCloud, type Reply, type Shown } from './cloud.ts';

const systemActor = { userId: 'system', userName: 'system', projectId: '', projectName: '', domainId: '', roles: ['admin'] };

describe.each(engines())('meetings on $name', (engine) => {
  let cloud: Cloud;
  let stranger: ReturnType<Cloud['as']>;
  beforeAll(async () => {
    cloud = await openCloud(engine, { settings: { quota: { security_group: -1, rbac_policy: -1 } } });
    stranger = cloud.as(cloud.stranger);
  });
  afterAll(() => cloud.close());

  /** Whether a transaction waits for another one. */
  const waiting = async (): Promise<boolean> => {
    if (cloud.store.dialect.name === 'sqlite') return true;
    const locks =
      'SELECT 1 AS one FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())';
    return (await cloud.store.read.get(locks)) !== undefined;
  };

  /** The answer to a request that is sent when a transaction has done its work, and that waits for its commit. */
  async function meeting(work: (work: Work) => Promise<unknown>, request: () => Promise<Reply>): Promise<Reply> {
    const sent: Promise<Reply>[] = [];
    await cloud.pipeline.write({ actor: systemActor, requestId: 'req-meeting' }, async (context) => {
      await work(context);
      sent.push(request());
      for (let tries = 0; tries < 100 && !(await waiting()); tries++) await pause(20);
    });
    return (await Promise.all(sent))[0] as Reply;
  }

  interface Shared {
    readonly kind: string;
    readonly object: () => Promise<Shown>;
    /** Asks for something that takes a share of the object. */
    readonly uses: (id: string) => Promise<Reply>;
    readonly refusal: string;
  }

  const byAdmin = async (path: string, key: string, attributes: object): Promise<Shown> => {
    const body = { [key]: { name: 'shared', project_id: cloud.member.projectId, ...attributes } };
    return (await cloud.as(cloud.admin)('POST', path, body)).at(key) as Shown;
  };
  const rule = async (attributes: object): Promise<Reply> => {
    const group = await cloud.make('security_group', { name: 'own' }, cloud.stranger);
    return stranger('POST', '/security_group_rules', {
      security_group_rule: { security_group_id: group.id, direction: 'ingress', ...attributes },
    });
  };
  const port = async (attributes: object): Promise<Reply> => {
    const { network } = await cloud.wired('10.0.0.0/24', cloud.stranger);
    return stranger('POST', '/ports', { port: { network_id: network.id, ...attributes } });
  };

  const KINDS: readonly Shared[] = [
    {
      kind: 'network',
      object: () => byAdmin('/networks', 'network', {}),
      uses: (network_id) => stranger('POST', '/ports', { port: { network_id } }),
      refusal: 'NetworkNotFound',
    },
    {
      kind: 'security_group',
      object: () => byAdmin('/security_groups', 'security_group', {}),
      uses: (id) => port({ security_groups: [id] }),
      refusal: 'SecurityGroupNotFound',
    },
    {
      kind: 'security_group',
      object: () => byAdmin('/security_groups', 'security_group', {}),
      uses: (remote_group_id) => rule({ remote_group_id }),
      refusal: 'SecurityGroupNotFound',
    },
    {
      kind: 'address_group',
      object: () => byAdmin('/address_groups', 'address_group', {}),
      uses: (remote_address_group_id) => rule({ remote_address_group_id }),
      refusal: 'AddressGroupNotFound',
    },
    {
      kind: 'qos_policy',
      object: () => byAdmin('/qos/policies', 'policy', {}),
      uses: (qos_policy_id) => port({ qos_policy_id }),
      refusal: 'QosPolicyNotFound',
    },
    {
      kind: 'subnetpool',
      object: () => byAdmin('/subnetpools', 'subnetpool', { prefixes: ['10.0.0.0/8'], default_prefixlen: 24 }),
      async uses(subnetpool_id) {
        const { id: network_id } = await cloud.make('network', {}, cloud.stranger);
        return stranger('POST', '/subnets', { subnet: { network_id, ip_version: 4, subnetpool_id } });
      },
      refusal: 'SubnetPoolNotFound',
    },
    {
      kind: 'address_scope',
      object: () => byAdmin('/address_scopes', 'address_scope', { ip_version: 4 }),
      uses: (address_scope_id) =>
        stranger('POST', '/subnetpools', { subnetpool: { name: 'pool', prefixes: ['10.0.0.0/8'], address_scope_id } }),
      refusal: 'AddressScopeNotFound',
    },
  ];

  const held = async (context: Work, id: string) => (await context.load(rbacPolicy, id, 'remove')) as RbacPolicy;
  const ENDS = {
    ended: async (context: Work, id: string) => context.delete(rbacPolicy, await held(context, id)),
    'given to others': async (context: Work, id: string) =>
      context.update(rbacPolicy, await held(context, id), { target_tenant: 'others' }),
  };

  for (const [how, end] of Object.entries(ENDS)) {
    test.each(KINDS)(`what is shared of a $kind and is being ${how} is not used`, async ({ kind, object, uses, refusal }) => {
      const { id } = await object();
      const target_tenant = cloud.stranger.projectId;
      const body = { rbac_policy: { object_type: kind, object_id: id, action: 'access_as_shared', target_tenant } };
      const sharing = (await cloud.as(cloud.member)('POST', '/rbac_policies', body)).at('rbac_policy.id') as string;
      const answer = await meeting(
        (context) => end(context, sharing),
        () => uses(id),
      );
      expectError(answer, 404, refusal);
      await cloud.as(cloud.member)('DELETE', `/rbac_policies/${sharing}`);
    });
  }

  const TAKES: Readonly<
    Record<string, { object: () => Promise<Shown>; take: (context: Work, id: string, network_id: string) => Promise<unknown> }>
  > = {
    network: {
      object: () => byAdmin('/networks', 'network', {}),
      take: (context, network_id) => context.create(portResource, { project_id: cloud.stranger.projectId, network_id }),
    },
    security_group: {
      object: () => byAdmin('/security_groups', 'security_group', {}),
      take: (context, id, network_id) =>
        context.create(portResource, { project_id: cloud.stranger.projectId, network_id, security_groups: [id] }),
    },
    qos_policy: {
      object: () => byAdmin('/qos/policies', 'policy', {}),
      take: (context, qos_policy_id, network_id) =>
        context.create(portResource, { project_id: cloud.stranger.projectId, network_id, qos_policy_id }),
    },
    subnetpool: {
      object: () => byAdmin('/subnetpools', 'subnetpool', { prefixes: ['10.0.0.0/8'], default_prefixlen: 24 }),
      take: (context, subnetpool_id, network_id) =>
        context.create(subnetResource, { project_id: cloud.stranger.projectId, network_id, ip_version: 4, subnetpool_id }),
    },
    address_scope: {
      object: () => byAdmin('/address_scopes', 'address_scope', { ip_version: 4 }),
      take: (context, address_scope_id) =>
        context.create(subnetpoolResource, {
          project_id: cloud.stranger.projectId,
          name: 'pool',
          prefixes: ['10.0.0.0/8'],
          address_scope_id,
        }),
    },
  };

  test.each(Object.entries(TAKES))('what is shared of a %s and is being used stays shared', async (kind, { object, take }) => {
    const { id } = await object();
    const target_tenant = cloud.stranger.projectId;
    const body = { rbac_policy: { object_type: kind, object_id: id, action: 'access_as_shared', target_tenant } };
    const member = cloud.as(cloud.member);
    const path = `/rbac_policies/${(await member('POST', '/rbac_policies', body)).at('rbac_policy.id')}`;
    const network = await cloud.make('network', {}, cloud.stranger);
    const answer = await meeting(
      (context) => take(context, id, network.id),
      () => member('DELETE', path),
    );
    expectError(answer, 409, 'RbacPolicyInUse');
    expectError(await member('PUT', path, { rbac_policy: { target_tenant: 'others' } }), 409, 'RbacPolicyInUse');
  });
});
