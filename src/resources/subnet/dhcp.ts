// Which prefixes DHCP can serve. Asked by the subnet's rules where it is turned on.
import { inputErrors } from '#core/convert.ts';
import { bits, contains, type Prefix, parsePrefix, toText } from '#ipam/address.ts';

const MULTICAST = [parsePrefix('224.0.0.0/4'), parsePrefix('ff00::/8')];
const LOOPBACK = [parsePrefix('127.0.0.0/8'), parsePrefix('::1/128')];

const within = (prefix: Prefix, outer: Prefix): boolean =>
  prefix.version === outer.version && contains(outer, prefix.first) && contains(outer, prefix.last);

/** Why DHCP cannot serve a prefix, or undefined. */
function unserved(prefix: Prefix): string | undefined {
  // Server and client take an address each, besides those of the network and of its end.
  if (prefix.length > bits(prefix.version) - 2) return 'Subnet has a prefix length that is incompatible with DHCP service enabled';
  if (MULTICAST.some((outer) => within(prefix, outer))) return 'Multicast IP subnet is not supported if enable_dhcp is True';
  if (LOOPBACK.some((outer) => within(prefix, outer))) return 'Loopback IP subnet is not supported if enable_dhcp is True';
  if (prefix.version === 4 && prefix.first === 0n)
    return `First IP '${toText(prefix.first, prefix.version)}' of network is not supported if enable_dhcp is True.`;
  return undefined;
}

/** Refuses a prefix that DHCP cannot serve. */
export function checkServed(prefix: Prefix): void {
  const error_message = unserved(prefix);
  if (error_message !== undefined) throw inputErrors.InvalidInput({ error_message });
}
