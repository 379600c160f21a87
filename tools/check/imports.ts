// Checks that imports go the way of import-rules.ts: folders of src/ in their order, resources down their list, no cycles, nothing but tests
// importing tests. Pure over the sources it is given; `npm run check` gives it the tree. Our own because the usual tool reads
// TypeScript through a compiler interface that TypeScript 7 no longer has.
import { dirname, join } from 'node:path/posix';
import { mayImport, ownedModules } from './import-rules.ts';

/** Repository path → source text. */
export type Sources = ReadonlyMap<string, string>;

const STATIC = /^(?:import|export)\s(?:[^;'"]*?\sfrom\s)?'([^']+)'/gm;
const TYPES_ONLY = /^(?:import|export) type\s[^;]*;/gm;
const DYNAMIC = /\bimport\('([^']+)'\)/g;

/** Every module a source names, as written. Relies on the formatter: single quotes, statements at the start of a line. */
export function specifiers(source: string): string[] {
  return [...source.matchAll(STATIC), ...source.matchAll(DYNAMIC)].map((match) => match[1] ?? '');
}

/** The repository path a specifier means, or undefined for a package or built-in module. */
export function resolve(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  if (specifier.startsWith('#test/')) return specifier.slice(1);
  return specifier.startsWith('#') ? `src/${specifier.slice(1)}` : undefined;
}

/** One line for each import that breaks a rule; empty when all is well. */
export function brokenImports(sources: Sources): string[] {
  const graph = new Map<string, string[]>();
  const loads = new Map<string, string[]>();
  const broken: string[] = [];
  for (const [file, source] of sources) {
    const targets: string[] = [];
    for (const specifier of specifiers(source)) {
      const target = resolve(file, specifier);
      const why = target === undefined ? moduleRefusal(file, specifier) : refusal(file, target);
      if (why !== undefined) broken.push(`${file}: may not import ${specifier}: ${why}`);
      if (target !== undefined) targets.push(target);
    }
    graph.set(file, targets);
    // Types are gone when the program runs: two files may know each other's.
    const atRun = specifiers(source.replace(TYPES_ONLY, '')).map((specifier) => resolve(file, specifier));
    loads.set(
      file,
      atRun.filter((target) => target !== undefined),
    );
  }
  return [...broken, ...outOfOrder(sources, graph), ...cycles(loads).map((cycle) => `cycle: ${cycle.join(' → ')}`)];
}

const isTest = (file: string) => file.endsWith('.test.ts');
const folderOf = (file: string) => (file.startsWith('src/') ? file.split('/')[1] : undefined);

function refusal(file: string, target: string): string | undefined {
  if (isTest(target)) return 'a test file exports nothing';
  const folder = folderOf(file);
  if (folder === undefined || isTest(file)) return undefined;
  const other = folderOf(target);
  if (other === undefined) return 'src imports nothing outside src';
  if (other === folder) return undefined;
  const allowed = mayImport[folder] ?? [];
  if (allowed.includes(other) || allowed.includes(target.slice('src/'.length))) return undefined;
  return `${folder} may import ${allowed.join(', ') || 'nothing of ours'}`;
}

function moduleRefusal(file: string, specifier: string): string | undefined {
  const folder = folderOf(file);
  const owners = ownedModules[specifier];
  if (folder === undefined || isTest(file) || owners === undefined || owners.includes(folder)) return undefined;
  return `${specifier} is the business of ${owners.join(' and ')}`;
}

/** Resources import those above them in the list of src/resources/index.ts; folders that are not in it must still form no circle. */
function outOfOrder(sources: Sources, graph: ReadonlyMap<string, readonly string[]>): string[] {
  const index = sources.get('src/resources/index.ts') ?? '';
  const order = [...index.matchAll(/\bserve\((\w+)/g)].map((match) => (match[1] ?? '').replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`));
  const folders = new Map<string, string[]>();
  const broken: string[] = [];
  for (const [file, targets] of graph) {
    const from = resourceOf(file);
    if (from === undefined || isTest(file)) continue;
    for (const target of targets) {
      const to = resourceOf(target);
      if (to === undefined || to === from) continue;
      folders.set(from, [...(folders.get(from) ?? []), to]);
      const listed = order.includes(from) && order.includes(to);
      if (listed && order.indexOf(to) > order.indexOf(from)) broken.push(`${file}: may not import ${target}: ${to} comes after ${from}`);
    }
  }
  return [...broken, ...cycles(folders).map((cycle) => `cycle of resources: ${cycle.join(' → ')}`)];
}

const resourceOf = (file: string) => /^src\/resources\/([\w-]+)\//.exec(file)?.[1];

/** One path for each circle that a walk through the graph meets, closed by its first member. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const start = path.indexOf(node);
    if (start >= 0) found.push([...path.slice(start), node]);
    if (start >= 0 || finished.has(node)) return;
    path.push(node);
    for (const next of graph.get(node) ?? []) visit(next);
    path.pop();
    finished.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}
