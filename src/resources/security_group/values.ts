// Values of a rule as clients may write them → the one form that is stored, or the API's own refusal. Used by the declarations of rules and of
// the rules that new groups are made of.
import { type Convert, canonicalAddress } from '#core/convert.ts';
import { repr, str } from '#core/python.ts';
import { cidr, text, type Validate } from '#core/validate.ts';
import { ruleErrors, securityGroupErrors } from './errors.ts';

export const ETHERTYPES = ['IPv4', 'IPv6'] as const;
export const DIRECTIONS = ['ingress', 'egress'] as const;

/** IANA's numbers of the protocols that have a name here. */
export const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['ah', 51],
  ['dccp', 33],
  ['egp', 8],
  ['esp', 50],
  ['gre', 47],
  ['hopopt', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ip', 0],
  ['ipip', 4],
  ['ipv6-encap', 41],
  ['ipv6-frag', 44],
  ['ipv6-icmp', 58],
  ['icmpv6', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['ipv6-route', 43],
  ['ospf', 89],
  ['pgm', 113],
  ['rsvp', 46],
  ['sctp', 132],
  ['tcp', 6],
  ['udp', 17],
  ['udplite', 136],
  ['vrrp', 112],
]);

/** Stands for every protocol, as null does. */
export const ANY = 'any';

/** The name of every project's own group is nobody else's. */
export const notDefault: Validate = (value) => {
  const wrong = text(255)(value);
  if (wrong === undefined && (value as string).toLowerCase() === 'default') throw securityGroupErrors.SecurityGroupDefaultAlreadyExists({});
  return wrong;
};

/** IPv4 or IPv6 in any letter case. */
export const ethertype: Convert = (value) => {
  const found = ETHERTYPES.find((one) => typeof value === 'string' && one.toLowerCase() === value.toLowerCase());
  if (!found) throw ruleErrors.SecurityGroupRuleInvalidEtherType({ ethertype: str(value), values: repr(ETHERTYPES) });
  return found;
};

/** A protocol's name in lower case, or its number as text. */
export const protocol: Convert = (value) => {
  if (value === null || value === ANY) return null;
  const given = typeof value === 'string' || Number.isInteger(value) ? String(value).toLowerCase() : '';
  if (PROTOCOLS.has(given) || given === ANY) return given;
  if (/^\d{1,3}$/.test(given) && Number(given) <= 255) return String(Number(given));
  const names = [null, ANY, ...PROTOCOLS.keys()].map(repr).join(', ');
  throw ruleErrors.SecurityGroupRuleInvalidProtocol({ protocol: str(value), values: `(${names})` });
};

/** A port, or an ICMP type or code. */
export const portValue: Convert = (value) => {
  if (value === null) return null;
  const number = typeof value === 'string' && !/^\s*[+-]?\d+\s*$/.test(value) ? Number.NaN : Math.trunc(Number(value));
  const fine = !(typeof value === 'object') && number >= 0 && number <= 65_535;
  if (!fine) throw ruleErrors.SecurityGroupInvalidPortValue({ port: str(value) });
  return number;
};

/** A prefix as the client wrote it, host bits and all; an address alone is a prefix of its own. */
export const ipPrefix: Convert = (value) => {
  if (value === null || value === '') return null;
  const [address = '', ...length] = typeof value === 'string' ? value.split('/') : [];
  const canonical = canonicalAddress(address);
  const whole = [canonical, ...(length.length > 0 ? length : [canonical.includes(':') ? '128' : '32'])].join('/');
  if (cidr(whole) !== undefined) throw ruleErrors.InvalidCIDR({ input: str(value) });
  return whole;
};
