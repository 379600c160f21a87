// What making, changing and removing a network means: its segments and its MTU.
import type { Create, Row, Update } from '#core/attributes.ts';
import type { Context } from '#core/context.ts';
import { inputErrors } from '#core/convert.ts';
import type { RulesOf } from '#core/resource.ts';
import {
  type ChosenSegment,
  maximumMtuOf,
  providerSegment,
  releaseSegment,
  segmentsOf,
  storeSegment,
  tenantSegment,
} from '#ml2/segments.ts';
import { multiProviderErrors, type ProviderSegment } from '#packs/segments.ts';
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
  const { tx, settings } = context;
  const chosen: ChosenSegment[] = [];
  for (const wanted of described(input)) chosen.push(await provided(context, wanted));
  if (chosen.length === 0) chosen.push(await tenantSegment(tx, draft.project_id, settings));
  draft.mtu = chosenMtu(input.mtu, maximumMtuOf(chosen, settings));
  draft.segments = chosen.map(({ network_type, physical_network, segmentation_id }) => ({
    'provider:network_type': network_type,
    'provider:physical_network': physical_network,
    'provider:segmentation_id': segmentation_id,
  }));
}

async function created({ tx, now }: Context, row: Network): Promise<void> {
  for (const [index, segment] of (row.segments ?? []).entries()) {
    const chosen = {
      network_type: segment['provider:network_type'],
      physical_network: segment['provider:physical_network'],
      segmentation_id: segment['provider:segmentation_id'],
    };
    await storeSegment(tx, row.id, index, chosen as ChosenSegment, now);
  }
}

/** The segments a client described, of one kind of attributes or of the other. */
function described(input: NetworkCreate): readonly ProviderSegment[] {
  const segments = input.segments ?? [];
  const alone = Object.fromEntries(PROVIDER.filter((name) => input[name] != null).map((name) => [name, input[name]])) as ProviderSegment;
  const isAlone = Object.keys(alone).length > 0;
  if (segments.length === 0) return isAlone ? [alone] : [];
  if (isAlone) throw multiProviderErrors.SegmentsSetInConjunctionWithProviders({});
  const seen = new Set<string>();
  for (const segment of segments) {
    if (segment['provider:segmentation_id'] == null) continue;
    const key = JSON.stringify(PROVIDER.map((name) => segment[name] ?? null));
    if (seen.has(key)) throw multiProviderErrors.SegmentsContainDuplicateEntry({});
    seen.add(key);
  }
  return segments;
}

const PROVIDER = ['provider:network_type', 'provider:physical_network', 'provider:segmentation_id'] as const;

function provided({ tx, settings }: Context, wanted: ProviderSegment): Promise<ChosenSegment> {
  const {
    'provider:network_type': network_type,
    'provider:physical_network': physical_network,
    'provider:segmentation_id': segmentation_id,
  } = wanted;
  if (network_type == null) throw invalid('network_type required');
  return providerSegment(tx, { network_type, physical_network, segmentation_id }, settings);
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
    changes.mtu = chosenMtu(changes.mtu, maximumMtuOf(await segmentsOf(tx, before.id), context.settings));
    const subnet = await tx.get<{ ip_version: 4 | 6 }>(
      'SELECT ip_version FROM subnets WHERE network_id = ? ORDER BY ip_version DESC LIMIT 1',
      before.id,
    );
    const minimum = subnet ? MINIMUM_MTU[subnet.ip_version] : MINIMUM_MTU[4];
    if (changes.mtu < minimum) throw networkErrors.NetworkMTUSubnetConflict({ net_id: before.id, mtu: minimum });
  }
}

async function remove({ tx }: Context, row: Network): Promise<void> {
  // The rows go with the network's.
  for (const segment of await segmentsOf(tx, row.id)) await releaseSegment(tx, segment);
}

export const networkRules: RulesOf<typeof network> = { create, created, update, delete: remove };
