// Arithmetic of addresses and prefixes: text ↔ numbers, bounds, EUI-64. Pure. Numbers are bigints, so that IPv4 and IPv6 are one case.
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '#core/convert.ts';

export type IpVersion = 4 | 6;

export interface Prefix {
  readonly version: IpVersion;
  /** The network address. */
  readonly first: bigint;
  /** The last address; broadcast on IPv4. */
  readonly last: bigint;
  readonly length: number;
}

/** Inclusive. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

export const versionOf = (address: string): IpVersion => (address.includes(':') ? 6 : 4);
const LAST_V4 = 0xffff_ffffn;
/** Length of an address, and of the longest prefix. */
export const bits = (version: IpVersion): number => (version === 4 ? 32 : 128);

/** The number of an address in canonical or other valid text. */
export function toNumber(address: string): bigint {
  if (!address.includes(':')) {
    let value = 0;
    for (const part of address.split('.')) value = value * 256 + Number(part);
    return BigInt(value);
  }
  const { parts } = ipaddr.IPv6.parse(address);
  return parts.reduce((value, part) => (value << 16n) | BigInt(part), 0n);
}

export function toText(value: bigint, version: IpVersion): string {
  if (version === 4) {
    const number = Number(value);
    return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
  }
  const parts: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) parts.push(((value >> shift) & 0xffffn).toString(16));
  return canonicalAddress(parts.join(':'));
}

/** Host bits are dropped. */
export function parsePrefix(cidr: string): Prefix {
  const [address = '', suffix = ''] = cidr.split('/');
  const version = versionOf(address);
  const length = Number(suffix);
  const hostBits = BigInt(bits(version) - length);
  const first = (toNumber(address) >> hostBits) << hostBits;
  return { version, first, last: first + (1n << hostBits) - 1n, length };
}

export const prefixText = (prefix: Prefix): string => `${toText(prefix.first, prefix.version)}/${prefix.length}`;

export const contains = (range: Range, value: bigint): boolean => range.first <= value && value <= range.last;
export const overlaps = (one: Range, other: Range): boolean => one.first <= other.last && other.first <= one.last;

/**
 * What instances may be given: all but the network and broadcast addresses on IPv4 (a /31 and a /32 have neither, RFC 3021), all but the
 * subnet-router anycast address on IPv6 (RFC 4291 2.6.1; a /127 and a /128 have none, RFC 6164), and never the gateway.
 */
export function defaultPools(prefix: Prefix, gateway: bigint | undefined): Range[] {
  const { version, length } = prefix;
  const tiny = length >= bits(version) - 1;
  const first = tiny ? prefix.first : prefix.first + 1n;
  const last = tiny || version === 6 ? prefix.last : prefix.last - 1n;
  if (first > last) return [];
  if (gateway === undefined || gateway < first || gateway > last) return [{ first, last }];
  return [
    { first, last: gateway - 1n },
    { first: gateway + 1n, last },
  ].filter((range) => range.first <= range.last);
}

/**
 * Where a gateway goes when nobody says: the first address after the network's; on IPv6 the network's own, the subnet-router anycast address. A /31
 * has no address of its own to come after; after the only one of a /32 it is outside, and the address is an instance's.
 */
export function defaultGateway({ version, length, first }: Prefix): bigint {
  return version === 6 || length === 31 || first === LAST_V4 ? first : first + 1n;
}

/** The address an instance gives itself on a SLAAC subnet: prefix and modified EUI-64 of its MAC. RFC 4291 appendix A. */
export function eui64(prefix: Prefix, mac: string): bigint {
  const octets = mac.split(':').map((part) => BigInt(`0x${part}`));
  const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = octets;
  const identifier = [a ^ 2n, b, c, 0xffn, 0xfen, d, e, f].reduce((value, octet) => (value << 8n) | octet, 0n);
  return ((prefix.first >> 64n) << 64n) | identifier;
}
