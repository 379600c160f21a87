// The checks of `npm run check` and of the first step of `npm test`: each answers one line for each thing wrong, naming file and line.
// The programs run beside each other.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { wrongFragments } from '../changelog/fragments.ts';
import { brokenImports } from './imports.ts';
import { brokenLinks } from './links.ts';
import { readTree, root } from './tree.ts';

/** A check by name; `find` answers what is wrong, a line each. */
export interface Check {
  readonly name: string;
  find(tree: ReadonlyMap<string, string>): Promise<string[]>;
}

/** Every check, in the order in which their failures are printed. */
export const checks: readonly Check[] = [
  { name: 'format and lint', find: () => formatAndLint() },
  { name: 'types', find: () => types() },
  { name: 'imports', find: async (tree) => brokenImports(only(tree, isTypeScript)) },
  { name: 'generated', find: (tree) => generated(tree) },
  { name: 'links', find: async (tree) => brokenLinks(tree) },
  { name: 'changelog fragments', find: async (tree) => wrongFragments(tree) },
  { name: 'size', find: async (tree) => tooLong(tree) },
  { name: 'opening comment', find: async (tree) => unexplained(tree) },
];

/** Runs all checks; one that cannot run has failed. */
export function runChecks(): Promise<{ readonly name: string; readonly failures: readonly string[] }[]> {
  const tree = readTree();
  return Promise.all(
    checks.map(async ({ name, find }) => ({
      name,
      failures: await find(tree).catch((error: Error) => [`could not be checked: ${error.message}`]),
    })),
  );
}

/** Longest file of code, in lines: beyond, it has more than one subject. */
const LINE_LIMIT = 500;

const isTypeScript = (path: string) => /^(src|test|tools|bench)\/.*\.ts$/.test(path);
/** Code that people read; examples and facts beside tests are as long as they are. */
const isCode = (path: string) => /^(bin|src|test|tools|bench)\//.test(path) && !/(^|\/)(cases|states|facts)\//.test(path);
const only = (tree: ReadonlyMap<string, string>, wanted: (path: string) => boolean) => new Map([...tree].filter(([path]) => wanted(path)));

/** Files of code with more lines than one subject needs. */
export function tooLong(tree: ReadonlyMap<string, string>): string[] {
  return [...only(tree, isCode)]
    .map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINE_LIMIT)
    .map(({ path, lines }) => `${path}: ${lines} lines, more than ${LINE_LIMIT}`);
}

/** TypeScript files that do not open with a comment. */
export function unexplained(tree: ReadonlyMap<string, string>): string[] {
  return [...only(tree, isTypeScript)]
    .filter(([, text]) => !/^(#!.*\n)?\s*(\/\/ ?\S|\/\*)/.test(text))
    .map(([path]) => `${path}:1: opens without a comment that says what it is`);
}

async function generated(tree: ReadonlyMap<string, string>): Promise<string[]> {
  // Loaded here, because it loads the product: while that does not load, the other checks still tell why.
  const { generators } = await import('../generate/list.ts');
  return generators
    .map((generate) => generate())
    .filter(({ path, text }) => tree.get(path) !== text)
    .map(({ path }) => `${path}: not what the code says (npm run generate writes it)`);
}

async function formatAndLint(): Promise<string[]> {
  const { code, stdout, stderr } = await run('biome', ['ci', '--colors=off', '--reporter=json', '--max-diagnostics=none', '.']);
  if (code === 0) return [];
  const { diagnostics } = JSON.parse(stdout || '{"diagnostics":[]}') as { diagnostics: Diagnostic[] };
  const failures = diagnostics
    .filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ category, message, location }) => {
      const mend = category === 'format' || category.startsWith('assist/') ? ' (tools/run biome check --write mends it)' : '';
      return `${location?.path ?? 'biome'}:${location?.start?.line || 1}: ${message} [${category}]${mend}`;
    });
  return failures.length > 0 ? failures : [`biome ended with ${code}: ${oneLine(stderr)}`];
}

interface Diagnostic {
  readonly severity: string;
  readonly category: string;
  readonly message: string;
  readonly location?: { readonly path?: string; readonly start?: { readonly line?: number } };
}

async function types(): Promise<string[]> {
  const { code, stdout, stderr } = await run('tsc', ['--noEmit', '--pretty', 'false']);
  if (code === 0) return [];
  const failures = stdout
    .split('\n')
    .filter((line) => /error TS\d+/.test(line))
    .map((line) => line.replace(/\((\d+),\d+\): error /, ':$1: '));
  return failures.length > 0 ? failures : [`tsc ended with ${code}: ${oneLine(stdout + stderr)}`];
}

function run(program: string, args: readonly string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, timeout: 120_000 } as const;
    execFile(join(root, 'node_modules/.bin', program), args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal ?? 'nothing'), stdout, stderr });
    });
  });
}

const oneLine = (text: string) =>
  text
    .trim()
    .split(/\s*\n\s*/)
    .join('; ')
    .slice(0, 500);
