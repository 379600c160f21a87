// What every generated page opens with, and how its tables are written. Used by the generators of list.ts. Pure.

/** A page: where it comes from, its title, and its parts with an empty line between them. */
export const page = (source: string, title: string, ...parts: readonly string[]): string =>
  `<!-- Generated from ${source} by npm run generate; do not edit. -->\n# ${title}\n\n${parts.join('\n\n')}\n`;

/** A table; bars within cells are escaped. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows.map((row) => row.map(escapeBars))].map((row) => line(row)).join('\n');

const line = (cells: readonly string[]): string => `|${cells.map((cell) => (cell === '---' ? cell : ` ${cell} `)).join('|')}|`;

export const escapeBars = (text: string): string => text.replaceAll('|', '\\|');
export const code = (text: string): string => `\`${text}\``;
