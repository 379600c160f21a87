// Converters: what clients may write → the one form that is stored. They run before validation, and they run over filter values
// too. Named as the API's own list of converters names them; each throws InvalidInput for what it cannot read.
import ipaddr from 'ipaddr.js';
import { errorTable } from './errors.ts';
import { str } from './python.ts';

export const inputErrors = errorTable({
  InvalidInput: ['invalid', 'Invalid input for operation: {error_message}.'],
});

export type Convert = (value: unknown) => unknown;

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0']);

/** true/t/yes/y/on/1 and false/f/no/n/off/0 in any letter case, as text or number. */
export const toBoolean: Convert = (value) => {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value).toLowerCase();
    if (TRUE.has(text)) return true;
    if (FALSE.has(text)) return false;
  }
  throw invalid(`'${str(value)}' cannot be converted to boolean`);
};

/** Whole numbers, as number or decimal text. */
export const toInt: Convert = (value) => {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number' && Number.isFinite(value)) return Math.trunc(value);
  if (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  throw invalid(`'${str(value)}' is not an integer`);
};

export const orNull =
  (convert: Convert): Convert =>
  (value) =>
    value === null ? null : convert(value);

export const noneToEmptyList: Convert = (value) => value ?? [];
export const noneToEmptyObject: Convert = (value) => value ?? {};
export const toText: Convert = (value) => (value === null ? null : str(value));

export const toLowerCase: Convert = (value) => {
  if (typeof value !== 'string') throw invalid(`Input value ${str(value)} must be string type`);
  return value.toLowerCase();
};

/** RFC 5952 text of an IPv6 address, dotted quad of an IPv4 one; anything else is left for the validator to refuse. */
export const canonicalIp: Convert = (value) => (typeof value === 'string' ? canonicalAddress(value) : value);

/** As {@link canonicalIp} for text, always answering text. */
export function canonicalAddress(text: string): string {
  if (!ipaddr.isValid(text) || (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text))) return text;
  const address = ipaddr.parse(text);
  if (address.kind() === 'ipv4') return address.toString();
  const v6 = address as ipaddr.IPv6;
  return v6.isIPv4MappedAddress() ? `::ffff:${v6.toIPv4Address().toString()}` : v6.toRFC5952String();
}

/** The address part in canonical text; host bits are kept. */
export const canonicalCidr: Convert = (value) => {
  if (value === null) return null;
  const [address, prefix, ...rest] = typeof value === 'string' ? value.split('/') : [];
  if (address === undefined || !ipaddr.isValid(address) || rest.length > 0) throw invalid(`${str(value)} is not in a CIDR format`);
  const canonical = canonicalAddress(address);
  return prefix === undefined ? `${canonical}/${canonical.includes(':') ? 128 : 32}` : `${canonical}/${prefix}`;
};

export const canonicalPools: Convert = (value) => {
  if (value === null) return [];
  if (!Array.isArray(value)) return value;
  return value.map((pool: unknown) => {
    if (typeof pool !== 'object' || pool === null) return pool;
    return Object.fromEntries(Object.entries(pool).map(([key, address]) => [key, canonicalIp(address)]));
  });
};

/** Lower case with colons, from colons, dashes, dots or nothing between the digits; anything else is left for the validator. */
export const sanitizedMac: Convert = (value) => {
  if (typeof value !== 'string') return value;
  const loose = /^([0-9a-f]{1,2})([:-])([0-9a-f]{1,2})\2([0-9a-f]{1,2})\2([0-9a-f]{1,2})\2([0-9a-f]{1,2})\2([0-9a-f]{1,2})$/i.exec(value);
  const digits = loose
    ? [1, 3, 4, 5, 6, 7].map((index) => (loose[index] ?? '').padStart(2, '0')).join('')
    : /^(?:[0-9a-f]{12}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})$/i.test(value)
      ? value.replaceAll('.', '')
      : undefined;
  return digits === undefined ? value : (digits.toLowerCase().match(/../g) ?? []).join(':');
};

/** `a=1`, `a=2`, `b=3` → `{ a: ['1', '2'], b: ['3'] }`: the inner filters of fixed_ips and the like. */
export const keyValueLists = (values: readonly string[]): Record<string, string[]> => {
  const lists = new Map<string, string[]>();
  for (const value of values) {
    const at = value.indexOf('=');
    if (at < 1) throw invalid(`'${value}' is not of the form <key>=[value]`);
    const key = value.slice(0, at);
    lists.set(key, [...(lists.get(key) ?? []), value.slice(at + 1)]);
  }
  return Object.fromEntries(lists);
};
