// Validators: each answers why a value is refused, or undefined. The texts are the API's own; clients and suites match on them.
import ipaddr from 'ipaddr.js';
import { canonicalAddress, inputErrors, sanitizedMac } from './convert.ts';
import { errorTable } from './errors.ts';
import { repr, str } from './python.ts';

export type Validate = (value: unknown) => string | undefined;

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

export const uuid: Validate = (value) =>
  typeof value === 'string' && UUID.test(value) ? undefined : `'${str(value)}' is not a valid UUID`;

export const text =
  (max: number): Validate =>
  (value) => {
    // Not every database can keep a NUL in a text.
    if (typeof value !== 'string' || value.includes('\0')) return `'${str(value)}' is not a valid string`;
    // Characters, of which JavaScript counts some twice.
    return value.length > max && [...value].length > max ? `'${value}' exceeds maximum length of ${max}` : undefined;
  };

/** Text without blanks at its ends and without tabs or line breaks. */
export const nameText = (max: number): Validate => {
  const plain = text(max);
  return (value) => {
    if (typeof value === 'string' && (value.trim() !== value || /[\t\n\r\v\f]/.test(value))) return `'${value}' is not a valid string`;
    return plain(value);
  };
};

export const notBlank =
  (max: number): Validate =>
  (value) =>
    text(max)(value) ?? ((value as string).trim() === '' ? `'${value}' Blank strings are not permitted` : undefined);

export const oneLineNotEmpty =
  (max: number): Validate =>
  (value) => {
    const wrong = notBlank(max)(value);
    if (wrong !== undefined) return wrong;
    return /[\r\n]/.test(value as string) ? `Multi-line string is not allowed: '${value}'` : undefined;
  };

export const orNull =
  (validate: Validate): Validate =>
  (value) =>
    value === null ? undefined : validate(value);

export const oneOf =
  (allowed: readonly unknown[]): Validate =>
  (value) =>
    allowed.includes(value) ? undefined : `${str(value)} is not in valid_values`;

export const integer: Validate = (value) => {
  if (typeof value === 'boolean') return `'${str(value)}' is not an integer:boolean`;
  return Number.isInteger(value) || (typeof value === 'string' && /^[+-]?\d+$/.test(value))
    ? undefined
    : `'${str(value)}' is not an integer`;
};

export const nonNegative: Validate = (value) =>
  integer(value) ?? (Number(value) < 0 ? `'${str(value)}' should be non-negative` : undefined);

/** A whole number between both ends. */
export const range =
  (min: number, max: number): Validate =>
  (value) => {
    const wrong = integer(value);
    if (wrong !== undefined) return wrong;
    if (Number(value) < min) return `'${str(value)}' is too small - must be at least '${min}'`;
    return Number(value) > max ? `'${str(value)}' is too large - must be no larger than '${max}'` : undefined;
  };

export const ipAddress: Validate = (value) => {
  if (typeof value !== 'string' || value.includes('%')) return `'${str(value)}' is not a valid IP address`;
  if (ipaddr.IPv4.isValidFourPartDecimal(value) || (value.includes(':') && ipaddr.IPv6.isValid(value))) return undefined;
  const unpadded = value.replace(/(^|\.)0+(?=\d)/g, '$1');
  if (unpadded !== value && ipaddr.IPv4.isValidFourPartDecimal(unpadded)) {
    return `'${value}' is not an accepted IP address, '${unpadded}' is recommended`;
  }
  return `'${value}' is not a valid IP address`;
};

/** `address/prefix`; host bits may be set. */
export const cidr: Validate = (value) => {
  const [address, prefix, ...rest] = typeof value === 'string' ? value.split('/') : [];
  const fine =
    address !== undefined &&
    rest.length === 0 &&
    ipAddress(address) === undefined &&
    /^\d{1,3}$/.test(prefix ?? '') &&
    Number(prefix) <= (address.includes(':') ? 128 : 32);
  return fine ? undefined : `'${str(value)}' is not a valid IP subnet`;
};

export const mac: Validate = (value) => {
  const clean = sanitizedMac(value);
  const fine = typeof clean === 'string' && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(clean);
  return fine && clean !== '00:00:00:00:00:00' && clean !== 'ff:ff:ff:ff:ff:ff' ? undefined : `'${str(value)}' is not a valid MAC address`;
};

const duplicates = (list: readonly unknown[]): unknown => {
  const seen = new Set<string>();
  for (const item of list) {
    const key = JSON.stringify(item);
    if (seen.has(key)) return item;
    seen.add(key);
  }
  return undefined;
};

export const listOfUnique =
  (each: Validate): Validate =>
  (value) => {
    if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
    const twice = duplicates(value);
    if (twice !== undefined) return `Duplicate items in the list: '${str(twice)}'`;
    for (const item of value) {
      const wrong = each(item);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };

const exactKeys = (value: unknown, keys: readonly string[]): string | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `'${str(value)}' is not a dictionary`;
  const given = Object.keys(value);
  if (given.length === keys.length && keys.every((key) => given.includes(key))) return undefined;
  const set = (names: readonly string[]): string => `{${names.map(repr).join(', ')}}`;
  return `Validation of dictionary's keys failed. Expected keys: ${set(keys)} Provided keys: ${set(given)}`;
};

/** Parts of one row that each take rows of their own: what a transaction does in reasonable time. */
const AT_MOST = 1_000;

const tooMany = (list: readonly unknown[]): string | undefined =>
  list.length > AT_MOST ? `There are more than ${AT_MOST} items in the list` : undefined;

export const pools: Validate = (value) => {
  if (!Array.isArray(value)) return `Invalid data format for IP pool: '${str(value)}'`;
  const many = tooMany(value);
  if (many !== undefined) return many;
  for (const pool of value) {
    const wrong = exactKeys(pool, ['start', 'end']) ?? ipAddress(pool.start) ?? ipAddress(pool.end);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

export const nameservers: Validate = (value) => {
  if (!Array.isArray(value)) return `Invalid data format for nameserver: '${str(value)}'`;
  for (const server of value) {
    const wrong = ipAddress(server);
    if (wrong !== undefined) return `'${str(server)}' is not a valid nameserver. ${wrong}`;
  }
  const twice = duplicates(value);
  return twice === undefined ? undefined : `Duplicate nameserver '${str(twice)}'`;
};

/** A prefix without host bits. */
const prefix: Validate = (value) => {
  const [address = '', length = address.includes(':') ? '128' : '32', ...rest] = str(value).split('/');
  const whole = [address, length, ...rest].join('/');
  if (cidr(whole) !== undefined) return `'${str(value)}' is not a valid CIDR`;
  const first = ipaddr[address.includes(':') ? 'IPv6' : 'IPv4'].networkAddressFromCIDR(whole);
  const canonical = `${canonicalAddress(first.toString())}/${length}`;
  return str(value) === whole && canonicalAddress(address) === canonicalAddress(first.toString())
    ? undefined
    : `'${str(value)}' is not a recognized CIDR, '${canonical}' is recommended`;
};

export const hostRoutes: Validate = (value) => {
  if (!Array.isArray(value)) return `Invalid data format for hostroute: '${str(value)}'`;
  for (const route of value) {
    const wrong = exactKeys(route, ['destination', 'nexthop']) ?? prefix(route.destination) ?? ipAddress(route.nexthop);
    if (wrong !== undefined) return wrong;
  }
  const twice = duplicates(value);
  return twice === undefined ? undefined : `Duplicate hostroute '${repr(twice)}'`;
};

export const fixedIps: Validate = (value) => {
  if (!Array.isArray(value)) return `Invalid data format for fixed IP: '${str(value)}'`;
  const many = tooMany(value);
  if (many !== undefined) return many;
  const seen = new Set<string>();
  for (const fixed of value) {
    if (typeof fixed !== 'object' || fixed === null || Array.isArray(fixed)) return `'${str(fixed)}' is not a dictionary`;
    const { ip_address, subnet_id } = fixed as Record<string, unknown>;
    if (ip_address !== undefined && ip_address !== null) {
      if (seen.has(String(ip_address))) return `Duplicate IP address '${str(ip_address)}'`;
      seen.add(String(ip_address));
      const wrong = ipAddress(ip_address);
      if (wrong !== undefined) return wrong;
    }
    if (subnet_id !== undefined && subnet_id !== null) {
      const wrong = uuid(subnet_id);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
};

export const object: Validate = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : `'${str(value)}' is not a dictionary`;

/** An object with no other fields than these, each as it must be. */
export const fields =
  (known: Readonly<Record<string, Validate>>): Validate =>
  (value) => {
    const wrong = object(value);
    if (wrong !== undefined) return wrong;
    const given = Object.entries(value as Record<string, unknown>);
    const unexpected = given.map(([name]) => name).filter((name) => !Object.hasOwn(known, name));
    if (unexpected.length > 0) return `Unexpected keys supplied: ${unexpected.join(', ')}`;
    for (const [name, inner] of given) {
      const reason = known[name]?.(inner);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };

/** The first spec that fits decides; none fits: the last one's reason. Items must be objects with an option's name and value. */
export const dhcpOptions: Validate = (value) => {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  for (const option of value) {
    const wrong = object(option);
    if (wrong !== undefined) return wrong;
    const { opt_name, opt_value, ip_version, ...rest } = option as Record<string, unknown>;
    const unexpected = Object.keys(rest);
    if (unexpected.length > 0) return `Unexpected keys supplied: ${unexpected.join(', ')}`;
    if (opt_name === undefined || opt_value === undefined) {
      return `Expected keys: ['opt_name', 'opt_value'] not all provided in ${repr(option)}`;
    }
    const relaxed = opt_name === 'router' || opt_name === 'classless-static-route';
    const inner =
      oneLineNotEmpty(64)(opt_name) ??
      orNull(relaxed ? text(255) : oneLineNotEmpty(255))(opt_value) ??
      (ip_version === undefined ? undefined : oneOf([4, 6, '4', '6'])(ip_version)) ??
      (typeof opt_value === 'string' && /[\r\n]/.test(opt_value) ? `Multi-line string is not allowed: '${opt_value}'` : undefined);
    if (inner !== undefined) return inner;
  }
  return undefined;
};

const DNS_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
/** Labels of a domain that stand for whoever a name is made for. */
const DNS_KEYWORDS = ['<project_id>', '<project_name>', '<user_id>', '<user_name>'];

function dnsLabels(value: string, max: number, keywords: readonly string[] = []): string | undefined {
  const because = (reason: string): string => `'${value}' not a valid PQDN or FQDN. Reason: ${reason}`;
  const trimmed = value.endsWith('.') ? value.slice(0, -1) : value;
  if (value.length > max) return because(`'${value}' exceeds the ${max} character FQDN limit`);
  for (const label of trimmed.split('.')) {
    if (label === '') return because('Encountered an empty component');
    if (keywords.includes(label)) continue;
    if (label.startsWith('-') || label.endsWith('-')) return because(`Name '${label}' must not start or end with a hyphen`);
    if (!DNS_LABEL.test(label)) {
      return because(`Name '${label}' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen`);
    }
  }
  const labels = trimmed.split('.');
  if (labels.length > 1 && /^[0-9]+$/.test(labels.at(-1) ?? '')) return because(`TLD '${labels.at(-1)}' must not be all numeric`);
  return undefined;
}

/** A host name, relative or absolute; '' is none. RFC 1123. */
export const dnsName =
  (max: number): Validate =>
  (value) => {
    const wrong = text(255)(value);
    return wrong ?? (value === '' ? undefined : dnsLabels(value as string, max));
  };

/** A domain that ends in a dot and may have keywords for labels; '' is none. */
export const dnsDomain =
  (max: number): Validate =>
  (value) => {
    const wrong = text(max)(value);
    if (wrong !== undefined || value === '') return wrong;
    return dnsLabels(value as string, max, DNS_KEYWORDS) ?? ((value as string).endsWith('.') ? undefined : `'${value}' is not a FQDN`);
  };

const serviceTypeErrors = errorTable({
  InvalidInputSubnetServiceType: ['invalid', 'Subnet service type {service_type} is not a string.'],
  InvalidSubnetServiceType: ['invalid', 'Subnet service type {service_type} does not correspond to a valid device owner.'],
});

// Neutron takes the letters of `compute:` one by one, so that `test:…` passes and `foo:…` does not. Clients are written against that.
const OWNER_PREFIXES = ['manila:', 'network:', 'neutron:', 'baremetal:', ...'compute:'];

/** Device owners for which a subnet may be reserved. */
export const serviceTypes: Validate = (value) => {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  for (const type of value) {
    if (typeof type !== 'string') throw serviceTypeErrors.InvalidInputSubnetServiceType({ service_type: str(type) });
    if (!OWNER_PREFIXES.some((prefix) => type.startsWith(prefix))) throw serviceTypeErrors.InvalidSubnetServiceType({ service_type: type });
  }
  return undefined;
};

export const zoneHints: Validate = (value) => {
  const wrong = listOfUnique(text(255))(value);
  if (wrong !== undefined) return wrong;
  if (JSON.stringify(value).length > 255) throw inputErrors.InvalidInput({ error_message: 'Too many availability_zone_hints specified' });
  return undefined;
};
