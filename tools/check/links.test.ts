// The check of links in documents, by example.
import { expect, test } from 'vitest';
import { brokenLinks } from './links.ts';

const of = (text: string, path = 'docs/guide/a.md') =>
  brokenLinks(
    new Map([
      [path, text],
      ['docs/guide/b.md', ''],
      ['src/core/work.ts', ''],
    ]),
  );

test('a relative link leads to a file or folder of the tree', () => {
  expect(of('[b](b.md) [b](./b.md#part) [up](../guide/) [code](../../src/core/work.ts) [folder](../../src/core)')).toEqual([]);
  expect(of('[root](src/core/) [itself](README.md)', 'README.md')).toEqual([]);
  expect(of('fine\n[x](c.md) and [y](../../src/core/wrok.ts#a)')).toEqual([
    'docs/guide/a.md:2: c.md is not there',
    'docs/guide/a.md:2: ../../src/core/wrok.ts is not there',
  ]);
});

test('other places, anchors of the page itself and code are left alone', () => {
  expect(of('[a](https://example.org/x) [b](mailto:x@example.org) [c](#part) `[d](e.md)`\n```\n[f](g.md)\n```')).toEqual([]);
  expect(of('[a](b.md)', 'src/core/a.ts')).toEqual([]);
});
