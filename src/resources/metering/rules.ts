// What a rule of a metering label says, and that no two rules of a label count the same.
import { inputErrors } from '#core/convert.ts';
import type { RulesOf } from '#core/resource.ts';
import { overlaps, parsePrefix } from '#ipam/address.ts';
import { meteringErrors } from './errors.ts';
import { meteringLabelRule } from './schema.ts';

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

export const meteringLabelRuleRules: RulesOf<typeof meteringLabelRule> = {
  async create(context, draft) {
    const { metering_label_id, direction, excluded, remote_ip_prefix, source_ip_prefix, destination_ip_prefix } = draft;
    const twoSided = source_ip_prefix !== null || destination_ip_prefix !== null;
    if (remote_ip_prefix !== null && twoSided) {
      throw invalid("Cannot use 'remote-ip-prefix' in conjunction with 'source-ip-prefix' or 'destination-ip-prefix'");
    }
    if (remote_ip_prefix === null) {
      if (twoSided) return;
      const names = "'remote_ip_prefix', or 'source_ip_prefix' or 'destination_ip_prefix'";
      throw invalid(`You must define at least one of the following parameters ${names}`);
    }
    const mine = parsePrefix(remote_ip_prefix);
    const others = await context.find(
      meteringLabelRule,
      'r.metering_label_id = ? AND r.direction = ? AND r.excluded = ? AND r.remote_ip_prefix IS NOT NULL',
      metering_label_id,
      direction,
      excluded ? 1 : 0,
    );
    for (const other of others) {
      const its = parsePrefix(other.remote_ip_prefix as string);
      if (its.version === mine.version && overlaps(its, mine)) throw meteringErrors.MeteringLabelRuleOverlaps({ remote_ip_prefix });
    }
  },
};
