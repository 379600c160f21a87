// Transport protocols and their ports, as what forwards, helps or translates connections names them.
import { t } from '#core/attributes.ts';
import { type Convert, inputErrors } from '#core/convert.ts';
import { str } from '#core/python.ts';
import { range, type Validate } from '#core/validate.ts';

const PROTOCOLS = ['dccp', 'icmp', 'ipv6-icmp', 'sctp', 'tcp', 'udp'] as const;
export type TransportProtocol = (typeof PROTOCOLS)[number];

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

/** Any protocol's number, and names in any case, are read; which of them are good is for the validator. */
export const toProtocol: Convert = (value) => {
  if (value === null) return null;
  if (typeof value !== 'string') throw invalid(`Input value ${str(value)} must be string type`);
  const named = (PROTOCOLS as readonly string[]).includes(value.toLowerCase());
  if (named || (/^\d{1,3}$/.test(value) && Number(value) < 256)) return value;
  throw invalid(`IP protocol '${value}' is not supported. Only protocol names and their integer representation (0 to 255) are supported`);
};

export const transportProtocol = t.oneOf('The transport protocol.', PROTOCOLS).convert(toProtocol);

/** First and last of a range of ports; both are the same of a single one. */
export type PortRange = readonly [first: number, last: number];

export const portNumber: Validate = range(1, 65_535);

/** A range as text, `80:90`; a single port stands twice. */
export const toPortRange: Convert = (value) => {
  if (typeof value !== 'string' && typeof value !== 'number') return value;
  const text = String(value);
  return text.includes(':') ? text : `${text}:${text}`;
};

export const portRange: Validate = (value) => {
  const ends = str(value).split(':');
  if (ends.length !== 2 || ends.includes('')) return 'Port range must be two integers separated by a colon';
  const wrong = ends.find((end) => !/^\d+$/.test(end) || portNumber(end) !== undefined);
  if (wrong !== undefined) return `Invalid port: ${wrong}`;
  const [first, last] = ends.map(Number) as unknown as PortRange;
  return first > last ? 'First port in a port range must be lower than the second port' : undefined;
};

/** The range that a valid text stands for. */
export const rangeOf = (text: string): PortRange => text.split(':').map(Number) as unknown as PortRange;
