// The agents' view of the server: five calls. Two implementations: in process (for `isospin up`, src/main) and over HTTPS
// (src/agents/http-link.ts). Every call may fail and be tried again; none depends on an earlier one having arrived.
import type { DesiredDelta } from '#desired/objects.ts';

/** An agent of this host as `GET /v2.0/agents` shows it. */
export interface AgentRecord {
  /** 'Linux bridge agent', 'DHCP agent', … */
  readonly agent_type: string;
  /** 'isospin-l2-agent', 'isospin-dhcp-agent', … */
  readonly binary: string;
  /** Of agents that are scheduled by zone. */
  readonly availability_zone?: string;
  /** What the mechanism drivers decide by: bridge_mappings, tunnel_types, tunneling_ip, … */
  readonly configurations: Readonly<Record<string, unknown>>;
}

/** What became of one desired object. `error` null: the digest is applied. Otherwise why not, in one sentence an operator can act on. */
export interface Report {
  readonly key: string;
  readonly digest: string;
  readonly error: string | null;
}

export interface Heartbeat {
  /** The newest cursor that concerns this host: when it differs from the one held, a wake was lost. */
  readonly cursor: string;
  readonly protocol: number;
}

export interface ServerLink {
  /** Says which agents this host runs; once at start and when their configuration changes. `started_at` is the process's start. */
  hello(agents: readonly AgentRecord[], startedAt: Date): Promise<Heartbeat>;
  /** Keeps this host's agents alive in the API: every 5 s or less. */
  heartbeat(): Promise<Heartbeat>;
  /** Changes since `cursor`, or everything when it is undefined or too old. */
  pull(cursor: string | undefined): Promise<DesiredDelta>;
  report(reports: readonly Report[]): Promise<void>;
  /** Calls `wake` whenever this host's desired state may have changed, until `signal` aborts. Reconnects by itself; may lose wakes. */
  listen(wake: () => void, signal: AbortSignal): void;
}
