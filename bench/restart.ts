// An agent that is killed and started again on a host with 500 ports: how long until it has looked at everything and found nothing to do, against
// `ip -batch` building the same from nothing; and how many pings between two instances are lost meanwhile.
import { startAgent, type TestServer } from '#test/kernel/agent-process.ts';
import { bridgeOf, type CloudPort, deviceOf, makeCloud, pingOn, settled } from '#test/kernel/cloud.ts';
import { makeHost, type TestHost } from '#test/kernel/host.ts';
import { type Benchmark, compared, scaled } from './figures.ts';

export const restart: Benchmark = {
  name: 'restart',
  doc: 'an agent killed and started again with 500 ports on its host',
  async run(sizes) {
    const count = scaled(sizes, 500, 20);
    const cloud = await makeCloud(1);
    const bare = await makeHost('bare');
    try {
      const [host, server] = [cloud.hosts[0] as TestHost, cloud.servers[0] as TestServer];
      const ports = Array.from(
        { length: count },
        (_, i): CloudPort => ({ n: i + 1, on: 0, network: 1, addresses: [`10.0.${i >> 8}.${i & 255}`] }),
      );
      const instances = [
        { ...(ports[0] as CloudPort), addresses: ['10.0.0.11'] },
        { ...(ports[1] as CloudPort), addresses: ['10.0.0.12'] },
      ];
      for (const instance of instances) await cloud.boot(instance);
      const taps = ports.slice(2).map(({ n }) => `tuntap add dev ${deviceOf(n)} mode tap`);
      await host.batch(taps);
      cloud.set(...instances, ...ports.slice(2));
      await settled(server, 60_000);
      const pings = await pingOn(host, 'vm1', '10.0.0.12');
      const turns = [];
      let steps = 0;
      for (let turn = 0; turn < sizes.repetitions; turn++) {
        await cloud.agents[0]?.end('SIGKILL');
        server.reports.clear();
        const began = performance.now();
        const agent = startAgent(host, server);
        cloud.agents[0] = agent;
        await settled(server, 60_000);
        const value = performance.now() - began;
        steps += (await agent.show()).loops.linuxbridge?.steps ?? 0;
        turns.push({ value, limit: await fromNothing(bare, turn, count) });
      }
      const { lost } = await pings.stop();
      const none = { of: 'value', most: 0 } as const;
      return [
        compared(`agent started to an empty plan, ${count} ports`, 'ms', turns, 'ip -batch from nothing'),
        { what: 'steps that started agents took', value: steps, unit: 'errors', target: none },
        { what: `pings lost in ${sizes.repetitions} restarts by SIGKILL`, value: lost, unit: 'lost', target: none },
      ];
    } finally {
      await cloud.close();
      await bare.close();
    }
  },
};

/** Milliseconds in which one `ip -batch` wires as many devices, which are there, to a bridge and a tunnel, which are not. */
async function fromNothing(bare: TestHost, turn: number, count: number): Promise<number> {
  const devices = Array.from({ length: count }, (_, n) => `tap${turn}-${n}`);
  await bare.batch(devices.map((name) => `tuntap add dev ${name} mode tap`));
  const bridge = bridgeOf(1);
  const began = performance.now();
  await bare.batch([
    `link add name ${bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0`,
    'link add name vxlan-101 mtu 1450 type vxlan id 101 dstport 4789 local 127.0.0.1 ttl 64 nolearning',
    `link set dev vxlan-101 master ${bridge} up`,
    ...devices.map((name) => `link set dev ${name} master ${bridge} mtu 1450 up`),
    `link set dev ${bridge} up`,
  ]);
  const took = performance.now() - began;
  await bare.batch([`link del ${bridge}`, 'link del vxlan-101', ...devices.map((name) => `link del ${name}`)]);
  return took;
}
