// What this host's kernel has at layer 2, as iproute2 tells it: links, the forwarding entries of VXLAN devices, permanent neighbours.
// Read whole at start and at every resync; between them single links are read again by name. Decides nothing.
import { existsSync, readFileSync } from 'node:fs';
import { runProgram } from './process.ts';

/** One network device, reduced to what plans look at. */
export interface Link {
  readonly name: string;
  /** The kernel's number for it: a device made anew under an old name has another. */
  readonly index: number;
  /** `bridge`, `vxlan`, `veth`, `tun`, `vlan`, …; null for a physical device. */
  readonly kind: string | null;
  readonly master: string | null;
  /** Bytes. */
  readonly mtu: number;
  /** Set up by its owner, whatever the carrier says. */
  readonly up: boolean;
  /** The kernel gives it an IPv6 link-local address when it comes up. */
  readonly linkLocal: boolean;
  /** The device group: a number, or a name that the host has given it. */
  readonly group: string;
  /** The host's own IPv4 takes what comes from it, whoever sends it: no reverse path is asked for. */
  readonly ipv4: boolean;
  /** The host's own IPv6 listens on it. */
  readonly ipv6: boolean;
  /** As a bridge port: answers ARP for the neighbours that the bridge knows behind it. */
  readonly answersArp: boolean;
  /** As a bridge port: the bridge learns who is behind it. True for what is no port, as for one that joins. */
  readonly learns: boolean;
  readonly vxlan: { readonly vni: number; readonly local: string | null; readonly port: number; readonly learning: boolean } | null;
  readonly vlan: { readonly id: number; readonly parent: string } | null;
  readonly bridge: Bridge | null;
}

/** What only a bridge has. */
export interface Bridge {
  /** Its MAC; empty while nobody has said one or asked. A bridge that was given none takes a port's, and forgets all neighbours at each change. */
  readonly address: string;
  readonly stp: boolean;
  /** Hundredths of a second. */
  readonly forwardDelay: number;
  readonly snooping: boolean;
}

/** Where a VXLAN device sends. */
export interface Tunnel {
  /** MAC → tunnel endpoints; the all-zero MAC stands for everything unknown. */
  readonly remotes: Map<string, Set<string>>;
  /** MACs that the bridge is told to find behind the device. */
  readonly pinned: Set<string>;
}

/** The layer-2 state of a host. Mutable: a target keeps one and folds its own steps and re-read links into it. */
export interface HostLinks {
  readonly links: Map<string, Link>;
  /** By VXLAN device. */
  readonly tunnels: Map<string, Tunnel>;
  /** Bridge → IP → MAC. */
  readonly neighbours: Map<string, Map<string, string>>;
  /** Devices that carry IP addresses of their own; known for the devices asked about. */
  readonly addressed: Set<string>;
}

/** The MAC that stands for broadcast, multicast and unknown unicast in a VXLAN device's table. */
export const ANY_MAC = '00:00:00:00:00:00';

/** A host with nothing on it. */
export function noLinks(): HostLinks {
  return { links: new Map(), tunnels: new Map(), neighbours: new Map(), addressed: new Set() };
}

/** Reads everything; `addressesOf` names the devices whose addresses matter. Three processes, whatever the size of the host. */
export async function readHost(addressesOf: readonly string[], signal: AbortSignal): Promise<HostLinks> {
  const [links, entries, neighbours, addressed] = await Promise.all([
    jsonOf(['ip', '-j', '-d', 'link', 'show'], signal),
    jsonOf(['bridge', '-j', 'fdb', 'show'], signal),
    jsonOf(['ip', '-j', '-4', 'neigh', 'show', 'nud', 'permanent'], signal),
    readAddressed(addressesOf, signal),
  ]);
  const host = { ...noLinks(), addressed };
  for (const raw of links as RawLink[]) host.links.set(raw.ifname, toLink(raw));
  for (const raw of entries as RawEntry[]) {
    if (raw.ifname === undefined || host.links.get(raw.ifname)?.kind !== 'vxlan') continue;
    const tunnel = tunnelOf(host, raw.ifname);
    if (raw.dst !== undefined) endpointsOf(tunnel, raw.mac).add(raw.dst);
    else if (raw.master !== undefined && raw.state === 'static') tunnel.pinned.add(raw.mac);
  }
  for (const raw of neighbours as RawNeighbour[]) {
    if (raw.dev !== undefined && raw.lladdr !== undefined) neighboursOf(host, raw.dev).set(raw.dst, raw.lladdr);
  }
  return host;
}

/** Reads single links again, in one process; those that are gone are missing from the answer. */
export async function readLinks(names: readonly string[], signal: AbortSignal): Promise<Map<string, Link>> {
  const found = new Map<string, Link>();
  if (names.length === 0) return found;
  const input = `${names.map((name) => `link show dev ${name}`).join('\n')}\n`;
  const { stdout } = await runProgram(['ip', '-j', '-d', '-force', '-batch', '-'], { input, signal });
  for (const line of stdout.split('\n')) {
    if (!line.startsWith('[')) continue;
    for (const raw of JSON.parse(line) as RawLink[]) if (raw.ifname !== undefined) found.set(raw.ifname, toLink(raw));
  }
  return found;
}

/** Those of `names` that carry an address other than IPv6 link-local. */
export async function readAddressed(names: readonly string[], signal: AbortSignal): Promise<Set<string>> {
  const addressed = new Set<string>();
  if (names.length === 0) return addressed;
  for (const raw of (await jsonOf(['ip', '-j', 'addr', 'show'], signal)) as RawAddresses[]) {
    if (names.includes(raw.ifname) && raw.addr_info?.some((address) => address.scope !== 'link')) addressed.add(raw.ifname);
  }
  return addressed;
}

/** Whether the kernel can make 802.1Q devices. Asked in a way that leaves nothing: no VLAN can sit on the loopback device. */
export async function hasVlan(signal: AbortSignal): Promise<boolean> {
  const { stderr } = await runProgram(['ip', 'link', 'add', 'link', 'lo', 'name', 'isospin-probe', 'type', 'vlan', 'id', '1'], { signal });
  return !/unknown device type/i.test(stderr);
}

/** The table of a VXLAN device, made when there is none. */
export function tunnelOf(host: HostLinks, device: string): Tunnel {
  let tunnel = host.tunnels.get(device);
  if (tunnel === undefined) host.tunnels.set(device, (tunnel = { remotes: new Map(), pinned: new Set() }));
  return tunnel;
}

/** The endpoints of a MAC, made when there are none. */
export function endpointsOf(tunnel: Tunnel, mac: string): Set<string> {
  let endpoints = tunnel.remotes.get(mac);
  if (endpoints === undefined) tunnel.remotes.set(mac, (endpoints = new Set()));
  return endpoints;
}

/** The neighbours of a bridge, made when there are none. */
export function neighboursOf(host: HostLinks, bridge: string): Map<string, string> {
  let neighbours = host.neighbours.get(bridge);
  if (neighbours === undefined) host.neighbours.set(bridge, (neighbours = new Map()));
  return neighbours;
}

interface RawLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly address?: string;
  readonly link?: string;
  readonly master?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly group?: string;
  readonly inet6_addr_gen_mode?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
    readonly info_slave_data?: Readonly<Record<string, unknown>>;
  };
}
interface RawEntry {
  readonly mac: string;
  readonly ifname?: string;
  readonly dst?: string;
  readonly master?: string;
  readonly state?: string;
}
interface RawNeighbour {
  readonly dst: string;
  readonly dev?: string;
  readonly lladdr?: string;
}
interface RawAddresses {
  readonly ifname: string;
  readonly addr_info?: readonly { readonly scope?: string }[];
}

function toLink(raw: RawLink): Link {
  const kind = raw.linkinfo?.info_kind ?? null;
  const details = raw.linkinfo?.info_data ?? {};
  return {
    name: raw.ifname,
    index: raw.ifindex,
    kind,
    master: raw.master ?? null,
    mtu: raw.mtu,
    up: raw.flags.includes('UP'),
    linkLocal: (raw.inet6_addr_gen_mode ?? 'none') !== 'none',
    group: raw.group ?? 'default',
    ipv4: settingOf(raw.ifname, 'ipv4', 'rp_filter') === '0',
    ipv6: settingOf(raw.ifname, 'ipv6', 'disable_ipv6') === '0',
    answersArp: raw.linkinfo?.info_slave_data?.proxy_arp_wifi === true,
    learns: raw.linkinfo?.info_slave_data?.learning !== false,
    vxlan:
      kind === 'vxlan'
        ? {
            vni: Number(details.id),
            local: typeof details.local === 'string' ? details.local : typeof details.local6 === 'string' ? details.local6 : null,
            port: Number(details.port),
            learning: details.learning !== false,
          }
        : null,
    vlan: kind === 'vlan' ? { id: Number(details.id), parent: raw.link ?? '' } : null,
    bridge:
      kind === 'bridge'
        ? {
            address: raw.address ?? '',
            stp: details.stp_state !== 0,
            forwardDelay: Number(details.forward_delay),
            snooping: details.mcast_snooping !== 0,
          }
        : null,
  };
}

/** Whether this kernel speaks IPv6 at all. */
export const kernelHasIpv6 = existsSync('/proc/sys/net/ipv6');

/** Reading a setting takes microseconds: far less than asking a program. */
function settingOf(device: string, family: 'ipv4' | 'ipv6', name: string): string | undefined {
  if (family === 'ipv6' && !kernelHasIpv6) return undefined;
  try {
    return readFileSync(`/proc/sys/net/${family}/conf/${device}/${name}`, 'latin1').trim();
  } catch {
    return undefined; // gone since, or never had it
  }
}

async function jsonOf(argv: readonly string[], signal: AbortSignal): Promise<unknown[]> {
  const { code, stdout, stderr } = await runProgram(argv, { signal });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as unknown[]);
}
