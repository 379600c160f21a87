// A small cloud for kernel tests: hosts on one underlay, an agent on each, and ports whose desired objects every host is told as the server
// would. An instance is a network namespace `vm<n>` behind a veth with the name of its port's device.
import type { DesiredValue, NetworkObject } from '#desired/objects.ts';
import { desiredObject, networks as NETWORK_IDS } from '#test/l2-wishes.ts';
import { type AgentProcess, type AgentSettings, makeServer, startAgent, type TestServer } from './agent-process.ts';
import { endProgram, joinHosts, makeHost, makeInstance, type TestHost, until } from './host.ts';

export { type Pinger, pingOn } from '#host/pings.ts';

/** Network N, from 1. */
export const networkId = (n: number): string => NETWORK_IDS[n - 1] ?? '';
/** The port numbered `n`. */
export const portId = (n: number): string => `${n.toString(16).padStart(8, '0')}-b0b0-4000-8000-000000000000`;
export const deviceOf = (n: number): string => `tap${portId(n).slice(0, 11)}`;
export const macOf = (n: number): string =>
  `fa:16:3e:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
export const bridgeOf = (network: number): string => `brq${networkId(network).slice(0, 11)}`;
/** The tunnel endpoint of the host at an index. */
export const endpointOf = (host: number): string => `10.99.0.${host + 1}`;

export interface CloudPort {
  readonly n: number;
  /** Index of its host. */
  readonly on: number;
  readonly network: number;
  /** Without prefix length. */
  readonly addresses: readonly string[];
  readonly up?: boolean;
}

export interface Cloud {
  readonly hosts: readonly TestHost[];
  readonly servers: readonly TestServer[];
  readonly agents: AgentProcess[];
  /** Network `n` is a VXLAN with VNI 100 + n and MTU 1450, unless something else is said here. */
  readonly networks: Map<number, Partial<NetworkObject>>;
  /** These are the ports now: tells every host what changed for it. */
  set(...ports: readonly CloudPort[]): void;
  /** Waits until every object of every host is reported as made real. */
  settle(): Promise<void>;
  /** Gives a port its instance; addresses are of a /24 or a /64. */
  boot(port: CloudPort): Promise<void>;
  /** Takes everything away by desired state; throws when something of ours is left on a host. */
  close(): Promise<void>;
}

/** Makes `count` hosts with an agent each. */
export async function makeCloud(count: number, settings: AgentSettings = {}): Promise<Cloud> {
  const hosts = await Promise.all(Array.from({ length: count }, (_, i) => makeHost(`host${i + 1}`)));
  const fabric = await joinHosts(hosts);
  const servers = hosts.map(() => makeServer());
  const agents = hosts.map((host, i) => startAgent(host, servers[i] as TestServer, settings));
  const networks = new Map<number, Partial<NetworkObject>>();
  return {
    hosts,
    servers,
    agents,
    networks,
    set(...ports) {
      for (const [i, server] of servers.entries()) {
        const values = desiredOn(i, ports, networks);
        const before = new Set(server.objects.keys());
        server.put(...values);
        for (const key of keysOf(values)) before.delete(key);
        if (before.size > 0) server.drop(...before);
      }
    },
    async settle() {
      for (const server of servers) await settled(server);
    },
    async boot(port) {
      const addresses = port.addresses.map((address) => `${address}/${address.includes(':') ? 64 : 24}`);
      const nic = { device: deviceOf(port.n), mac: macOf(port.n), addresses, mtu: 1450 };
      await makeInstance(hosts[port.on] as TestHost, `vm${port.n}`, nic);
    },
    async close() {
      try {
        for (const server of servers) server.drop(...server.objects.keys());
        for (const host of hosts) await cleared(host);
        await Promise.all(agents.map((agent) => agent.end('SIGTERM')));
      } finally {
        for (const host of [...hosts, fabric]) await host.close();
      }
    },
  };
}

/** What the server would project for one host. */
function desiredOn(host: number, ports: readonly CloudPort[], networks: ReadonlyMap<number, Partial<NetworkObject>>): DesiredValue[] {
  const own = ports.filter(({ on }) => on === host);
  return [...new Set(own.map(({ network }) => network))].flatMap((n): DesiredValue[] => {
    const network_id = networkId(n);
    const network: NetworkObject = {
      kind: 'network',
      network_id,
      network_type: 'vxlan',
      physical_network: null,
      segmentation_id: 100 + n,
      mtu: 1450,
      local_ip: endpointOf(host),
      ...networks.get(n),
    };
    const others = network.network_type === 'vxlan' ? ports.filter((port) => port.network === n && port.on !== host) : [];
    return [
      network,
      ...own
        .filter((port) => port.network === n)
        .map((port): DesiredValue => {
          const shown = { port_id: portId(port.n), network_id, device: deviceOf(port.n), mac_address: macOf(port.n) };
          return { kind: 'port', ...shown, admin_state_up: port.up ?? true, owner: 'instance' };
        }),
      ...[...new Set(others.map(({ on }) => on))].map((on): DesiredValue => ({ kind: 'flood', network_id, tunnel_ip: endpointOf(on) })),
      ...others.map((port): DesiredValue => {
        const shown = { port_id: portId(port.n), network_id, mac_address: macOf(port.n), ip_addresses: port.addresses };
        return { kind: 'peer', ...shown, tunnel_ip: endpointOf(port.on) };
      }),
    ];
  });
}

const keysOf = (values: readonly DesiredValue[]): string[] => values.map((value) => desiredObject(value).key);

/** Waits until everything of a host is reported as made real. */
export async function settled(server: TestServer, limit = 5_000): Promise<void> {
  await until('nothing waits', () => server.unsettled().length === 0, limit).catch((error: Error) => {
    throw new Error(`${error.message}; ${server.unsettled().join('; ')}`);
  });
}

/** What bears a name of ours on a host: devices in bridges of ours, bridges, tunnels, namespaces, files, daemons. */
export async function leftovers(host: TestHost): Promise<string[]> {
  const links = JSON.parse(await host.run(['ip', '-j', 'link', 'show'])) as { ifname: string; master?: string }[];
  const devices = links
    .filter(({ ifname, master }) => /^(brq[0-9a-f]{8}-|vxlan-\d)/.test(ifname) || /^brq[0-9a-f]{8}-/.test(master ?? ''))
    .map(({ ifname }) => ifname);
  const namespaces = (await host.run(['ip', 'netns', 'list'])).split('\n').filter((line) => line.startsWith('qdhcp-'));
  const files = (await host.attempt(['find', '/run/isospin', '-mindepth', '1'])).stdout.split('\n').filter((line) => line !== '');
  const daemons = [...host.processes().values()].filter((line) => /dnsmasq|dbus-daemon/.test(line));
  const tables = (await host.attempt(['nft', 'list', 'tables'])).stdout.split('\n').filter((line) => line.includes('isospin'));
  return [...devices, ...namespaces, ...files, ...daemons, ...tables];
}

/** Waits until nothing of ours is left on a host. */
export async function cleared(host: TestHost): Promise<void> {
  let left: string[] = [];
  const probe = async () => {
    left = await leftovers(host);
    return left.length === 0;
  };
  await until(`nothing of ours is left on ${host.name}`, probe, 10_000).catch((error: Error) => {
    throw new Error(`${error.message}; ${left.join('; ')}`);
  });
}

/** What tcpdump sees from now on. */
export interface Watch {
  readonly lines: string[];
  /** Stops looking, after what was on its way has been seen. */
  end(): Promise<string[]>;
}

/** Looks at the packets of a device with tcpdump. */
export async function watch(host: TestHost, device: string, filter: string, netns?: string): Promise<Watch> {
  const argv = ['tcpdump', '-Z', 'root', '-l', '-n', '-e', '--immediate-mode', '-i', device, filter];
  const child = host.start(argv, netns);
  const lines: string[] = [];
  let said = '';
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const all = (rest + text).split('\n');
    rest = all.pop() ?? '';
    lines.push(...all.filter((line) => line !== ''));
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(`tcpdump listens on ${device}: ${said}`, () => said.includes('listening on'));
  return {
    lines,
    async end() {
      await new Promise((resolve) => setTimeout(resolve, 150));
      const closed = new Promise((resolve) => child.once('close', resolve));
      await endProgram(child, 'SIGINT');
      await closed;
      return lines;
    },
  };
}
