// A vitest reporter that appends what happens, one JSON object a line, to the file that ISOSPIN_TIER_REPORT names: so `npm test` knows what a
// run did that crashed or was stopped. Loaded by vitest; read by outcome.ts.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node';
import type { Event, TestEvent } from './outcome.ts';

/** How vitest tells of an error, as far as it is printed. */
interface Told {
  readonly message: string;
}

export default class TierReporter implements Reporter {
  readonly #file = process.env.ISOSPIN_TIER_REPORT ?? '';

  onTestModuleQueued(module: TestModule): void {
    this.#write({ kind: 'started', name: fileOf(module) });
  }

  onTestCaseReady(test: TestCase): void {
    this.#write({ kind: 'started', name: fullName(test) });
  }

  onTestModuleEnd(module: TestModule): void {
    const errors = module.errors().map(firstLine);
    const tests: TestEvent[] = [];
    collect(module, module.errors().length > 0, errors, tests);
    this.#write({ kind: 'file', file: fileOf(module), errors, tests });
  }

  onTestRunEnd(_modules: readonly TestModule[], unhandled: readonly Told[]): void {
    this.#write({ kind: 'end', unhandled: unhandled.map(firstLine) });
  }

  #write(event: Event): void {
    appendFileSync(this.#file, `${JSON.stringify(event)}\n`);
  }
}

/** Gathers tests and the errors of what stands around them; `broken` when something around them has failed already. */
function collect(parent: TestModule | TestSuite, broken: boolean, errors: string[], tests: TestEvent[]): void {
  for (const child of parent.children) {
    if (child.type === 'suite') {
      const own = child.errors().map((error) => `${child.fullName}: ${firstLine(error)}`);
      errors.push(...own);
      collect(child, broken || own.length > 0, errors, tests);
      continue;
    }
    const result = child.result();
    const reason = result.state === 'skipped' ? result.note : undefined;
    const why = reason ?? (broken ? 'what it needs failed before it' : undefined);
    tests.push({
      name: fullName(child),
      state: result.state,
      why: result.state === 'failed' ? (result.errors ?? []).map(firstLine)[0] : why,
    });
  }
}

const fileOf = (module: TestModule) => relative(process.cwd(), module.moduleId);
const fullName = (test: TestCase) => `${fileOf(test.module)} > ${test.fullName}`;
const firstLine = (error: Told) => error.message.split('\n')[0] ?? '';
