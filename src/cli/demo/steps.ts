// What the demo shows, in order. Each step does something as a user or an operator would, then looks at the kernel whether it is so, and throws
// when it is not.
import { ping, pingOn } from '#host/pings.ts';
import { until } from '#host/throwaway.ts';
import type { HostPlan, HostView } from '#main/host.ts';
import { addresses, devices, echoes, forwardingTo, neighbour, packets, remains } from './look.ts';
import { CIDR, makeProject, removeProject } from './project.ts';
import { type DemoHost, type Instance, type Project, SERVER, UNDERLAY_MTU, type World } from './world.ts';

/** What a step has shown: for people, and for programs. */
interface Outcome {
  readonly lines: readonly string[];
  readonly facts: Readonly<Record<string, unknown>>;
}
interface Step {
  readonly title: string;
  run(world: World): Promise<Outcome>;
}

/** Bytes of an IPv4 and an ICMP header: what a ping's payload leaves room for. */
const PING_HEADERS = 28;
/** An address of the subnet that no port has. */
const NOBODY = '10.0.0.99';
const PINGS = 10;

export const steps: readonly Step[] = [
  {
    title: 'A server and two hosts, each in namespaces of its own, on one underlay',
    async run(world) {
      await world.build();
      return {
        lines: [`${SERVER} serves the API, with a certificate that openssl made; the underlay carries ${UNDERLAY_MTU} bytes`],
        facts: { server: SERVER, hosts: world.hosts.map(({ name }) => name), underlay_mtu: UNDERLAY_MTU },
      };
    },
  },
  {
    title: 'The hosts join with credentials of their own',
    async run(world) {
      await Promise.all(world.hosts.map((host) => world.invite(host)));
      await Promise.all(world.hosts.map((host) => world.startAgent(host)));
      const { agents } = await world.admin.call<{ agents: { host: string; agent_type: string; alive: boolean }[] }>('GET', '/v2.0/agents');
      const alive = agents.filter((agent) => agent.alive);
      must(alive.length === 6, `6 agents are alive, not ${alive.length}`);
      return { lines: alive.map(({ host, agent_type }) => `${host}: ${agent_type}, alive`).sort(), facts: { agents_alive: alive.length } };
    },
  },
  {
    title: 'Two projects, each with a network of the same addresses',
    async run(world) {
      world.projects = [await makeProject(world, 'red'), await makeProject(world, 'blue')];
      return {
        lines: world.projects.map(
          ({ name, vni, mtu, instances }) =>
            `${name}: ${CIDR}, MTU ${mtu}, VXLAN ${vni}; ports ${instances.map(({ address, mac }) => `${address} ${mac}`).join(', ')}`,
        ),
        facts: { cidr: CIDR, projects: world.projects.map(({ name, vni, mtu }) => ({ name, vni, mtu })) },
      };
    },
  },
  {
    title: 'Instances get their addresses by DHCP',
    async run(world) {
      const all = instancesOf(world);
      const plug = ({ name, on }: Instance) =>
        world.isospin(on.host, ['plug', name, '--netns', name, '--dhcp', '--host', on.name, '--server', SERVER]);
      await Promise.all(all.map(plug));
      for (const instance of all) {
        const got = await addresses(instance);
        must(got.join() === instance.address, `${instance.name} has ${instance.address}, not ${got.join() || 'no address'}`);
      }
      return {
        lines: all.map(({ name, on, address }) => `${name} on ${on.name}: ${address}`),
        facts: { instances: all.map(({ name, on, address }) => ({ name, host: on.name, address })) },
      };
    },
  },
  {
    title: 'Instances of one project reach each other across the hosts, over VXLAN',
    async run({ projects }) {
      const pairs = projects.flatMap((project) => {
        const [one, two] = project.instances;
        return [
          { project, from: one, to: two },
          { project, from: two, to: one },
        ];
      });
      const show = async ({ project: { name, vni }, from, to }: (typeof pairs)[number]) => {
        const answered = await ping(from.on.host, from.name, to.address, PINGS);
        must(answered === PINGS, `${to.name} answers ${PINGS} pings of ${from.name}, not ${answered}`);
        return { project: name, from: from.name, to: to.name, vni, sent: PINGS, answered };
      };
      const shown = await Promise.all(pairs.map(show));
      return {
        lines: shown.map(({ from, to, vni, sent, answered }) => `${from} → ${to}: ${answered} of ${sent} pings answered, VXLAN ${vni}`),
        facts: { pings: shown },
      };
    },
  },
  { title: 'Projects do not reach each other, though their addresses are the same', run: showApart },
  {
    title: 'The largest packet of the networks passes unfragmented',
    async run(world) {
      const [{ mtu, instances }] = world.projects as [Project];
      const [from, to] = instances;
      const send = (size: number) =>
        from.on.host.attempt(
          ['ping', '-n', '-M', 'do', '-s', String(size - PING_HEADERS), '-c', '3', '-i', '0.05', '-W', '1', to.address],
          from.name,
        );
      const whole = await send(mtu);
      const answered = Number(/(\d+) received/.exec(whole.stdout)?.[1] ?? 0);
      must(answered === 3, `3 packets of ${mtu} bytes are answered, not ${answered}`);
      const larger = await send(mtu + 1);
      must(/message too long/i.test(larger.stdout + larger.stderr), `one byte more is refused: ${larger.stdout}`);
      return {
        lines: [`${answered} of 3 packets of ${mtu} bytes answered, with the flag that forbids fragments; one byte more is refused`],
        facts: { mtu, sent: 3, answered, larger_refused: true },
      };
    },
  },
  { title: "A host's agent is killed and comes back while instances ping each other: nothing is lost", run: showKilled },
  { title: 'A port is deleted: the other host forgets the way to it', run: showDeleted },
  { title: 'All is deleted, and nothing of it stays on the hosts', run: showCleaned },
];

function must(held: boolean, claim: string): asserts held {
  if (!held) throw new Error(`not so: ${claim}`);
}

const instancesOf = ({ projects }: World): Instance[] => projects.flatMap(({ instances }) => instances);

async function showApart({ projects }: World): Promise<Outcome> {
  const shown = [];
  for (const [own, other] of [projects, [...projects].reverse()] as [Project, Project][]) {
    const [from, to] = own.instances;
    const stranger = other.instances[1];
    const before = [await echoes(to), await echoes(stranger)] as const;
    const answered = await ping(from.on.host, from.name, to.address, PINGS);
    const arrived = (await echoes(to)) - before[0];
    const strayed = (await echoes(stranger)) - before[1];
    must(answered === PINGS && arrived === PINGS, `${to.name} gets all ${PINGS} pings, not ${arrived}`);
    must(strayed === 0, `${stranger.name}, which has the same address, gets none, not ${strayed}`);
    const mac = await neighbour(from, to.address);
    must(mac === to.mac, `${from.name} knows ${to.address} as ${to.mac}, not ${mac}`);
    // And on purpose: packets sent right to the MAC of the other project's instance.
    const heard = await packets(stranger);
    await from.on.host.run(['ip', 'neigh', 'replace', NOBODY, 'lladdr', stranger.mac, 'dev', 'eth0'], from.name);
    await from.on.host.attempt(['ping', '-n', '-c', '3', '-i', '0.05', '-W', '0.3', NOBODY], from.name);
    await from.on.host.run(['ip', 'neigh', 'del', NOBODY, 'dev', 'eth0'], from.name);
    const overheard = (await packets(stranger)) - heard;
    must(overheard === 0, `${stranger.name} gets no packet that is sent to its MAC, not ${overheard}`);
    shown.push({ from: from.name, to: to.address, mac, reached: to.name, arrived, stranger: stranger.name, strayed, aimed: 3, overheard });
  }
  return {
    lines: shown.map(
      ({ from, to, mac, reached, arrived, stranger, strayed, aimed, overheard }) =>
        `${from} → ${to} is ${mac}: ${reached} got ${arrived} pings, ${stranger} ${strayed}; ` +
        `of ${aimed} sent to the MAC of ${stranger} it got ${overheard}`,
    ),
    facts: { apart: shown },
  };
}

async function showKilled(world: World): Promise<Outcome> {
  const [{ instances }] = world.projects as [Project];
  const [from, to] = instances;
  const pinger = await pingOn(from.on.host, from.name, to.address);
  await world.endAgent(from.on, 'SIGKILL');
  await world.startAgent(from.on);
  await untilAtRest(world, from.on);
  const { answered, lost } = await pinger.stop();
  must(lost === 0, `no ping is lost, not ${lost} of ${answered + lost}`);
  const view = JSON.parse(await world.isospin(from.on.host, ['agent', 'show', '--json'])) as HostView;
  const changes = Object.values(view.loops).reduce((sum, { steps }) => sum + steps, 0);
  must(changes === 0, `the agent found all as it must be, and changed nothing, not ${changes} things`);
  return {
    lines: [
      `${from.name} → ${to.name}: ${answered} pings answered, ${lost} lost; the new process found all in order and changed ${changes} things`,
    ],
    facts: { answered, lost, changes },
  };
}

/** Waits until a host's agent would change nothing. */
async function untilAtRest(world: World, { host, name }: DemoHost): Promise<void> {
  let open: readonly HostPlan[] = [];
  const probe = async () => {
    const plans = JSON.parse(await world.isospin(host, ['agent', 'plan', '--json'])) as HostPlan[];
    open = plans.filter(({ steps, waiting }) => steps.length > 0 || Object.keys(waiting).length > 0);
    return open.length === 0;
  };
  await until(`the agent of ${name} has nothing to do`, probe, 8_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(open)}`);
  });
}

async function showDeleted(world: World): Promise<Outcome> {
  const [{ client, vni, instances }] = world.projects as [Project];
  const [kept, gone] = instances;
  const before = await forwardingTo(kept.on, vni, gone.on);
  must(
    before.some((line) => line.startsWith(gone.mac)),
    `${kept.on.name} knows the way to ${gone.mac}`,
  );
  const start = performance.now();
  await client.call('DELETE', `/v2.0/ports/${gone.port}`);
  const forgotten = async () => (await forwardingTo(kept.on, vni, gone.on)).every((line) => !line.startsWith(gone.mac));
  await until(`${kept.on.name} forgets ${gone.mac}`, forgotten);
  const took = Math.round(performance.now() - start);
  const after = await forwardingTo(kept.on, vni, gone.on);
  must((await ping(kept.on.host, kept.name, gone.address)) === 0, `${gone.address} is not reached any more`);
  return {
    lines: [
      `${kept.on.name} had ${before.length} forwarding entries of VXLAN ${vni} to ${gone.on.name}, and ${took} ms later ${after.length}`,
    ],
    facts: { entries_before: before.length, entries_after: after.length, milliseconds: took },
  };
}

async function showCleaned(world: World): Promise<Outcome> {
  await Promise.all(
    instancesOf(world).map(({ port, on }) => world.isospin(on.host, ['unplug', port, '--host', on.name, '--server', SERVER])),
  );
  for (const { name, on } of instancesOf(world)) await on.host.run(['ip', 'netns', 'del', name]);
  for (const project of world.projects) await removeProject(world, project);
  for (const { host, name } of world.hosts) await until(`${name} is empty`, async () => (await devices(host)).length === 0, 8_000);
  await Promise.all(world.hosts.map((host) => untilAtRest(world, host)));
  await Promise.all(world.hosts.map((host) => world.endAgent(host, 'SIGTERM')));
  const cleaned = await Promise.all(world.hosts.map(({ host }) => world.isospin(host, ['clean', '--json'])));
  const removed = cleaned.flatMap((text) => JSON.parse(text) as string[]);
  must(removed.length === 0, `isospin clean finds nothing, not ${removed.join('; ')}`);
  const left = (await Promise.all(world.hosts.map(({ host }) => remains(host)))).flat();
  must(left.length === 0, `nothing is left on the hosts, not ${left.join('; ')}`);
  return {
    lines: ['no bridge, tunnel, namespace or DHCP server on either host; isospin clean finds nothing to remove'],
    facts: { left, removed },
  };
}
