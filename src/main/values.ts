// How values of the configuration are written: in YAML as YAML has them, in flags and variables as text. One reader per kind understands both, so that
// a setting means the same wherever it stands.

/** A mistake of the operator's, in one line that says where it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Reads a value as it was written; throws an Error that completes the sentence "KEY …". */
export type Read<T> = (value: unknown) => T;

const must = (what: string, value: unknown): Error => new Error(`must be ${what}, not ${JSON.stringify(value)}`);

export const text: Read<string> = (value) => {
  if (typeof value !== 'string' || value.trim() === '') throw must('a text', value);
  return value;
};

export const flag: Read<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'yes' || value === '1') return true;
  if (value === 'false' || value === 'no' || value === '0') return false;
  throw must('true or false', value);
};

export const integer =
  (low: number, high: number): Read<number> =>
  (value) => {
    const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= low && number <= high) return number;
    throw must(`a whole number from ${low} to ${high}`, value);
  };

export const oneOf =
  <const T extends string>(...words: readonly T[]): Read<T> =>
  (value) => {
    const found = words.find((word) => word === value);
    if (found === undefined) throw must(words.join(' or '), value);
    return found;
  };

/** A YAML list, or words with commas between them. */
export const listOf =
  <T>(item: Read<T>): Read<readonly T[]> =>
  (value) => {
    const items: unknown[] = Array.isArray(value)
      ? value
      : typeof value === 'string'
        ? value.split(',').filter((one) => one !== '')
        : [value];
    return items.map((one) => item(typeof one === 'string' ? one.trim() : one));
  };

/** A YAML mapping, or `NAME:VALUE` as often as needed, with commas between them. */
export const mapOf =
  <T>(item: Read<T>): Read<Readonly<Record<string, T>>> =>
  (value) => {
    const entries: [string, unknown][] = [];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) entries.push(...Object.entries(value));
    else {
      for (const one of listOf(text)(value)) {
        const colon = one.indexOf(':');
        if (colon < 1 || colon === one.length - 1) throw must('NAME:VALUE', one);
        entries.push([one.slice(0, colon), one.slice(colon + 1)]);
      }
    }
    return Object.fromEntries(
      entries.map(([name, one]) => {
        try {
          return [name, item(one)];
        } catch (error) {
          throw new Error(`of ${name} ${(error as Error).message}`);
        }
      }),
    );
  };

/** `1:1000`, or a single number. */
export const range =
  (low: number, high: number): Read<readonly [number, number]> =>
  (value) => {
    const parts = String(value).split(':').map(integer(low, high));
    const [first, last = first] = parts;
    if (first === undefined || last === undefined || parts.length > 2 || first > last) throw must('FIRST:LAST', value);
    return [first, last];
  };

/** `HOST:PORT`; an IPv6 host stands in brackets. */
export const address: Read<{ readonly host: string; readonly port: number }> = (value) => {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(String(value)) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) > 65_535) throw must('HOST:PORT', value);
  return { host, port: Number(port) };
};
