// Desired DHCP servers and leases, written by hand or drawn by chance, and a host in memory that the steps of a plan change: for the laws
// and the golden cases beside the planner, and for the kernel tests.

import { inspect } from 'node:util';
import fc from 'fast-check';
import { busPaths, networkOfStep, serverPaths } from '#agents/dhcp/names.ts';
import type { DhcpActual, ServerSight } from '#agents/dhcp/sight.ts';
import type { DesiredValue, DhcpObject, DhcpSubnet, LeaseObject } from '#desired/objects.ts';
import { type Step, stepText } from '#host/steps.ts';

/** An id whose every digit is `n`, but for the kind. */
export const id = (kind: string, n: number): string => `${String(n).repeat(8)}-${kind.repeat(4)}-4000-8000-${String(n).padStart(12, '0')}`;
export const networkId = (n: number): string => id('a', n);
export const portId = (n: number): string => id('b', n);
export const subnetId = (n: number): string => id('c', n);

/** An IPv4 subnet `10.<n>.0.0/24`. */
export const subnet4 = (n: number, more: Partial<DhcpSubnet> = {}): DhcpSubnet => ({
  subnet_id: subnetId(n),
  cidr: `10.${n}.0.0/24`,
  ip_version: 4,
  gateway_ip: `10.${n}.0.1`,
  enable_dhcp: true,
  ipv6_ra_mode: null,
  ipv6_address_mode: null,
  dns_nameservers: [],
  host_routes: [],
  ...more,
});

/** An IPv6 subnet `fd00:<n>::/64`. */
export const subnet6 = (n: number, mode: string | null, more: Partial<DhcpSubnet> = {}): DhcpSubnet => ({
  ...subnet4(n),
  cidr: `fd00:${n}::/64`,
  ip_version: 6,
  gateway_ip: `fd00:${n}::1`,
  ipv6_ra_mode: mode,
  ipv6_address_mode: mode,
  ...more,
});

/** The server of network `n`, with address 2 in each of its subnets. */
export const server = (n: number, subnets: readonly DhcpSubnet[], more: Partial<DhcpObject> = {}): DhcpObject => ({
  kind: 'dhcp',
  network_id: networkId(n),
  mtu: 1450,
  dns_domain: 'cloud.example.',
  port_id: portId(n),
  mac_address: `fa:16:3e:ff:00:0${n}`,
  device: `tap${portId(n).slice(0, 11)}`,
  ip_addresses: subnets.map(({ subnet_id, cidr }) => ({
    subnet_id,
    ip_address: cidr.replace(/(::|\.0)\/\d+$/, (end) => (end.startsWith(':') ? '::2' : '.2')),
  })),
  subnets,
  lease_time: 86_400,
  ...more,
});

/** A port's lease: its MAC ends in its number. */
export const lease = (
  network: number,
  port: string,
  addresses: readonly (readonly [number, string])[],
  more: Partial<LeaseObject> = {},
): LeaseObject => ({
  kind: 'lease',
  port_id: port,
  network_id: networkId(network),
  mac_address: `fa:16:3e:00:00:${port.slice(0, 2)}`,
  hostname: `host-${(addresses[0]?.[1] ?? '').replaceAll(/[.:]/g, '-')}`,
  ip_addresses: addresses.map(([n, ip_address]) => ({ subnet_id: subnetId(n), ip_address })),
  options: [],
  ...more,
});

/** Text as an attacker writes it, and text as others do. */
export const hostile = fc.oneof(
  fc.string({ maxLength: 255 }),
  fc.string({ unit: 'binary', maxLength: 255 }),
  fc.constantFrom(
    'a\ndhcp-script=/bin/sh',
    'x\r\nuser=root',
    '"',
    '\\',
    'a"\\n"b',
    '#',
    ' # x',
    ',',
    'tag:x,6,1.2.3.4',
    '',
    '10.0.0.1,10.0.0.2',
    'ignore',
    '1h',
    '€'.repeat(255),
  ),
);

const option = fc.record({
  opt_name: fc.oneof(fc.constantFrom('bootfile-name', 'router', '67', '26', 'dns-server', 'client-id'), hostile),
  opt_value: fc.option(hostile),
  ip_version: fc.constantFrom(4 as const, 6 as const),
});

const anyServer = (n: number) =>
  fc
    .record({
      v4: fc.boolean(),
      v6: fc.constantFrom('none', 'dhcpv6-stateful', 'dhcpv6-stateless', 'slaac'),
      mtu: fc.constantFrom(1450, 1500),
      domain: fc.oneof(fc.constantFrom('', 'a.b.'), hostile),
    })
    .map(({ v4, v6, mtu, domain }) =>
      server(n, [...(v4 ? [subnet4(n)] : []), ...(v6 === 'none' ? [] : [subnet6(n + 3, v6)])], { mtu, dns_domain: domain }),
    );

const anyLease = (n: number) =>
  fc
    .record({
      network: fc.constantFrom(1, 2),
      v4: fc.constantFrom(5, 6, 7),
      v6: fc.constantFrom(5, 6),
      options: fc.array(option, { maxLength: 2 }),
      hostname: fc.oneof(fc.constant('vm'), hostile),
    })
    .map(({ network, v4, v6, options, hostname }) =>
      lease(
        network,
        portId(n),
        [
          [network, `10.${network}.0.${v4}`],
          [network + 3, `fd00:${network + 3}::${v6}`],
        ],
        { options, hostname },
      ),
    );

/** Everything that a host may be asked for, sensible or not. */
export const dhcpWish: fc.Arbitrary<DesiredValue[]> = fc
  .tuple(fc.option(anyServer(1)), fc.option(anyServer(2)), ...[3, 4, 5, 6].map((n) => fc.option(anyLease(n))))
  .map((parts) => parts.filter((part) => part !== null));

/** A host in memory. `leases` by network: what clients hold. */
export interface FakeHost {
  actual: DhcpActual;
  readonly servers: Map<string, ServerSight>;
}

export const NO_SERVER: ServerSight = {
  directory: false,
  complete: false,
  namespace: false,
  husk: false,
  inner: [],
  running: null,
  offBus: false,
  files: new Map(),
  pending: null,
  leased: [],
  quiet: 0,
};

/** A host without any server. */
export function bareHost(more: Partial<DhcpActual> = {}): FakeHost {
  const servers = new Map<string, ServerSight>(more.servers);
  const bus = { config: null, running: false };
  return {
    servers,
    actual: {
      runDirectory: '/run/isospin',
      user: 'dnsmasq',
      unable: null,
      ipv6: true,
      devices: new Set(['eth0']),
      bus,
      inotifyLimit: 8_192,
      directories: [],
      unseen: new Map(),
      ...more,
      servers,
    },
  };
}

/** Does to the host what a step does. Throws for a step that could not be done. */
export function fold(host: FakeHost, step: Step): void {
  const text = stepText(step);
  const network = networkOfStep(step);
  const { runDirectory } = host.actual;
  const bus = busPaths(runDirectory);
  const devices = new Set(host.actual.devices);
  if (network === undefined || (step.tool === 'ip' && step.netns === undefined && step.args[0] === 'link')) {
    if (step.tool === 'start') host.actual = { ...host.actual, bus: { ...host.actual.bus, running: true } };
    else if (step.tool === 'file' && step.path === bus.config)
      host.actual = { ...host.actual, bus: { ...host.actual.bus, config: step.content } };
    else if (step.tool === 'directory') {
      if (!step.present) host.actual = { ...host.actual, bus: { config: null, running: false } };
    } else if (step.tool === 'sysctl') host.actual = { ...host.actual, inotifyLimit: Number(step.value) };
    else if (step.tool === 'signal') host.actual = { ...host.actual, bus: { ...host.actual.bus, running: false } };
    else if (step.tool === 'ip' && step.args[1] === 'del') devices.delete(step.args[3] ?? '');
    else if (step.tool !== 'ip' || network === undefined) throw new Error(`a step about nothing of ours: ${text}`);
  }
  if (network === undefined) {
    host.actual = { ...host.actual, devices };
    return;
  }
  const paths = serverPaths(runDirectory, network);
  const before = host.servers.get(network) ?? NO_SERVER;
  const set = (more: Partial<ServerSight>) => host.servers.set(network, { ...before, ...more });
  if (step.tool === 'directory') {
    if (!step.present) host.servers.delete(network);
    else set({ directory: true, complete: step.path.endsWith('/names') || before.complete });
  } else if (step.tool === 'file') {
    const files = new Map(before.files);
    const name = step.path.slice(paths.directory.length + 1);
    if (name === 'pending') set({ pending: step.content });
    else {
      if (step.content === null) files.delete(name);
      else files.set(name, step.content);
      set({ files });
    }
  } else if (step.tool === 'signal') {
    if (before.running === null && step.signal === 'SIGHUP') throw new Error(`nobody to signal: ${text}`);
    if (step.signal === 'SIGHUP') set({ quiet: 200 });
    else set({ running: null, quiet: 200 });
  } else if (step.tool === 'forget') set({ leased: before.leased.filter((address) => !step.addresses.includes(address)) });
  else if (step.tool === 'start') {
    const digest = /dnsmasq-([0-9a-f]+)\.conf/.exec(text)?.[1] ?? '';
    if (!before.files.has(`dnsmasq-${digest}.conf`) || !before.complete || before.inner.length === 0)
      throw new Error(`not ready to start: ${text}`);
    set({ running: digest, offBus: false });
  } else if (step.tool === 'ip' && step.args[0] === 'netns') set({ namespace: step.args[1] === 'add', husk: false, inner: [] });
  else if (step.tool === 'ip' && step.args[0] === 'link' && step.args[1] === 'add') {
    const value = (name: string) => step.args[step.args.lastIndexOf(name) + 1] ?? '';
    if (devices.has(step.args[3] ?? '') || !before.namespace) throw new Error(`refused: ${text} ${inspect(before)}`);
    devices.add(step.args[3] ?? '');
    set({
      inner: [
        ...before.inner,
        {
          name: step.args[step.args.indexOf('peer') + 2] ?? '',
          mac: value('address'),
          mtu: Number(value('mtu')),
          up: false,
          addresses: [],
        },
      ],
    });
  } else if (step.tool === 'ip' && step.netns !== undefined) {
    const name = step.args[step.args.indexOf('dev') + 1] ?? '';
    const [object, verb] = step.args;
    const inner = before.inner.map((device) => {
      if (device.name !== name) return device;
      if (object === 'addr') {
        const address = step.args[2] ?? '';
        return {
          ...device,
          addresses: verb === 'add' ? [...device.addresses, address].sort() : device.addresses.filter((other) => other !== address),
        };
      }
      if (step.args.includes('up')) return { ...device, up: true };
      return step.args[4] === 'mtu' ? { ...device, mtu: Number(step.args[5]) } : { ...device, mac: step.args[5] ?? '' };
    });
    if (verb === 'del' && object === 'link') devices.delete(`tap${name.slice(3)}`);
    set({ inner: verb === 'del' && object === 'link' ? inner.filter((device) => device.name !== name) : inner });
  }
  const directories = [...host.servers].flatMap(([id, sight]) => (sight.directory ? [id] : []));
  host.actual = { ...host.actual, devices, directories };
}
