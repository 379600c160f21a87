// A host says hello and stays alive: its agents' rows, and what becomes possible when they appear: failed bindings are tried again. Called by
// api/hosts.ts.
import { randomUUID } from 'node:crypto';
import type { Context } from '#core/context.ts';
import { port } from '#resources/port/schema.ts';
import { networksOf } from './rows.ts';

/** As a host describes one of its agents. */
export interface AgentHello {
  readonly agent_type: string;
  readonly binary: string;
  /** Of agents that are scheduled by zone. */
  readonly availability_zone?: string;
  readonly configurations: Readonly<Record<string, unknown>>;
}

/** Agents that things are scheduled on, and the topic by which clients know them. */
const SCHEDULED: Readonly<Record<string, string>> = { 'DHCP agent': 'dhcp_agent', 'L3 agent': 'l3_agent' };
/** The zone of hosts that were given none. */
const DEFAULT_ZONE = 'nova';

/** `YYYY-MM-DD HH:MM:SS`, UTC: how agents' times are written. */
const moment = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

export async function hello(context: Context, host: string, agents: readonly AgentHello[], startedAt: Date): Promise<void> {
  const { tx } = context;
  const before = await tunnelOf(context, host);
  for (const { agent_type, binary, availability_zone, configurations } of agents) {
    const now = moment(new Date());
    await tx.run(
      `INSERT INTO agents (id, agent_type, "binary", host, topic, availability_zone, configurations, description, admin_state_up,
         created_at, started_at, heartbeat_timestamp, alive_until) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 1, ?, ?, ?, ?)
       ON CONFLICT (agent_type, host) DO UPDATE SET "binary" = excluded."binary", configurations = excluded.configurations,
         availability_zone = excluded.availability_zone, started_at = excluded.started_at, heartbeat_timestamp = excluded.heartbeat_timestamp, alive_until = excluded.alive_until`,
      randomUUID(),
      agent_type,
      binary,
      host,
      SCHEDULED[agent_type] ?? 'N/A',
      SCHEDULED[agent_type] === undefined ? null : (availability_zone ?? DEFAULT_ZONE),
      JSON.stringify(configurations),
      now,
      moment(startedAt),
      now,
      aliveUntil(context),
    );
  }
  if ((await tunnelOf(context, host)) !== before) {
    // Everybody who sends to this host, and the host itself, must use its new endpoint.
    for (const network of await networksOf(tx, host)) {
      await context.note('presence', `${network}/${host}`, 'update', [`network:${network}`, `host:${host}`]);
    }
  }
  // Ports without a host are not in the index.
  const failed = "r.binding_host_id = ? AND r.binding_host_id <> '' AND r.binding_vif_type = 'binding_failed'";
  for (const row of await context.findLocked(port, 'change', failed, host)) {
    await context.update(port, row, { 'binding:host_id': host });
  }
}

const aliveUntil = ({ settings }: Context): string => moment(new Date(Date.now() + settings.agentDownTime * 1000));

async function tunnelOf({ tx }: Context, host: string): Promise<unknown> {
  const row = await tx.get<{ configurations: string }>(
    "SELECT configurations FROM agents WHERE host = ? AND agent_type = 'Linux bridge agent'",
    host,
  );
  return row && (JSON.parse(row.configurations) as { tunneling_ip?: unknown }).tunneling_ip;
}

/** Keeps a host's agents alive. */
export async function heartbeat(context: Context, host: string): Promise<void> {
  await context.tx.run(
    'UPDATE agents SET heartbeat_timestamp = ?, alive_until = ? WHERE host = ?',
    moment(new Date()),
    aliveUntil(context),
    host,
  );
}
