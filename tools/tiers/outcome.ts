// What became of a tier, from the events that reporter.ts wrote and from how vitest ended. Pure. A run that says less than it should has
// failed: one that ended early, passed over a file, or skipped a test without saying why.

/** A test that ended. */
export interface TestEvent {
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending';
  /** Why it failed or was skipped. */
  readonly why?: string | undefined;
}

/** A line of the report; files and tests start. */
export type Event =
  | { readonly kind: 'started'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string; readonly errors: readonly string[]; readonly tests: readonly TestEvent[] }
  | { readonly kind: 'end'; readonly unhandled: readonly string[] };

/** How the process ended. */
export interface Ending {
  readonly code: number | string | null;
  /** Seconds after which it was stopped; undefined when it ended by itself. */
  readonly stopped?: number | undefined;
}

/** What is printed of a tier and counted. */
export interface Outcome {
  readonly passed: number;
  /** One line for each. */
  readonly failures: readonly string[];
  readonly skips: readonly { readonly name: string; readonly why: string }[];
}

/** Counts the events of a run that should have run `files`. */
export function outcomeOf(events: readonly Event[], files: readonly string[], ending: Ending): Outcome {
  const reports = events.filter((event) => event.kind === 'file');
  const tests = reports.flatMap((report) => report.tests);
  const failures = [
    ...reports.flatMap(({ file, errors }) => errors.map((error) => `${file}: ${error}`)),
    ...tests.filter(({ state }) => state === 'failed').map(({ name, why }) => `${name}: ${why ?? 'failed'}`),
    ...tests.filter(({ state }) => state === 'pending').map(({ name }) => `${name}: did not end`),
    ...tests.filter(({ state, why }) => state === 'skipped' && why === undefined).map(({ name }) => `${name}: skipped without a reason`),
    ...events.filter((event) => event.kind === 'end').flatMap(({ unhandled }) => unhandled.map((error) => `outside any test: ${error}`)),
  ];
  const hasEnded = events.some(({ kind }) => kind === 'end');
  if (ending.stopped !== undefined) failures.push(`stopped after its limit of ${ending.stopped} s${last(events)}`);
  else if (!hasEnded) failures.push(`vitest ended early (${ending.code})${last(events)}`);
  else {
    for (const file of files) {
      const report = reports.find((candidate) => candidate.file === file);
      if (report === undefined || (report.tests.length === 0 && report.errors.length === 0))
        failures.push(`${file}: no test of it was run`);
    }
    if (ending.code !== 0 && failures.length === 0) failures.push(`vitest ended with ${ending.code}`);
  }
  return {
    passed: tests.filter(({ state }) => state === 'passed').length,
    failures,
    skips: tests.flatMap(({ name, state, why }) => (state === 'skipped' && why !== undefined ? [{ name, why }] : [])),
  };
}

function last(events: readonly Event[]): string {
  const started = events.filter((event) => event.kind === 'started').at(-1);
  return started === undefined ? '; nothing had begun' : `; what began last: ${started.name}`;
}
