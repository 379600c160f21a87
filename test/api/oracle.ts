// What the published policy rules say of a caller and a row, worked out from their text without the engine's help. Called by matrix.test.ts.
import { policies } from '#resources/index.ts';
import { policyFacts } from './facts.ts';

export interface Asker {
  readonly roles: readonly string[];
  readonly projectId: string;
}

/** What a row answers for an attribute: its own, or its parent's as in `network:project_id`. */
export type Answers = (attribute: string) => unknown;

/** With the few that are here and not published. */
const rules: Readonly<Record<string, string>> = Object.assign({}, policies, ...Object.values(policyFacts));

export const isRule = (rule: string): boolean => Object.hasOwn(rules, rule);

/** Whether a published rule lets somebody do something with a row. */
export function may(rule: string, asker: Asker, row: Answers): boolean {
  const text = rules[rule];
  if (text === undefined) throw new Error(`there is no rule ${rule}`);
  // A placeholder has parentheses of its own.
  const words = text.match(/[^\s()]*%\([^)]+\)s|[()]|[^\s()]+/g) ?? [];
  const either = (): boolean => {
    let holds = both();
    while (words[0] === 'or') {
      words.shift();
      const other = both();
      holds ||= other;
    }
    return holds;
  };
  const both = (): boolean => {
    let holds = one();
    while (words[0] === 'and') {
      words.shift();
      const other = one();
      holds &&= other;
    }
    return holds;
  };
  const one = (): boolean => {
    const word = words.shift() ?? '@';
    if (word === 'not') return !one();
    if (word !== '(') return check(word, asker, row);
    const holds = either();
    words.shift();
    return holds;
  };
  return either();
}

function check(word: string, asker: Asker, row: Answers): boolean {
  if (word === '@' || word === '!') return word === '@';
  const [, kind, rest = ''] = /^(\w+):(.*)$/.exec(word) ?? [];
  if (kind === 'rule') return may(rest, asker, row);
  if (kind === 'role') return asker.roles.includes(rest);
  if (kind === 'project_id') return row(/^%\((.+)\)s$/.exec(rest)?.[1] ?? '') === asker.projectId;
  const [, field = '', pattern, value = ''] = /^[^:]+:(.+?)=(~?)(.*)$/.exec(rest) ?? [];
  if (kind !== 'field') throw new Error(`no check ${word}`);
  const found = String(row(field) ?? '');
  return pattern === '~' ? new RegExp(`^(?:${value})`).test(found) : found.toLowerCase() === value.toLowerCase();
}
