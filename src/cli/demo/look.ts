// How the demo looks at the kernel: counters of instances, forwarding entries of hosts, and what is left of Isospin on one.
import type { ThrowawayHost } from '#host/throwaway.ts';
import type { DemoHost, Instance } from './world.ts';

/** What an instance's own IPv4 has counted. */
async function counter({ on, name }: Instance, protocol: string, field: string): Promise<number> {
  const text = await on.host.run(['cat', '/proc/net/snmp'], name);
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}: `))
    .map((line) => line.split(' '));
  const value = values[names.indexOf(field)];
  if (value === undefined) throw new Error(`${name} does not count ${protocol} ${field}`);
  return Number(value);
}

/** How many pings have reached an instance. */
export const echoes = (instance: Instance): Promise<number> => counter(instance, 'Icmp', 'InEchos');

/** How many IPv4 packets have reached an instance, whomever they were for. */
export const packets = (instance: Instance): Promise<number> => counter(instance, 'Ip', 'InReceives');

/** The MAC that an instance knows for an address. */
export async function neighbour({ on, name }: Instance, address: string): Promise<string | undefined> {
  const shown = await on.host.run(['ip', '-j', 'neigh', 'show', address], name);
  return (JSON.parse(shown || '[]') as { lladdr?: string }[])[0]?.lladdr;
}

/** The addresses of an instance's eth0. */
export async function addresses({ on, name }: Pick<Instance, 'on' | 'name'>): Promise<string[]> {
  const shown = await on.host.run(['ip', '-j', '-4', 'addr', 'show', 'dev', 'eth0'], name);
  return (JSON.parse(shown) as { addr_info: { local: string }[] }[]).flatMap(({ addr_info }) => addr_info.map(({ local }) => local));
}

/** The entries of a network's tunnel on `host` that lead to `to`. */
export async function forwardingTo({ host }: DemoHost, vni: number, to: DemoHost): Promise<string[]> {
  const { code, stdout } = await host.attempt(['bridge', 'fdb', 'show', 'dev', `vxlan-${vni}`]);
  return code === 0 ? stdout.split('\n').filter((line) => line.includes(` dst ${to.endpoint} `)) : [];
}

/** Devices of a host that it was not made with. */
export async function devices(host: ThrowawayHost): Promise<string[]> {
  const links = JSON.parse(await host.run(['ip', '-j', 'link', 'show'])) as { ifname: string }[];
  return links.map(({ ifname }) => ifname).filter((name) => name !== 'lo' && name !== 'eth0');
}

/** Devices, namespaces and processes of a host that it was not made with. */
export async function remains(host: ThrowawayHost): Promise<string[]> {
  const namespaces = (await host.run(['ip', 'netns', 'list'])).split('\n').filter((line) => line !== '');
  return [...(await devices(host)), ...namespaces, ...host.processes().values()];
}
