// What a port needs to be placed, in the terms of Placement: from the guarantees of its QoS policy to groups of resources and traits. Pure but for
// the SQL that reads them. Used by port-qos.ts.
import { createHash } from 'node:crypto';
import type { Dialect } from '#store/store.ts';

interface Guarantee {
  readonly direction: string;
  readonly amount: number;
}
interface Wanted {
  readonly physical_network: string | null;
  readonly bandwidth: readonly Guarantee[];
  readonly packets: readonly Guarantee[];
}

/** The guarantees that the port `r` has; null where it has no policy. */
export function wantedOf(dialect: Dialect): string {
  const policy = 'COALESCE(r.qos_policy_id, (SELECT n.qos_policy_id FROM networks n WHERE n.id = r.network_id))';
  const rules = (table: string, amount: string): string => {
    const object = dialect.jsonObject({ direction: 'g.direction', amount: `g.${amount}` });
    return dialect.json(`(SELECT ${dialect.jsonArray(object)} FROM ${table} g WHERE g.qos_policy_id = ${policy})`);
  };
  const physical =
    "(SELECT s.physical_network FROM network_segments s WHERE s.network_id = r.network_id AND s.physical_network <> '' ORDER BY s.segment_index LIMIT 1)";
  const wanted = dialect.jsonObject({
    physical_network: physical,
    bandwidth: rules('qos_minimum_bandwidth_rules', 'min_kbps'),
    packets: rules('qos_minimum_packet_rate_rules', 'min_kpps'),
  });
  return `CASE WHEN ${policy} IS NULL THEN NULL ELSE ${dialect.jsonText(wanted)} END`;
}

const BANDWIDTH: Readonly<Record<string, string>> = { egress: 'NET_BW_EGR_KILOBIT_PER_SEC', ingress: 'NET_BW_IGR_KILOBIT_PER_SEC' };
const PACKETS: Readonly<Record<string, string>> = {
  any: 'NET_PACKET_RATE_KILOPACKET_PER_SEC',
  egress: 'NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC',
  ingress: 'NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC',
};

/** A trait's name has capitals, digits and underscores. */
const trait = (kind: string, name: string): string => `CUSTOM_${kind}_${name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;

/** A UUID that is the same whenever it is made of the same port and word (RFC 9562, version 5). */
function groupId(port: string, word: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(port.replaceAll('-', ''), 'hex'))
    .update(word)
    .digest()
    .subarray(0, 16);
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The groups of a port, or null when it asks for nothing. */
export function resourceRequest(row: Readonly<Record<string, unknown>>): object | null {
  const wanted = row.wanted_guarantees as Wanted | null;
  if (!wanted) return null;
  const { physical_network, bandwidth, packets } = wanted;
  const vnic = trait('VNIC_TYPE', String(row['binding:vnic_type']));
  const groups: { id: string; required: string[]; resources: Record<string, number> }[] = [];
  const group = (word: string, guarantees: readonly Guarantee[], names: Readonly<Record<string, string>>, required: string[]): void => {
    if (guarantees.length === 0) return;
    const resources = Object.fromEntries(guarantees.map(({ direction, amount }) => [names[direction] ?? direction, amount]));
    groups.push({ id: groupId(String(row.id), word), required, resources });
  };
  if (physical_network !== null) group('bandwidth', bandwidth, BANDWIDTH, [trait('PHYSNET', physical_network), vnic]);
  group('packets', packets, PACKETS, [vnic]);
  return groups.length === 0 ? null : { request_groups: groups, same_subtree: groups.map(({ id }) => id) };
}
