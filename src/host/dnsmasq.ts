// The languages that dnsmasq reads and writes: settings, host lines, option lines, the lease file. Pure; called by the DHCP agent.
// Tenants choose names and option values: whatever they hold, one call gives one line at most, and never a line of another kind.

import { isIP } from 'node:net';

/** dnsmasq reads lines into a buffer of 1,025 bytes and takes what is left over for a line of its own: nothing comes near it. */
const LINE_LIMIT = 1_000;

/** One label, or several: what may stand as the name of a host or a domain. */
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
/** Words that a host line takes for a lease time or for a command. */
const NO_NAME = /^(\d+[smhdw]?|infinite|ignore)$/i;

/** Whether a name can be given to a host or a domain as it is (RFC 1123). */
export const isHostName = (name: string): boolean => HOST_NAME.test(name);

/** A configuration file: `name=value` or `name` per line. Throws on a value that would not stay on its line. */
export function settingsText(settings: readonly (readonly [name: string, value?: string])[]): string {
  return settings.map(([name, value]) => `${lineOf(value === undefined ? name : `${name}=${value}`)}\n`).join('');
}

/** What a server knows about a client. */
export interface HostEntry {
  readonly mac: string;
  /** Client identifier by which it is known besides its MAC: pairs of hexadecimal digits. */
  readonly clientId?: string;
  /** Only for requests that carry this tag; dnsmasq gives `dhcpv6` to those of DHCPv6. */
  readonly only?: 'dhcpv6';
  /** Given to its requests, so that options can be chosen for them. A server that has served such a client does not survive a SIGHUP: see `isTagged`. */
  readonly tag?: string;
  /** IPv4 or IPv6, not both: dnsmasq looks for an entry of the family asked for. */
  readonly addresses: readonly string[];
  readonly name: string | undefined;
}

/** The line of a file in `dhcp-hostsdir`. */
export function hostLine({ mac, clientId, only, tag, addresses, name }: HostEntry): string {
  if (!MAC.test(mac)) throw new Error(`not a MAC address: ${JSON.stringify(mac)}`);
  for (const address of addresses) if (isIP(address) === 0) throw new Error(`not an IP address: ${JSON.stringify(address)}`);
  const parts = [mac];
  if (clientId !== undefined && isHexPairs(clientId)) parts.push(`id:${clientId}`);
  if (only !== undefined) parts.push(`tag:${only}`);
  if (tag !== undefined) parts.push(`set:${tag}`);
  parts.push(...addresses.map((address) => (address.includes(':') ? `[${address}]` : address)));
  if (name !== undefined && isHostName(name) && !NO_NAME.test(name)) parts.push(name);
  return lineOf(parts.join(','));
}

/**
 * Whether a file of host lines gives tags. dnsmasq chains the tags of a client that it serves to those of the request, on its stack, and at
 * a SIGHUP frees them along that chain: versions before 2.91 crash (tried: 2.90, Debian 12).
 */
export const isTagged = (hosts: string): boolean => /,set:/.test(hosts);

/** Whether text is `01:ab:…`. */
export const isHexPairs = (text: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){0,63}$/i.test(text);

/**
 * The line of a file in `dhcp-optsdir`: an option for the requests that carry a tag. `name` is one that dnsmasq knows or a number; a value of
 * null or '' means that the option is not sent. Undefined when the name or the value cannot be said in one line.
 */
export function optionLine(tag: string, family: 4 | 6, name: string, value: string | null): string | undefined {
  if (!/^[a-z0-9][a-z0-9+-]{0,63}$/i.test(name)) return undefined;
  if (/^\d+$/.test(name) && (Number(name) === 0 || Number(name) > (family === 4 ? 254 : 65_535))) return undefined;
  const known = /^\d+$/.test(name) && family === 4 ? name : `${family === 4 ? 'option' : 'option6'}:${name}`;
  const line = `tag:${tag},${known}${value === null || value === '' ? '' : `,${valueText(value, family)}`}`;
  return isOneLine(line) ? line : undefined;
}

/** A value as dnsmasq reads addresses, numbers, hexadecimal and text; quoted, and then text alone, when it holds what has a meaning to the reader. */
function valueText(value: string, family: 4 | 6): string {
  if (/["#\\]|^\s|\s$/.test(value)) return `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  if (family === 4) return value;
  return value
    .split(',')
    .map((part) => (/^(?=.*:.*:)[0-9a-f:.]+$/i.test(part) && !isHexPairs(part) ? `[${part}]` : part))
    .join(',');
}

/** A line of a hosts file for DNS. */
export const nameLine = (address: string, names: readonly string[]): string => lineOf([address, ...names.filter(isHostName)].join(' '));

/** Whether text stays one line, and the line it is meant to be: no control characters, no separators of Unicode. */
const isOneLine = (text: string): boolean => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) && Buffer.byteLength(text) <= LINE_LIMIT;

function lineOf(text: string): string {
  if (!isOneLine(text)) throw new Error(`not one line for dnsmasq: ${JSON.stringify(text.slice(0, 100))}`);
  return text;
}

/** The addresses in dnsmasq's lease file. */
export function leasedAddresses(text: string): string[] {
  const addresses: string[] = [];
  for (const line of text.split('\n')) {
    const [expires, , address] = line.split(' ');
    if (address !== undefined && /^\d+$/.test(expires ?? '') && isIP(address) !== 0) addresses.push(address);
  }
  return addresses;
}

/** The MACs and addresses that a file of host lines speaks of: no two of a server's files may share one. */
export function claimsOf(hosts: string): string[] {
  return hosts
    .split(/[\n,]/)
    .map((part) => (part.startsWith('[') ? part.slice(1, -1) : part))
    .filter((part) => MAC.test(part) || isIP(part) !== 0);
}
