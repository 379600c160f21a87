// Zones that clients ask for: they must be there. Called by the rules of what is scheduled by zone: networks, routers.
import type { Context } from '#core/context.ts';
import { zoneErrors } from './errors.ts';

/** Refuses zones that no agent of this kind is in. */
export async function checkZones({ tx }: Context, agentType: string, zones: readonly string[]): Promise<void> {
  for (const availability_zone of zones) {
    const known = await tx.get(
      'SELECT 1 AS known FROM agents WHERE agent_type = ? AND availability_zone = ? LIMIT 1',
      agentType,
      availability_zone,
    );
    if (!known) throw zoneErrors.AvailabilityZoneNotFound({ availability_zone });
  }
}

/** The zones to schedule in: those asked for, else the configuration's; empty: any. */
export const zonesFor = ({ settings }: Context, hints: readonly string[]): readonly string[] =>
  hints.length > 0 ? hints : settings.defaultAvailabilityZones;
