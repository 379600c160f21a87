// Fragments of the changelog: what is refused, and what a release makes of them.
import { expect, test } from 'vitest';
import { released, wrongFragments } from './fragments.ts';

test('a fragment is named by subject and kind, and says something without a heading', () => {
  const of = (path: string, text = 'Words.\n') => wrongFragments(new Map([[path, text]]));
  expect(of('changes/dhcp-names.fixed.md')).toEqual([]);
  expect(of('changes/README.md', '')).toEqual([]);
  expect(of('docs/any.md', '')).toEqual([]);
  expect(of('changes/dhcp.mended.md')).toEqual([
    'changes/dhcp.mended.md: is not named SUBJECT.KIND.md with a kind of added, changed, fixed, removed, security',
  ]);
  expect(of('changes/dhcp.md')).toHaveLength(1);
  expect(of('changes/a.added.md', ' \n')).toEqual(['changes/a.added.md: says nothing']);
  expect(of('changes/a.added.md', '# A\n')).toEqual(['changes/a.added.md: has a heading; the release gives it one']);
});

test('a release stands above the earlier ones, its changes by kind', () => {
  const fragments = new Map([
    ['changes/b.fixed.md', 'Two\nlines.\n'],
    ['changes/a.added.md', 'One.\n'],
    ['changes/c.fixed.md', 'Three.\n'],
  ]);
  const first = released('# Changelog\n\nWords.\n', fragments, '0.1.0', '2026-01-02');
  expect(first).toBe('# Changelog\n\nWords.\n\n## 0.1.0 (2026-01-02)\n\n### Added\n\n- One.\n\n### Fixed\n\n- Two\n  lines.\n- Three.\n');
  const second = released(first, new Map([['changes/d.removed.md', 'Four.']]), '0.2.0', '2026-02-03');
  expect(second.indexOf('## 0.2.0')).toBeLessThan(second.indexOf('## 0.1.0'));
  expect(second).toContain('### Removed\n\n- Four.\n\n## 0.1.0');
});
