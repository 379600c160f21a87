// The types of rule that a QoS policy can have, and for administrators what implements them.
import { t } from '#core/attributes.ts';
import { toBoolean } from '#core/convert.ts';
import { resource } from '#core/resource.ts';
import { linuxbridge } from '#ml2/mechanisms/linuxbridge.ts';
import { qosErrors } from './errors.ts';
import { ANY_DIRECTION, DIRECTIONS, MARKS, MOST, type RuleType } from './rules-schema.ts';

const rate = (parameter_name: string) => ({
  parameter_name,
  parameter_type: 'range',
  parameter_values: { start: 0, end: MOST },
});
const choice = (parameter_name: string, parameter_values: readonly unknown[]) => ({
  parameter_name,
  parameter_type: 'choices',
  parameter_values,
});
const ways = choice('direction', DIRECTIONS);

/** What can be set of a rule of each type. */
const PARAMETERS: Readonly<Record<RuleType, readonly object[]>> = {
  bandwidth_limit: [rate('max_kbps'), rate('max_burst_kbps'), ways],
  dscp_marking: [choice('dscp_mark', MARKS)],
  minimum_bandwidth: [rate('min_kbps'), ways],
  minimum_packet_rate: [rate('min_kpps'), choice('direction', ANY_DIRECTION)],
  packet_rate_limit: [rate('max_kpps'), rate('max_burst_kpps'), ways],
};
const types = Object.keys(PARAMETERS) as RuleType[];

/** With one mechanism, what it supports is what all support, and what any supports. */
const everything = (doc: string) =>
  t
    .bool(doc)
    .optional()
    .mutable()
    .hidden()
    .virtual()
    .filter((values) => {
      for (const value of values) toBoolean(value);
      return undefined;
    })
    .extension('qos-rule-type-filter');

export const ruleType = resource({
  name: 'rule_type',
  collection: 'rule_types',
  prefix: 'qos',
  doc: 'A type of rule that a QoS policy can have.',
  table: `(${types.map((type) => `SELECT '${type}' AS id, '${type}' AS type`).join(' UNION ALL ')})`,
  extension: 'qos',
  item: 'type',
  operations: ['list', 'show'],
  attributes: {
    id: t.free('As `type`.').readOnly().hidden(),
    type: t.free('Its name.').readOnly().list(),
    drivers: t
      .json<object[]>('What implements it, and what can be set of it there.', { type: 'array', items: { type: 'object' } })
      .readOnly()
      .computed(['id'], ({ id }) => [{ name: linuxbridge.name, supported_parameters: PARAMETERS[id as RuleType] }])
      .extension('qos-rule-type-details'),
    all_supported: everything('Finds types that some mechanism supports.'),
    all_rules: everything('Finds all types that there are.'),
  },
  details: { attributes: ['drivers'], rule: 'context_is_admin', refused: () => qosErrors.NotAuthorized({}) },
  notFound: (type) => qosErrors.QosRuleNotFound({ rule_id: type, policy_id: '' }),
  scopes: () => [],
});
