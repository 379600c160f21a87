// `npm run check`: everything that can be said of the tree without running it. One line for each failure; exits 1 when there is one.
import { checks, runChecks } from './checks.ts';

const failures = (await runChecks()).flatMap(({ name, failures }) => failures.map((failure) => `${name}: ${failure}`));
for (const failure of failures) console.error(failure);
console.log(failures.length === 0 ? `check: ${checks.length} checks passed` : `check: ${failures.length} failures`);
process.exitCode = failures.length === 0 ? 0 : 1;
