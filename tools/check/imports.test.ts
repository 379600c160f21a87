// The import rules by example: what may be imported, what may not, and how it is said.
import { expect, test } from 'vitest';
import { mayImport } from './import-rules.ts';
import { brokenImports, cycles, resolve, specifiers } from './imports.ts';

const broken = (files: Record<string, string>) => brokenImports(new Map(Object.entries(files)));
const importing = (...modules: string[]) => modules.map((module) => `import { x } from '${module}';`).join('\n');

test('finds every form of import, and nothing in comments and strings', () => {
  const source = `// import { no } from 'comment';
import type { A } from './a.ts';
import {
  b,
  c,
} from '#core/b.ts';
import 'side-effect';
export { d } from './d.ts';
export * from './e.ts';
const f = await import('./f.ts');
const text = "import { no } from 'text'";
export const g = 1;
`;
  expect(specifiers(source)).toEqual(['./a.ts', '#core/b.ts', 'side-effect', './d.ts', './e.ts', './f.ts']);
});

test('resolves relative paths and the names of package.json', () => {
  expect(resolve('src/api/v2/get.ts', '../errors.ts')).toBe('src/api/errors.ts');
  expect(resolve('src/api/get.ts', '#core/errors.ts')).toBe('src/core/errors.ts');
  expect(resolve('src/api/get.test.ts', '#test/postgres.ts')).toBe('test/postgres.ts');
  expect(resolve('src/api/get.ts', 'fastify')).toBeUndefined();
});

test('a folder imports what its rule names, by whichever path', () => {
  expect(broken({ 'src/core/a.ts': importing('#store/store.ts', '../bus/bus.ts', './b.ts', 'yaml'), 'src/core/b.ts': '' })).toEqual([]);
  for (const specifier of ['#api/errors.ts', '../api/errors.ts']) {
    expect(broken({ 'src/core/a.ts': importing(specifier) })).toEqual([
      `src/core/a.ts: may not import ${specifier}: core may import ${mayImport.core?.join(', ')}`,
    ]);
  }
  expect(broken({ 'src/host/a.ts': importing('#core/errors.ts') })).toEqual([
    'src/host/a.ts: may not import #core/errors.ts: host may import nothing of ours',
  ]);
});

test('a contract is one file, not its folder', () => {
  expect(broken({ 'src/agents/a.ts': importing('#desired/objects.ts') })).toEqual([]);
  expect(broken({ 'src/agents/a.ts': importing('#desired/project.ts') })).toHaveLength(1);
  expect(broken({ 'src/api/a.ts': importing('#agents/link.ts') })).toEqual([]);
  expect(broken({ 'src/api/a.ts': importing('#agents/reconcile.ts') })).toHaveLength(1);
});

test('a folder without a rule may import nothing', () => {
  expect(broken({ 'src/unheard/a.ts': importing('#core/errors.ts') })).toEqual([
    'src/unheard/a.ts: may not import #core/errors.ts: unheard may import nothing of ours',
  ]);
});

test('src imports nothing outside src; tests import what they like, but no tests', () => {
  expect(broken({ 'src/core/a.ts': importing('#test/postgres.ts') })).toEqual([
    'src/core/a.ts: may not import #test/postgres.ts: src imports nothing outside src',
  ]);
  expect(broken({ 'src/core/a.test.ts': importing('#test/postgres.ts', '#api/errors.ts', 'pg') })).toEqual([]);
  expect(broken({ 'test/api/a.test.ts': importing('./b.test.ts') })).toEqual([
    'test/api/a.test.ts: may not import ./b.test.ts: a test file exports nothing',
  ]);
});

test('some modules are the business of one folder', () => {
  expect(broken({ 'src/store/a.ts': importing('pg'), 'test/postgres.ts': importing('pg') })).toEqual([]);
  expect(broken({ 'src/api/a.ts': importing('pg') })).toEqual(['src/api/a.ts: may not import pg: pg is the business of bus and store']);
});

test('resources import those above them in the list, and form no circle', () => {
  const index = { 'src/resources/index.ts': '  serve(network),\n  serve(securityGroup),\n  serve(port),\n' };
  expect(broken({ ...index, 'src/resources/port/a.ts': importing('../security_group/b.ts') })).toEqual([]);
  expect(broken({ ...index, 'src/resources/security_group/a.ts': importing('#resources/port/b.ts') })).toEqual([
    'src/resources/security_group/a.ts: may not import src/resources/port/b.ts: port comes after security_group',
  ]);
  expect(
    broken({
      'src/resources/trunk/a.ts': importing('../flavor/b.ts'),
      'src/resources/flavor/c.ts': importing('../trunk/d.ts'),
    }),
  ).toEqual(['cycle of resources: trunk → flavor → trunk']);
});

test('a circle of files is told once, closed by its first member', () => {
  expect(broken({ 'src/core/a.ts': importing('./b.ts'), 'src/core/b.ts': importing('./a.ts') })).toEqual([
    'cycle: src/core/a.ts → src/core/b.ts → src/core/a.ts',
  ]);
  expect(broken({ 'src/core/a.ts': importing('./b.ts'), 'src/core/b.ts': "import type {\n  A,\n} from './a.ts';\n" })).toEqual([]);
  const graph = new Map([
    ['a', ['b', 'c']],
    ['b', ['d']],
    ['c', ['d']],
    ['d', []],
  ]);
  expect(cycles(graph)).toEqual([]);
});
