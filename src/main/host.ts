// The agents of this host, put together from a configuration: targets, what the host says of itself, and the control socket. Used by `up` and `agent`.
import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Logger } from 'pino';
import { type AgentView, planAgent, runAgent } from '#agents/agent.ts';
import { serveControl } from '#agents/control.ts';
import { dropLeases } from '#agents/dhcp/leases.ts';
import { dhcpTarget } from '#agents/dhcp/target.ts';
import { linuxBridgeTarget } from '#agents/l2/target.ts';
import type { AgentRecord, ServerLink } from '#agents/link.ts';
import type { Target } from '#agents/target.ts';
import { whyPowerless } from '#host/privileges.ts';
import { stepText } from '#host/steps.ts';
import { type Config, ConfigError } from './config.ts';
import { needTools } from './tools.ts';

/** What every target of this host is made of. */
type HostConfig = Pick<Config, 'run_directory' | 'physical_networks'>;

/** Targets in the order in which they matter to a port. */
export const hostTargets = ({ run_directory, physical_networks }: HostConfig): readonly Target<unknown>[] => [
  linuxBridgeTarget({ physical: new Map(Object.entries(physical_networks)) }) as Target<unknown>,
  dhcpTarget({ runDirectory: run_directory }) as Target<unknown>,
];

/** What this host shows of itself in `GET /v2.0/agents`, and mechanism drivers decide by. */
const records = ({ local_ip, physical_networks, availability_zone }: Config): readonly AgentRecord[] => [
  {
    agent_type: 'Linux bridge agent',
    binary: 'isospin-linuxbridge-agent',
    configurations: {
      bridge_mappings: physical_networks,
      tunnel_types: local_ip === undefined ? [] : ['vxlan'],
      ...(local_ip !== undefined && { tunneling_ip: local_ip }),
    },
  },
  { agent_type: 'DHCP agent', binary: 'isospin-dhcp-agent', availability_zone, configurations: { dhcp_driver: 'dnsmasq' } },
  { agent_type: 'L3 agent', binary: 'isospin-l3-agent', availability_zone, configurations: { agent_mode: 'legacy' } },
];

export interface RunningHost {
  /** Resolves when the server knows this host's agents. */
  readonly joined: Promise<void>;
  /** Resolves when the agents have ended after the signal. */
  readonly done: Promise<void>;
}

/** Answer to `isospin agent show`. */
export interface HostView extends AgentView {
  readonly host: string;
  readonly pid: number;
}
/** Answer to `isospin agent plan`: lines as they would be carried out, and what waits for something. */
export interface HostPlan {
  readonly target: string;
  readonly steps: readonly string[];
  readonly waiting: Readonly<Record<string, string>>;
}

/** Runs this host's agents until `signal` aborts; the data plane stays. Throws {@link ConfigError} where they cannot run. */
export async function runHost(config: Config, link: ServerLink, log: Logger, signal: AbortSignal): Promise<RunningHost> {
  needRoot();
  for (const lacking of [needTools(), needInterfaces(config)]) if (lacking !== undefined) process.stderr.write(`isospin: ${lacking}\n`);
  const joined = Promise.withResolvers<void>();
  const joining: ServerLink = {
    ...link,
    async hello(agents, startedAt) {
      const beat = await link.hello(agents, startedAt);
      joined.resolve();
      return beat;
    },
  };
  let show: (() => AgentView) | undefined;
  const control = {
    show: (): HostView | undefined => show && { host: config.host, pid: process.pid, ...show() },
    plan: async (): Promise<readonly HostPlan[]> => {
      const plans = await planAgent(link, hostTargets(config), signal);
      return plans.map(({ target, steps, waiting }) => ({ target, steps: steps.map(stepText), waiting: Object.fromEntries(waiting) }));
    },
  };
  try {
    await serveControl(config.run_directory, control, signal);
  } catch (error) {
    throw new ConfigError(`the agents cannot start: ${(error as Error).message}`);
  }
  const agent = runAgent({ link: joining, agents: records(config), targets: hostTargets(config), log, signal });
  show = agent.show;
  const drops = dropLeases(config.run_directory, signal);
  return { joined: joined.promise, done: Promise.all([agent.done, drops]).then(() => undefined) };
}

/** Throws {@link ConfigError} when the tunnel endpoint is not this host's; answers a line for physical networks whose interface is not there yet. */
function needInterfaces({ local_ip, physical_networks }: Config): string | undefined {
  const interfaces = networkInterfaces();
  const addresses = Object.values(interfaces).flatMap((some) => some?.map(({ address }) => address) ?? []);
  if (local_ip !== undefined && !addresses.includes(local_ip)) throw new ConfigError(`local_ip: no interface of this host has ${local_ip}`);
  const missing = Object.entries(physical_networks).filter(([, name]) => !existsSync(`/sys/class/net/${name}`));
  const named = missing.map(([network, name]) => `${name} of physical network ${network}`).join(', ');
  return missing.length === 0 ? undefined : `this host has no interface ${named}: its networks are wired when it appears`;
}

export function needRoot(): void {
  if (process.getuid?.() !== 0)
    throw new ConfigError('wiring networks needs root: run it with sudo, or run `isospin server` for the API alone');
  const powerless = whyPowerless();
  if (powerless !== undefined) throw new ConfigError(powerless);
}
