// A network that leads outside, and a member's network behind a router that leads there: what floating IPs need. Called by their tests.
import type { Cloud, Person, Shown } from './cloud.ts';

export interface Outside {
  readonly external: Shown;
  /** The first subnet of the external network. */
  readonly pool: Shown;
}

/** An external network with a subnet of this prefix. */
export async function outside(cloud: Cloud, cidr: string): Promise<Outside> {
  const external = await cloud.make('network', { 'router:external': true }, cloud.admin);
  return { external, pool: await poolOf(cloud, external, cidr) };
}

/** One more subnet of an external network. */
export const poolOf = (cloud: Cloud, external: Shown, cidr: string): Promise<Shown> =>
  roomy(cloud, external, cidr, { enable_dhcp: false }, cloud.admin);

/** A subnet that chooses no address from .200 on of a /24: those are for whoever asks for one. */
export function roomy(cloud: Cloud, { id }: Shown, cidr: string, attributes: object = {}, person = cloud.member): Promise<Shown> {
  const [, start] = /^(.+\.)0\/24$/.exec(cidr) ?? [];
  const pools = start === undefined ? {} : { allocation_pools: [{ start: `${start}2`, end: `${start}199` }] };
  return cloud.make('subnet', { network_id: id, cidr, ip_version: cidr.includes(':') ? 6 : 4, ...pools, ...attributes }, person);
}

export interface Behind {
  readonly network: Shown;
  readonly subnet: Shown;
  readonly router: Shown;
}

/** A new network behind a new router whose gateway is on the external network; none: the router leads nowhere. */
export async function behind(
  cloud: Cloud,
  cidr: string,
  external: Shown | undefined,
  { person = cloud.member, router = {}, maker = person }: { person?: Person; router?: object; maker?: Person } = {},
): Promise<Behind> {
  const network = await cloud.make('network', {}, person);
  const subnet = await roomy(cloud, network, cidr, {}, person);
  const gateway = external && { external_gateway_info: { network_id: external.id } };
  const made = await cloud.make('router', { ...router, ...gateway, project_id: person.projectId }, maker);
  const added = await cloud.as(person)('PUT', `/routers/${made.id}/add_router_interface`, { subnet_id: subnet.id });
  if (added.status !== 200) throw new Error(`no interface: ${added.text}`);
  return { network, subnet, router: made };
}

/** The first address of a port. */
export const addressOf = (port: Shown, index = 0): string => (port.fixed_ips as { ip_address: string }[])[index]?.ip_address ?? '';
