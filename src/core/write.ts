// Rows as the JSON text of answers. Lists and objects are kept as JSON in the database, and are written as they stand there: nothing is
// parsed to be written again.
import type { Field } from './resource.ts';
import type { StoredRow } from './sql.ts';

export type Write = (row: StoredRow) => string;

/** Characters that JSON text has to escape, and halves of surrogate pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are the ones to escape
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

const text = (value: string): string => (ESCAPED.test(value) ? JSON.stringify(value) : `"${value}"`);

const WRITE: Readonly<Record<Field['reads'], (value: unknown) => string>> = {
  text: (value) => text(typeof value === 'string' ? value : String(value)),
  int: (value) => String(value),
  digits: (value) => `"${value}"`,
  bool: (value) => (value === 1 || value === true ? 'true' : 'false'),
  json: (value) => (typeof value === 'string' ? value : JSON.stringify(value)),
};

/**
 * Writes rows with these attributes, whose values are as stored or decoded. An attribute that a row does not have is left out; `project_id` is
 * written under its other name too. `names`: those alone; none: all.
 */
export function writer(fields: readonly Field[], names: readonly string[] = []): Write {
  const wanted = (name: string): boolean => names.length === 0 || names.includes(name);
  const members: { readonly name: string; readonly start: string; readonly write: (value: unknown) => string }[] = [];
  for (const { name, computed, reads } of fields) {
    const write = computed ? (value: unknown) => JSON.stringify(value) : WRITE[reads];
    if (wanted(name)) members.push({ name, start: `,"${name}":`, write });
    if (name === 'project_id' && wanted('tenant_id')) members.push({ name, start: ',"tenant_id":', write });
  }
  return (row) => {
    let json = '';
    for (const { name, start, write } of members) {
      const value = row[name];
      if (value === undefined) continue;
      json += start;
      json += value === null ? 'null' : write(value);
    }
    return json === '' ? '{}' : `{${json.slice(1)}}`;
  };
}
