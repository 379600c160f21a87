// The rules of a QoS policy, a resource for each type: nested in their policy, and under the names `alias_…` found by their own id alone.
import { type Attributes, t } from '#core/attributes.ts';
import { type Resource, resource } from '#core/resource.ts';
import { oneOf, range } from '#core/validate.ts';
import { qosErrors } from './errors.ts';

/** The largest rate and burst there is. */
export const MOST = 2_147_483_647;
/** Code points (RFC 2474) that packets may be marked with. */
export const MARKS = [0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 44, 46, 48, 56] as const;
export const DIRECTIONS = ['ingress', 'egress'] as const;
export const ANY_DIRECTION = ['any', 'ingress', 'egress'] as const;

const rate = (doc: string) => t.int(doc, range(0, MOST)).mutable().filter().sort();
const direction = <const V extends string>(doc: string, values: readonly V[]) => t.oneOf(doc, values).mutable().filter().sort();
const TWO_WAYS = 'Seen from the port: egress is what it sends.';

const ofPolicy = { resource: 'policy', field: 'qos_policy_id' } as const;
const identity = {
  id: t.id('Identifies the rule; made by the server.').readOnly().filter().sort().list(),
  qos_policy_id: t.id('The policy it belongs to.').readOnly().hidden().ref('policy', 'delete'),
};

interface Kind<A extends Attributes> {
  readonly type: string;
  readonly extension: string;
  readonly doc: string;
  readonly attributes: A;
}

const declared = <A extends Attributes>({ type, extension, doc, attributes }: Kind<A>) =>
  resource({
    name: `policy_${type}_rule`,
    key: `${type}_rule`,
    collection: `${type}_rules`,
    parent: ofPolicy,
    doc,
    table: `qos_${type}_rules`,
    extension,
    attributes,
    bulk: type !== 'packet_rate_limit',
    foreignParent: 'forbidden',
    oneByOne: true,
    notFound: (rule_id, policy_id = '') => qosErrors.QosRuleNotFound({ rule_id, policy_id }),
    scopes: () => [],
  });

/** The same rows by their own id alone. */
function aliasOf<A extends Attributes>(rule: Resource<A>, extension: string): Resource<A> {
  const { key, collection, table, doc, notFound, attributes } = rule;
  const { id, qos_policy_id, ...own } = attributes as Attributes;
  const changeable = Object.entries(own).map(([name, attribute]) => [name, attribute.updateOnly()]);
  return resource({
    name: `alias_${key}`,
    collection: `alias_${collection}`,
    prefix: 'qos',
    under: ofPolicy,
    doc,
    table,
    extension,
    // References are the other name's, so that what refers counts once.
    attributes: {
      id,
      ...Object.fromEntries(changeable),
      qos_policy_id: t.free('The policy it belongs to.').readOnly().hidden(),
    } as unknown as A,
    operations: ['show', 'update', 'delete'],
    notFound,
    scopes: () => [],
  });
}

export const bandwidthLimit = declared({
  type: 'bandwidth_limit',
  extension: 'qos',
  doc: 'How much a port may send or receive.',
  attributes: {
    ...identity,
    max_kbps: rate('Kilobits per second.').list(),
    max_burst_kbps: rate('Kilobits that may exceed it at once; 0 leaves the choice to the host.').default(0),
    direction: direction(TWO_WAYS, DIRECTIONS).default('egress').extension('qos-bw-limit-direction').list(),
  },
});

export const dscpMarking = declared({
  type: 'dscp_marking',
  extension: 'qos',
  doc: 'What packets of a port are marked with.',
  attributes: { ...identity, dscp_mark: t.int('The code point.', oneOf(MARKS)).mutable().filter().sort().list() },
});

export const minimumBandwidth = declared({
  type: 'minimum_bandwidth',
  extension: 'qos',
  doc: 'How much a port can always send or receive.',
  attributes: {
    ...identity,
    min_kbps: rate('Kilobits per second.').list(),
    direction: direction(TWO_WAYS, DIRECTIONS).default('egress').list(),
  },
});

export const packetRateLimit = declared({
  type: 'packet_rate_limit',
  extension: 'qos-pps',
  doc: 'How many packets a port may send or receive.',
  attributes: {
    ...identity,
    max_kpps: rate('Thousands of packets per second.').list(),
    max_burst_kpps: rate('Thousands of packets that may exceed it at once.').default(0),
    direction: direction(TWO_WAYS, DIRECTIONS).default('egress').list(),
  },
});

export const minimumPacketRate = declared({
  type: 'minimum_packet_rate',
  extension: 'qos-pps-minimum',
  doc: 'How many packets a port can always send or receive.',
  attributes: {
    ...identity,
    min_kpps: rate('Thousands of packets per second.').list(),
    direction: direction('Seen from the port; `any` is both together.', ANY_DIRECTION).default('egress').list(),
  },
});

export const aliasBandwidthLimit = aliasOf(bandwidthLimit, 'qos-rules-alias');
export const aliasDscpMarking = aliasOf(dscpMarking, 'qos-rules-alias');
export const aliasMinimumBandwidth = aliasOf(minimumBandwidth, 'qos-rules-alias');
export const aliasMinimumPacketRate = aliasOf(minimumPacketRate, 'qos-pps-minimum-rule-alias');

/** Every type of rule by its name in the API. */
export const RULES = {
  bandwidth_limit: bandwidthLimit,
  dscp_marking: dscpMarking,
  minimum_bandwidth: minimumBandwidth,
  minimum_packet_rate: minimumPacketRate,
  packet_rate_limit: packetRateLimit,
} as const;
export type RuleType = keyof typeof RULES;
