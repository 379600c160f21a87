// From the API to the kernel, with `isospin up` on a throw-away host: a port that is plugged as soon as its POST is answered until it is ACTIVE, alone
// and among 1,000 others; 100 ports plugged at once; a subnet until its DHCP server listens. Beside them what `ip` and dnsmasq alone need.
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { deviceName } from '#ml2/binding.ts';
import { passwordOf } from '#test/cluster/program.ts';
import { makeHost, type TestHost } from '#test/kernel/host.ts';
import { askOnce, type Clients, idsIn, type Served, startClients } from './clients.ts';
import { type Benchmark, compared, type Figure, median, type Sizes, scaled } from './figures.ts';
import { makeNetwork, startUp } from './servers.ts';

const HOST = 'bench-host';
/** A bridge takes 1,023 ports. */
const EACH_NETWORK = 100;

/** A throw-away host with `isospin up` and clients on it. */
interface World {
  readonly host: TestHost;
  readonly clients: Clients;
  readonly served: Served;
  close(): Promise<void>;
}

async function makeWorld(): Promise<World> {
  const host = await makeHost('bench');
  try {
    const up = await startUp(host, ['--host', HOST]);
    const clients = await startClients(host);
    const served = { port: up.port, token: await clients.signIn(up.port, passwordOf(up.state)) };
    const close = async () => {
      await clients.close();
      await up.close();
      await host.close();
    };
    return { host, clients, served, close };
  } catch (error) {
    await host.close();
    throw error;
  }
}

export const wiring: Benchmark = {
  name: 'wiring',
  doc: 'POST to ACTIVE alone and among 1,000 ports, 100 ports plugged at once, subnet to DHCP server',
  async run(sizes) {
    const bare = await makeHost('bare');
    try {
      const [alone, crowded] = [await makeWorld(), await makeWorld()];
      try {
        return [
          ...(await oneByOne(sizes, alone, crowded, bare)),
          ...(await pluggedAtOnce(sizes, alone, bare)),
          ...(await dhcpServers(sizes, alone, bare)),
        ];
      } finally {
        await alone.close();
        await crowded.close();
      }
    } finally {
      await bare.close();
    }
  },
};

/** Two hosts asked by turns: one with these ports alone, one with 1,000 besides. */
async function oneByOne(sizes: Sizes, alone: World, crowded: World, bare: TestHost): Promise<Figure[]> {
  const crowd = scaled(sizes, 1_000, 100);
  for (let there = 0; there < crowd; there += EACH_NETWORK) await crowdIn(crowded, Math.min(EACH_NETWORK, crowd - there));
  const sides: { world: World; network: string }[] = [];
  for (const world of [alone, crowded]) sides.push({ world, network: await makeNetwork(world.clients, world.served, '10.1.0.0/16', true) });
  const count = scaled(sizes, 8, 2);
  const alones: { value: number; limit: number }[] = [];
  const crowds: { value: number; limit: number }[] = [];
  for (let turn = 0; turn <= sizes.repetitions; turn++) {
    const [one = 0, other = 0] = [await medianOf(sides[0], count), await medianOf(sides[1], count)];
    const limit = await barePlug(bare, turn, count);
    if (turn === 0) continue; // the DHCP servers start
    alones.push({ value: one, limit });
    crowds.push({ value: other, limit: one });
  }
  return [
    compared('POST to ACTIVE, alone on the host', 'ms', alones, 'one ip -batch'),
    compared(`POST to ACTIVE, ${crowd.toLocaleString('en')} ports on the host`, 'ms', crowds, 'alone', { of: 'ratio', most: 1.5 }),
  ];
}

const medianOf = async (side: { world: World; network: string } | undefined, count: number): Promise<number> =>
  side ? median(await toActive(side.world, side.network, count)) : Number.NaN;

const bound = (network_id: string) => ({ network_id, 'binding:host_id': HOST });

/** Milliseconds from each POST to ACTIVE, one port after the other. */
async function toActive({ clients, served }: World, network: string, count: number): Promise<readonly number[]> {
  const call = { method: 'POST', path: '/v2.0/ports', body: { port: bound(network) }, plug: true } as const;
  return (await clients.well({ ...served, clients: 1, calls: new Array(count).fill(call) })).times;
}

/** Ports that are created but not plugged. */
async function create({ clients, served }: World, network: string, count: number): Promise<string[]> {
  const body = { ports: Array.from({ length: count }, () => bound(network)) };
  const made = await clients.well({ ...served, clients: 1, calls: [{ method: 'POST', path: '/v2.0/ports', body }], keep: true });
  return idsIn(made.bodies, 'port');
}

const taps = (ids: readonly string[]): string[] => ids.map((id) => `tuntap add dev ${deviceName(id)} mode tap`);

/** Resolves when so many ports of a network are ACTIVE. */
const active = ({ clients, served }: World, network: string, count: number): Promise<unknown> =>
  askOnce(clients, served, {
    method: 'GET',
    path: `/v2.0/ports?network_id=${network}&status=ACTIVE&device_owner=&fields=id`,
    until: { text: '"id"', times: count },
  });

/** Milliseconds until the ports of a network, plugged at once, are all ACTIVE. */
async function crowdIn(world: World, count: number): Promise<number> {
  const network = await makeNetwork(world.clients, world.served, '10.2.0.0/16', true);
  // The network is there and served before they come.
  await toActive(world, network, 1);
  const ids = await create(world, network, count - 1);
  const began = performance.now();
  await Promise.all([world.host.batch(taps(ids)), active(world, network, count)]);
  return performance.now() - began;
}

/** What the agent must do for one network's ports, by `ip` alone. */
const wired = (bridge: string, devices: readonly string[]): string[] => [
  `link add name ${bridge} type bridge forward_delay 0 mcast_snooping 0`,
  `link set dev ${bridge} up`,
  ...devices.map((device) => `link set dev ${device} master ${bridge} mtu 1500 up`),
];

async function barePlug(bare: TestHost, turn: number, count: number): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await bare.batch([`tuntap add dev one${turn}-${n} mode tap`, ...wired(`alone${turn}-${n}`, [`one${turn}-${n}`])]);
    times.push(performance.now() - began);
  }
  return median(times);
}

async function pluggedAtOnce(sizes: Sizes, world: World, bare: TestHost): Promise<Figure[]> {
  const count = scaled(sizes, 100, 10);
  const turns = [];
  for (let turn = 0; turn < Math.min(3, sizes.repetitions); turn++) {
    const value = await crowdIn(world, count + 1);
    const names = Array.from({ length: count }, (_, n) => `many${turn}-${n}`);
    const began = performance.now();
    await bare.batch([...names.map((name) => `tuntap add dev ${name} mode tap`), ...wired(`crowd${turn}`, names)]);
    turns.push({ value, limit: performance.now() - began });
  }
  return [compared(`${count} ports plugged at once, all ACTIVE`, 'ms', turns, 'one ip -batch')];
}

async function dhcpServers(sizes: Sizes, { host, clients, served }: World, bare: TestHost): Promise<Figure[]> {
  const turns = [];
  for (let turn = 0; turn < sizes.repetitions; turn++) {
    const created = { method: 'POST', path: '/v2.0/networks', body: { network: { name: 'bench' } } };
    const { network } = await askOnce<{ network: { id: string } }>(clients, served, created);
    const body = { subnet: { network_id: network.id, ip_version: 4, cidr: '10.3.0.0/24' } };
    const began = performance.now();
    await Promise.all([askOnce(clients, served, { method: 'POST', path: '/v2.0/subnets', body }), listening(host, network.id)]);
    const value = performance.now() - began;
    const netns = `bare${turn}`;
    const device = `dhcp${turn}`;
    const again = performance.now();
    await bare.batch([`netns add ${netns}`, `link add ${device} type veth peer name inner netns ${netns}`, `link set ${device} up`]);
    await bare.run(['ip', '-n', netns, 'link', 'set', 'inner', 'up']);
    await bare.run(['ip', '-n', netns, 'addr', 'add', '10.3.0.2/24', 'dev', 'inner']);
    await bare.run(['dnsmasq', '--port=0', '--conf-file=/dev/null', `--pid-file=/run/${netns}`, '--dhcp-range=10.3.0.0,static'], netns);
    await listening(bare, netns);
    turns.push({ value, limit: performance.now() - again });
  }
  return [compared('subnet created to its DHCP server listening', 'ms', turns, 'dnsmasq made by hand')];
}

/** Waits until a dnsmasq whose command line holds `word` listens for DHCP. */
async function listening(host: TestHost, word: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(2)) {
    for (const [pid, command] of host.processes()) {
      const sockets = host.path(`/proc/${pid}/net/udp`);
      if (!command.includes('dnsmasq') || !command.includes(word) || !existsSync(sockets)) continue;
      if (readFileSync(sockets, 'utf8').includes(':0043 ')) return;
    }
  }
  throw new Error(`no DHCP server of ${word} within 20 s`);
}
