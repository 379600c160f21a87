// Values as the reference server prints them inside its error texts, which clients match on: Python's str() and repr().

/** Python's repr() of a JSON value: `'a'`, `None`, `True`, `['x']`, `{'k': 1}`. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  if (typeof value === 'object') {
    const parts = Object.entries(value).map(([key, item]) => `${repr(key)}: ${repr(item)}`);
    return `{${parts.join(', ')}}`;
  }
  return String(value);
}

/** In single quotes, unless only double ones save escaping; what cannot be printed is escaped. */
function quoted(value: string): string {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  const text = value.replaceAll(/[\\'\p{C}\p{Z}]/gu, (char) => {
    if (char === ' ' || (char === "'" && quote === '"')) return char;
    return ESCAPES[char] ?? escapeOf(char.codePointAt(0) ?? 0);
  });
  return `${quote}${text}${quote}`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeOf(code: number): string {
  const [letter, digits] = code < 0x100 ? ['x', 2] : code < 0x1_0000 ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).padStart(digits as number, '0')}`;
}

/** Python's str() of a JSON value: as repr(), but text stands bare. */
export const str = (value: unknown): string => (typeof value === 'string' ? value : repr(value));
