// How commands answer: tables for people, JSON for programs.

export type Row = Readonly<Record<string, unknown>>;

/** Prints rows as a table with these columns, or everything of them as JSON. */
export function printRows(rows: readonly Row[], columns: readonly string[], json: boolean): void {
  if (json) {
    printJson(rows);
    return;
  }
  const cells = [columns.map((name) => name.toUpperCase()), ...rows.map((row) => columns.map((name) => cell(row[name])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  for (const row of cells) print(row.map((text, index) => text.padEnd(widths[index] ?? 0)).join('  '));
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function print(line: string): void {
  process.stdout.write(`${line.trimEnd()}\n`);
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
