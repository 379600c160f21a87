// What a benchmark answers: figures, each beside the limit that a bare program reached in the same run, and how they are counted and printed. Pure.

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** What a program that does only the unavoidable reached, and which program. */
  readonly limit?: { readonly value: number; readonly of: string };
  /** Value against limit; for rates the more the better, for times and sizes the less. */
  readonly ratio?: number;
  /** What was set out to be reached. */
  readonly target?: Target;
}

export type Unit = '1/s' | 'ms' | 'MiB' | 'lost' | 'errors';

export interface Target {
  readonly of: 'ratio' | 'value';
  readonly least?: number;
  readonly most?: number;
}

/** A benchmark. It may answer why it cannot be run here instead of figures. */
export interface Benchmark {
  readonly name: string;
  readonly doc: string;
  run(sizes: Sizes): Promise<readonly Figure[] | string>;
}

/** How much is measured: `scale` 1 is the full size. */
export interface Sizes {
  readonly scale: number;
  readonly repetitions: number;
}

/** A count at this scale, `least` at the least. */
export const scaled = ({ scale }: Sizes, full: number, least = 1): number => Math.max(least, Math.round(full * scale));

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}
export const median = (values: readonly number[]): number => percentile(values, 0.5);

/** A figure from repetitions in which value and limit were measured by turns. The ratio is the median of each turn's own. */
export function compared(
  what: string,
  unit: Unit,
  turns: readonly { readonly value: number; readonly limit: number }[],
  of: string,
  target?: Target,
): Figure {
  return {
    what,
    unit,
    value: median(turns.map(({ value }) => value)),
    limit: { value: median(turns.map(({ limit }) => limit)), of },
    ratio: median(turns.map(({ value, limit }) => value / limit)),
    ...(target && { target }),
  };
}

/** Whether the target is met; undefined: there is none. */
export function met({ value, ratio, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  const reached = target.of === 'ratio' ? (ratio ?? Number.NaN) : value;
  return reached >= (target.least ?? Number.NEGATIVE_INFINITY) && reached <= (target.most ?? Number.POSITIVE_INFINITY);
}

const shown = (value: number): string =>
  Number.isInteger(value) ? String(value) : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

function targetText(figure: Figure): string {
  const { target, unit } = figure;
  if (target === undefined) return '';
  const bound = target.least !== undefined ? `≥ ${+target.least.toFixed(2)}` : `≤ ${target.most}`;
  return `${bound}${target.of === 'ratio' ? ' ×' : ` ${unit}`} ${met(figure) ? 'met' : '**missed**'}`;
}

export const HEADINGS = ['', 'Isospin', 'Limit', 'Ratio', 'Target'] as const;

/** The cells of one line of the table, under {@link HEADINGS}. */
export const cells = (figure: Figure): string[] => [
  figure.what,
  `${shown(figure.value)} ${figure.unit}`,
  figure.limit ? `${shown(figure.limit.value)} ${figure.unit} (${figure.limit.of})` : '',
  figure.ratio === undefined ? '' : figure.ratio.toFixed(2),
  targetText(figure),
];

/** Lines for a terminal. */
export function printed(figures: readonly Figure[]): string {
  const rows = [[...HEADINGS], ...figures.map((figure) => cells(figure).map((cell) => cell.replaceAll('**', '')))];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
