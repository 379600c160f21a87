// A host says hello and stays alive: its agents' rows, and what becomes possible when they appear: failed bindings are tried again, networks
// without a DHCP server get one.
import { randomUUID } from 'node:crypto';
import type { Context } from '#core/context.ts';
import { ensureDhcp } from '#resources/dhcp/schedule.ts';
import { port } from '#resources/port/schema.ts';
import { networksOf } from './rows.ts';

/** As a host describes one of its agents. */
export interface AgentHello {
  readonly agent_type: string;
  readonly binary: string;
  readonly configurations: Readonly<Record<string, unknown>>;
}

const TOPICS: Readonly<Record<string, string>> = { 'DHCP agent': 'dhcp_agent', 'L3 agent': 'l3_agent' };

/** `YYYY-MM-DD HH:MM:SS`, UTC: how agents' times are written. */
const moment = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

export async function hello(context: Context, host: string, agents: readonly AgentHello[], startedAt: Date): Promise<void> {
  const { tx } = context;
  const before = await tunnelOf(context, host);
  for (const { agent_type, binary, configurations } of agents) {
    const now = moment(new Date());
    await tx.run(
      `INSERT INTO agents (id, agent_type, "binary", host, topic, availability_zone, configurations, description, admin_state_up,
         created_at, started_at, heartbeat_timestamp, alive_until) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 1, ?, ?, ?, ?)
       ON CONFLICT (agent_type, host) DO UPDATE SET "binary" = excluded."binary", configurations = excluded.configurations,
         started_at = excluded.started_at, heartbeat_timestamp = excluded.heartbeat_timestamp, alive_until = excluded.alive_until`,
      randomUUID(),
      agent_type,
      binary,
      host,
      TOPICS[agent_type] ?? 'N/A',
      agent_type === 'DHCP agent' ? 'nova' : null,
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
  for (const row of await context.findLocked(port, 'change', "r.binding_host_id = ? AND r.binding_vif_type = 'binding_failed'", host)) {
    await context.update(port, row, { 'binding:host_id': host });
  }
  const waiting = await tx.all<{ network_id: string }>(
    'SELECT DISTINCT network_id FROM subnets WHERE enable_dhcp = 1 AND network_id NOT IN (SELECT network_id FROM dhcp_bindings WHERE port_id IS NOT NULL) ORDER BY network_id',
  );
  for (const { network_id } of waiting) await ensureDhcp(context, network_id);
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
