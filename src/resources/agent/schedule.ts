// Which agents get something new to serve: those that live and are enabled, the least loaded first, spread over zones. Called by the schedules
// of what agents serve: networks' DHCP, routers.
import type { Context } from '#core/context.ts';

/** An agent that may be given something. */
export interface Candidate {
  readonly id: string;
  readonly host: string;
  readonly zone: string | null;
  /** How much it serves already. */
  readonly load: number;
}

/** Which agents are looked for. */
export interface Wanted {
  readonly agentType: string;
  /** SQL: how much the agent `a` serves. */
  readonly load: string;
  /** Zones it must be in one of; empty: any. */
  readonly zones: readonly string[];
  /** Hosts that serve it already. */
  readonly except: readonly string[];
}

/** Live, enabled agents, the least loaded first. */
export async function eligibleAgents({ tx }: Context, { agentType, load, zones, except }: Wanted): Promise<Candidate[]> {
  const { now, inJson } = tx.dialect;
  return tx.all<Candidate>(
    `SELECT a.id, a.host, a.availability_zone AS zone, ${load} AS load FROM agents a
     WHERE a.agent_type = ? AND a.admin_state_up = 1 AND a.alive_until >= ${now}
       AND NOT a.host ${inJson}${zones.length > 0 ? ` AND a.availability_zone ${inJson}` : ''}
     ORDER BY load, a.host`,
    agentType,
    JSON.stringify(except),
    ...(zones.length > 0 ? [JSON.stringify(zones)] : []),
  );
}

/**
 * Chooses up to `count` of the candidates, which come in the order of their merit: each time the first one of a zone that serves least. `serving` are the
 * zones of those that serve already; `fits` is asked of each candidate once at most.
 */
export async function spread(
  candidates: readonly Candidate[],
  count: number,
  serving: readonly (string | null)[],
  fits: (candidate: Candidate) => Promise<boolean> = async () => true,
): Promise<Candidate[]> {
  const left = [...candidates];
  const inZone = new Map<string | null, number>();
  for (const zone of serving) inZone.set(zone, (inZone.get(zone) ?? 0) + 1);
  const servers = ({ zone }: Candidate): number => inZone.get(zone) ?? 0;
  const chosen: Candidate[] = [];
  while (chosen.length < count && left.length > 0) {
    const fewest = Math.min(...left.map(servers));
    const [next] = left.splice(
      left.findIndex((one) => servers(one) === fewest),
      1,
    ) as [Candidate];
    if (!(await fits(next))) continue;
    chosen.push(next);
    inZone.set(next.zone, servers(next) + 1);
  }
  return chosen;
}
