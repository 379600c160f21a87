// `plug` and `unplug`: a port's device on this host, handed to a namespace or a virtual machine as a compute service would. The agent wires whatever
// device of that name appears; these commands only make and remove it, and bind the port.
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askControl } from '#agents/control.ts';
import { listNamespaces } from '#host/netns.ts';
import { runProgram } from '#host/process.ts';
import { ConfigError, options } from '#main/config.ts';
import { type HostView, needRoot } from '#main/host.ts';
import { deviceName } from '#ml2/binding.ts';
import { type Client, connect, serverOptions } from './client.ts';
import type { Command, Given } from './command.ts';
import { print, printJson } from './print.ts';

/** Marks a device as made here, so that `clean` removes it and no other. */
export const PLUGGED = 'isospin-plug';

interface Port {
  readonly id: string;
  readonly name: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly status: string;
  readonly admin_state_up: boolean;
  readonly fixed_ips: readonly { readonly ip_address: string }[];
  readonly 'binding:vif_type': string;
}

const hostOptions = {
  host: { value: 'NAME', doc: "this host's name (default: as its agents say)" },
  'run-directory': { value: 'DIR', doc: `where its agents are asked (default ${options.run_directory.fallback})` },
};

export const plug: Command = {
  name: 'plug',
  args: 'PORT',
  doc: "Makes a port's device on this host, binds the port to it and waits until it is ACTIVE. PORT is an id or a name.",
  options: {
    netns: { value: 'NAME', doc: 'hand the device to this network namespace, made if need be, as an instance would have it: MAC set, up' },
    device: { value: 'NAME', doc: 'its name there (default eth0)' },
    dhcp: { doc: 'then take the address by DHCP, with udhcpc' },
    tap: { value: 'NAME', doc: 'or make a tap for a virtual machine, which may open it by this name' },
    timeout: { value: 'SECONDS', doc: 'how long to wait for ACTIVE (default 30)' },
    json: { doc: 'print the port as JSON' },
    ...hostOptions,
    ...serverOptions,
  },
  async run(given) {
    const netns = given.text('netns');
    const tap = given.text('tap');
    if (netns !== undefined && tap !== undefined) throw new ConfigError('plug takes --netns NAME or --tap NAME, not both');
    if (netns === undefined && tap === undefined) throw new ConfigError('plug needs --netns NAME or --tap NAME');
    for (const name of [netns, tap, given.text('device')]) checkName(name);
    const timeout = Number(given.text('timeout') ?? 30);
    if (!(timeout > 0)) throw new ConfigError(`--timeout must be a number of seconds, not ${given.text('timeout')}`);
    needRoot();
    const client = await connect(given);
    const port = await findPort(client, given.args[0] ?? '');
    if (port === undefined) throw noPort(given.args[0] ?? '');
    const host = await hostOf(given);
    const { network } = await client.call<{ network: { mtu: number } }>('GET', `/v2.0/networks/${port.network_id}`);
    const device = deviceName(port.id);
    if (await exists(device)) throw new Error(`port ${port.id} is plugged on this host already: isospin unplug ${port.id} takes it off`);
    const inner = given.text('device') ?? 'eth0';
    if (netns !== undefined && (await exists(inner, netns)))
      throw new ConfigError(`namespace ${netns} has a device ${inner} already: call this one --device NAME`);
    await bind(client, port.id, host);
    if (tap !== undefined) await makeTap(device, tap, network.mtu);
    else await makeVeth(device, String(netns), inner, port.mac_address, network.mtu);
    const active = await untilActive(client, port, host, timeout, given);
    if (given.on('dhcp') && active.fixed_ips.length === 0)
      throw new Error(`port ${port.id} is plugged and ${active.status}, and has no address to take by DHCP`);
    if (given.on('dhcp') && netns !== undefined) await takeAddress(netns, inner);
    if (given.on('json')) return printJson(active);
    const where = netns === undefined ? `tap ${tap}` : `${inner} of namespace ${netns}`;
    const addresses = active.fixed_ips.map(({ ip_address }) => ip_address).join(' ');
    print(`port ${port.name || port.id} is ${active.status} on ${host}: ${where}, ${port.mac_address} ${addresses}`);
  },
};

export const unplug: Command = {
  name: 'unplug',
  args: 'PORT',
  doc: "Removes a port's device from this host and ends the port's binding to it. PORT is an id or a name; of a deleted port, its id.",
  options: { ...hostOptions, ...serverOptions },
  async run(given) {
    needRoot();
    const client = await connect(given);
    const wanted = given.args[0] ?? '';
    const port = await findPort(client, wanted);
    // A port may be deleted while it is plugged: its device is then still to be taken off.
    if (port === undefined && !ID.test(wanted)) throw new Error(`there is no port ${wanted}; a deleted port is unplugged by its id`);
    if (port === undefined && !(await exists(deviceName(wanted)))) throw noPort(wanted);
    const id = port?.id ?? wanted;
    if (await exists(deviceName(id))) await ip([['link', 'del', deviceName(id)]]);
    if (port) await client.call('PUT', `/v2.0/ports/${id}`, { port: { 'binding:host_id': '' } });
    print(`port ${port?.name || id} is unplugged`);
  },
};

/** Names become words of `ip -batch`. */
function checkName(name: string | undefined): void {
  if (name !== undefined && !/^[\w.@-]{1,60}$/.test(name))
    throw new ConfigError(`'${name}' cannot be the name of a device or namespace here`);
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const noPort = (wanted: string): Error => new Error(`there is no port ${wanted}`);

async function findPort(client: Client, wanted: string): Promise<Port | undefined> {
  const name = encodeURIComponent(wanted);
  const byId = await client.call<{ ports: Port[] }>('GET', `/v2.0/ports?id=${name}`);
  const { ports } = byId.ports.length > 0 ? byId : await client.call<{ ports: Port[] }>('GET', `/v2.0/ports?name=${name}`);
  const [port] = ports;
  if (ports.length > 1) throw new Error(`${ports.length} ports are named ${wanted}: say which by its id`);
  return port;
}

async function hostOf(given: Given): Promise<string> {
  const host = given.text('host');
  if (host !== undefined) return host;
  return (await viewOf(given))?.host ?? hostname();
}

const viewOf = (given: Given): Promise<HostView | undefined> =>
  askControl<HostView>(given.text('run-directory') ?? options.run_directory.fallback, 'show');

async function bind(client: Client, id: string, host: string): Promise<void> {
  const { port } = await client.call<{ port: Port }>('PUT', `/v2.0/ports/${id}`, { port: { 'binding:host_id': host } });
  if (port['binding:vif_type'] !== 'binding_failed') return;
  const { agents } = await client.call<{ agents: { alive: boolean; configurations: Carried }[] }>(
    'GET',
    `/v2.0/agents?host=${encodeURIComponent(host)}&agent_type=Linux%20bridge%20agent`,
  );
  const [agent] = agents;
  const why = !agent
    ? 'no agent of that host has joined'
    : agent.alive
      ? `its agent does not carry the port's network: it has ${carried(agent.configurations)}`
      : 'its agent is not alive';
  throw new Error(`port ${id} cannot be bound to host ${host}: ${why}`);
}

interface Carried {
  readonly tunneling_ip?: string;
  readonly bridge_mappings?: object;
}

/** What a host carries, by the options that decide it. */
function carried({ tunneling_ip, bridge_mappings = {} }: Carried): string {
  const tunnels = tunneling_ip === undefined ? 'no tunnel endpoint (--local-ip)' : `the tunnel endpoint ${tunneling_ip}`;
  const names = Object.keys(bridge_mappings);
  return `${tunnels} and ${names.length === 0 ? 'no physical networks (--physical)' : `the physical networks ${names.join(', ')}`}`;
}

async function makeVeth(device: string, netns: string, inner: string, mac: string, mtu: number): Promise<void> {
  if (!(await listNamespaces()).includes(netns)) await ip([['netns', 'add', netns]]);
  await ip([
    ['link', 'add', device, 'mtu', String(mtu), 'type', 'veth', 'peer', 'name', inner, 'address', mac, 'mtu', String(mtu), 'netns', netns],
  ]);
  await ip([['link', 'set', device, 'alias', PLUGGED]]);
  await ip(
    [
      ['link', 'set', 'lo', 'up'],
      ['link', 'set', inner, 'up'],
    ],
    netns,
  );
}

async function makeTap(device: string, name: string, mtu: number): Promise<void> {
  await ip([
    ['tuntap', 'add', 'dev', device, 'mode', 'tap'],
    ['link', 'set', device, 'mtu', String(mtu), 'alias', PLUGGED],
    ...(name === device ? [] : [['link', 'property', 'add', 'dev', device, 'altname', name]]),
  ]);
}

async function untilActive(client: Client, port: Port, host: string, timeout: number, given: Given): Promise<Port> {
  for (const deadline = Date.now() + timeout * 1000; ; await pause(50)) {
    const { port: now } = await client.call<{ port: Port }>('GET', `/v2.0/ports/${port.id}`);
    if (now.status === 'ACTIVE') return now;
    if (!now.admin_state_up) throw new Error(`port ${port.id} is plugged, and stays DOWN while its admin_state_up is false`);
    if (Date.now() > deadline) {
      const view = await viewOf(given);
      const errors = view?.reports.filter(({ key, error }) => error !== null && key.endsWith(`/${port.id}`)).map(({ error }) => error);
      const why = errors?.length ? errors.join('; ') : 'isospin agent show says what its agents report';
      throw new Error(`port ${port.id} is plugged on ${host} and still ${now.status} after ${timeout} s: ${why}`);
    }
  }
}

async function takeAddress(netns: string, device: string): Promise<void> {
  // The usual script would write the whole machine's resolv.conf.
  const script = fileURLToPath(new URL('../../tools/udhcpc-script', import.meta.url));
  const client = ['udhcpc', '-i', device, '-n', '-q', '-f', '-t', '10', '-T', '1', '-s', script];
  const { code, stderr } = await runProgram(['ip', 'netns', 'exec', netns, ...client], { timeout: 60_000 });
  if (code !== 0) throw new Error(`no address by DHCP in namespace ${netns}: ${stderr.trim().split('\n').at(-1)}`);
}

/** Whether this host, or a namespace of it, has a device. */
const exists = async (device: string, netns?: string): Promise<boolean> =>
  (await runProgram(['ip', ...(netns === undefined ? [] : ['-n', netns]), 'link', 'show', 'dev', device])).code === 0;

/** One `ip -batch`, in a namespace of this host or in its own. */
async function ip(lines: readonly (readonly string[])[], netns?: string): Promise<void> {
  const input = `${lines.map((line) => line.join(' ')).join('\n')}\n`;
  const { code, stderr } = await runProgram(['ip', ...(netns === undefined ? [] : ['-n', netns]), '-batch', '-'], { input });
  if (code !== 0) throw new Error(`ip refused: ${stderr.trim().split('\n')[0]}`);
}
