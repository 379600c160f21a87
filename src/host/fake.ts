// The kernel's layer 2 in memory: what a step does to a HostLinks. The fake executor of the tests runs on it, and the Linux bridge
// target folds its own successful steps with it instead of looking again. test/contract/host-links.test.ts holds it to the real kernel.
import type { Applied, Executor } from './apply.ts';
import { failedKeys, skipHopeless } from './apply.ts';
import { endpointsOf, type HostLinks, type Link, neighboursOf, tunnelOf } from './links.ts';
import type { Step } from './steps.ts';

/** An executor whose host is `host`. Steps of other tools than ip, bridge and sysctl change nothing. Each step applied is pushed on `log`. */
export function fakeExecutor(host: HostLinks, log: Step[] = []): Executor {
  return {
    async apply(steps): Promise<Applied> {
      const failures = new Map<Step, string>();
      for (const step of steps) {
        if (skipHopeless([step], failures).length === 0) continue;
        log.push(step);
        const message = foldStep(host, step);
        if (message !== undefined) failures.set(step, message);
      }
      return { failed: failedKeys(failures), failures };
    },
  };
}

/** Does to `host` what the kernel would do; answers why it would refuse. Steps in other namespaces change nothing here. */
export function foldStep(host: HostLinks, step: Step): string | undefined {
  if ('netns' in step && step.netns !== undefined) return undefined;
  if (step.tool === 'ip') {
    const [object, verb, ...rest] = step.args;
    if (object === 'link' && verb === 'add') return addLink(host, rest);
    if (object === 'link' && verb === 'set') return setLink(host, rest);
    if (object === 'link' && verb === 'del') return deleteLink(host, words(rest).get('dev') ?? '');
    if (object === 'neigh') return foldNeighbour(host, verb ?? '', rest);
  }
  if (step.tool === 'bridge' && step.args[0] === 'fdb') return foldEntry(host, step.args.slice(1));
  if (step.tool === 'sysctl') return foldSetting(host, step.name, step.value);
  return undefined;
}

/** The devices that a step is about, so that a failed one can be looked at again. */
export function devicesOf(step: Step): string[] {
  if (step.tool === 'sysctl') return step.name.split('/').slice(3, 4);
  if (step.tool !== 'ip' && step.tool !== 'bridge') return [];
  const given = words(step.args.slice(2));
  return [given.get('dev'), given.get('name')].filter((name) => name !== undefined);
}

/** `['dev', 'x', 'master', 'y', 'up']` as pairs; a word on its own stands for itself. */
function words(args: readonly string[]): Map<string, string> {
  const alone = new Set(['up', 'down', 'nomaster', 'nolearning', 'self', 'master-entry', 'static', 'sticky', 'permanent']);
  const pairs = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const key = args[i] ?? '';
    if (alone.has(key)) pairs.set(key, key);
    else pairs.set(key, args[++i] ?? '');
  }
  return pairs;
}

function addLink(host: HostLinks, args: readonly string[]): string | undefined {
  const given = words(args);
  const name = given.get('name') ?? '';
  const kind = given.get('type') ?? '';
  if (host.links.has(name)) return 'RTNETLINK answers: File exists';
  const vni = Number(given.get('id'));
  if (kind === 'vxlan') {
    for (const link of host.links.values())
      if (link.vxlan?.vni === vni) return 'Error: A VXLAN device with the specified VNI already exists.';
  }
  const parent = given.get('link');
  if (parent !== undefined && !host.links.has(parent)) return `Cannot find device "${parent}"`;
  host.links.set(name, {
    name,
    index: 0, // not known before the kernel is asked
    kind,
    master: null,
    mtu: Number(given.get('mtu') ?? 1500),
    up: false,
    linkLocal: true,
    group: given.get('group') ?? 'default',
    ipv4: true,
    ipv6: true,
    ...NEW_PORT,
    vxlan:
      kind === 'vxlan'
        ? { vni, local: given.get('local') ?? null, port: Number(given.get('dstport') ?? 8472), learning: !given.has('nolearning') }
        : null,
    vlan: kind === 'vlan' && parent !== undefined ? { id: vni, parent } : null,
    bridge:
      kind === 'bridge'
        ? {
            address: given.get('address') ?? '',
            stp: (given.get('stp_state') ?? '0') !== '0',
            forwardDelay: Number(given.get('forward_delay') ?? 1500),
            snooping: (given.get('mcast_snooping') ?? '1') !== '0',
          }
        : null,
  });
  return undefined;
}

/** What a bridge does with a port that has just joined it, and with what is no port. */
const NEW_PORT = { answersArp: false, learns: true };

function portSettings(given: ReadonlyMap<string, string>): Partial<typeof NEW_PORT> {
  return {
    ...(given.has('proxy_arp_wifi') ? { answersArp: given.get('proxy_arp_wifi') === 'on' } : {}),
    ...(given.has('learning') ? { learns: given.get('learning') === 'on' } : {}),
  };
}

function setLink(host: HostLinks, args: readonly string[]): string | undefined {
  const given = words(args);
  const name = given.get('dev') ?? '';
  const before = host.links.get(name);
  if (before === undefined) return `Cannot find device "${name}"`;
  const master = given.get('master');
  if (master !== undefined && !host.links.has(master)) return `Error: argument "${master}" is wrong: Device does not exist`;
  const after = master ?? (given.has('nomaster') ? null : before.master);
  const moves = after !== before.master;
  const mode = given.get('addrgenmode');
  const mtu = given.get('mtu');
  const bridge = before.bridge && { ...before.bridge, address: given.get('address') ?? before.bridge.address };
  const link: Link = {
    ...before,
    master: after,
    mtu: mtu === undefined ? before.mtu : Number(mtu),
    up: given.has('up') || (before.up && !given.has('down')),
    group: given.get('group') ?? before.group,
    linkLocal: mode === undefined ? before.linkLocal : mode !== 'none',
    ...(moves ? NEW_PORT : {}),
    ...portSettings(given),
    bridge:
      bridge !== null && given.get('type') === 'bridge'
        ? {
            ...bridge,
            stp: given.has('stp_state') ? given.get('stp_state') !== '0' : bridge.stp,
            forwardDelay: Number(given.get('forward_delay') ?? bridge.forwardDelay),
            snooping: given.has('mcast_snooping') ? given.get('mcast_snooping') !== '0' : bridge.snooping,
          }
        : bridge,
  };
  if (moves && before.master !== null) host.tunnels.get(name)?.pinned.clear(); // the bridge forgets what it knew behind the port
  host.links.set(name, link);
  if (forgetsNeighbours(before, link)) host.neighbours.delete(name);
  return undefined;
}

/** Whether the kernel drops a device's neighbours, permanent ones too, on the way from one state to the other. */
export function forgetsNeighbours(before: Link, after: Link): boolean {
  return (before.up && !after.up) || before.bridge?.address !== after.bridge?.address;
}

function deleteLink(host: HostLinks, name: string): string | undefined {
  if (!host.links.has(name)) return `Cannot find device "${name}"`;
  forgetLink(host, name);
  return undefined;
}

/** Takes a link that is gone out of `host`, with all that went with it. */
export function forgetLink(host: HostLinks, name: string): void {
  host.links.delete(name);
  host.tunnels.delete(name);
  host.neighbours.delete(name);
  host.addressed.delete(name);
  for (const [port, link] of host.links) {
    if (link.vlan?.parent === name) forgetLink(host, port);
    else if (link.master === name) {
      host.links.set(port, { ...link, master: null, ...NEW_PORT });
      host.tunnels.get(port)?.pinned.clear();
    }
  }
}

function foldNeighbour(host: HostLinks, verb: string, args: readonly string[]): string | undefined {
  const [ip = '', ...rest] = args;
  const given = words(rest);
  const device = given.get('dev') ?? '';
  if (!host.links.has(device)) return `Cannot find device "${device}"`;
  const neighbours = neighboursOf(host, device);
  if (verb === 'replace') neighbours.set(ip, given.get('lladdr') ?? '');
  else if (!neighbours.delete(ip)) return 'RTNETLINK answers: No such file or directory';
  return undefined;
}

function foldEntry(host: HostLinks, args: readonly string[]): string | undefined {
  const [verb, mac = '', ...rest] = args;
  const inBridge = rest.includes('master');
  const given = words(rest.map((word) => (word === 'master' ? 'master-entry' : word)));
  const device = given.get('dev') ?? '';
  const link = host.links.get(device);
  if (link === undefined) return `Cannot find device "${device}"`;
  if (inBridge && link.master === null) return 'RTNETLINK answers: Operation not supported';
  const tunnel = tunnelOf(host, device);
  const endpoint = given.get('dst');
  if (verb === 'del') {
    if (inBridge && !tunnel.pinned.delete(mac)) return 'RTNETLINK answers: No such file or directory';
    if (endpoint === undefined) return undefined;
    const endpoints = tunnel.remotes.get(mac);
    if (endpoints === undefined || !endpoints.delete(endpoint)) return 'RTNETLINK answers: No such file or directory';
    if (endpoints.size === 0) tunnel.remotes.delete(mac);
    return undefined;
  }
  if (inBridge) tunnel.pinned.add(mac);
  if (endpoint === undefined) return undefined;
  if (verb === 'replace') tunnel.remotes.set(mac, new Set([endpoint]));
  else endpointsOf(tunnel, mac).add(endpoint);
  return undefined;
}

function foldSetting(host: HostLinks, name: string, value: string): string | undefined {
  const [, family, device = ''] = /^net\/(ipv4|ipv6)\/conf\/([^/]+)\/(?:rp_filter|disable_ipv6)$/.exec(name) ?? [];
  if (family === undefined) return undefined;
  const link = host.links.get(device);
  if (link === undefined) return `the kernel has no setting ${name}`;
  host.links.set(device, { ...link, [family]: value === '0' });
  return undefined;
}
