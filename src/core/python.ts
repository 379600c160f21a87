// Values as the reference server prints them inside its error texts, which clients match on: Python's str() and repr().

/** Python's repr() of a JSON value: `'a'`, `None`, `True`, `['x']`, `{'k': 1}`. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return value.includes("'") && !value.includes('"') ? `"${value}"` : `'${value.replaceAll("'", "\\'")}'`;
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') {
    const parts = Object.entries(value).map(([key, item]) => `${repr(key)}: ${repr(item)}`);
    return `{${parts.join(', ')}}`;
  }
  return String(value);
}

/** Python's str() of a JSON value: as repr(), but text stands bare. */
export const str = (value: unknown): string => (typeof value === 'string' ? value : repr(value));
