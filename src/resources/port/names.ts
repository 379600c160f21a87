// The names that a port's addresses have: its own, or one made of the address. DHCP servers are told the same ones.
import type { Settings } from '#core/settings.ts';
import type { DnsAssignment, FixedIp } from './schema.ts';

/** The name an address has when its port has none: `host-10-0-0-5`. */
export const hostName = (address: string): string => `host-${address.replaceAll(/[.:]/g, '-')}`;

export function dnsAssignment(name: string, fixedIps: readonly FixedIp[], { dnsDomain }: Pick<Settings, 'dnsDomain'>): DnsAssignment[] {
  return fixedIps.map(({ ip_address }) => {
    const hostname = name || hostName(ip_address);
    return { ip_address, hostname, fqdn: hostname.endsWith('.') ? hostname : [hostname, dnsDomain].filter(Boolean).join('.') };
  });
}
