// What making, changing and removing a network means: its segment and its MTU.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import type { RulesOf } from '#core/resource.ts';
import { driverOf, maximumMtu, providerSegment, releaseSegments, segmentsOf, tenantSegment } from '#ml2/segments.ts';
import { DHCP_AGENT } from '#resources/agent/schema.ts';
import { checkZones } from '#resources/availability_zone/hints.ts';
import { networkErrors } from './errors.ts';
import type { network } from './schema.ts';

type Network = Row<(typeof network)['attributes']>;
type NetworkCreate = Create<(typeof network)['attributes']>;
type NetworkUpdate = Update<(typeof network)['attributes']>;

/** Smallest MTU that IPv4 (RFC 791) and IPv6 (RFC 8200) can live with. */
const MINIMUM_MTU = { 4: 68, 6: 1280 } as const;

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

async function create(context: Context, draft: Network, input: NetworkCreate): Promise<void> {
  await checkZones(context, DHCP_AGENT, draft.availability_zone_hints);
  draft.status = 'ACTIVE';
  const type = input['provider:network_type'];
  if (type === undefined && (input['provider:physical_network'] != null || input['provider:segmentation_id'] != null)) {
    throw invalid('network_type required');
  }
  const driver = type === undefined ? undefined : driverOf(type);
  // A tenant's type is known once its segment is; until then the roomiest MTU stands in.
  const maximum = driver ? maximumMtu(driver, context.settings) : context.settings.globalPhysnetMtu;
  draft.mtu = chosenMtu(input.mtu, maximum);
}

async function created(context: Context, row: Network, input: NetworkCreate): Promise<void> {
  const { tx, settings } = context;
  const type = input['provider:network_type'];
  const segment =
    type === undefined
      ? await tenantSegment(tx, row.id, settings)
      : await providerSegment(
          tx,
          row.id,
          { network_type: type, physical_network: input['provider:physical_network'], segmentation_id: input['provider:segmentation_id'] },
          settings,
        );
  const mtu = chosenMtu(input.mtu, maximumMtu(driverOf(segment.network_type), settings));
  if (mtu !== row.mtu) {
    row.mtu = mtu;
    await tx.run('UPDATE networks SET mtu = ? WHERE id = ?', mtu, row.id);
  }
}

function chosenMtu(wanted: number | undefined, maximum: number): number {
  if (wanted === undefined || wanted === 0) return maximum;
  if (wanted > maximum) throw invalid(`Requested MTU is too big, maximum is ${maximum}`);
  if (wanted < MINIMUM_MTU[4]) throw invalid(`Requested MTU is too small, minimum is ${MINIMUM_MTU[4]}`);
  return wanted;
}

async function update(context: Context, before: Network, changes: NetworkUpdate): Promise<void> {
  const { tx } = context;
  if (changes.mtu !== undefined) {
    const [segment] = await segmentsOf(tx, before.id);
    changes.mtu = chosenMtu(changes.mtu, maximumMtu(driverOf(segment?.network_type ?? 'local'), context.settings));
    const subnet = await tx.get<{ ip_version: 4 | 6 }>(
      'SELECT ip_version FROM subnets WHERE network_id = ? ORDER BY ip_version DESC LIMIT 1',
      before.id,
    );
    const minimum = subnet ? MINIMUM_MTU[subnet.ip_version] : MINIMUM_MTU[4];
    if (changes.mtu < minimum) throw networkErrors.NetworkMTUSubnetConflict({ net_id: before.id, mtu: minimum });
  }
}

async function remove(context: Context, row: Network): Promise<void> {
  await releaseSegments(context.tx, row.id, context.settings);
}

export const networkRules: RulesOf<typeof network> = { create, created, update, delete: remove };
