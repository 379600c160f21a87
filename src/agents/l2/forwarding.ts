// Where a tunnel network's frames go: known MACs straight to their host, the rest to the hosts that have the network, ARP for known
// addresses answered here. Part of the plan of plan.ts. Entries are compared one by one: a new peer costs its own lines only.
import { isIPv4 } from 'node:net';
import { ANY_MAC, type Tunnel } from '#host/links.ts';
import type { Step } from '#host/steps.ts';
import type { Sight, Wish } from './plan.ts';

interface Endpoint {
  readonly endpoint: string;
  readonly keys: readonly string[];
}

const NOTHING: Tunnel = { remotes: new Map(), pinned: new Set() };

/** Plans the forwarding entries of `device` and the neighbours of the network's bridge. */
export function planForwarding(wish: Wish, device: string, sight: Sight): void {
  const { host } = sight.actual;
  const isFresh = sight.removed.has(device) || sight.removed.has(wish.bridge);
  const tunnel = isFresh ? NOTHING : (host.tunnels.get(device) ?? NOTHING);
  const neighbours = isFresh ? undefined : host.neighbours.get(wish.bridge);
  const floods = new Map<string, string[]>();
  const peers = new Map<string, Endpoint>();
  const addresses = new Map<string, { mac: string; keys: readonly string[] }>();
  for (const { key, value } of wish.objects) {
    if (value.kind === 'flood' && value.tunnel_ip !== wish.network.local_ip) floods.set(value.tunnel_ip, [...(floods.get(value.tunnel_ip) ?? []), key]);
    if (value.kind !== 'peer' || value.tunnel_ip === wish.network.local_ip) continue;
    const mac = value.mac_address.toLowerCase();
    peers.set(mac, { endpoint: value.tunnel_ip, keys: [key] });
    // IPv6 is off on the bridge, and with it the table that could answer neighbour solicitations: they cross the tunnel.
    for (const ip of value.ip_addresses) if (isIPv4(ip)) addresses.set(ip, { mac, keys: [key] });
  }
  const steps: Step[] = [];
  for (const [ip, { mac, keys }] of addresses) {
    if (neighbours?.get(ip) !== mac) {
      steps.push({ tool: 'ip', args: ['neigh', 'replace', ip, 'lladdr', mac, 'dev', wish.bridge, 'nud', 'permanent'], keys });
    }
  }
  for (const ip of neighbours?.keys() ?? []) {
    if (!addresses.has(ip)) steps.push({ tool: 'ip', args: ['neigh', 'del', ip, 'dev', wish.bridge], keys: [] });
  }
  planFlood(device, tunnel, floods, steps);
  planPeers(device, tunnel, peers, steps);
  sight.phases.forward.push(...steps.filter((step) => step.tool === 'ip'), ...steps.filter((step) => step.tool === 'bridge'));
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
    if (!isRight) steps.push(entry('replace', mac, device, endpoint, isPinned ? ['self', 'static'] : ['self', 'master', 'static'], keys));
    else if (!isPinned) steps.push(entry('replace', mac, device, undefined, ['master', 'static'], keys));
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
