// What a client may be told of metering.
import { errorTable } from '#core/errors.ts';

export const meteringErrors = errorTable({
  MeteringLabelNotFound: ['notFound', "Metering label '{label_id}' does not exist."],
  MeteringLabelRuleNotFound: ['notFound', "Metering label rule '{rule_id}' does not exist."],
  MeteringLabelRuleOverlaps: ['conflict', "Metering label rule with remote_ip_prefix '{remote_ip_prefix}' overlaps another."],
});
