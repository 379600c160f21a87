// What a rule matches: whether its parts go together, and when two rules match the same. Pure; called by the rules of security group rules and
// of the rules that new groups are made of.
import { parsePrefix, prefixText, versionOf } from '#ipam/address.ts';
import { ruleErrors } from './errors.ts';
import { ANY, PROTOCOLS } from './values.ts';

/** What of a rule decides which packets it matches. Left out and null are the same. */
export interface Match {
  readonly direction: string;
  readonly ethertype?: string;
  readonly protocol?: string | null;
  readonly port_range_min?: number | null;
  readonly port_range_max?: number | null;
  readonly remote_ip_prefix?: string | null;
  readonly remote_group_id?: string | null;
  readonly remote_address_group_id?: string | null;
}

const ICMP = 1;
const ICMPV6 = 58;
const WITH_PORTS = ['dccp', 'sctp', 'tcp', 'udp', 'udplite'];
const WITH_PORTS_NUMBERS = WITH_PORTS.map((name) => PROTOCOLS.get(name));
const IPV6_ONLY = [...PROTOCOLS].filter(([name]) => name === 'icmpv6' || name.startsWith('ipv6-')).map(([, number]) => number);

/** Names of ICMP that were used before IPv6 had its own. */
const OLD_ICMPV6 = ['icmp', 'icmpv6'];

/** The protocol as it is stored: ICMP for IPv6 has one name. */
export const protocolName = ({ protocol = null, ethertype = 'IPv4' }: Pick<Match, 'protocol' | 'ethertype'>): string | null =>
  ethertype === 'IPv6' && protocol !== null && OLD_ICMPV6.includes(protocol) ? 'ipv6-icmp' : protocol;

/** undefined: all of them. */
function protocolNumber(match: Match): number | undefined {
  const name = protocolName(match);
  return name === null || name === ANY ? undefined : (PROTOCOLS.get(name) ?? Number(name));
}

/** Refuses a rule whose parts do not go together. */
export function checkMatch(match: Match): void {
  const { ethertype = 'IPv4', protocol, remote_ip_prefix } = match;
  const remotes = [remote_ip_prefix, match.remote_group_id, match.remote_address_group_id].filter((one) => one != null);
  if (remotes.length > 1) throw ruleErrors.SecurityGroupMultipleRemoteEntites({});
  const number = protocolNumber(match);
  checkPorts(match, number);
  if (ethertype === 'IPv4' && number !== undefined && IPV6_ONLY.includes(number)) {
    throw ruleErrors.SecurityGroupEthertypeConflictWithProtocol({ ethertype, protocol: protocol ?? '' });
  }
  if (remote_ip_prefix != null && ethertype !== `IPv${versionOf(remote_ip_prefix)}`) {
    throw ruleErrors.SecurityGroupRuleParameterConflict({ ethertype, cidr: remote_ip_prefix });
  }
}

function checkPorts({ port_range_min, port_range_max }: Match, protocol: number | undefined): void {
  const [min, max] = [port_range_min ?? null, port_range_max ?? null];
  if (min === null && max === null) return;
  if (protocol === undefined) throw ruleErrors.SecurityGroupProtocolRequiredWithPorts({});
  if (WITH_PORTS_NUMBERS.includes(protocol)) {
    if (min === 0 || max === 0) throw ruleErrors.SecurityGroupInvalidPortValue({ port: 0 });
    if (min === null || max === null || min > max) throw ruleErrors.SecurityGroupInvalidPortRange({});
  } else if (protocol === ICMP || protocol === ICMPV6) {
    checkIcmp('type', 'port_range_min', min);
    checkIcmp('code', 'port_range_max', max);
    if (min === null) throw ruleErrors.SecurityGroupMissingIcmpType({ value: String(max) });
  } else {
    const valid_port_protocols = WITH_PORTS.join(', ').toUpperCase();
    throw ruleErrors.SecurityGroupInvalidProtocolForPort({ protocol, valid_port_protocols });
  }
}

function checkIcmp(field: string, attr: string, value: number | null): void {
  if (value !== null && value > 255) throw ruleErrors.SecurityGroupInvalidIcmpValue({ field, attr, value });
}

/** Prefixes that leave nobody out. */
const EVERYBODY = ['0.0.0.0/0', '::/0'];

/** Two rules with the same text match the same packets, however they are written. */
export function matchText(match: Match): string {
  const {
    direction,
    ethertype = 'IPv4',
    port_range_min,
    port_range_max,
    remote_ip_prefix,
    remote_group_id,
    remote_address_group_id,
  } = match;
  const prefix = remote_ip_prefix != null && !EVERYBODY.includes(remote_ip_prefix) ? remote_ip_prefix : null;
  const remote = prefix ?? remote_group_id ?? remote_address_group_id ?? '';
  return [direction, ethertype, protocolNumber(match) ?? '', port_range_min ?? '', port_range_max ?? '', remote].join(' ');
}

/** The prefix without host bits. */
export const normalizedCidr = (prefix: string | null | undefined): string | null =>
  prefix == null ? null : prefixText(parsePrefix(prefix));
