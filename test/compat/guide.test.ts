// The commands of the guide, exactly as they stand there, page by page: by a member of a project, and by an administrator where a block begins so.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { needs } from './clients.ts';
import { openShop, type Shop } from './shop.ts';

const GUIDE = 'docs/guide';
const AS_ADMINISTRATOR = '# as an administrator\n';

interface Line {
  readonly by: 'admin' | 'ann';
  readonly words: string;
}

/** The command lines of a page's blocks, in order. */
function linesOf(page: string): Line[] {
  const blocks = [...readFileSync(`${GUIDE}/${page}`, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => {
    const by = block.startsWith(AS_ADMINISTRATOR) ? 'admin' : 'ann';
    return [...block.matchAll(/^openstack (.+)$/gm)].map(([, words = '']): Line => ({ by, words }));
  });
}

const pages = readdirSync(GUIDE).filter((page) => linesOf(page).length > 0);

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());
beforeEach(needs('openstackclient', 'python3-openstackclient'));

test('the guide has commands', () => {
  expect(pages.length).toBeGreaterThan(5);
});

// What one page makes is there for the next, so that names must differ.
describe('the commands work on', { timeout: 120_000 }, () => {
  test.each(pages)('%s', async (page) => {
    for (const { by, words } of linesOf(page)) await shop[by].run(words);
  });
});
