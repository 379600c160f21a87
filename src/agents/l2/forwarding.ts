// Where a tunnel network's frames go: known MACs straight to their host, the rest to the hosts that have the network, ARP for known
// addresses answered here. Part of the plan of plan.ts. Entries are compared one by one: a new peer costs its own lines only.
import { isIPv4 } from 'node:net';
import { ANY_MAC, type Tunnel } from '#host/links.ts';
import type { Step } from '#host/steps.ts';
import { bridgeAddress } from './names.ts';
import { linkNow, type Sight, type Wish } from './sight.ts';

interface Endpoint {
  readonly endpoint: string;
  readonly keys: readonly string[];
}

const NOTHING: Tunnel = { remotes: new Map(), pinned: new Set() };

/** Plans the forwarding entries of the tunnel `device` and the neighbours of the network's bridge; of these none without a tunnel. */
export function planForwarding(wish: Wish, device: string | undefined, sight: Sight): void {
  const { host } = sight.actual;
  const { network, bridge, objects } = wish;
  const floods = new Map<string, string[]>();
  const peers = new Map<string, Endpoint>();
  const addresses = new Map<string, { mac: string; keys: readonly string[] }>();
  for (const { key, value } of device === undefined ? [] : objects) {
    if (value.kind !== 'flood' && value.kind !== 'peer') continue;
    if (value.tunnel_ip === network.local_ip) continue; // a host sends nothing to itself
    if (value.kind === 'flood') {
      floods.set(value.tunnel_ip, [...(floods.get(value.tunnel_ip) ?? []), key]);
      continue;
    }
    const mac = value.mac_address.toLowerCase();
    peers.set(mac, { endpoint: value.tunnel_ip, keys: [key] });
    // IPv6 is off on the bridge, and with it the table that could answer neighbour solicitations: they cross the tunnel.
    for (const ip of value.ip_addresses) if (isIPv4(ip)) addresses.set(ip, { mac, keys: [key] });
  }
  // A bridge that gets another address in this plan forgets its neighbours.
  const keeps = linkNow(sight, bridge)?.bridge?.address === bridgeAddress(network.network_id);
  planNeighbours(bridge, keeps ? host.neighbours.get(bridge) : undefined, addresses, sight.phases.forward);
  if (device === undefined) return;
  const tunnel = sight.removed.has(device) ? NOTHING : (host.tunnels.get(device) ?? NOTHING);
  planFlood(device, tunnel, floods, sight.phases.forward);
  planPeers(device, tunnel, peers, sight.phases.forward);
}

function planNeighbours(
  bridge: string,
  present: ReadonlyMap<string, string> | undefined,
  wanted: ReadonlyMap<string, { readonly mac: string; readonly keys: readonly string[] }>,
  steps: Step[],
): void {
  for (const [ip, { mac, keys }] of wanted) {
    if (present?.get(ip) === mac) continue;
    steps.push({ tool: 'ip', args: ['neigh', 'replace', ip, 'lladdr', mac, 'dev', bridge, 'nud', 'permanent'], keys });
  }
  for (const ip of present?.keys() ?? []) {
    if (!wanted.has(ip)) steps.push({ tool: 'ip', args: ['neigh', 'del', ip, 'dev', bridge], keys: [] });
  }
}

function planFlood(device: string, tunnel: Tunnel, floods: ReadonlyMap<string, readonly string[]>, steps: Step[]): void {
  const present = tunnel.remotes.get(ANY_MAC);
  for (const [endpoint, keys] of floods) {
    if (!present?.has(endpoint)) steps.push(entry('append', ANY_MAC, device, endpoint, ['self', 'permanent'], keys));
  }
  for (const endpoint of present ?? []) if (!floods.has(endpoint)) steps.push(entry('del', ANY_MAC, device, endpoint, ['self'], []));
}

function planPeers(device: string, tunnel: Tunnel, peers: ReadonlyMap<string, Endpoint>, steps: Step[]): void {
  for (const [mac, { endpoint, keys }] of peers) {
    const present = tunnel.remotes.get(mac);
    const surplus = [...(present ?? [])].filter((other) => other !== endpoint);
    const isRight = present?.has(endpoint) === true;
    // A replace moves the first endpoint of a MAC only; without one between, frames are flooded for a moment, never lost.
    for (const other of isRight ? surplus : surplus.slice(1)) steps.push(entry('del', mac, device, other, ['self'], []));
    const isPinned = tunnel.pinned.has(mac);
    // Sticky: else one frame with that MAC from an instance of this host would draw the entry to itself, and nothing would draw it back.
    if (!isRight) {
      const flags = isPinned ? ['self', 'static'] : ['self', 'master', 'static', 'sticky'];
      steps.push(entry('replace', mac, device, endpoint, flags, keys));
    } else if (!isPinned) steps.push(entry('replace', mac, device, undefined, ['master', 'static', 'sticky'], keys));
  }
  for (const [mac, endpoints] of tunnel.remotes) {
    if (mac === ANY_MAC || peers.has(mac)) continue;
    for (const endpoint of endpoints) steps.push(entry('del', mac, device, endpoint, ['self'], []));
  }
  for (const mac of tunnel.pinned) if (!peers.has(mac)) steps.push(entry('del', mac, device, undefined, ['master'], []));
}

function entry(verb: string, mac: string, device: string, endpoint: string | undefined, flags: string[], keys: readonly string[]): Step {
  return { tool: 'bridge', args: ['fdb', verb, mac, 'dev', device, ...(endpoint === undefined ? [] : ['dst', endpoint]), ...flags], keys };
}
