// A project of the demo and everything it owns: made by the admin as far as users exist, and by its own user as far as networks do. And unmade again.
import type { Client } from '../client.ts';
import type { Instance, Project, World } from './world.ts';

const PASSWORD = 'only for this demo';
/** The same in every project: nobody asks what others use. */
export const CIDR = '10.0.0.0/24';
const ADDRESSES = ['10.0.0.11', '10.0.0.12'] as const;

type Made<Name extends string, More = unknown> = Readonly<Record<Name, { readonly id: string } & More>>;
interface Port {
  readonly id: string;
  readonly mac_address: string;
}

/** Makes a project with a user, who makes a network, a subnet, and a port for each host. */
export async function makeProject(world: World, name: string): Promise<Project> {
  const { admin } = world;
  const { project } = await admin.call<Made<'project'>>('POST', '/identity/v3/projects', { project: { name } });
  const { user } = await admin.call<Made<'user'>>('POST', '/identity/v3/users', { user: { name: `${name}-user`, password: PASSWORD } });
  const { roles } = await admin.call<{ roles: { id: string }[] }>('GET', '/identity/v3/roles?name=member');
  await admin.call('PUT', `/identity/v3/projects/${project.id}/users/${user.id}/roles/${roles[0]?.id}`);
  const client = await world.signIn(`${name}-user`, PASSWORD, name);
  const { network } = await client.call<Made<'network', { mtu: number }>>('POST', '/v2.0/networks', { network: { name } });
  await client.call('POST', '/v2.0/subnets', { subnet: { network_id: network.id, ip_version: 4, cidr: CIDR } });
  const first = await makePort(client, network.id, `${name}-1`, ADDRESSES[0]);
  const second = await makePort(client, network.id, `${name}-2`, ADDRESSES[1]);
  const seen = await admin.call<Made<'network', { 'provider:segmentation_id': number }>>('GET', `/v2.0/networks/${network.id}`);
  const instance = (port: Port, i: 0 | 1): Instance => ({
    name: `${name}-${i + 1}`,
    on: world.hosts[i],
    port: port.id,
    mac: port.mac_address,
    address: ADDRESSES[i],
  });
  return {
    name,
    id: project.id,
    user: user.id,
    client,
    network: network.id,
    vni: seen.network['provider:segmentation_id'],
    mtu: network.mtu,
    instances: [instance(first, 0), instance(second, 1)],
  };
}

async function makePort(client: Client, network: string, name: string, address: string): Promise<Port> {
  const { port } = await client.call<{ port: Port }>('POST', '/v2.0/ports', {
    port: { network_id: network, name, fixed_ips: [{ ip_address: address }] },
  });
  return port;
}

/** Deletes what a project has, itself at last. */
export async function removeProject({ admin }: World, { client, network, id, user }: Project): Promise<void> {
  const { ports } = await client.call<{ ports: { id: string; device_owner: string }[] }>('GET', `/v2.0/ports?network_id=${network}`);
  for (const port of ports) if (port.device_owner !== 'network:dhcp') await client.call('DELETE', `/v2.0/ports/${port.id}`);
  await client.call('DELETE', `/v2.0/networks/${network}`);
  await admin.call('DELETE', `/identity/v3/users/${user}`);
  await admin.call('DELETE', `/identity/v3/projects/${id}`);
}
