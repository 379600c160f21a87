// Every file of the repository that is made from the code: `npm run generate` writes them, `npm run check` compares. To add one, write a
// pure function beside this file and name it here.
import { apiReference } from './api-reference.ts';
import { identityReference } from './identity-reference.ts';
import { commandReference, configurationReference, metricReference } from './program-reference.ts';
import { errorReference, policyReference } from './rule-reference.ts';

/** A repository path and what stands there. */
export interface Generated {
  readonly path: string;
  readonly text: string;
}

const pages: Readonly<Record<string, () => string>> = {
  api: apiReference,
  commands: commandReference,
  configuration: configurationReference,
  errors: errorReference,
  identity: identityReference,
  metrics: metricReference,
  policies: policyReference,
};

/** One function for each generated file. Pure: the same code gives the same text on every machine. */
export const generators: readonly (() => Generated)[] = Object.entries(pages).map(([name, text]) => () => ({
  path: `docs/reference/${name}.md`,
  text: text(),
}));
