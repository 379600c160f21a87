// The rules of who may do what: the defaults, under those of a policy file as OpenStack's services have it, under those of the configuration. Opened
// by cloud.ts.
import { parse } from 'yaml';
import { Policy } from '#core/policy.ts';
import { policies, resources } from '#resources/index.ts';
import { type Config, ConfigError, hint, readGiven } from './config.ts';

type Rules = Readonly<Record<string, string>>;

/** Throws {@link ConfigError} for rules that cannot be understood; `warn` hears of those that have no effect. */
export function openPolicy({ policy, policy_file }: Pick<Config, 'policy' | 'policy_file'>, warn: (line: string) => void): Policy {
  const file = policy_file === undefined ? {} : readRules(policy_file, warn);
  refuseUnknown('policy', policy, { ...policies, ...file });
  for (const name of Object.keys(policy)) if (!Object.hasOwn(policies, name) && !Object.hasOwn(file, name)) refuse('policy', name);
  try {
    return new Policy(policies, { ...file, ...policy });
  } catch (error) {
    throw new ConfigError(`policy: ${(error as Error).message}`);
  }
}

const refuse = (place: string, name: string): never => {
  throw new ConfigError(`${place}: there is no rule ${name}${hint(name, Object.keys(policies), '')}`);
};

const mentioned = (rule: string): string[] => [...rule.matchAll(/(?<![^\s(])rule:([^\s()]+)/g)].map(([, name = '']) => name);

/** A rule made of one that is not there means something else than its author thinks. */
function refuseUnknown(place: string, rules: Rules, known: Rules): void {
  for (const rule of Object.values(rules)) for (const name of mentioned(rule)) if (!Object.hasOwn(known, name)) refuse(place, name);
}

/**
 * The rules of a policy file that mean something here: those that replace a default, and those that these are made of. Others are about what is not served,
 * or slips of the pen.
 */
function readRules(path: string, warn: (line: string) => void): Rules {
  const written = readFile(path);
  const given = new Map<string, string>();
  for (const [name, rule] of Object.entries(written)) {
    const now = renamed(name);
    if (now !== name && Object.hasOwn(written, now))
      warn(`${path}: ${name} is passed over: it is the old name of ${now}, which is there too`);
    else {
      if (now !== name) warn(`${path}: ${name} is called ${now} now`);
      given.set(now, textOf(path, name, rule));
    }
  }
  const rules: Record<string, string> = {};
  const take = (name: string): void => {
    const rule = given.get(name);
    if (rule === undefined || Object.hasOwn(rules, name)) return;
    rules[name] = rule;
    for (const next of mentioned(rule)) take(next);
  };
  for (const name of Object.keys(policies)) take(name);
  for (const name of given.keys()) {
    if (!Object.hasOwn(rules, name)) warn(`${path}: nothing asks for the rule ${name}${hint(name, Object.keys(policies), '')}`);
  }
  refuseUnknown(path, rules, { ...policies, ...rules });
  return rules;
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  let content: unknown;
  try {
    // JSON, which older files are, is YAML too.
    content = parse(readGiven(path).toString('utf8')) ?? {};
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path}: ${(error as Error).message.split('\n')[0]?.replace(/:$/, '')}`);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new ConfigError(`${path} must hold rules by name`);
  return content as Readonly<Record<string, unknown>>;
}

/** A rule as text. The oldest files have lists: any of the lists, all of what is in it. */
function textOf(path: string, name: string, rule: unknown): string {
  if (typeof rule === 'string') return rule;
  const isChecks = (of: unknown): of is string | string[] =>
    typeof of === 'string' || (Array.isArray(of) && of.every((one) => typeof one === 'string'));
  if (!Array.isArray(rule) || !rule.every(isChecks)) throw new ConfigError(`${path}: ${name} must be a rule, not ${JSON.stringify(rule)}`);
  const ways = rule.map((checks) => [checks].flat()).filter((checks) => checks.length > 0);
  if (ways.length === 0) return rule.length === 0 ? '@' : '!';
  return ways.map((checks) => `(${checks.join(' and ')})`).join(' or ');
}

/** The present name of a rule: those of tags were named after collections. */
function renamed(name: string): string {
  const [, verb, collection] = /^(create|get|update|delete)_(\w+)_tags$/.exec(name) ?? [];
  const tagged = resources.find(({ resource }) => resource.collection === collection && resource.field.has('tags'));
  return tagged === undefined || Object.hasOwn(policies, name) ? name : `${verb}_${tagged.resource.name}:tags`;
}
