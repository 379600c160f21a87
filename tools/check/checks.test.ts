// The checks that are functions of the tree, by example, and the tree itself.
import { expect, test } from 'vitest';
import { tooLong, unexplained } from './checks.ts';
import { readTree } from './tree.ts';

test('a file of code has 500 lines at most; examples and documents may have more', () => {
  const at = (path: string, lines: number) => tooLong(new Map([[path, 'x\n'.repeat(lines)]]));
  expect(at('src/core/a.ts', 500)).toEqual([]);
  expect(at('src/core/a.ts', 501)).toEqual(['src/core/a.ts: 501 lines, more than 500']);
  expect(at('tools/run', 501)).toHaveLength(1);
  expect(at('src/agents/l2/cases/all/plan.txt', 501)).toEqual([]);
  expect(at('docs/guide.md', 501)).toEqual([]);
});

test('a TypeScript file opens with a comment', () => {
  const of = (path: string, text: string) => unexplained(new Map([[path, text]]));
  expect(of('src/core/a.ts', '// What it is.\nexport {};\n')).toEqual([]);
  expect(of('src/core/a.ts', '/* What it is. */\n')).toEqual([]);
  expect(of('tools/a.ts', '#!/usr/bin/env node\n// What it is.\n')).toEqual([]);
  for (const text of ['', '//\n', "import 'x';\n// late\n"]) {
    expect(of('src/core/a.ts', text)).toEqual(['src/core/a.ts:1: opens without a comment that says what it is']);
  }
  expect(of('docs/a.md', '# Title\n')).toEqual([]);
});

test('the tree is what git would commit', () => {
  const paths = [...readTree().keys()];
  expect(paths).toContain('tools/check/checks.test.ts');
  expect(paths.filter((path) => /^(node_modules|\.runtime|\.git)\//.test(path))).toEqual([]);
});
