// What the inside of the demo says to the outside, one line of JSON each.

/** A step that was shown: it did what its title says, or it would have failed. */
export interface Shown {
  readonly number: number;
  readonly title: string;
  readonly seconds: number;
  /** For people. */
  readonly lines: readonly string[];
  /** For programs: what was counted. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A step, or why there are no more. */
export type Said = Shown | { readonly failure: string };
