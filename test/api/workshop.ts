// Makes one of any resource, with everything that it refers to, in the member's project. Called by matrix.test.ts.
import { usualPath } from '#api/paths.ts';
import type { Resource } from '#core/resource.ts';
import { newProject } from '#test/cloud.ts';
import type { Cloud, Person, Shown } from './cloud.ts';
import { type Outside, outside } from './outside.ts';

/** What a create of a resource needs. */
export interface Wish {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Id of the item it is made in. */
  readonly parent?: string;
}

/** A row and where it is. */
export interface Made {
  readonly row: Shown;
  readonly path: string;
  /** Of its collection. */
  readonly collection: string;
}

export class Workshop {
  readonly #cloud: Cloud;
  #count = 0;
  #outside: Outside | undefined;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** A number that nothing else has. */
  #next(): number {
    this.#count += 1;
    return this.#count;
  }

  resource(name: string): Resource {
    const found = this.#cloud.registry.byName(name);
    if (!found) throw new Error(`no resource ${name}`);
    return found;
  }

  /** Makes one in the project of the member, or of somebody else. */
  async make(name: string, owner = this.#cloud.member): Promise<Made> {
    const resource = this.resource(name);
    const { attributes, parent } = await this.wish(name, owner);
    const project = resource.parent === undefined && resource.field.get('project_id')?.post ? { project_id: owner.projectId } : {};
    const body = { [resource.key]: { ...project, ...attributes } };
    const collection = this.path(resource, parent);
    const answer = await this.#cloud.as(this.maker(name))('POST', collection, body);
    if (answer.status !== 201) throw new Error(`no ${name}: ${answer.status} ${answer.text}`);
    const row = answer.at(resource.key) as Shown;
    return { row, collection, path: `${collection}/${row[resource.item]}` };
  }

  /** Path of the collection, in this item of its parent. */
  path(resource: Resource, parent = ''): string {
    return usualPath(resource, this.#cloud.registry).replace(/\{\w+\}/, parent);
  }

  /** Who may make one. */
  maker(name: string): Person {
    return name === 'port_binding' ? this.#cloud.service : this.#cloud.admin;
  }

  /** What it takes to make one of a resource, out of what is somebody's. */
  async wish(name: string, owner = this.#cloud.member): Promise<Wish> {
    const wish = WISHES[name];
    if (!wish) throw new Error(`nobody says how to make ${name}: see WISHES`);
    const made = await wish({
      cloud: this.#cloud,
      id: async (of) => (await this.make(of, owner)).row.id,
      own: (of, attributes) => this.#cloud.make(of, { project_id: owner.projectId, ...attributes }, this.#cloud.admin),
      wired: async () => {
        const network = await this.make('network', owner);
        const cidr = `10.${100 + (this.#next() >> 8)}.${this.#count & 255}.0/24`;
        await this.#cloud.make(
          'subnet',
          { project_id: owner.projectId, network_id: network.row.id, ip_version: 4, cidr },
          this.#cloud.admin,
        );
        return network.row.id;
      },
      next: () => this.#next(),
      outside: async () => (this.#outside ??= await outside(this.#cloud, '172.24.0.0/16')),
    });
    return 'attributes' in made ? (made as Wish) : { attributes: made };
  }
}

interface Bench {
  readonly cloud: Cloud;
  /** Makes another resource of the owner and answers its id. */
  id(name: string): Promise<string>;
  /** Makes a row of the owner with these attributes. */
  own(name: string, attributes: object): Promise<Shown>;
  /** A network with a subnet. */
  wired(): Promise<string>;
  next(): number;
  outside(): Promise<Outside>;
}

type Wished = Wish | Readonly<Record<string, unknown>>;

const within =
  (parent: string, attributes: Readonly<Record<string, unknown>>) =>
  async (bench: Bench): Promise<Wish> => ({
    parent: await bench.id(parent),
    attributes,
  });

/** A floating IP and a port that it could lead to. */
async function reachable({ cloud, own, next, outside }: Bench) {
  const { external } = await outside();
  const n = next();
  const network_id = (await own('network', {})).id;
  const { id: subnet_id } = await own('subnet', { network_id, ip_version: 4, cidr: `10.${100 + (n >> 8)}.${n & 255}.0/24` });
  const router = await own('router', { external_gateway_info: { network_id: external.id } });
  await cloud.as(cloud.admin)('PUT', `/routers/${router.id}/add_router_interface`, { subnet_id });
  const port = await own('port', { network_id });
  return { port, floating: await own('floatingip', { floating_network_id: external.id }) };
}

/** A port behind a router that may announce its address outside: both networks are of one address scope. */
async function proxied({ cloud, own, next }: Bench) {
  const n = next();
  const byAdmin = (name: string, attributes: object) => cloud.make(name, attributes, cloud.admin);
  const scope = await byAdmin('address_scope', { name: `scope-${n}`, ip_version: 6 });
  const prefixes = [`2001:db8:${n.toString(16)}::/64`];
  const pool = await byAdmin('subnetpool', { name: 'pool', prefixes, default_prefixlen: 112, address_scope_id: scope.id });
  const external = await byAdmin('network', { 'router:external': true });
  await byAdmin('subnet', { network_id: external.id, ip_version: 6, subnetpool_id: pool.id });
  const network = await own('network', {});
  const subnet = await own('subnet', { network_id: network.id, ip_version: 6, subnetpool_id: pool.id });
  const router = await own('router', { external_gateway_info: { network_id: external.id }, enable_ndp_proxy: true });
  await cloud.as(cloud.admin)('PUT', `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  return { router_id: router.id, port_id: (await own('port', { network_id: network.id })).id };
}

/** By resource: attributes besides the project. Resources that are not made by clients are not here. */
const WISHES: Readonly<Record<string, (bench: Bench) => Wished | Promise<Wished>>> = {
  address_group: () => ({}),
  address_scope: ({ next }) => ({ name: `scope-${next()}`, ip_version: 4 }),
  default_security_group_rule: ({ next }) => {
    const port = 1_000 + next();
    const used = { used_in_default_sg: false, used_in_non_default_sg: true };
    return { ...used, direction: 'ingress', protocol: 'tcp', port_range_min: port, port_range_max: port };
  },
  flavor: ({ next }) => ({ name: `flavor-${next()}`, service_type: 'L3_ROUTER_NAT' }),
  log: () => ({ resource_type: 'security_group' }),
  segment: async ({ id, next }) => ({ network_id: await id('network'), network_type: 'vxlan', segmentation_id: 5_000_000 + next() }),
  network_segment_range: ({ next }) => {
    const first = 6_000_000 + next() * 10;
    return { network_type: 'vxlan', minimum: first, maximum: first + 9, shared: true };
  },
  metering_label: () => ({}),
  metering_label_rule: async ({ id, next }) => ({
    metering_label_id: await id('metering_label'),
    direction: 'ingress',
    source_ip_prefix: `10.${next() % 256}.0.0/16`,
  }),
  floatingip: async ({ outside }) => ({ floating_network_id: (await outside()).external.id }),
  floatingip_port_forwarding: async (bench) => {
    const { port, floating } = await reachable(bench);
    const internal_ip_address = (port.fixed_ips as { ip_address: string }[])[0]?.ip_address;
    return {
      parent: floating.id,
      attributes: { protocol: 'tcp', internal_port_id: port.id, internal_ip_address, internal_port: 80, external_port: 8_080 },
    };
  },
  local_ip: async ({ wired }) => ({ network_id: await wired() }),
  local_ip_port_association: async ({ own, wired }) => {
    const network_id = await wired();
    const local = await own('local_ip', { network_id });
    const port = await own('port', { network_id });
    return { parent: local.id, attributes: { fixed_port_id: port.id } };
  },
  ndp_proxy: proxied,
  network: () => ({}),
  policy: ({ next }) => ({ name: `policy-${next()}` }),
  policy_bandwidth_limit_rule: within('policy', { max_kbps: 1_000 }),
  policy_dscp_marking_rule: within('policy', { dscp_mark: 10 }),
  policy_minimum_bandwidth_rule: within('policy', { min_kbps: 1_000 }),
  policy_minimum_packet_rate_rule: within('policy', { min_kpps: 1_000 }),
  policy_packet_rate_limit_rule: within('policy', { max_kpps: 1_000 }),
  port: async ({ id }) => ({ network_id: await id('network') }),
  port_binding: async ({ id, own }) => {
    const bound = { device_owner: 'compute:nova', device_id: 'instance', 'binding:host_id': 'host' };
    return { parent: (await own('port', { network_id: await id('network'), ...bound })).id, attributes: { host: 'other' } };
  },
  rbac_policy: async ({ id }) => ({
    object_type: 'network',
    object_id: await id('network'),
    action: 'access_as_shared',
    target_tenant: newProject(),
  }),
  router: () => ({}),
  router_conntrack_helper: within('router', { protocol: 'udp', helper: 'tftp', port: 69 }),
  security_group: () => ({}),
  security_group_rule: async ({ id, next }) => {
    const port = next();
    return {
      security_group_id: await id('security_group'),
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: port,
      port_range_max: port,
    };
  },
  security_groups_default_statefulness: () => ({ project_id: newProject(), stateful: false }),
  service_profile: ({ next }) => ({ description: `profile-${next()}`, metainfo: '{}' }),
  subnet: async ({ id }) => ({ network_id: await id('network'), ip_version: 4, cidr: '10.0.0.0/24' }),
  subnetpool: ({ next }) => ({ name: `pool-${next()}`, prefixes: [`10.${next() % 256}.0.0/16`] }),
  trunk: async ({ id }) => ({ port_id: await id('port') }),
};

export const isMade = (name: string): boolean => Object.hasOwn(WISHES, name);
