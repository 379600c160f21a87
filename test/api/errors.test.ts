// Errors as clients get them: status, type and text are the declaration's. A declared error that neither a provocation here nor another file of this
// tier asks for fails the last test, unless it is excused by name with a reason. What every answered error must be like: refusals.ts.
import { readdirSync, readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendError } from '#api/errors.ts';
import { type ApiError, declaredErrors, statusOf } from '#core/errors.ts';
import { addHost } from '#identity/hosts.ts';
import { engines } from '#test/postgres.ts';
import { type Cloud, NOWHERE, openCloud, type Reply, type Shown } from './cloud.ts';
import { textOf } from './refusals.ts';

interface Refusal {
  readonly status: number;
  readonly type: unknown;
  readonly message: unknown;
}

/** Declared, and not to be provoked here. */
const EXCUSED: Readonly<Record<string, string>> = {
  NetworkMacAddressGenerationFailure: 'a network would need most of the 16,777,216 MACs that are chosen from',
};

describe.each(engines())('errors on $name', (engine) => {
  let cloud: Cloud;
  let admin: ReturnType<Cloud['as']>;
  let member: ReturnType<Cloud['as']>;
  let network: Shown;
  let subnet: Shown;
  beforeAll(async () => {
    cloud = await openCloud(engine, {
      settings: { vlanRanges: new Map([['physnet', [[5, 5]]]]), maxDnsNameservers: 1, maxSubnetHostRoutes: 1 },
    });
    admin = cloud.as(cloud.admin);
    member = cloud.as(cloud.member);
    ({ network, subnet } = await cloud.wired('10.0.0.0/24', cloud.admin));
    await cloud.join('host');
  });
  afterAll(() => cloud.close());

  const post = (name: string, attributes: object, as = admin) => as('POST', `/${name}s`, { [name]: attributes });
  const port = (attributes: object = {}) => post('port', { network_id: network.id, ...attributes });
  const subnetOf = async (attributes: object) =>
    post('subnet', { network_id: (await cloud.make('network', {}, cloud.admin)).id, ip_version: 4, ...attributes });
  const twice = async (make: () => Promise<Reply>) => make().then(make);
  const provider = (type: string, physical?: string, id?: number) =>
    post('network', {
      'provider:network_type': type,
      ...(physical && { 'provider:physical_network': physical }),
      ...(id && { 'provider:segmentation_id': id }),
    });
  const agentId = async (type: string) => String((await admin('GET', `/agents?agent_type=${encodeURIComponent(type)}`)).at('agents.0.id'));
  const pools = (...ranges: [string, string][]) =>
    subnetOf({ cidr: '10.0.0.0/24', allocation_pools: ranges.map(([start, end]) => ({ start, end })) });
  const thrown = async (promise: Promise<unknown>) => (await promise.catch((error: unknown) => error)) as ApiError;
  const agentCall = (headers: Record<string, string>) => cloud.send('POST', '/agent/v1/heartbeat', { body: {}, headers });

  const provocations: Readonly<Record<string, () => Promise<Reply | Refusal>>> = {
    AdminRequired: () => member('GET', `/quotas/${cloud.admin.projectId}/details`),
    AgentNotFound: () => admin('GET', `/agents/${NOWHERE}`),
    AllocationOnAutoAddressSubnet: async () => {
      const made = await subnetOf({ ip_version: 6, cidr: '2001:db8::/64', ipv6_address_mode: 'slaac' });
      return port({ network_id: made.at('subnet.network_id'), fixed_ips: [{ ip_address: '2001:db8::7' }] });
    },
    BadRequest: () => admin('GET', '/networks?limit=-1'),
    DNSNameServersExhausted: () => subnetOf({ cidr: '10.0.0.0/24', dns_nameservers: ['192.0.2.1', '192.0.2.2'] }),
    ExternalNetworkInUse: async () => {
      const external = await cloud.make('network', { 'router:external': true }, cloud.admin);
      await port({ network_id: external.id, device_owner: 'network:router_gateway', device_id: 'router' });
      return admin('PUT', `/networks/${external.id}`, { network: { 'router:external': false } });
    },
    FlatNetworkInUse: () => twice(() => provider('flat', 'public')),
    GatewayConflictWithAllocationPools: () => pools(['10.0.0.1', '10.0.0.9']),
    GatewayIpInUse: async () => {
      await port({ device_owner: 'network:router_interface', device_id: 'router', fixed_ips: [{ ip_address: '10.0.0.1' }] });
      return admin('PUT', `/subnets/${subnet.id}`, { subnet: { gateway_ip: null } });
    },
    HTTPBadRequest: () => post('network', { colour: 'red' }),
    HTTPInternalServerError: async () => {
      const app = Fastify();
      app.setErrorHandler(sendError);
      app.get('/', async () => {
        throw new TypeError('a secret of ours');
      });
      const answer = await app.inject('/');
      expect(answer.body).not.toContain('secret');
      return { status: answer.statusCode, ...answer.json().NeutronError };
    },
    HTTPMethodNotAllowed: () => admin('PATCH', '/networks', {}),
    HTTPNotFound: () => admin('GET', '/nothing'),
    HTTPNotImplemented: () => admin('POST', '/quotas', {}),
    HTTPRequestEntityTooLarge: () => post('network', { description: 'x'.repeat(2 ** 21) }),
    HostNameInvalid: () => thrown(addHost(cloud.store, 'not a host')),
    HostRoutesExhausted: () =>
      subnetOf({
        cidr: '10.0.0.0/24',
        host_routes: ['192.0.2.1/32', '192.0.2.2/32'].map((destination) => ({ destination, nexthop: '10.0.0.9' })),
      }),
    HostUnknown: () => agentCall({ 'x-isospin-host': 'host' }),
    InvalidAllocationPool: () => pools(['10.0.0.9', '10.0.0.2']),
    InvalidDHCPAgent: async () => admin('POST', `/agents/${await agentId('Linux bridge agent')}/dhcp-networks`, { network_id: network.id }),
    InvalidInput: () => post('network', { admin_state_up: 'perhaps' }),
    InvalidInputSubnetServiceType: () => subnetOf({ cidr: '10.0.0.0/24', service_types: [1] }),
    InvalidIpForNetwork: () => port({ fixed_ips: [{ ip_address: '192.0.2.1' }] }),
    InvalidIpForSubnet: () => port({ fixed_ips: [{ subnet_id: subnet.id, ip_address: '192.0.2.1' }] }),
    InvalidSharedSetting: async () => {
      const shared = await cloud.make('network', { shared: true, name: 'shared' }, cloud.admin);
      await cloud.make('port', { network_id: shared.id });
      return admin('PUT', `/networks/${shared.id}`, { network: { shared: false } });
    },
    InvalidSubnetServiceType: () => subnetOf({ cidr: '10.0.0.0/24', service_types: ['foo:bar'] }),
    IpAddressAlreadyAllocated: () => twice(() => port({ fixed_ips: [{ ip_address: '10.0.0.99' }] })),
    IpAddressGenerationFailure: async () => {
      const made = await subnetOf({ cidr: '10.0.0.0/32', gateway_ip: null, enable_dhcp: false });
      return twice(() => port({ network_id: made.at('subnet.network_id') }));
    },
    IpAddressGenerationFailureNoMatchingSubnet: async () => {
      const made = await subnetOf({ cidr: '10.0.0.0/24', service_types: ['network:floatingip'] });
      return port({ network_id: made.at('subnet.network_id'), device_owner: 'compute:nova' });
    },
    MacAddressInUse: () => twice(() => port({ mac_address: 'fa:16:3e:00:00:99' })),
    MalformedRequestBody: () => admin('PUT', `/agents/${NOWHERE}`, '{'),
    NetworkHostedByDHCPAgent: async () => {
      const agent = await agentId('DHCP agent');
      return twice(() => admin('POST', `/agents/${agent}/dhcp-networks`, { network_id: network.id }));
    },
    NetworkInUse: async () => {
      await port();
      return admin('DELETE', `/networks/${network.id}`);
    },
    NetworkMTUSubnetConflict: async () => {
      const made = await subnetOf({ ip_version: 6, cidr: '2001:db8::/64' });
      return admin('PUT', `/networks/${made.at('subnet.network_id')}`, { network: { mtu: 1000 } });
    },
    NetworkNotFound: () => admin('GET', `/networks/${NOWHERE}`),
    NetworkNotHostedByDhcpAgent: async () => {
      const { id } = await cloud.make('network', {});
      return admin('DELETE', `/agents/${await agentId('DHCP agent')}/dhcp-networks/${id}`);
    },
    NoNetworkAvailable: () => twice(() => provider('vlan')),
    OutOfBoundsAllocationPool: () => pools(['10.0.0.2', '10.0.9.2']),
    OverQuota: async () => {
      await admin('PUT', `/quotas/${cloud.stranger.projectId}`, { quota: { network: 0 } });
      return post('network', {}, cloud.as(cloud.stranger));
    },
    OverlappingAllocationPools: () => pools(['10.0.0.2', '10.0.0.9'], ['10.0.0.5', '10.0.0.20']),
    PolicyNotAuthorized: () => post('network', { shared: true }, member),
    PortBound: async () => {
      const bound = await port({ 'binding:host_id': 'host' });
      return admin('PUT', `/ports/${bound.at('port.id')}`, { port: { mac_address: 'fa:16:3e:00:00:98' } });
    },
    PortNotFound: () => admin('GET', `/ports/${NOWHERE}`),
    ProtocolUnknown: async () =>
      agentCall({ 'x-isospin-host': 'host', 'x-isospin-protocol': '99', authorization: `Bearer ${await addHost(cloud.store, 'host')}` }),
    RevisionNumberConstraintFailed: () => admin('DELETE', `/networks/${network.id}`, undefined, { 'if-match': 'revision_number=9999' }),
    ServicePortInUse: async () => {
      const device_id = (await post('router', {})).at('router.id');
      const made = await port({ device_owner: 'network:router_interface', device_id });
      return admin('DELETE', `/ports/${made.at('port.id')}`);
    },
    ServiceUnavailable: async () => {
      const other = await openCloud(engine);
      await other.store.close();
      const answer = await other.send('GET', '/networks', { token: other.member.token });
      await other.close();
      return answer;
    },
    SubnetInUse: async () => {
      await port();
      return admin('DELETE', `/subnets/${subnet.id}`);
    },
    SubnetNotFound: () => admin('GET', `/subnets/${NOWHERE}`),
    SubnetPoolNotFound: () => subnetOf({ subnetpool_id: NOWHERE }),
    TagNotFound: () => admin('GET', `/networks/${network.id}/tags/none`),
    TagResourceNotFound: () => admin('GET', `/networks/${NOWHERE}/tags`),
    TenantIdProjectIdFilterConflict: () => admin('GET', '/networks?tenant_id=a&project_id=a'),
    TenantQuotaNotFound: () => admin('DELETE', `/quotas/${NOWHERE}`),
    TunnelIdInUse: () => twice(() => provider('gre', undefined, 77)),
    VlanIdInUse: () => twice(() => provider('vlan', 'physnet', 77)),
  };

  test.each(Object.keys(provocations).map((type) => ({ type })))('$type', async ({ type }) => {
    const declared = declaredErrors.get(type);
    const answer = await provocations[type]?.();
    if (!declared || !answer) throw new Error(`${type} is not declared`);
    const refusal = 'body' in answer ? { type: answer.at('NeutronError.type'), message: answer.at('NeutronError.message') } : answer;
    expect({ status: answer.status, type: refusal.type }, JSON.stringify(answer)).toEqual({ status: statusOf[declared.kind], type });
    expect(refusal.message).toMatch(textOf(declared.message));
    // A placeholder that nothing was put into.
    expect(refusal.message).not.toMatch(/\bundefined\b|\bnull\b|\[object|\{\w+\}/);
  });

  test('every declared error is one that a test asks for', () => {
    const known = [...Object.keys(provocations), ...Object.keys(EXCUSED)];
    expect(known.filter((type) => !declaredErrors.has(type))).toEqual([]);
    const asked = new Set([...known, ...askedElsewhere()]);
    expect([...declaredErrors.keys()].filter((type) => !asked.has(type))).toEqual([]);
  });
});

/** Types that the other files of this tier ask for, each in a test that fails when it is not answered. */
function askedElsewhere(): string[] {
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts') && !import.meta.url.endsWith(`/${file}`));
  return files.flatMap((file) => [...readFileSync(new URL(file, folder), 'utf8').matchAll(/'([A-Z]\w+)'/g)].map(([, type = '']) => type));
}
