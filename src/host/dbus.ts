// The few D-Bus messages that a daemon and its agent exchange, to and from bytes (D-Bus specification 0.38, "Message Protocol"). Pure.
// Called by lease-bus.ts. What arrives may hold text that tenants chose: every length is checked before it is believed.

/** What kind of message it is. */
export const MESSAGE = { call: 1, return: 2, error: 3, signal: 4 } as const;

/** A message, reduced to what we look at. */
export interface BusMessage {
  readonly type: number;
  readonly serial: number;
  readonly replyTo?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly destination?: string;
  readonly sender?: string;
  readonly errorName?: string;
  /** Type of each argument in `body`: strings (`s`), numbers (`u`) and truth values (`b`) alone. */
  readonly signature?: string;
  readonly body: readonly (string | number | boolean)[];
}

/** Longest message taken; dnsmasq's are a few hundred bytes. */
const LIMIT = 65_536;
const FIXED = 16;
const FIELDS = {
  1: 'path',
  2: 'interface',
  3: 'member',
  4: 'errorName',
  5: 'replyTo',
  6: 'destination',
  7: 'sender',
  8: 'signature',
} as const;
const TYPES = {
  path: 'o',
  interface: 's',
  member: 's',
  errorName: 's',
  replyTo: 'u',
  destination: 's',
  sender: 's',
  signature: 'g',
} as const;

/** Takes the first whole message off `bytes`; undefined while it is not all there. Throws on anything that is no message of ours. */
export function readMessage(bytes: Buffer): { readonly message: BusMessage; readonly length: number } | undefined {
  if (bytes.length < FIXED) return undefined;
  if (bytes[0] !== 0x6c || bytes[3] !== 1) throw new Error('not a little-endian message of D-Bus version 1');
  const bodyLength = bytes.readUInt32LE(4);
  const bodyStart = aligned(FIXED + bytes.readUInt32LE(12), 8);
  const length = bodyStart + bodyLength;
  if (length > LIMIT) throw new Error(`a D-Bus message of ${length} bytes`);
  if (bytes.length < length) return undefined;
  const fields: Record<string, string | number | boolean> = {};
  const header: Cursor = { bytes, at: FIXED, end: FIXED + bytes.readUInt32LE(12) };
  while (header.at < header.end) {
    header.at = aligned(header.at, 8);
    const code = readByte(header);
    const type = readValue(header, 'g') as string;
    const value = readValue(header, type);
    const name = FIELDS[code as keyof typeof FIELDS];
    if (name !== undefined) fields[name] = value;
  }
  const body: (string | number | boolean)[] = [];
  const cursor: Cursor = { bytes, at: bodyStart, end: length };
  // What we do not know is left unread: arrays come in no message that we answer.
  for (const type of typeof fields.signature === 'string' ? fields.signature : '') {
    if (!'sogub'.includes(type)) break;
    body.push(readValue(cursor, type));
  }
  return { message: { ...fields, type: bytes[1] ?? 0, serial: bytes.readUInt32LE(8), body }, length };
}

/** The bytes of a message. */
export function writeMessage(message: BusMessage): Buffer {
  const header: number[] = [];
  for (const [code, name] of Object.entries(FIELDS)) {
    const value = message[name];
    if (value === undefined) continue;
    pad(header, 8);
    header.push(Number(code));
    writeValue(header, 'g', TYPES[name]);
    writeValue(header, TYPES[name], value);
  }
  const body: number[] = [];
  for (const [i, type] of [...(message.signature ?? '')].entries()) writeValue(body, type, message.body[i] ?? '');
  const fixed = Buffer.alloc(FIXED);
  fixed.set([0x6c, message.type, 0, 1]);
  fixed.writeUInt32LE(body.length, 4);
  fixed.writeUInt32LE(message.serial, 8);
  fixed.writeUInt32LE(header.length, 12);
  pad(header, 8);
  return Buffer.concat([fixed, Buffer.from(header), Buffer.from(body)]);
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

const aligned = (at: number, to: number): number => Math.ceil(at / to) * to;

function readByte(cursor: Cursor): number {
  if (cursor.at >= cursor.end) throw new Error('a D-Bus message that ends early');
  return cursor.bytes[cursor.at++] ?? 0;
}

function readNumber(cursor: Cursor): number {
  cursor.at = aligned(cursor.at, 4);
  if (cursor.at + 4 > cursor.end) throw new Error('a D-Bus message that ends early');
  cursor.at += 4;
  return cursor.bytes.readUInt32LE(cursor.at - 4);
}

function readValue(cursor: Cursor, type: string): string | number | boolean {
  if (type === 'u') return readNumber(cursor);
  if (type === 'b') return readNumber(cursor) !== 0;
  if (type !== 's' && type !== 'o' && type !== 'g') throw new Error(`a D-Bus argument of type ${JSON.stringify(type)}`);
  const length = type === 'g' ? readByte(cursor) : readNumber(cursor);
  if (cursor.at + length + 1 > cursor.end) throw new Error('a D-Bus message that ends early');
  const text = cursor.bytes.toString('utf8', cursor.at, cursor.at + length);
  cursor.at += length + 1;
  return text;
}

function pad(bytes: number[], to: number): void {
  while (bytes.length % to !== 0) bytes.push(0);
}

function writeNumber(bytes: number[], value: number): void {
  pad(bytes, 4);
  bytes.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
}

function writeValue(bytes: number[], type: string, value: string | number | boolean): void {
  if (type === 'u' || type === 'b') {
    writeNumber(bytes, Number(value));
    return;
  }
  const text = Buffer.from(String(value), 'utf8');
  if (type === 'g') bytes.push(text.length);
  else writeNumber(bytes, text.length);
  bytes.push(...text, 0);
}
