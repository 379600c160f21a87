// The shape of identity's request bodies: small readers that are put together into larger ones, and refuse with 400 and the place of the mistake.
// Used by the routes of this folder. Strict: nothing is converted, and no text holds a NUL, which PostgreSQL could not store.
import { invalid } from '#identity/errors.ts';
import { deeperThan } from '../json.ts';

/** Makes a T of a JSON value, or throws the 400. `at` is the value's place, for the message. */
export type Read<T> = (value: unknown, at: string) => T;

type Fields = Readonly<Record<string, Read<unknown>>>;
/** What `object` makes of its fields. */
export type Shape<F extends Fields> = { readonly [Name in keyof F]: ReturnType<F[Name]> };

/** Text of `least` to `most` characters. */
export const text =
  (least = 0, most = 65_535): Read<string> =>
  (value, at) => {
    if (typeof value !== 'string') throw invalid(`${at} must be a string.`);
    if (value.length < least || value.length > most) throw invalid(`${at} must have ${least} to ${most} characters.`);
    if (value.includes('\0')) throw invalid(`${at} must not contain NUL.`);
    return value;
  };

/** A name that is not only white space; the longest that clients of Keystone expect to work is 255 characters (64 for projects and domains). */
export const nameOf =
  (most: number): Read<string> =>
  (value, at) => {
    const name = text(1, most)(value, at);
    if (name.trim() === '') throw invalid(`${at} must not be blank.`);
    return name;
  };

/** A password or a secret: any text, NUL too, since only its hash is stored. */
export const secret: Read<string> = (value, at) => {
  if (typeof value !== 'string') throw invalid(`${at} must be a string.`);
  if (value === '' || value.length > 4_096) throw invalid(`${at} must have 1 to 4096 characters.`);
  return value;
};

export const bool: Read<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw invalid(`${at} must be true or false.`);
  return value;
};

/** A moment (ISO 8601; UTC where it names no zone) in milliseconds since 1970. */
export const moment: Read<number> = (value, at) => {
  const written = text(1, 64)(value, at);
  const match = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(written);
  const time = match ? Date.parse(match[3] === undefined ? `${written}Z` : written) : Number.NaN;
  if (Number.isNaN(time)) throw invalid(`${at} must be a time such as 2030-12-31T23:59:59Z.`);
  return time;
};

/** What clients send back to us of our own answers, and may not set. */
export const ignored: Read<undefined> = () => undefined;

/** May be left out. */
export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, at) =>
    value === undefined ? undefined : read(value, at);

/** May be null. */
export const nullable =
  <T>(read: Read<T>): Read<T | null> =>
  (value, at) =>
    value === null ? null : read(value, at);

export const listOf =
  <T>(read: Read<T>, most = 1_000): Read<T[]> =>
  (value, at) => {
    if (!Array.isArray(value)) throw invalid(`${at} must be a list.`);
    if (value.length > most) throw invalid(`${at} must have at most ${most} entries.`);
    return value.map((entry, index) => read(entry, `${at}[${index}]`));
  };

/** Any JSON object. */
export const anyObject: Read<Readonly<Record<string, unknown>>> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${at} must be an object.`);
  return value as Record<string, unknown>;
};

/** An object with these fields; others are left alone. */
export const object =
  <F extends Fields>(fields: F): Read<Shape<F>> =>
  (value, at) => {
    const raw = anyObject(value, at);
    const read = Object.entries(fields).map(([name, field]) => [name, field(own(raw, name), at === '' ? name : `${at}.${name}`)]);
    return Object.fromEntries(read) as Shape<F>;
  };

/**
 * The one object that a body carries under its noun, as `{ "project": { … } }`; `extra` is what it has beyond its fields.
 */
export function carried<F extends Fields>(noun: string, fields: F): (body: unknown) => Shape<F> & { readonly extra: Extra } {
  const read = object(fields);
  return (body) => {
    const raw = anyObject(own(anyObject(body, 'The body'), noun), noun);
    const extra = Object.fromEntries(Object.entries(raw).filter(([name]) => !Object.hasOwn(fields, name)));
    if (deeperThan(extra, 16)) throw invalid(`${noun} is nested too deeply.`);
    return { ...read(raw, noun), extra };
  };
}

/** Attributes that we keep for clients and do not look at. */
export type Extra = Readonly<Record<string, unknown>>;

const own = (raw: Readonly<Record<string, unknown>>, name: string): unknown => (Object.hasOwn(raw, name) ? raw[name] : undefined);
