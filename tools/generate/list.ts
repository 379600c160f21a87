// Every file of the repository that is made from the code: `npm run generate` writes them, `npm run check` compares. To add one, write a
// pure function beside this file and name it here.
import { identityReference } from './identity-reference.ts';

/** A repository path and what stands there. */
export interface Generated {
  readonly path: string;
  readonly text: string;
}

/** One function for each generated file. Pure: the same code gives the same text on every machine. */
export const generators: readonly (() => Generated)[] = [() => ({ path: 'docs/reference/identity.md', text: identityReference() })];
