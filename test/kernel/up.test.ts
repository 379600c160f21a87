// The first five minutes of a new user, on a throw-away host: `bin/isospin up` without options, a network by openrc's variables, instances by `plug`;
// then the deaths that the data plane outlives, and `clean`. Tests follow one another, as the minutes do.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostPlan, HostView } from '#main/host.ts';
import { pingOn } from './cloud.ts';
import { keepInotifyLimit } from './dhcp-host.ts';
import { endProgram, makeHost, ping, type TestHost, until } from './host.ts';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ISOSPIN = fileOf('../../bin/isospin');
const CALL = fileOf('openrc-call.ts');

interface Port {
  readonly id: string;
  readonly mac_address: string;
  readonly status: string;
  readonly fixed_ips: readonly { readonly ip_address: string }[];
  readonly 'binding:host_id': string;
  readonly 'binding:vif_type': string;
}

const restore = keepInotifyLimit();
let host: TestHost;
let up: ChildProcess;
let network: string;
const ports = new Map<string, Port>();

beforeAll(async () => {
  host = await makeHost('laptop');
  // The state directory is where it is by default, in memory.
  await host.run(['mount', '-t', 'tmpfs', 'tmpfs', '/var/lib']);
  up = await startUp();
});
afterAll(async () => {
  await host?.close();
  restore();
});

/** Starts `isospin up`, and waits until it is ready. */
async function startUp(): Promise<ChildProcess> {
  const child = host.start([ISOSPIN, 'up']);
  let [said, complaints] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ready = () => {
    if (child.exitCode !== null) throw new Error(`up ended: ${complaints}`);
    return said.includes('isospin: ready at http://127.0.0.1:9696');
  };
  await until('up is ready', ready, 20_000);
  expect(complaints).toContain('isospin: not enforced yet: ');
  return child;
}

const isospin = (...words: string[]): Promise<string> => host.run([ISOSPIN, ...words]);
const refused = async (...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await host.attempt([ISOSPIN, ...words]);
  expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, stdout: '', lines: 1 });
  return stderr.trimEnd();
};

/** A call as a user's script makes it. */
async function call<T>(method: string, path: string, body?: object): Promise<T> {
  const script = 'eval "$("$1" openrc)"; shift; exec "$@"';
  const words = [process.execPath, CALL, method, path, ...(body ? [JSON.stringify(body)] : [])];
  const answer = await host.run(['sh', '-c', script, 'sh', ISOSPIN, ...words]);
  return (answer === '' ? undefined : JSON.parse(answer)) as T;
}

async function makePort(name: string): Promise<Port> {
  const { port } = await call<{ port: Port }>('POST', '/ports', { port: { name, network_id: network } });
  ports.set(name, port);
  return port;
}
const portOf = async (name: string): Promise<Port> => (await call<{ port: Port }>('GET', `/ports/${ports.get(name)?.id}`)).port;
const known = (name: string): Port => {
  const port = ports.get(name);
  if (port === undefined) throw new Error(`no port ${name}`);
  return port;
};
const addressOf = (name: string): string => known(name).fixed_ips[0]?.ip_address ?? '';
const deviceOf = (name: string): string => `tap${known(name).id.slice(0, 11)}`;
const plans = async () => JSON.parse(await isospin('agent', 'plan', '--json')) as HostPlan[];
const links = async (): Promise<string> => host.run(['ip', '-o', 'link', 'show']);
const dnsmasq = () => [...host.processes()].filter(([, line]) => line.includes('dnsmasq')).map(([pid]) => pid);

test('a network, a subnet and two plugged instances that ping each other by their DHCP addresses', async () => {
  network = (await call<{ network: { id: string } }>('POST', '/networks', { network: { name: 'first' } })).network.id;
  await call('POST', '/subnets', { subnet: { network_id: network, ip_version: 4, cidr: '10.0.0.0/24' } });
  for (const name of ['vm1', 'vm2']) {
    await makePort(name);
    const said = await isospin('plug', name, '--netns', name, '--dhcp');
    expect(said).toMatch(
      new RegExp(`^port ${name} is ACTIVE on \\S+: eth0 of namespace ${name}, ${known(name).mac_address} ${addressOf(name)}\n$`),
    );
    const eth0 = await host.run(['ip', 'addr', 'show', 'dev', 'eth0'], name);
    expect(eth0).toContain(`inet ${addressOf(name)}/24`);
    expect(eth0).toContain(`link/ether ${known(name).mac_address}`);
    expect(await host.run(['ip', 'route'], name)).toContain('default via 10.0.0.1 dev eth0');
    expect(await portOf(name)).toMatchObject({ status: 'ACTIVE', 'binding:vif_type': 'bridge' });
  }
  expect(await ping(host, 'vm1', addressOf('vm2'), 5)).toBe(5);
  expect(await ping(host, 'vm2', addressOf('vm1'), 5)).toBe(5);
});

test('agent plan is empty, and agent show says what is held and made', async () => {
  expect(await isospin('agent', 'plan')).toBe('linuxbridge: 0 steps\ndhcp: 0 steps\n');
  expect((await plans()).every(({ steps, waiting }) => steps.length === 0 && Object.keys(waiting).length === 0)).toBe(true);
  const shown = await isospin('agent', 'show');
  for (const name of ['vm1', 'vm2']) expect(shown).toMatch(new RegExp(`^port/${known(name).id} +\\w+ +applied$`, 'm'));
  const view = JSON.parse(await isospin('agent', 'show', '--json')) as HostView;
  expect(view.reports.length).toBe(view.desired.length);
  expect(view.reports.filter(({ error }) => error !== null)).toEqual([]);
});

test("a router's ports are on this host, where nothing is made of them yet, and instances do not notice", async () => {
  const post = async <T>(name: string, body: object): Promise<T> =>
    (await call<Record<string, T>>('POST', `/${name}s`, { [name]: body }))[name] as T;
  const external = await post<{ id: string }>('network', { 'router:external': true });
  await post('subnet', { network_id: external.id, ip_version: 4, cidr: '192.0.2.0/24', enable_dhcp: false });
  const router = await post<{ id: string }>('router', { external_gateway_info: { network_id: external.id } });
  const { subnets } = await call<{ subnets: { id: string }[] }>('GET', `/subnets?network_id=${network}`);
  const interfaces = (what: string) => call('PUT', `/routers/${router.id}/${what}_router_interface`, { subnet_id: subnets[0]?.id });
  const pings = await pingOn(host, 'vm1', addressOf('vm2'));
  await interfaces('add');
  const { agents } = await call<{ agents: { agent_type: string; alive: boolean }[] }>('GET', `/routers/${router.id}/l3-agents`);
  expect(agents).toMatchObject([{ agent_type: 'L3 agent', alive: true }]);
  await until('the host has nothing to do', async () =>
    (await plans()).every(({ steps, waiting }) => steps.length === 0 && Object.keys(waiting).length === 0),
  );
  const { ports: owned } = await call<{ ports: Port[] }>('GET', `/ports?device_id=${router.id}`);
  expect(owned.map((port) => [port.status, port['binding:vif_type'], port['binding:host_id'] !== '']).sort()).toEqual([
    ['DOWN', 'bridge', true],
    ['DOWN', 'bridge', true],
  ]);
  for (const name of ['vm1', 'vm2']) expect((await portOf(name)).status).toBe('ACTIVE');
  await interfaces('remove');
  await call('DELETE', `/routers/${router.id}`);
  await call('DELETE', `/networks/${external.id}`);
  expect((await pings.stop()).lost).toBe(0);
});

test('a mistake at plug is one line that says which', async () => {
  expect(await refused('plug', 'vm1', '--netns', 'vm1')).toContain(`port ${known('vm1').id} is plugged on this host already`);
  expect(await refused('plug', 'nobody', '--netns', 'nobody')).toBe('isospin: there is no port nobody');
  expect(await refused('unplug', 'nobody')).toBe('isospin: there is no port nobody; a deleted port is unplugged by its id');
  expect(await refused('plug', 'vm1')).toBe('isospin: plug needs --netns NAME or --tap NAME');
  expect(await refused('plug', 'vm1', '--netns', 'a', '--tap', 'b')).toBe('isospin: plug takes --netns NAME or --tap NAME, not both');
  expect(await refused('clean')).toMatch(/^isospin: the server of \/var\/lib\/isospin is running \(process \d+\): stop it first$/);
});

test('up is killed with SIGKILL while instances ping: nothing is lost, DHCP goes on, and the next up finds nothing to do', async () => {
  const [before] = dnsmasq();
  const devices = await links();
  const pings = await pingOn(host, 'vm1', addressOf('vm2'));
  await endProgram(up, 'SIGKILL');
  const lease = await host.attempt(['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', '/bin/true'], 'vm2');
  expect(lease.stdout + lease.stderr).toContain(`lease of ${addressOf('vm2')} obtained`);
  expect(await refused('agent', 'plan')).toContain('no agents run on this host');
  expect(await refused('plug', 'vm1', '--netns', 'vm1')).toContain('no server listens at http://127.0.0.1:9696');
  up = await startUp();
  expect((await plans()).flatMap(({ steps }) => steps)).toEqual([]);
  const { loops } = JSON.parse(await isospin('agent', 'show', '--json')) as HostView;
  expect(Object.values(loops).map(({ steps, failures }) => [steps, failures])).toEqual([
    [0, 0],
    [0, 0],
  ]);
  const { answered, lost } = await pings.stop();
  expect(lost).toBe(0);
  expect(answered).toBeGreaterThan(5);
  expect(dnsmasq()).toEqual([before]);
  expect(await links()).toBe(devices);
  expect((await portOf('vm1')).status).toBe('ACTIVE');
});

test('unplug takes the device off and ends the binding, and the port can be plugged again', async () => {
  expect(await isospin('unplug', 'vm2')).toBe('port vm2 is unplugged\n');
  expect(await links()).not.toContain(deviceOf('vm2'));
  expect(await portOf('vm2')).toMatchObject({ status: 'DOWN', 'binding:host_id': '', 'binding:vif_type': 'unbound' });
  expect(await ping(host, 'vm1', addressOf('vm2'))).toBe(0);
  await isospin('plug', known('vm2').id, '--netns', 'vm2', '--dhcp', '--json');
  expect(await ping(host, 'vm1', addressOf('vm2'), 3)).toBe(3);
});

test('a port that was deleted while it was plugged is unplugged by its id', async () => {
  const { id } = await makePort('vm4');
  expect(await refused('plug', 'vm4', '--netns', 'vm1')).toContain('namespace vm1 has a device eth0 already: call this one --device NAME');
  expect((await portOf('vm4'))['binding:host_id']).toBe('');
  await isospin('plug', 'vm4', '--netns', 'vm1', '--device', 'eth1');
  expect(await host.run(['ip', 'link', 'show', 'dev', 'eth1'], 'vm1')).toContain(known('vm4').mac_address);
  await call('DELETE', `/ports/${id}`);
  expect(await links()).toContain(deviceOf('vm4'));
  expect(await isospin('unplug', id)).toBe(`port ${id} is unplugged\n`);
  expect(await links()).not.toContain(deviceOf('vm4'));
  expect(await refused('unplug', id)).toBe(`isospin: there is no port ${id}`);
});

test('a tap is opened by the name that was asked for, and its packets arrive', async () => {
  const { mac_address } = await makePort('vm3');
  const said = await isospin('plug', 'vm3', '--tap', 'machine3');
  expect(said).toContain(': tap machine3, ');
  const machine = ['python3', fileOf('tap-arp.py'), 'machine3', mac_address, addressOf('vm3'), addressOf('vm1')];
  expect((await host.run(machine)).trim()).toBe(known('vm1').mac_address);
});

test('clean removes all that is ours, and nothing else', async () => {
  const foreign = [
    'link add br0 type bridge',
    'tuntap add dev tap0 mode tap',
    'link set tap0 master br0 up',
    'tuntap add dev tapdeadbeef-00 mode tap',
    'link add vxlan9 type vxlan id 9 dstport 4790',
    'netns add mine',
    'netns add qdhcp-deadbeef-0000-4000-8000-000000000000',
    'link add veth0 type veth peer name eth0 netns mine',
  ];
  await host.batch(foreign);
  const theirs = ['br0', 'tap0', 'tapdeadbeef-00', 'vxlan9', 'veth0'];
  const before = await Promise.all(theirs.map((name) => host.run(['ip', '-o', 'link', 'show', 'dev', name])));
  await endProgram(up, 'SIGTERM');
  expect(up.exitCode).toBe(0);
  expect(await ping(host, 'vm1', addressOf('vm2'), 3)).toBe(3); // stopping is not cleaning
  expect(await isospin('clean')).toMatch(/\nnothing of Isospin is left on this host\n$/);
  expect(await Promise.all(theirs.map((name) => host.run(['ip', '-o', 'link', 'show', 'dev', name])))).toEqual(before);
  const names = (await links()).split('\n').flatMap((line) => /^\d+: ([^@:]+)/.exec(line)?.[1] ?? []);
  expect(names.sort()).toEqual(['lo', ...theirs].sort());
  const namespaces = (await host.run(['ip', 'netns', 'list'])).split('\n').map((line) => line.split(' ')[0]);
  // An instance's namespace is its user's.
  expect(namespaces.filter(Boolean).sort()).toEqual(['mine', 'qdhcp-deadbeef-0000-4000-8000-000000000000', 'vm1', 'vm2']);
  expect([...host.processes().values()]).toEqual([]);
  expect(existsSync(host.path('/run/isospin'))).toBe(false);
  expect(await isospin('clean')).toBe('nothing of Isospin was on this host\n');
});

test('after clean, up makes again what the database says', async () => {
  up = await startUp();
  await isospin('plug', 'vm1', '--netns', 'vm1', '--dhcp');
  await isospin('plug', 'vm2', '--netns', 'vm2', '--dhcp');
  expect(await ping(host, 'vm1', addressOf('vm2'), 3)).toBe(3);
  expect((await plans()).flatMap(({ steps }) => steps)).toEqual([]);
});
