// A host with DHCP servers and real clients for kernel tests: udhcpc for IPv4, dhclient for IPv6. Both do with what they are given what a guest
// would, and tell the test. dnsmasq runs with its log on, which is how its signals are counted.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DesiredValue, DhcpObject, LeaseObject } from '#desired/objects.ts';
import { desiredObject } from '#test/l2-wishes.ts';
import { type AgentProcess, type AgentSettings, makeServer, RUN_DIRECTORY, startAgent, type TestServer } from './agent-process.ts';
import { cleared } from './cloud.ts';
import { makeHost, makeInstance, type TestHost, until } from './host.ts';

/** Runs the real dnsmasq with its log on, one file for each network. */
const DNSMASQ = `#!/bin/sh
for word; do case $word in --conf-file=*) directory=\${word%/*}; log=--log-facility=/run/dnsmasq-\${directory##*/}.log ;; esac; done
PATH=\${PATH#/run/tools:} exec dnsmasq "$@" $log
`;

/** What a guest does with an IPv4 lease: with classless routes the router option is ignored (RFC 3442). */
const SCRIPT4 = `#!/bin/sh
{ echo "event=$1"; env; } >>"$OUT"
case $1 in
  deconfig) ip -4 addr flush dev "$interface" ;;
  bound|renew)
    ip -4 addr flush dev "$interface"; ip addr add "$ip/$mask" dev "$interface"
    [ -z "$mtu" ] || ip link set dev "$interface" mtu "$mtu"
    if [ -n "$staticroutes" ]; then
      set -- $staticroutes
      while [ $# -gt 1 ]; do
        if [ "$2" = 0.0.0.0 ]; then ip route replace "$1" dev "$interface"; else ip route replace "$1" via "$2" dev "$interface" onlink; fi
        shift 2
      done
    elif [ -n "$router" ]; then ip route replace default via "\${router%% *}" dev "$interface" onlink; fi ;;
esac
`;

const SCRIPT6 = `#!/bin/sh
{ echo "event=$reason"; env; } >>"$OUT"
case $reason in BOUND6) [ -z "$new_ip6_address" ] || ip addr replace "$new_ip6_address/128" dev "$interface" nodad ;; esac
`;

/** What a client was told, by the names that its script is given. */
export type Told = Readonly<Record<string, string>>;

export interface DhcpHost {
  readonly host: TestHost;
  readonly server: TestServer;
  agent: AgentProcess;
  /** Has these networks and ports and no others. Everything else follows from them. */
  set(...values: readonly (DhcpObject | LeaseObject)[]): void;
  settled(limit?: number): Promise<void>;
  /** Starts the instance of a port, without addresses; answers its namespace. */
  boot(lease: LeaseObject): Promise<string>;
  /** A lease by udhcpc; undefined when none is offered within `tries` seconds. */
  lease4(netns: string, options?: readonly string[], tries?: number): Promise<Told | undefined>;
  /** A lease by dhclient, or with `stateless` what a client without an address is told. */
  lease6(netns: string, stateless?: boolean, tries?: number): Promise<Told | undefined>;
  /** Gives back what `lease6` was given. */
  release6(netns: string): Promise<void>;
  /** The pid of a network's dnsmasq on its host. */
  pid(network: DhcpObject): number;
  /** How often a network's dnsmasq has started, and has read its files anew because of a signal. */
  counts(network: DhcpObject): { readonly starts: number; readonly signals: number };
  restart(settings?: AgentSettings): Promise<void>;
  close(): Promise<void>;
}

/** All hosts share this setting of the machine: agents that serve DHCP may raise it. Answers what puts it back. */
export function keepInotifyLimit(): () => void {
  const file = '/proc/sys/fs/inotify/max_user_instances';
  const before = readFileSync(file, 'utf8');
  return () => writeFileSync(file, before);
}

/** Makes a host with an agent that serves DHCP. Network and ports are local to the host. */
export async function makeDhcpHost(): Promise<DhcpHost> {
  const host = await makeHost('host1');
  const restore = keepInotifyLimit();
  mkdirSync(host.path('/run/tools'));
  for (const [name, text] of Object.entries({ dnsmasq: DNSMASQ, script4: SCRIPT4, script6: SCRIPT6 })) {
    writeFileSync(host.path(`/run/tools/${name}`), text);
    chmodSync(host.path(`/run/tools/${name}`), 0o755);
  }
  writeFileSync(host.path('/run/tools/dhclient.conf'), 'also request dhcp6.bootfile-url, dhcp6.sntp-servers;\n');
  const server = makeServer();
  const start = (settings: AgentSettings = {}) =>
    startAgent(host, server, { dhcp: true, ...settings }, { environment: { PATH: `/run/tools:${process.env.PATH}` } });
  const logOf = ({ network_id }: DhcpObject) => textOf(host.path(`/run/dnsmasq-${network_id}.log`));
  const count = (text: string, of: RegExp) => (text.match(of) ?? []).length;
  // Instances come when they come.
  const unsettled = () => server.unsettled().filter((line) => !line.includes('has not appeared'));
  const settled = async (limit = 5_000) =>
    until('nothing waits', () => unsettled().length === 0, limit).then(
      () => {},
      (error: Error) => Promise.reject(new Error(`${error.message}; ${unsettled().join('; ')}`)),
    );
  let serial = 0;
  const told = (file: string): Told | undefined => {
    const last = textOf(host.path(file))
      .split(/^event=/m)
      .findLast((event) => /^(bound|renew|BOUND6|RENEW6)\n/.test(event));
    if (last === undefined) return undefined;
    return Object.fromEntries(
      last
        .split('\n')
        .flatMap((line) => (line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [])),
    );
  };
  const made: DhcpHost = {
    host,
    server,
    agent: start(),
    set(...values) {
      const all = values.flatMap(withPorts);
      const keys = new Set(all.map((value) => desiredObject(value).key));
      const gone = [...server.objects.keys()].filter((key) => !keys.has(key));
      server.change(gone, all);
    },
    settled,
    async boot(lease) {
      const netns = `vm${lease.port_id.slice(0, 2)}`;
      await host.attempt(['ip', 'netns', 'del', netns]);
      await host.attempt(['ip', 'link', 'del', deviceOf(lease)]);
      await makeInstance(host, netns, { device: deviceOf(lease), mac: lease.mac_address, addresses: [] });
      return netns;
    },
    async lease4(netns, options = [], tries = 5) {
      const out = `/run/lease-${netns}-${++serial}`;
      const argv = ['udhcpc', '-f', '-q', '-n', '-t', String(tries * 5), '-T', '1', '-A', '1', '-i', 'eth0', '-s', '/run/tools/script4'];
      const ask = ['-O', 'mtu', '-O', 'staticroutes', ...options];
      await host.attempt(['env', `OUT=${out}`, 'timeout', String(tries), ...argv, ...ask], netns);
      return told(out);
    },
    async lease6(netns, stateless = false, tries = 8) {
      const out = `/run/lease-${netns}-${++serial}`;
      const files = filesOf6(netns);
      const ask = [...(stateless ? ['-S'] : []), '-sf', '/run/tools/script6', '-e', `OUT=${out}`];
      await host.attempt(['rm', '-f', `/run/dhclient-${netns}.leases`]);
      // dhclient gives up at once on a device whose link-local address is not there yet.
      await until('eth0 has its link-local address', async () => {
        const { stdout } = await host.attempt(['ip', '-6', '-oneline', 'address', 'show', 'dev', 'eth0', 'scope', 'link'], netns);
        return stdout.includes('fe80:') && !stdout.includes('tentative');
      });
      await host.attempt(['timeout', String(tries), 'dhclient', '-6', '-1', ...ask, ...files], netns);
      const answer = told(out);
      await host.attempt(['dhclient', '-6', '-x', '-sf', '/bin/true', ...files], netns); // ends it, and keeps the lease
      return answer;
    },
    async release6(netns) {
      await host.attempt(['timeout', '8', 'dhclient', '-6', '-r', '-sf', '/bin/true', ...filesOf6(netns)], netns);
    },
    pid({ network_id }) {
      for (const [pid, line] of host.processes()) if (line.includes(`/dhcp/${network_id}/`)) return pid;
      throw new Error(`no dnsmasq of ${network_id}`);
    },
    counts(network) {
      const log = logOf(network);
      const starts = count(log, /: started, version/g);
      return { starts, signals: count(log, /: cleared cache/g) - starts };
    },
    async restart(settings) {
      server.reports.clear();
      made.agent = start(settings);
      await settled(10_000);
    },
    async close() {
      try {
        server.drop(...server.objects.keys());
        await cleared(host);
        await made.agent.end('SIGTERM');
      } finally {
        await host.close();
        restore();
      }
    },
  };
  return made;
}

const filesOf6 = (netns: string): string[] => [
  ...['-cf', '/run/tools/dhclient.conf', '-lf', `/run/dhclient-${netns}.leases`, '-pf', `/run/dhclient-${netns}.pid`],
  'eth0',
];

const deviceOf = ({ port_id }: { readonly port_id: string }): string => `tap${port_id.slice(0, 11)}`;

/** A network's server with the network and the port that it lives on; a port's lease with the port. */
export function withPorts(value: DhcpObject | LeaseObject): DesiredValue[] {
  const { network_id, port_id, mac_address } = value;
  const port: DesiredValue = {
    kind: 'port',
    port_id,
    network_id,
    device: deviceOf(value),
    mac_address,
    admin_state_up: true,
    owner: value.kind === 'dhcp' ? 'dhcp' : 'instance',
  };
  if (value.kind === 'lease') return [port, value];
  const { mtu } = value;
  return [
    { kind: 'network', network_id, network_type: 'local', physical_network: null, segmentation_id: null, mtu, local_ip: null },
    port,
    value,
  ];
}

/** A port's id for its number, up to 255; as a namespace it is `vm<number in hexadecimal>`. */
export const clientPort = (n: number): string => `${n.toString(16).padStart(2, '0')}000000-bbbb-4000-8000-000000000000`;

/** The files of a network's server, by name below its directory. */
export function filesOf(host: TestHost, { network_id }: DhcpObject): Map<string, string> {
  const directory = host.path(join(RUN_DIRECTORY, 'dhcp', network_id));
  const names = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    names.map((entry) => [join(entry.parentPath, entry.name).slice(directory.length + 1), textOf(join(entry.parentPath, entry.name))]),
  );
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
