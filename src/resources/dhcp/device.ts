// How DHCP ports are named, so that a host finds its own again: `dhcp<uuid of the host>-<network id>`.
import { createHash } from 'node:crypto';

/** The DNS namespace of RFC 4122 appendix C. */
const DNS_NAMESPACE = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');

/** RFC 4122 version 5. */
export function nameUuid(name: string): string {
  const hash = createHash('sha1').update(DNS_NAMESPACE).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export const dhcpDeviceId = (host: string, networkId: string): string => `dhcp${nameUuid(host.split('.')[0] ?? host)}-${networkId}`;
